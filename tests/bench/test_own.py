"""A daemon of our own for a load test, when things go wrong."""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from chatd.bench import own
from chatd.bench.client import Trouble

LOG = """\
2026-11-21T10:51:46+0000 [chatd.house.House#info] chatd is ready
2026-11-21T10:51:47+0000 [chatd.house.House#error] the disk is full
2026-11-21T10:51:48+0000 [chatd.house.House#critical] incident 7
Traceback (most recent call last):
2026-11-21T10:51:49+0000 [chatd.house.House#warn] slow
"""


class OwnDaemonTest(TestCase):
    """What it says, and what it leaves behind."""

    async def test_it_does_not_start(self) -> None:
        """What the daemon has said about it is in the error, and the folder goes."""
        self.patch(own, "INI", "[nonsense]\n")
        daemon = own.OwnDaemon(reactor)
        with self.assertRaisesRegex(Trouble, "did not start:(.|\n)*nonsense"):
            await daemon.start()
        self.assertIsNone(daemon.memory())
        await daemon.stop()
        self.assertFalse(daemon._path.exists())

    async def test_errors(self) -> None:
        """Errors in its log are found, and nothing else."""
        daemon = own.OwnDaemon(reactor)
        Path(daemon._log).write_text(LOG)
        self.assertEqual(daemon.errors(), LOG.splitlines()[1:4])
        await daemon.stop()
