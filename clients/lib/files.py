"""Which files are offered, as the server tells it by FILE. No network and no bytes here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from twisted.internet.defer import Deferred

from chatd.wire.irc import Line
from clients.lib.events import RoomEvent
from clients.lib.model import MessageId, fold, is_room
from clients.lib.offers import FileChanged, FileOffered, Offer, Stage
from clients.lib.outbox import refusal, refused
from clients.lib.roster import nick

CAPABILITY = "chatd/files"
UNKNOWN = "*"
_STAGES = {stage.upper(): stage for stage in Stage}


class FileRefused(Exception):
    """The server does not want to; `code` is for programs."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Offline(Exception):
    """The connection has ended before there was an answer."""


@dataclass(frozen=True, slots=True)
class Want:
    """The server has a use for the bytes of a file that we offer."""

    file: str


class Files:
    """The offers that are not over, and what can be asked of the server about them.

    :param ask: sends a line; gives the lines of the answer back.
    :param tell: takes what belongs into the log of a room.
    :param me: our name.
    """

    def __init__(
        self,
        ask: Callable[[Line, Callable[[list[Line]], None]], None],
        tell: Callable[[RoomEvent], None],
        me: Callable[[], str],
    ) -> None:
        self.here = False
        self._ask = ask
        self._tell = tell
        self._me = me
        self._offers: dict[str, Offer] = {}
        self._waiting: set[Deferred[list[Line]]] = set()
        self._told: list[Callable[[Want | FileChanged], None]] = []
        self._shown: set[str] = set()

    def __iter__(self) -> Iterator[Offer]:
        return iter(tuple(self._offers.values()))

    def find(self, id_: str) -> Offer | None:
        """The offer with this id, if it is not over."""
        return self._offers.get(id_)

    def also(self, hear: Callable[[Want | FileChanged], None]) -> None:
        """Call `hear` with what becomes of offers, and with what is wanted."""
        self._told.append(hear)

    def cut(self) -> None:
        """The connection is gone."""
        self.here = False
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            one.errback(Offline("The connection to the server is gone."))

    # -- what the server says

    def hear(self, line: Line) -> None:
        """Take a line that begins with FILE."""
        match line.params:
            case ("OFFERED", to, id_, count, _, name) if count.isdigit():
                self._offered(line, to, id_, int(count), name)
            case ("LISTED", to, id_, count, _, by, stage, held, name) if count.isdigit():
                self._listed(line, Offer(id_, to, by, False, name, int(count)), stage, held)
            case ("WANTED", _, id_, *_):
                self._spread(Want(id_))
            case (what, to, id_, *rest) if what in _STAGES:
                self._changed(line, _STAGES[what], to, id_, rest[-1] if rest else "")

    def _offered(self, line: Line, to: str, id_: str, count: int, name: str) -> None:
        who, room, mine = self._place(line, to)
        digest = line.tags.get("chatd/digest", "")
        offer = self._offers[id_] = Offer(id_, room, who, mine, name, count, digest)
        about = MessageId.read(line.tags.get("msgid", ""))
        time = line.tags.get("time", "")
        self._shown.add(id_)
        self._tell(FileOffered(room=room, who=who, time=time, id=about, offer=offer))

    def _listed(self, line: Line, offer: Offer, stage: str, held: str) -> None:
        mine = fold(offer.by) == fold(self._me())
        self._offers[offer.id] = replace(
            offer,
            mine=mine,
            room=offer.room if mine or is_room(offer.room) else offer.by,
            digest=line.tags.get("chatd/digest", ""),
            stage=_STAGES.get(stage.upper(), Stage.OFFERED),
            held=int(held) if held.isdigit() else 0,
        )

    def _changed(self, line: Line, stage: Stage, to: str, id_: str, text: str) -> None:
        who, room, _ = self._place(line, to)
        offer = self._offers.get(id_)
        named = stage in (Stage.ACCEPTED, Stage.STORED, Stage.DONE, Stage.EXPIRED)
        event = FileChanged(
            room=room,
            who=who,
            time=line.tags.get("time", ""),
            id=MessageId.read(line.tags.get("msgid", "")),
            file=id_,
            name=offer.name if offer else text if named else id_,
            stage=stage,
            text=text,
            mine=offer is not None and offer.mine,
        )
        if stage.over:
            self._offers.pop(id_, None)
        elif offer is not None and stage is not Stage.DONE:
            self._offers[id_] = replace(offer, stage=stage)
        self._tell(event)
        self._spread(event)

    def _place(self, line: Line, to: str) -> tuple[str, str, bool]:
        who = nick(line)
        mine = fold(who) == fold(self._me())
        return who, to if is_room(to) or mine else who, mine

    def _spread(self, what: Want | FileChanged) -> None:
        for hear in self._told:
            hear(what)

    # -- what can be asked; each raises FileRefused or Offline

    async def offer(self, to: str, name: str, count: int, media_type: str, digest: str) -> Offer:
        """Offer a file."""
        asked = ("OFFER", to, str(count), media_type, digest or UNKNOWN, name)
        line = _the(await self._request(*asked), "OFFERED", 6)
        return self._known(line.params[2])

    async def accept(self, id_: str) -> str:
        """Take a file that is offered; the first ticket to fetch it with."""
        return _the(await self._request("ACCEPT", id_), "TICKET", 6).params[4]

    async def ticket(self, id_: str, side: str) -> str:
        """A ticket to SEND or to RECEIVE with."""
        return _the(await self._request("TICKET", id_, side), "TICKET", 6).params[4]

    async def decline(self, id_: str, reason: str = "") -> None:
        """Refuse a file."""
        await self._request("DECLINE", id_, *([reason] if reason else []))

    async def cancel(self, id_: str, reason: str = "") -> None:
        """Take a file back."""
        await self._request("CANCEL", id_, *([reason] if reason else []))

    async def listed(self) -> tuple[Offer, ...]:
        """The open offers by and for us; what was offered to us in our absence is told."""
        lines = await self._request("LIST")
        listed = [line.params[2] for line in lines if line.params[:1] == ("LISTED",)]
        self._offers = {id_: self._offers[id_] for id_ in listed if id_ in self._offers}
        for offer in self:
            if not offer.mine and not is_room(offer.room) and offer.id not in self._shown:
                self._shown.add(offer.id)
                self._tell(FileOffered(room=offer.room, who=offer.by, offer=offer))
        return tuple(self)

    async def _request(self, *params: str) -> list[Line]:
        if not self.here:
            raise Offline("There is no connection to the server, or it takes no files.")
        answer: Deferred[list[Line]] = Deferred()
        self._waiting.add(answer)
        self._ask(Line("FILE", params), lambda lines: self._answered(answer, lines))
        lines = await answer
        if any(map(refused, lines)):
            raise FileRefused(*refusal(lines))
        return lines

    def _answered(self, answer: Deferred[list[Line]], lines: list[Line]) -> None:
        for line in lines:
            if line.verb == "FILE":
                self.hear(line)
        if answer in self._waiting:
            self._waiting.remove(answer)
            answer.callback(lines)

    def _known(self, id_: str) -> Offer:
        offer = self._offers.get(id_)
        if offer is None:
            raise FileRefused("NO_SUCH_FILE", "That file is not offered any more.")
        return offer


def _the(lines: list[Line], what: str, least: int) -> Line:
    """The line of an answer that was asked for.

    :raise FileRefused: if it is not there.
    """
    for line in lines:
        if line.verb == "FILE" and line.params[:1] == (what,) and len(line.params) >= least:
            return line
    raise FileRefused("NO_ANSWER", "The server gave no answer that can be understood.")
