"""REDACT: taking messages back (IRCv3 draft/message-redaction)."""

from __future__ import annotations

from chatd.commands import Request, command
from chatd.commands.talk import redact as common
from chatd.core import Core
from chatd.errors import NoSuchAccount, NoSuchMessage, NoSuchRoom, NotAllowed, NotInRoom
from chatd.frontends.irc.asked import client_of


@command("REDACT")
async def redact(core: Core, request: Request, to: str, message: str, reason: str = "") -> None:
    """Take a message back, by its msgid: one's own, or as an op of the room anybody's."""
    client = client_of(request)
    try:
        await common.run(core, request)
    except NoSuchMessage as error:
        client.fail("REDACT", "UNKNOWN_MSGID", to, message, str(error))
    except NotAllowed as error:
        client.fail("REDACT", "REDACT_FORBIDDEN", to, message, str(error))
    except (NoSuchRoom, NotInRoom, NoSuchAccount):
        # One answer for all of them, so that nobody learns what exists.
        client.fail("REDACT", "INVALID_TARGET", to, f"You cannot take back anything in {to}.")
