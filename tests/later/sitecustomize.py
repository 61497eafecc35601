"""With this folder on its path Python lives as many seconds later as CHATD_LATER says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


def _moved(clock: Callable[[], float], by: float) -> Callable[[], float]:
    return lambda: clock() + by


_LATER = int(os.environ.get("CHATD_LATER", "0"))
time.time = _moved(time.time, _LATER)
time.time_ns = _moved(time.time_ns, _LATER * 1_000_000_000)  # type: ignore[assignment]
