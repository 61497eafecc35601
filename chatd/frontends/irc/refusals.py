"""Errors as lines: a number where IRC has one, else a standard reply.

A row for each error that has a number of its own; all others become `FAIL verb CODE …`, or
a NOTICE for clients that do not know FAIL.
"""

from __future__ import annotations

from collections.abc import Callable

from chatd import errors
from chatd.errors import ChatError
from chatd.wire.numerics import Numeric

Context = Callable[[ChatError, str], tuple[str, ...]]


def _first(error: ChatError, verb: str) -> tuple[str, ...]:
    return (str(error.args[0]),)


def _two(error: ChatError, verb: str) -> tuple[str, ...]:
    return str(error.args[1]), str(error.args[0])


def _verb(error: ChatError, verb: str) -> tuple[str, ...]:
    return (verb,)


def _nothing(error: ChatError, verb: str) -> tuple[str, ...]:
    return ()


NUMBERS: dict[type[ChatError], tuple[Numeric, Context]] = {
    errors.AlreadyInRoom: (Numeric.USERONCHANNEL, _two),
    errors.BadName: (Numeric.ERRONEUSNICKNAME, _first),
    errors.BadRoomName: (Numeric.BADCHANMASK, _first),
    errors.Banned: (Numeric.BANNEDFROMCHAN, _first),
    errors.CannotSpeak: (Numeric.CANNOTSENDTOCHAN, _first),
    errors.EmptyMessage: (Numeric.NOTEXTTOSEND, _nothing),
    errors.InviteOnly: (Numeric.INVITEONLYCHAN, _first),
    errors.ListFull: (Numeric.BANLISTFULL, _first),
    errors.NameFixed: (Numeric.NONICKCHANGE, _nothing),
    errors.NameReserved: (Numeric.NICKNAMEINUSE, _first),
    errors.NameTaken: (Numeric.NICKNAMEINUSE, _first),
    errors.NeedMoreParams: (Numeric.NEEDMOREPARAMS, _verb),
    errors.NoSuchAccount: (Numeric.NOSUCHNICK, _first),
    errors.NoSuchRoom: (Numeric.NOSUCHCHANNEL, _first),
    errors.NotAllowed: (Numeric.CHANOPRIVSNEEDED, _first),
    errors.NotInRoom: (Numeric.NOTONCHANNEL, _first),
    errors.NotOperator: (Numeric.NOPRIVILEGES, _nothing),
    errors.NotUnderstood: (Numeric.UNKNOWNCOMMAND, _first),
    errors.RegisteredOnly: (Numeric.NEEDREGGEDNICK, _first),
    errors.RoomFull: (Numeric.CHANNELISFULL, _first),
    errors.TheyAreNotInRoom: (Numeric.USERNOTINCHANNEL, _two),
    errors.TooManyRooms: (Numeric.TOOMANYCHANNELS, _first),
    errors.WrongKey: (Numeric.BADCHANNELKEY, _first),
}

ACCOUNT_VERBS = {"REGISTER", "VERIFY"}
_REGISTER_CODES = {
    errors.AccountExists: "ACCOUNT_EXISTS",
    errors.BadName: "BAD_ACCOUNT_NAME",
    errors.NeedMoreParams: "NEED_MORE_PARAMS",
    errors.RegistrationClosed: "DISALLOWED",
    errors.TooFast: "TEMPORARILY_UNAVAILABLE",
    errors.TooManyAttempts: "TEMPORARILY_UNAVAILABLE",
    errors.WeakPassword: "WEAK_PASSWORD",
}


def number_of(error: ChatError) -> tuple[Numeric, Context] | None:
    """The number that says this, and what stands between it and the sentence."""
    return NUMBERS.get(type(error))


def code_of(error: ChatError, verb: str) -> str:
    """The code of a standard reply; draft/account-registration has its own names for some."""
    if verb in ACCOUNT_VERBS:
        return _REGISTER_CODES.get(type(error), error.code)
    return error.code


def context_of(error: ChatError, verb: str) -> tuple[str, ...]:
    """What a standard reply is about."""
    if isinstance(error, errors.ChatError) and error.args and isinstance(error.args[0], str):
        return (error.args[0],) if " " not in error.args[0] and error.args[0] else ()
    return ()
