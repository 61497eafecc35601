"""IRCv3 capabilities: what a client may ask for, and what each of them is about."""

from __future__ import annotations

from enum import StrEnum


class Cap(StrEnum):
    """The capabilities that there are here, by their names on the wire."""

    ACCOUNT_NOTIFY = "account-notify"
    ACCOUNT_REGISTRATION = "draft/account-registration"
    ACCOUNT_TAG = "account-tag"
    AWAY_NOTIFY = "away-notify"
    BATCH = "batch"
    CAP_NOTIFY = "cap-notify"
    CHANNEL_RENAME = "draft/channel-rename"
    CHATHISTORY = "draft/chathistory"
    CHGHOST = "chghost"
    ECHO_MESSAGE = "echo-message"
    EVENT_PLAYBACK = "draft/event-playback"
    EXTENDED_ISUPPORT = "draft/extended-isupport"
    EXTENDED_JOIN = "extended-join"
    EXTENDED_MONITOR = "extended-monitor"
    FILES = "chatd/files"
    INVITE_NOTIFY = "invite-notify"
    LABELED_RESPONSE = "labeled-response"
    MESSAGE_REDACTION = "draft/message-redaction"
    MESSAGE_TAGS = "message-tags"
    METADATA = "draft/metadata-3"
    MULTI_PREFIX = "multi-prefix"
    MULTILINE = "draft/multiline"
    NO_IMPLICIT_NAMES = "no-implicit-names"
    PRE_AWAY = "draft/pre-away"
    READ_MARKER = "draft/read-marker"
    SASL = "sasl"
    SERVER_TIME = "server-time"
    SETNAME = "setname"
    STANDARD_REPLIES = "standard-replies"
    USERHOST_IN_NAMES = "userhost-in-names"


ABOUT = {
    Cap.ACCOUNT_NOTIFY: "ACCOUNT when somebody you share a room with logs in or out",
    Cap.ACCOUNT_REGISTRATION: "REGISTER and VERIFY make accounts",
    Cap.ACCOUNT_TAG: "the sender's account as a tag on what they send",
    Cap.AWAY_NOTIFY: "AWAY when somebody you share a room with goes away or comes back",
    Cap.BATCH: "lines that belong together are marked as such",
    Cap.CAP_NOTIFY: "CAP NEW and CAP DEL when capabilities come and go",
    Cap.CHANNEL_RENAME: "RENAME gives a room another name",
    Cap.CHATHISTORY: "CHATHISTORY reads back what was said",
    Cap.CHGHOST: "CHGHOST instead of a QUIT and JOIN when somebody's host changes",
    Cap.ECHO_MESSAGE: "your own messages come back when they are stored: the durable receipt",
    Cap.EVENT_PLAYBACK: "CHATHISTORY shows all that happened, not only what was said",
    Cap.EXTENDED_ISUPPORT: "ISUPPORT before one is on line, and 005 as a batch",
    Cap.EXTENDED_JOIN: "JOIN tells the account and the real name",
    Cap.EXTENDED_MONITOR: "AWAY, ACCOUNT, CHGHOST and SETNAME of those whom one monitors",
    Cap.FILES: "FILE: offering files, and what becomes of them",
    Cap.INVITE_NOTIFY: "INVITE when an op of your room invites somebody",
    Cap.LABELED_RESPONSE: "answers carry the label of the request",
    Cap.MESSAGE_REDACTION: "REDACT takes messages back",
    Cap.MESSAGE_TAGS: "tags on messages, msgid among them; TAGMSG; the tags of other clients",
    Cap.METADATA: "METADATA: what people tell of themselves and of their rooms",
    Cap.MULTI_PREFIX: "all roles of a member in NAMES and WHO, not only the highest",
    Cap.MULTILINE: "messages of several lines, as a batch",
    Cap.NO_IMPLICIT_NAMES: "no NAMES of a room that one comes into",
    Cap.PRE_AWAY: "AWAY before one is on line, and AWAY * for a client without a person",
    Cap.READ_MARKER: "MARKREAD: how far you have read, the same on all of your devices",
    Cap.SASL: "logging in before you are on line",
    Cap.SERVER_TIME: "the server's time as a tag",
    Cap.SETNAME: "SETNAME changes your real name, and tells that of others",
    Cap.STANDARD_REPLIES: "FAIL, WARN and NOTE, which programs can read",
    Cap.USERHOST_IN_NAMES: "NAMES tells user and host",
}

NEEDS = {
    Cap.FILES: Cap.MESSAGE_TAGS,
    Cap.LABELED_RESPONSE: Cap.BATCH,
    Cap.METADATA: Cap.BATCH,
    Cap.MULTILINE: Cap.BATCH,
}
"""Capabilities that make no sense without another."""


def listed(caps: dict[str, str], *, values: bool, room: int) -> list[str]:
    """Capabilities as CAP LS and CAP LIST write them, in lines of at most `room` bytes."""
    lines = [""]
    for name, value in caps.items():
        word = f"{name}={value}" if value and values else name
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
