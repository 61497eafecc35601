"""RENAME: giving a room another name (IRCv3 draft/channel-rename)."""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.commands.rooms import rename as common
from chatd.core import Core
from chatd.errors import BadRoomName, RoomExists
from chatd.frontends.irc.asked import client_of


@command("RENAME")
async def rename(core: Core, request: Request, room: str, name: str, reason: str = "") -> None:
    """Give a room another name; who is in it, and its history, stay."""
    client = client_of(request)
    try:
        await common.run(core, request)
    except RoomExists as error:
        client.fail("RENAME", error.code, room, name, str(error))
    except BadRoomName as error:
        client.fail("RENAME", "CANNOT_RENAME", room, name, str(error))
