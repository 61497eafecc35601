"""A command is a function: its signature is its usage, its docstring its help."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from chatd.answers import Said
from chatd.commands import MANY, Request, command, commands_in, find_commands
from chatd.core import Core
from chatd.errors import InvalidParams, NeedMoreParams
from chatd.interfaces import ICommand
from chatd.model import Person, Rank
from tests.house import FakeSession, House


@command("POUR", Rank.USER)
async def pour(core: Core, request: Request, who: str, cups: int = 1, with_: str = "") -> None:
    """Pour tea.

    With milk or without.
    """
    request.reply(Said(f"{who} {cups + 0} {with_}"))


@command("TOAST")
async def toast(core: Core, request: Request, what: str, *people: str) -> None:
    """Toast people."""
    request.reply(Said(f"{what} {people}"))


class CommandTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()

    def run_(self, asked: Any, *params: str) -> str:
        answers: list[Any] = []
        session: Any = FakeSession(Person("ada"))
        request = Request(session, asked.verb, params, answers.append)
        self.house.now(asked.run(self.house.core, request))
        (answer,) = answers
        return str(answer)

    def test_made_from_the_function(self) -> None:
        """Usage, help, rank and the number of parameters come from the function."""
        self.assertEqual(pour.usage, "POUR <who> [cups] [with]")
        self.assertEqual(pour.help, "Pour tea.\n\nWith milk or without.")
        self.assertEqual((pour.least, pour.most, pour.rank), (1, 3, Rank.USER))
        self.assertEqual(toast.usage, "TOAST <what> [people...]")
        self.assertEqual((toast.least, toast.most, toast.rank), (1, MANY, Rank.GUEST))

    def test_parameters(self) -> None:
        """What is given reaches the function, numbers as numbers; what is too much does not."""
        self.assertEqual(self.run_(pour, "ada"), "ada 1 ")
        self.assertEqual(self.run_(pour, "ada", "2", "milk", "and", "sugar"), "ada 2 milk")
        self.assertEqual(self.run_(toast, "cheers", "ada", "bob"), "cheers ('ada', 'bob')")

    def test_refused(self) -> None:
        """What is missing, or is no number, is refused before the function is called."""
        for params in ((), ("ada", "many"), ("ada", "")):
            with self.assertRaises((NeedMoreParams, InvalidParams)):
                self.run_(pour, *params)
        with self.assertRaises(NeedMoreParams) as caught:
            self.run_(pour)
        self.assertEqual(str(caught.exception), "POUR needs more: POUR <who> [cups] [with]")

    def test_found(self) -> None:
        """All commands of the house are found, each verb once, each with help."""
        found = list(find_commands())
        verbs = [c.verb for c in found]
        self.assertEqual(len(verbs), len(set(verbs)))
        self.assertLessEqual({"PRIVMSG", "JOIN", "HISTORY", "HELP", "KILL"}, set(verbs))
        for one in found:
            verifyObject(ICommand, one)
            self.assertTrue(one.help.split(".")[0], one.verb)
            self.assertEqual(one.verb, one.verb.upper())

    def test_in_a_module(self) -> None:
        """A module's commands are those functions in it that are marked as such."""

        class Module:
            one, other, verb = pour, toast, "TOAST"

        self.assertEqual(list(commands_in(Module)), [pour, toast])

    def test_cause(self) -> None:
        """What comes of a request tells the session and the label."""
        session: Any = FakeSession(Person("ada"), key="here")
        request = Request(session, "POUR", (), lambda answer: None, label="7")
        self.assertEqual((request.cause.session, request.cause.label), ("here", "7"))
