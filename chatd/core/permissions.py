"""May this member do this here? Pure: values in, a verdict out.

The whole policy is this one file. Whoever has the privilege to put right any room
(`overrules`) may do so anywhere, but may neither read nor speak where they are not a member: an
operator is not an eavesdropper.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from enum import StrEnum

from chatd.errors import (
    AboveYou,
    AccountRequired,
    CannotSpeak,
    ChatError,
    NoPrivilege,
    NotAllowed,
    NotInRoom,
    NotOperator,
    RegisteredOnly,
)
from chatd.model import Mode, Person, Privilege, Rank, Role, Room


class Act(StrEnum):
    """What one can do in a room."""

    SEE = "see who is there"
    READ = "read its history"
    SPEAK = "speak"
    SET_TOPIC = "change the topic"
    INVITE = "invite"
    REMOVE = "remove members"
    CHANGE_MODES = "change its modes"
    CHANGE_MASKS = "change its lists"
    READ_MASKS = "read its lists"
    ANNOUNCE = "speak to a part of it"
    READ_METADATA = "read what is told of it"
    DESCRIBE = "change what is told of it"
    REDACT = "take back what others said"
    RENAME = "rename it"
    OFFER = "offer files"
    FETCH = "fetch files"
    WITHDRAW = "cancel the files of others"


OVERRULES = frozenset(
    {
        Act.SEE,
        Act.SET_TOPIC,
        Act.REMOVE,
        Act.CHANGE_MODES,
        Act.CHANGE_MASKS,
        Act.READ_MASKS,
        Act.READ_METADATA,
        Act.DESCRIBE,
        Act.REDACT,
        Act.RENAME,
        Act.WITHDRAW,
    }
)
"""What somebody with the privilege may do in any room."""


_LEAST = {
    Act.READ: Role.MEMBER,
    Act.READ_MASKS: Role.MEMBER,
    Act.ANNOUNCE: Role.MEMBER,
    Act.FETCH: Role.MEMBER,
}
"""What an act needs in any room, where that is not an op."""


def least_role(act: Act, room: Room) -> Role | None:
    """The role that an act needs here; None if even an outsider may."""
    match act:
        case Act.SEE:
            return Role.MEMBER if Mode.SECRET in room.modes else None
        case Act.READ_METADATA:
            return Role.MEMBER if _is_closed(room) else None
        case Act.SPEAK:
            return _to_speak(room)
        case Act.OFFER:
            return _to_speak(room) or Role.MEMBER
        case Act.SET_TOPIC:
            return Role.OP if Mode.TOPIC_LOCK in room.modes else Role.MEMBER
        case Act.INVITE:
            return Role.OP if Mode.INVITE_ONLY in room.modes else Role.MEMBER
        case Act.RENAME:
            return Role.OWNER if room.kept else Role.OP
        case _:
            return _LEAST.get(act, Role.OP)


def _is_closed(room: Room) -> bool:
    return bool({Mode.SECRET, Mode.INVITE_ONLY} & room.modes) or room.password is not None


def _to_speak(room: Room) -> Role | None:
    if Mode.MODERATED in room.modes:
        return Role.VOICE
    return Role.MEMBER if Mode.MEMBERS_ONLY in room.modes else None


def may(act: Act, room: Room, role: Role | None, overrules: bool = False) -> bool:
    """Whether a member of this role (None: an outsider) may do this here."""
    if overrules and act in OVERRULES:
        return True
    least = least_role(act, room)
    return least is None or (role is not None and role >= least)


def needs_office(test: Callable[[bool], None], overrules: bool) -> bool:
    """Whether only the privilege to put right any room lets somebody do something.

    :param test: refuses it, by raising, given whether one overrules.
    :raise ChatError: what `test` raises, if not even that does.
    """
    try:
        test(False)
    except ChatError:
        if not overrules:
            raise
        test(True)
        return True
    return False


def check(act: Act, room: Room, role: Role | None, overrules: bool = False) -> None:
    """Refuse what is not allowed.

    :raise NotInRoom: if an outsider asks for what members may.
    :raise CannotSpeak: if a member may not speak.
    :raise NotAllowed: if a member's role is too low.
    """
    if not may(act, room, role, overrules):
        raise _refusal(act, room, role)


def _refusal(act: Act, room: Room, role: Role | None) -> ChatError:
    if act is Act.SPEAK:
        why = "it is moderated." if Mode.MODERATED in room.modes else "you are not in it."
        return CannotSpeak(room.name, why)
    if role is None:
        return NotInRoom(room.name)
    least = least_role(act, room) or Role.OP
    return NotAllowed(room.name, f"to {act} one must be {called(least)} or more.")


def check_registered(room: Room, person: Person) -> None:
    """Refuse guests where only people with an account may be.

    :raise RegisteredOnly: if this is such a room and the person has none.
    """
    if Mode.REGISTERED_ONLY in room.modes and person.account is None:
        raise RegisteredOnly(room.name)


def check_redact(room: Room, role: Role | None, overrules: bool = False) -> None:
    """Refuse to take back what another has said; between two, nobody may.

    :raise NotAllowed: if one's role is too low.
    """
    if room.direct:
        raise NotAllowed("a direct conversation", "it is not yours.")
    check(Act.REDACT, room, role, overrules)


def check_ctcp(room: Room, text: str) -> None:
    """Refuse requests to other people's clients (CTCP) where they are not wanted; /me is none.

    :raise CannotSpeak: if this is one.
    """
    if Mode.NO_CTCP in room.modes and text.startswith("\x01") and text[1:8] != "ACTION ":
        raise CannotSpeak(room.name, "requests to clients are not wanted there.")


def check_over(
    act: Act, room: Room, role: Role | None, other: Role, overrules: bool = False
) -> None:
    """Refuse an act on a member who is above the one who acts.

    :raise NotAllowed: if the other's role is higher.
    """
    check(act, room, role, overrules)
    if not overrules and highest(other) > highest(role or Role.MEMBER):
        raise NotAllowed(room.name, "they are above you.")


def check_grant(
    room: Room, role: Role | None, granted: Role, other: Role, overrules: bool = False
) -> None:
    """Refuse to give, or take, a role higher than one's own, or from somebody above.

    An op makes ops and voices; an admin makes those; only an owner makes admins and owners.

    :raise NotInRoom: if an outsider tries.
    :raise NotAllowed: if the role, or the other, is too high.
    """
    check_over(Act.CHANGE_MODES, room, role, other, overrules)
    needed = Role.OWNER if granted >= Role.ADMIN else Role.OP
    if not overrules and (role or Role.MEMBER) < needed:
        raise NotAllowed(room.name, f"to make {called(granted)}s one must be {called(needed)}.")


def check_ask(
    rank: Rank, least: Rank, needed: Privilege | None, granted: Container[Privilege]
) -> None:
    """Refuse a command to those who may not ask for it.

    :param least: the rank that it needs.
    :param needed: the privilege that it needs, if any.
    :param granted: the privileges that the rank has.
    :raise AccountRequired: if a guest asks for what needs an account.
    :raise NotOperator: if somebody without an office asks for what needs one.
    :raise NoPrivilege: if the office does not have the privilege.
    """
    if rank < least:
        raise NotOperator() if least > Rank.USER else AccountRequired()
    if needed is not None and needed not in granted:
        raise NoPrivilege(f"{rank.name.lower()}s", needed)


def may_ask(
    rank: Rank, least: Rank, needed: Privilege | None, granted: Container[Privilege]
) -> bool:
    """Whether somebody may ask for a command."""
    return rank >= least and (needed is None or needed in granted)


def check_rank(rank: Rank, name: str, *others: Rank) -> None:
    """Refuse to hang up on somebody who holds a higher office of the server.

    :param others: the ranks of their sessions.
    :raise AboveYou: if one of these is higher.
    """
    if any(other > rank for other in others):
        raise AboveYou(name)


def highest(role: Role) -> int:
    """A number by which roles are compared: that of the highest of them."""
    return role.bit_length()


def called(role: Role) -> str:
    """What people call a role."""
    return str(role.name).lower()
