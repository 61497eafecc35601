"""The plugins that come with chatd, one line each. None is imported unless the ini names it."""

from chatd.interfaces import IAuthenticator, IBus, IFileRelay, IFrontend, IStore
from chatd.plugins import Maker

sql = Maker(IStore, "sql", "chatd.stores.sql", "SQLite, in one file")
memory = Maker(IStore, "memory", "chatd.stores.memory", "forgets everything when the daemon stops")

local = Maker(IBus, "local", "chatd.buses.local", "for a house of one process")

password = Maker(IAuthenticator, "password", "chatd.authenticators.password", "argon2id")
scram = Maker(IAuthenticator, "scram", "chatd.authenticators.scram", "SCRAM-SHA-256")
certificate = Maker(
    IAuthenticator, "certificate", "chatd.authenticators.certificate", "TLS client certificates"
)

pair = Maker(IFileRelay, "pair", "chatd.relays.pair", "hands files through, both sides being there")
disk = Maker(IFileRelay, "disk", "chatd.relays.disk", "keeps files in the data directory")

irc = Maker(IFrontend, "irc", "chatd.frontends.irc", "IRC clients")
websocket = Maker(
    IFrontend,
    "websocket",
    "chatd.frontends.irc.websocket",
    "IRC clients in browsers",
    extra="chatd[websocket]",
)
human = Maker(IFrontend, "human", "chatd.frontends.human", "people with telnet or openssl")
