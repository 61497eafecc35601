"""The load generator, in C: built, run, and its line of JSON read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import pinned

FOLDER = Path(__file__).resolve().parent / "load"
PATIENCE = 180.0


class NotMeasured(Exception):
    """A run that gave no figures, and why."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the generator saw in one run. Times are in milliseconds, memory in MiB."""

    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    seconds: float
    sent: int
    lost: int
    refused: int
    server_cpu: float
    server_us: float
    generator_cpu: float
    memory_mib: float


def measured(line: str) -> Measured:
    """Read the generator's line.

    :raise NotMeasured: if it is none, if messages or clients were lost on the way, or if
        nothing happened.
    """
    try:
        found = json.loads(line)
    except ValueError:
        raise NotMeasured(f"the generator said {line[:80]!r}") from None
    if found["lost"] or found["died"]:
        raise NotMeasured(f"{found['lost']} messages and {found['died']} clients were lost")
    if not found["ops_per_s"]:
        raise NotMeasured("nothing happened while it was measured")
    return Measured(
        rate=found["ops_per_s"],
        p50_ms=found["lat_us"]["p50"] / 1000,
        p99_ms=found["lat_us"]["p99"] / 1000,
        max_ms=found["lat_us"]["max"] / 1000,
        seconds=found["secs"],
        sent=found["sent"],
        lost=found["lost"],
        refused=found["errors"],
        server_cpu=found["srv_cpu"],
        server_us=found["srv_us_per_op"],
        generator_cpu=found["gen_cpu"],
        memory_mib=found["rss_kb"] / 1024,
    )


def build() -> None:
    """Make the generator and the floor, if they are not there or not fresh.

    :raise NotMeasured: if that cannot be, with what is needed.
    """
    done = subprocess.run(
        ["make", "--silent", "--directory", str(FOLDER)], capture_output=True, text=True
    )
    if done.returncode:
        raise NotMeasured(
            "the load generator cannot be built; it needs a C compiler and OpenSSL's headers"
            f" (Debian: apt install gcc make libssl-dev):\n{done.stderr}"
        )


class Generator:
    """Runs it on a core of its own.

    :param core: which, or None for any.
    """

    def __init__(self, core: int | None) -> None:
        self.core = core

    def run(self, *arguments: object) -> Measured:
        """Run one load to its end.

        :raise NotMeasured: if it fails, or takes more than three minutes.
        """
        with pinned(self.core):
            process = subprocess.Popen(
                _command(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        with process:
            try:
                out, said = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                raise NotMeasured("it took too long") from None
            finally:
                process.kill()  # if it has not ended by itself
        if process.returncode:
            raise NotMeasured(said.strip() or f"the generator ended with {process.returncode}")
        return measured(out)

    @contextmanager
    def clients(self, *arguments: object) -> Iterator[int]:
        """Clients that are there while the block runs; the process that they are in.

        :raise NotMeasured: if they cannot come in.
        """
        line = _command(("idle", *arguments, "--secs", 3600, "--announce"))
        with pinned(self.core):
            process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            if said != "ready\n":
                raise NotMeasured(said.strip() or "the clients did not come in")
            yield process.pid
        finally:
            process.kill()
            process.communicate()


def _command(arguments: tuple[object, ...]) -> list[str]:
    return [str(FOLDER / "ircload"), *map(str, arguments)]
