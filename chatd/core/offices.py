"""Offices: what moderators and administrators of the server may do, and that it is on record.

Anybody may put a room right whose role there lets them; that is nobody's business but the
room's, whose log has it. What only an office lets somebody do is in the audit log before it is
done.
"""

from __future__ import annotations

from collections.abc import Callable

from chatd.core.audit import Audit
from chatd.core.permissions import check_ask, may_ask, needs_office
from chatd.core.settings import Settings
from chatd.interfaces import ICommand, ISession
from chatd.model import Privilege, Room


class Offices:
    """Who has which privilege, as the ini says it now."""

    def __init__(self, audit: Audit, settings: Settings) -> None:
        self._audit = audit
        self._settings = settings

    def has(self, session: ISession, privilege: Privilege) -> bool:
        """Whether somebody has a privilege."""
        return privilege in self._settings.operators.of(session.rank)

    def overrules(self, session: ISession) -> bool:
        """Whether somebody may put right any room."""
        return self.has(session, Privilege.ROOMS)

    def may_ask(self, session: ISession, command: ICommand) -> bool:
        """Whether somebody may ask for a command."""
        granted = self._settings.operators.of(session.rank)
        return may_ask(session.rank, command.rank, command.privilege, granted)

    def check_ask(self, session: ISession, command: ICommand) -> None:
        """Refuse a command to those who may not ask for it.

        :raise AccountRequired, NotOperator, NoPrivilege: if they may not.
        """
        granted = self._settings.operators.of(session.rank)
        check_ask(session.rank, command.rank, command.privilege, granted)

    async def check(
        self, session: ISession, test: Callable[[bool], None], act: str, room: Room, note: str = ""
    ) -> None:
        """Refuse what somebody may not do in a room.

        :param test: does it, given whether they overrule.
        :raise ChatError: what `test` raises.
        :raise NotKept: if they may only by their office, and that cannot be put on record.
        """
        if needs_office(test, self.overrules(session)):
            await self.record(session, act, room, note)

    async def record(self, session: ISession, act: str, room: Room, note: str = "") -> None:
        """Put on record what somebody is about to do in a room by their office.

        :raise NotKept: if it cannot be.
        """
        await self._audit.record(session, f"room {act}", room.name, note)
