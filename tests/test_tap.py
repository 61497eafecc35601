"""What the daemon asks of the machine that it runs on."""

from __future__ import annotations

import resource

import pytest
from twisted.logger import capturedLogs

from chatd.tap import ENOUGH, allow_connections


class Machine:
    """The limit of open files, as a system has it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int) -> None:
        self.limits = (soft, hard)
        monkeypatch.setattr(resource, "getrlimit", lambda which: self.limits)
        monkeypatch.setattr(resource, "setrlimit", self._set)

    def _set(self, which: int, limits: tuple[int, int]) -> None:
        assert which == resource.RLIMIT_NOFILE
        if limits[0] > 10240:
            raise ValueError("too much for this system")
        self.limits = limits

    def warnings(self) -> list[int]:
        """How many files it was warned of."""
        with capturedLogs() as logs:
            allow_connections()
        return [event["most"] for event in logs]


def test_as_many_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has as many files open as the system lets it, and says nothing if they are enough."""
    machine = Machine(monkeypatch, 1024, ENOUGH)
    assert machine.warnings() == []
    assert machine.limits == (ENOUGH, ENOUGH)


@pytest.mark.parametrize(("hard", "most"), [(2048, 2048), (1 << 20, 1024)])
def test_too_few(monkeypatch: pytest.MonkeyPatch, hard: int, most: int) -> None:
    """If they stay few the log says how many there are."""
    assert Machine(monkeypatch, 1024, hard).warnings() == [most]
