"""The chat server that comes with Twisted, over TLS, as one would run it.

    python -m bench.words PORT CERTIFICATE KEY

Anybody may come in, with any password; rooms are made when somebody joins them.
"""

from __future__ import annotations

import sys
from typing import Any

from OpenSSL.SSL import TLS_SERVER_METHOD
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.portal import Portal
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.ssl import DefaultOpenSSLContextFactory
from twisted.words.service import InMemoryWordsRealm, IRCFactory
from zope.interface import implementer


@implementer(ICredentialsChecker)
class Anybody:
    """Believes everybody."""

    credentialInterfaces = (IUsernamePassword,)  # noqa: N815 - Twisted reads it

    def requestAvatarId(self, credentials: IUsernamePassword) -> Deferred[Any]:  # noqa: N802
        """Twisted asks who that is."""
        return succeed(credentials.username)


def main(port: str, certificate: str, key: str) -> None:
    """Serve until it is killed."""
    realm = InMemoryWordsRealm("words")
    realm.createGroupOnRequest = realm.createUserOnRequest = True
    factory = IRCFactory(realm, Portal(realm, [Anybody()]))
    context = DefaultOpenSSLContextFactory(key, certificate, TLS_SERVER_METHOD)
    reactor.listenSSL(  # type: ignore[attr-defined]
        int(port), factory, context, backlog=4096, interface="127.0.0.1"
    )
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
