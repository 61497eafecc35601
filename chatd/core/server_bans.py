"""Bans of the whole server: by mask, network or account, or of all who are new.

They are kept, and looked at when somebody connects, logs in, comes on line and takes another
name; whoever is on line when a ban that means them begins is told why, and hung up on. One that
has expired counts no more, and is forgotten when there is a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from chatd.answers import Refused, moment, until
from chatd.core.audit import Audit, officer
from chatd.core.masks import PREFIX, fits, full_mask
from chatd.core.sessions import Sessions
from chatd.errors import BanRefused, InvalidParams, LockedDown, NoSuchServerBan, ServerBanned
from chatd.interfaces import ISession, IStore
from chatd.locks import Lock
from chatd.model import Account, Barred, Person, ServerBan
from chatd.names import fold

STRANGER = Person("qzxvqzxv", "~qzxv", "qzxvqzxvqzxvq.chat")
"""Nobody in particular: a mask that means them means all."""
WIDEST = {4: 16, 6: 32}
"""The shortest prefix of a network that may be banned just so, by version of IP."""
NEWCOMERS = "*"

_LENGTH = {4: 32, 6: 128}


class ServerBans:
    """Who may not come to the server."""

    def __init__(
        self, store: IStore, audit: Audit, sessions: Sessions, now: Callable[[], int]
    ) -> None:
        self._store = store
        self._audit = audit
        self._sessions = sessions
        self._now = now
        self._changing = Lock()
        self._bans: dict[tuple[Barred, str], ServerBan] = {}
        self._masks: list[ServerBan] = []
        self._told: list[Callable[[], None]] = []
        self._networks: dict[tuple[int, int], dict[int, ServerBan]] = {}

    async def load(self) -> None:
        """Learn from the store which bans there are."""
        for ban in await self._store.server_bans():
            self._bans[ban.kind, ban.target] = ban
        self._sort()

    def also(self, hear: Callable[[], None]) -> None:
        """Call `hear` whenever there is a new ban."""
        self._told.append(hear)

    # -- seeing

    def __iter__(self) -> Iterator[ServerBan]:
        """The bans that count, oldest first, but for the one of all who are new."""
        bans = [b for b in self._bans.values() if b.kind is not Barred.NEWCOMERS and self._holds(b)]
        return iter(sorted(bans, key=lambda b: b.at))

    @property
    def lockdown(self) -> ServerBan | None:
        """The ban of all who are new, if there is one."""
        return self._held(Barred.NEWCOMERS, NEWCOMERS)

    def bars(self, address: str) -> bool:
        """Whether nobody may come from an address; as cheap as it can be."""
        return bool(self._networks) and self._of_address(address) is not None

    def check_address(self, address: str) -> None:
        """Refuse those who come from where nobody may come from.

        :raise ServerBanned: if this is such an address.
        """
        _refuse(self._of_address(address))

    def check_account(self, account: Account) -> None:
        """Refuse somebody who has proved that an account is theirs.

        :raise ServerBanned: if it is banned.
        """
        _refuse(self._held(Barred.ACCOUNT, fold(account.name)))

    def check(self, session: ISession, person: Person) -> None:
        """Refuse somebody who is about to come on line, or to be called otherwise.

        :raise ServerBanned: if a ban means them.
        """
        self.check_address(session.address)
        self.check_person(person, session.address)

    def check_person(self, person: Person, address: str = "") -> None:
        """Refuse somebody by their account and their mask.

        :raise ServerBanned: if a ban means them.
        """
        if person.account is not None:
            _refuse(self._held(Barred.ACCOUNT, fold(person.account)))
        for ban in self._masks:
            if self._holds(ban) and _means(ban, person, address):
                _refuse(ban)

    def check_newcomer(self) -> None:
        """Refuse guests, and those who want an account, while nobody new is let in.

        :raise LockedDown: if that is so.
        """
        if self.lockdown is not None:
            reason = self.lockdown.reason.strip()
            raise LockedDown("", f"{reason.rstrip('.')}." if reason else "come again later.")

    def those(self, ban: ServerBan) -> list[ISession]:
        """The sessions on line that a ban means."""
        return [
            session
            for here in self._sessions
            for session in here.sessions.values()
            if _means(ban, here.person, session.address)
        ]

    async def draft(self, session: ISession, target: str) -> ServerBan:
        """The ban that somebody means by a target: an address, a network, a mask, an account.

        :raise InvalidParams, BanRefused: if it is none of these.
        """
        kind, target = _target(target)
        if kind is Barred.ACCOUNT and await self._store.find_account(target) is None:
            raise BanRefused(target, f"there is no such account. A mask would be {target}!*@*")
        return ServerBan(kind, target, officer(session), self._now())

    # -- changing

    async def add(self, session: ISession, ban: ServerBan, confirmed: bool = False) -> int:
        """Ban somebody, and hang up on whoever is meant; on how many sessions that was.

        :param confirmed: whether it may mean very many.
        :raise BanRefused: if it means very many, or the one who asks, or somebody above them.
        :raise NotKept: if it cannot be kept.
        """
        if not confirmed and _is_wide(ban):
            raise BanRefused(ban.target, "that is very many. Say CONFIRM after it if you mean it.")
        await self._check_reach(session, ban)
        note = f"{ban.kind}, {until(ban)}" + (f": {ban.reason}" if ban.reason else "")
        async with self._changing:
            await self._audit.record(session, "uban add", ban.target, note)
            await self._forget_expired()
            await self._put(ban)
        meant = self.those(ban)
        for one in meant:
            one.answer(Refused(_refusal(ban)))
            one.close(str(_refusal(ban)))
        for hear in self._told:
            hear()
        return len(meant)

    async def drop(self, session: ISession, target: str) -> ServerBan:
        """Let somebody who was banned come again.

        :raise NoSuchServerBan: if there is no such ban.
        :raise NotKept: if that cannot be kept.
        """
        kind, target = _target(target)
        async with self._changing:
            ban = self._held(kind, target)
            if ban is None:
                raise NoSuchServerBan(target)
            await self._audit.record(session, "uban del", target, kind)
            await self._drop(ban)
        return ban

    async def lock_down(self, session: ISession, on: bool, reason: str = "") -> None:
        """Let nobody new in from now on, or again; those who are on line, or have an account, are
        not concerned.

        :raise NotKept: if it cannot be kept.
        """
        ban = ServerBan(Barred.NEWCOMERS, NEWCOMERS, officer(session), self._now(), reason=reason)
        async with self._changing:
            await self._audit.record(session, f"lockdown {'on' if on else 'off'}", "", reason)
            await (self._put(ban) if on else self._drop(ban))

    async def _check_reach(self, session: ISession, ban: ServerBan) -> None:
        """Nobody bans themselves by accident, nor anybody who is above them."""
        own = fold(session.office or session.person.account or "")
        if ban.kind is Barred.ACCOUNT:
            await self._check_below(session, ban, own, await self._store.find_account(ban.target))
        for other in self.those(ban):
            if other is session or other.person is session.person:
                raise BanRefused(ban.target, "it means you yourself.")
            if other.rank > session.rank:
                raise BanRefused(ban.target, f"it means {other.person.name}, who is above you.")
            if other.person.key is not None:
                account = await self._store.account(other.person.key)
                await self._check_below(session, ban, own, account)

    async def _check_below(
        self, session: ISession, ban: ServerBan, own: str, account: Account | None
    ) -> None:
        if account is None:
            return
        if fold(account.name) == own:
            raise BanRefused(ban.target, "it means you yourself.")
        if account.rank > session.rank:
            raise BanRefused(ban.target, f"it means {account.name}, who is above you.")

    async def _put(self, ban: ServerBan) -> None:
        await self._store.keep_server_ban(ban)
        self._bans[ban.kind, ban.target] = ban
        self._sort()

    async def _drop(self, ban: ServerBan) -> None:
        await self._store.drop_server_ban(ban)
        self._bans.pop((ban.kind, ban.target), None)
        self._sort()

    async def _forget_expired(self) -> None:
        for ban in [ban for ban in self._bans.values() if not self._holds(ban)]:
            await self._drop(ban)

    # -- parts

    def _sort(self) -> None:
        """Have masks, and networks by version and length of prefix, at hand."""
        self._masks = [ban for ban in self._bans.values() if ban.kind is Barred.MASK]
        self._networks = {}
        for ban in self._bans.values():
            if ban.kind is Barred.NETWORK:
                network = ip_network(ban.target)
                same = self._networks.setdefault((network.version, network.prefixlen), {})
                same[int(network.network_address)] = ban

    def _of_address(self, address: str) -> ServerBan | None:
        """The ban of the network that an address is in."""
        ip = _ip(address) if self._networks else None
        if ip is None:
            return None
        for (version, length), networks in self._networks.items():
            rest = _LENGTH[version] - length
            ban = networks.get(int(ip) >> rest << rest) if version == ip.version else None
            if ban is not None and self._holds(ban):
                return ban
        return None

    def _held(self, kind: Barred, target: str) -> ServerBan | None:
        ban = self._bans.get((kind, target))
        return ban if ban is not None and self._holds(ban) else None

    def _holds(self, ban: ServerBan) -> bool:
        return ban.expires is None or ban.expires > self._now()


def _refuse(ban: ServerBan | None) -> None:
    if ban is not None:
        raise _refusal(ban)


def _refusal(ban: ServerBan) -> ServerBanned:
    until = f" until {moment(ban.expires)}" if ban.expires is not None else ""
    return ServerBanned(until, ban.reason or "no reason given.")


def _means(ban: ServerBan, person: Person, address: str) -> bool:
    """Whether a ban means somebody; masks are matched with their real address, too."""
    match ban.kind:
        case Barred.MASK:
            return fits(ban.target, person) or (
                bool(address) and fits(ban.target, replace(person, host=address))
            )
        case Barred.NETWORK:
            ip = _ip(address)
            return ip is not None and ip in ip_network(ban.target)
        case Barred.ACCOUNT:
            return person.account is not None and fold(person.account) == ban.target
        case Barred.NEWCOMERS:
            return False


def _ip(address: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def _target(text: str) -> tuple[Barred, str]:
    """What is meant: an address or a network, a mask, or else the name of an account.

    :raise InvalidParams: if it looks like one of these, and is none.
    """
    if text.startswith(PREFIX):
        why = "it should be an address, a network, name!user@host with * and ?, or an account."
        raise InvalidParams("UBAN", text, why)
    if set(text) & set("!@*?"):
        return Barred.MASK, full_mask(text)
    if not set(text) & set("./:"):
        return Barred.ACCOUNT, fold(text)
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        why = "it should be like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48."
        raise InvalidParams("UBAN", text, why) from None
    return Barred.NETWORK, _written(network)


def _written(network: IPv4Network | IPv6Network) -> str:
    """A network as it is kept: one of IPv4 addresses in the clothes of IPv6 as what it is."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        network = IPv4Network((int(mapped), network.prefixlen - 96))
    single = network.prefixlen == _LENGTH[network.version]
    return str(network.network_address if single else network)


def _is_wide(ban: ServerBan) -> bool:
    """Whether a ban means so many that it may be a slip of the hand."""
    if ban.kind is Barred.NETWORK:
        network = ip_network(ban.target)
        return network.prefixlen < WIDEST[network.version]
    return ban.kind is Barred.MASK and fits(ban.target, STRANGER)
