"""From a request to its command, from an error to its answer."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from chatd.answers import Answer, Refused, Said
from chatd.commands import Request, command
from chatd.commands.dispatch import Dispatcher
from chatd.core import Core
from chatd.errors import (
    AccountRequired,
    ChatError,
    InternalError,
    NoSuchRoom,
    NotOperator,
    NotUnderstood,
)
from chatd.model import Person, Rank
from tests.house import FakeSession, House


@command("GREET")
async def greet(core: Core, request: Request, name: str) -> None:
    """Say hello."""
    request.reply(Said(f"Hello {name}"))


@command("REFUSE", Rank.USER)
async def refuse(core: Core, request: Request) -> None:
    """Say no."""
    raise NoSuchRoom("#tea")


@command("BREAK", Rank.MODERATOR)
async def break_(core: Core, request: Request) -> None:
    """Be wrong."""
    raise ZeroDivisionError("secret")


class DispatcherTests(SynchronousTestCase):
    def setUp(self) -> None:
        house = House()
        self.now = house.now
        self.dispatcher = Dispatcher(house.core, [greet, refuse, break_], lambda: "i7")

    def ask(self, verb: str, *params: str, rank: Rank = Rank.ADMIN) -> Answer:
        answers: list[Answer] = []
        session: Any = FakeSession(Person("ada"), rank)
        self.now(self.dispatcher.run(Request(session, verb, params, answers.append)))
        (answer,) = answers
        return answer

    def refused(self, verb: str, rank: Rank = Rank.ADMIN) -> ChatError:
        answer = self.ask(verb, rank=rank)
        assert isinstance(answer, Refused)
        return answer.error

    def test_answer(self) -> None:
        """A request is done by the command of its verb."""
        self.assertEqual(str(self.ask("GREET", "ada")), "Hello ada")

    def test_refusal(self) -> None:
        """A refusal is answered as it is."""
        self.assertEqual(str(self.refused("REFUSE")), "There is no room #tea.")
        self.assertEqual(str(self.refused("GREET")), "GREET needs more: GREET <name>")

    def test_unknown(self) -> None:
        """A verb that nobody knows is refused."""
        self.assertIsInstance(self.refused("DANCE"), NotUnderstood)

    def test_rank(self) -> None:
        """A command is for those of its rank and above."""
        self.assertIsInstance(self.refused("REFUSE", Rank.GUEST), AccountRequired)
        self.assertIsInstance(self.refused("REFUSE", Rank.USER), NoSuchRoom)
        self.assertIsInstance(self.refused("BREAK", Rank.USER), NotOperator)

    def test_bug(self) -> None:
        """A bug shows an incident number and nothing else; the log has the traceback."""
        error = self.refused("BREAK")
        self.assertIsInstance(error, InternalError)
        self.assertIn("incident i7", str(error))
        self.assertNotIn("secret", str(error))
        (logged,) = self.flushLoggedErrors(ZeroDivisionError)
        self.assertEqual(logged.getErrorMessage(), "secret")
