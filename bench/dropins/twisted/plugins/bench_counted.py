"""Makes the store of the benchmarks known to a daemon that has this folder on its path."""

from chatd.interfaces import IStore
from chatd.plugins import Maker

counted = Maker(IStore, "counted", "bench.counted", "SQLite, and how large its transactions are")
