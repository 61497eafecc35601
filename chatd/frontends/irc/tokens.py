"""The tokens of 005."""

from __future__ import annotations

from chatd.commands.talk import MOST_TARGETS
from chatd.core.settings import Settings
from chatd.frontends.irc.roles import BOT_MODE, LISTINGS, isupport


def tokens(settings: Settings) -> dict[str, str]:
    """What this server supports, as 005 says it."""
    limits, icon = settings.limits, settings.server.icon
    return {
        **isupport(),
        **({"draft/ICON": icon.replace("=", "\\x3D")} if icon else {}),
        "AWAYLEN": str(limits.reason),
        "BOT": BOT_MODE,
        "CASEMAPPING": "ascii",
        "CHANLIMIT": f"#:{limits.rooms_per_person}",
        "CHANNELLEN": str(limits.room_name),
        "CHANTYPES": "#",
        "CHATHISTORY": str(limits.history),
        "ELIST": "CMNTU",
        "HOSTLEN": "64",
        "KICKLEN": str(limits.reason),
        "MAXLIST": f"{''.join(LISTINGS)}:{limits.masks}",
        "MAXTARGETS": str(MOST_TARGETS),
        "MODES": "20",
        "MONITOR": str(limits.watched),
        "MSGREFTYPES": "msgid,timestamp",
        "NETWORK": settings.server.network.replace(" ", "\\x20").replace("=", "\\x3D"),
        "NICKLEN": str(limits.name),
        "TARGMAX": f"JOIN:,KICK:,NAMES:,NOTICE:{MOST_TARGETS},PART:,PRIVMSG:{MOST_TARGETS},"
        f"TAGMSG:{MOST_TARGETS},WHOIS:1,WHOWAS:1",
        "TOPICLEN": str(limits.topic),
        "USERLEN": "13",
        "UTF8ONLY": "",
        "WHOX": "",
    }
