"""People who type at a house in memory, without a socket."""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.core.settings import Auth, Server
from chatd.frontends.human import Options, make_human
from chatd.frontends.human.stream import HumanProtocol
from tests.house import House

LOBBY = Server(name="house", network="Tea House", description="Milk first", lobby="#lobby")


class HumanHouse(House):
    """A house with a lobby and a human front-end."""

    def __init__(self, negotiate: bool = False, **settings: Any) -> None:
        super().__init__(**{"server": LOBBY, **settings})
        options = Options(tls=False, insecure=True, negotiate=negotiate)
        self.human = make_human(self.core, options, self.clock)

    def stranger_at_terminal(self, address: str = "192.0.2.7") -> Person:
        """Somebody who has connected and typed nothing yet."""
        return Person(self, address)

    def person(self, name: str) -> Person:
        """Somebody with an account, made if need be, who is on line and has read all so far."""
        if self.now(self.store.find_account(name)) is None:
            self.account(name)
        person = self.stranger_at_terminal()
        person.types(f"LOGIN {name}", "sesame")
        assert "AUTH_SUCCESS" in person.reads()
        return person

    def guest(self, name: str) -> Person:
        """A guest who is on line and has read all so far."""
        person = self.stranger_at_terminal()
        person.types(f"GUEST {name}")
        assert "AUTH_SUCCESS" in person.reads()
        return person


class Person:
    """Somebody at a terminal that sends lines and redraws nothing."""

    def __init__(self, house: House, address: str = "192.0.2.7") -> None:
        self.house = house
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", address, 40000))
        self.protocol = HumanProtocol(house.human)  # type: ignore[attr-defined]
        self.protocol.makeConnection(self.transport)

    @property
    def talk(self) -> Any:
        """The session in the house."""
        return self.protocol.talk

    @property
    def gone(self) -> bool:
        """Whether the server has hung up."""
        return bool(self.transport.disconnecting)

    def types(self, *lines: str) -> None:
        """Type lines, one after another."""
        for line in lines:
            self.sends(line.encode() + b"\n")

    def sends(self, data: bytes) -> None:
        """Send bytes, and let the house do what they ask for."""
        self.protocol.dataReceived(data)
        self.house.settle()

    def receives(self) -> bytes:
        """The bytes that came since one last looked."""
        self.house.settle()
        data = bytes(self.transport.value())
        self.transport.clear()
        return data

    def reads(self) -> list[str]:
        """The lines that came since one last looked, with a * for the time of day."""
        text = self.receives().decode()
        assert text == "" or text.endswith("\r\n")
        return [re.sub(r"\(\d\d:\d\d:\d\d\)", "(*)", line) for line in text.split("\r\n")[:-1]]

    def leaves(self) -> None:
        """The connection is cut."""
        self.protocol.connectionLost(Failure(ConnectionLost()))
        self.house.settle()


def by_invitation() -> Auth:
    """Only those with a code may make an account."""
    return Auth(registration="invite")
