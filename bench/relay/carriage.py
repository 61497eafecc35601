"""The program in C that sends files and receives them: started, waited for, its line read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from bench.generator import FOLDER, PATIENCE, NotMeasured
from bench.machine import pinned
from bench.relay.trips import Trip

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Carried:
    """How much has arrived, in which time, and the program's share of its core."""

    mb: float
    seconds: float
    generator_cpu: float


class Carriage:
    """Files on their way while the block runs, all of the same size; only zeros are in them.

    :param core: where it runs, or None for anywhere.
    :param farewell: what receivers say at the end, if anything.
    :param slow: so many of the receivers take 640 KiB a second.
    :param yielding: let whatever else runs on that core go first.
    """

    def __init__(
        self,
        core: int | None,
        trips: Sequence[Trip],
        size: int,
        farewell: str = "",
        slow: int = 0,
        yielding: bool = False,
    ) -> None:
        said = ("--farewell", farewell) if farewell else ()
        self._line = [FOLDER / "fileload", size, "--announce", "--slow", slow, *said]
        self._core = core
        self._trips = trips
        self._yielding = yielding

    def __enter__(self) -> Carriage:
        """Begin.

        :raise NotMeasured: if a connection is not let in.
        """
        pipe = subprocess.PIPE
        with pinned(self._core):
            self._process = subprocess.Popen(
                [str(word) for word in self._line], stdin=pipe, stdout=pipe, stderr=pipe, text=True
            )
        if self._yielding:
            os.sched_setscheduler(self._process.pid, os.SCHED_IDLE, os.sched_param(0))
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._process.stdin.write("".join(f"{trip}\n" for trip in self._trips))
        self._process.stdin.close()
        self._process.stdin = None
        said = self._process.stderr.readline()
        if said != "ready\n":
            self._end()
            raise NotMeasured(said.strip() or "the files were not let in")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._end()

    def arrive(self) -> Carried:
        """Wait until all files have arrived.

        :raise NotMeasured: if they do not.
        """
        try:
            out, said = self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise NotMeasured("the files took too long") from None
        if self._process.returncode:
            raise NotMeasured(said.strip())
        found = json.loads(out)
        return Carried(found["bytes"] / MB, found["secs"], found["gen_cpu"])

    def stop(self) -> Carried:
        """Stop them where they are."""
        self._process.terminate()
        return self.arrive()

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()
