"""A NOTICE is never answered by an error (RFC 1459), unless it was fine and yet not sent."""

from __future__ import annotations

from chatd.answers import Answer, Refused
from chatd.commands import Request
from chatd.errors import NotKept, TooFast, TooLong


def hush(request: Request) -> None:
    """Let only such answers through from now on."""
    reply = request.reply
    request.reply = lambda answer: reply(answer) if _is_told(answer) else None


def _is_told(answer: Answer) -> bool:
    return not isinstance(answer, Refused) or isinstance(answer.error, NotKept | TooFast | TooLong)
