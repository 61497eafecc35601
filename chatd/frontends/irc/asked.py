"""Who asked, where only IRC clients can ask."""

from __future__ import annotations

from chatd.commands import Request
from chatd.frontends.irc.client import Client


def client_of(request: Request) -> Client:
    """The client behind a request that came by this front-end."""
    assert isinstance(request.session, Client)  # noqa: S101 - these verbs are IRC's alone
    return request.session
