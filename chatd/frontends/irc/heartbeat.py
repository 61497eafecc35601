"""Signs of life: whoever is silent for long is asked for one, and let go if none comes.

Without it somebody whose machine has lost its network would seem to be on line for hours.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall

from chatd.frontends.irc.client import Client
from chatd.wire.irc import Line


class Heartbeat:
    """Looks after one client, from its welcome to its end.

    :param seconds: how long it may be silent until it is asked, and again until it is let go.
    """

    __slots__ = ("_asked", "_client", "_seconds", "_timer")

    def __init__(self, client: Client, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._asked = False
        self._timer: IDelayedCall = client.irc.reactor.callLater(seconds, self._look)

    def end(self) -> None:
        """The client is gone."""
        if self._timer.active():
            self._timer.cancel()

    def _look(self) -> None:
        client = self._client
        if not client.silent:
            self._asked = False
        elif self._asked:
            # Less than three times as long, unless timers are late.
            client.irc.core.missed.unheard(client.person, 4 * self._seconds)
            client.close("No sign of life")
            return
        else:
            self._asked = True
            client.outbox.write(Line("PING", (client.server.name,)).encode())
        client.silent = True
        self._timer = client.irc.reactor.callLater(self._seconds, self._look)
