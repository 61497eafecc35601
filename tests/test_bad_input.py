"""Bad input of every kind: the specification's answer to it, and nothing else harmed.

What WebSocket frames, PROXY headers and TLS handshakes may be is tested where they are read:
tests/frontends/irc/test_websocket.py, tests/frontends/test_proxies.py, tests/test_flood.py.
"""

from __future__ import annotations

import pytest

from tests.house import House

LONGEST_TAGS = b"@+x=" + b"y" * 4090
BAD = [
    (b"PRIVMSG #tea :" + b"x" * 600, ["417 ada :That line was too long."]),
    (LONGEST_TAGS + b"yy PRIVMSG #tea :x", ["417 ada :That line was too long."]),
    (
        b"PRIVMSG #tea :\xc3\x28",
        ["FAIL PRIVMSG INVALID_UTF8 :Only UTF-8 is understood here."],
    ),
    (
        b"@+x=\xff PRIVMSG #tea :x",
        ["FAIL PRIVMSG INVALID_UTF8 :Only UTF-8 is understood here."],
    ),
    (b"\0", []),
    (b"@+x=1", []),
    (b"@+x=1 ", []),
    (b":ada", []),
    (b"FROB", ["421 ada FROB :There is no command FROB."]),
    (b"CAP FROB", ["410 ada FROB :There is no such CAP subcommand."]),
    (b"METADATA * FROB", ["FAIL METADATA SUBCOMMAND_INVALID FROB :There is no such subcommand."]),
    (
        b"CHATHISTORY FROB #tea * 1",
        ["FAIL CHATHISTORY INVALID_PARAMS FROB :There is no such subcommand."],
    ),
    (b"BATCH +1 frob", ["FAIL BATCH UNKNOWN_TYPE 1 frob :There are no batches of that type."]),
    (b"MODE #tea +Q", ["472 ada Q :There is no such mode here."]),
]
CAPS = "batch message-tags server-time account-tag standard-replies"


@pytest.mark.parametrize(("line", "answer"), BAD)
def test_answered_and_nothing_else(line: bytes, answer: list[str]) -> None:
    """Each is answered, others see nothing of it, and both sides go on as before."""
    house = House()
    ada, bob = house.client("ada", caps=CAPS), house.client("bob", caps=CAPS)
    ada.joins("#tea")
    bob.joins("#tea")
    ada.hears()
    ada.sends(line + b"\r\n")
    assert ada.hears() == answer
    assert bob.hears() == []
    ada.says("PRIVMSG #tea :still here")
    assert bob.hears() == [":ada PRIVMSG #tea :still here"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"PRIVMSG #tea :QUIT\0PRIVMSG", "QUITPRIVMSG"),
        (b"PRIVMSG #tea :x\rQUIT", "x QUIT"),
        (b"PRIV\0MSG #tea :x", "x"),
    ],
)
def test_characters_that_no_line_has(line: bytes, text: str) -> None:
    """NUL and CR in the middle are taken out, and begin no other line."""
    house = House()
    ada, bob = house.client("ada"), house.client("bob")
    ada.joins("#tea")
    bob.joins("#tea")
    ada.sends(line + b"\r\n")
    (said,) = [line for line in bob.lines() if line.verb == "PRIVMSG"]
    assert said.params == ("#tea", text)


def test_tags_that_lie() -> None:
    """Nobody can set the tags that are the server's."""
    house = House()
    ada, bob = house.client("ada", caps=CAPS), house.client("bob", caps=CAPS)
    ada.joins("#tea")
    bob.joins("#tea")
    bob.hears()
    ada.says("@time=1999-01-01T00:00:00.000Z;msgid=1;account=bob;bot;batch=1;+x=1 PRIVMSG #tea :x")
    (said,) = bob.lines()
    assert said.tags["time"].startswith("2026-")
    assert set(said.tags) == {"time", "msgid", "+x"}
    assert said.tags["msgid"] != "1"


def test_thousand_authenticate_lines() -> None:
    """Pieces without end are refused, as is each line after that; then one can still log in."""
    house = House()
    house.account("ada")
    bob = house.client("bob")
    eve = house.stranger()
    eve.says("CAP REQ :sasl", "NICK ada", "USER ada 0 * :Ada", "AUTHENTICATE PLAIN")
    eve.hears()
    eve.sends(b"".join(b"AUTHENTICATE %b\r\n" % (b"A" * 400) for _ in range(1000)))
    assert {line.verb for line in eve.lines()} == {"904", "908"}
    bob.says("PING x")
    assert bob.hears() == ["PONG house x"]
    eve.says("AUTHENTICATE PLAIN", "AUTHENTICATE AGFkYQBzZXNhbWU=", "CAP END")
    assert {"900", "903", "001"} <= {line.verb for line in eve.lines()}
