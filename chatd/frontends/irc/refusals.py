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
    errors.LoginFailed: (Numeric.PASSWDMISMATCH, _nothing),
    errors.ListFull: (Numeric.BANLISTFULL, _first),
    errors.NameFixed: (Numeric.NONICKCHANGE, _nothing),
    errors.NameReserved: (Numeric.NICKNAMEINUSE, _first),
    errors.NameTaken: (Numeric.NICKNAMEINUSE, _first),
    errors.NeedMoreParams: (Numeric.NEEDMOREPARAMS, _verb),
    errors.NoSuchAccount: (Numeric.NOSUCHNICK, _first),
    errors.NoSuchRoom: (Numeric.NOSUCHCHANNEL, _first),
    errors.NoPrivilege: (Numeric.NOPRIVILEGES, _nothing),
    errors.NotAllowed: (Numeric.CHANOPRIVSNEEDED, _first),
    errors.NotInRoom: (Numeric.NOTONCHANNEL, _first),
    errors.NotOperator: (Numeric.NOPRIVILEGES, _nothing),
    errors.NotUnderstood: (Numeric.UNKNOWNCOMMAND, _first),
    errors.RegisteredOnly: (Numeric.NEEDREGGEDNICK, _first),
    errors.RoomFull: (Numeric.CHANNELISFULL, _first),
    errors.ServerBanned: (Numeric.YOUREBANNEDCREEP, _nothing),
    errors.TheyAreNotInRoom: (Numeric.USERNOTINCHANNEL, _two),
    errors.TooLong: (Numeric.INPUTTOOLONG, _nothing),
    errors.TooManyRooms: (Numeric.TOOMANYCHANNELS, _first),
    errors.WrongKey: (Numeric.BADCHANNELKEY, _first),
}


def number_of(error: ChatError, verb: str) -> tuple[Numeric, Context] | None:
    """The number that says this, and what stands between it and the sentence."""
    if verb in ("HELP", "HELPOP") and isinstance(error, errors.NotUnderstood):
        return Numeric.HELPNOTFOUND, _first
    return NUMBERS.get(type(error))


def context_of(error: ChatError) -> tuple[str, ...]:
    """What a standard reply is about."""
    about = error.args[0] if error.args else ""
    return (about,) if isinstance(about, str) and about and " " not in about else ()
