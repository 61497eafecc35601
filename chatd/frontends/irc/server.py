"""About the server itself, in old words: LINKS, HELPOP."""

from __future__ import annotations

from chatd.commands import Request, command, help
from chatd.core import Core
from chatd.frontends.irc.asked import client_of
from chatd.wire.numerics import Numeric


@command("LINKS")
async def links(core: Core, request: Request, remote: str = "", mask: str = "*") -> None:
    """See how this server is linked to others, which it does not tell."""
    client_of(request).numeric(Numeric.ENDOFLINKS, mask, "End of /LINKS list.")


@command("HELPOP")
async def helpop(core: Core, request: Request, verb: str = "") -> None:
    """The same as HELP."""
    await help.help_.run(core, request)
