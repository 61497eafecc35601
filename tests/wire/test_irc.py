"""The IRC line: what is one, what is none, and that nothing else is ever raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.wire.irc import LONGEST, LONGEST_TAGS, BadLine, Line, format_tags, parse, parse_tags

EXAMPLES = [
    (b"PING", Line("PING")),
    (b"ping x\r\n", Line("PING", ("x",))),
    (b"  PING   x   y ", Line("PING", ("x", "y"))),
    (b"PRIVMSG #tea :milk first?", Line("PRIVMSG", ("#tea", "milk first?"))),
    (b"PRIVMSG #tea ::)", Line("PRIVMSG", ("#tea", ":)"))),
    (b"PRIVMSG #tea :", Line("PRIVMSG", ("#tea", ""))),
    (b"TOPIC #a:b x:y", Line("TOPIC", ("#a:b", "x:y"))),
    (b":ada!u@h PRIVMSG #tea hi", Line("PRIVMSG", ("#tea", "hi"), "ada!u@h")),
    (b"@label=1;+typing TAGMSG bob", Line("TAGMSG", ("bob",), None, {"label": "1", "+typing": ""})),
    (b"@a=1 :ada PING :x y", Line("PING", ("x y",), "ada", {"a": "1"})),
    (b"@a=1;a=2 PING", Line("PING", (), None, {"a": "2"})),
    (b"@;=x;b PING", Line("PING", (), None, {"b": ""})),
    ("PRIVMSG #té :größe".encode(), Line("PRIVMSG", ("#té", "größe"))),
    (b"PRIVMSG #tea :a\0b\rc", Line("PRIVMSG", ("#tea", "ab c"))),
]


@pytest.mark.parametrize(("data", "line"), EXAMPLES)
def test_examples(data: bytes, line: Line) -> None:
    """Lines as clients write them."""
    assert parse(data) == line


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "EMPTY"),
        (b"\r\n", "EMPTY"),
        (b"\0\r\n", "EMPTY"),
        (b"   ", "EMPTY"),
        (b":ada", "NO_VERB"),
        (b"@a=1 ", "NO_VERB"),
        (b" :x", "NO_VERB"),
        (b"PRIVMSG #tea :\xff", "NOT_UTF8"),
        (b"PING " + b"x" * (LONGEST - 2 - 4), "TOO_LONG"),
        (b"@a PING " + b"x" * (LONGEST - 2 - 4), "TOO_LONG"),
        (b"@" + b"a" * (LONGEST_TAGS - 1) + b" PING", "TOO_LONG"),
        (b"@" + b"a" * LONGEST_TAGS, "TOO_LONG"),
    ],
)
def test_what_is_none(data: bytes, code: str) -> None:
    """What is no line has a code that says why."""
    with pytest.raises(BadLine) as bad:
        parse(data)
    assert bad.value.code == code


def test_longest() -> None:
    """A line may have 510 bytes and its tags 4096, and not one more."""
    line = b"PING " + b"x" * (LONGEST - 2 - 5)
    tags = b"@" + b"a" * (LONGEST_TAGS - 2) + b" "
    assert len(parse(line).params[0]) == LONGEST - 7
    assert len(parse(tags + line + b"\r\n").tags) == 1


@given(st.binary(max_size=700) | st.binary(max_size=700).map(lambda b: b"@a=" + b))
def test_any_bytes(data: bytes) -> None:
    """For any bytes there is a line or a BadLine, and nothing else."""
    try:
        line = parse(data)
    except BadLine as bad:
        assert bad.code in ("EMPTY", "NOT_UTF8", "TOO_LONG", "NO_VERB")
    else:
        assert line.verb


@given(st.text(max_size=300))
def test_any_text_comes_back(text: str) -> None:
    """What could be read is written so that it reads the same."""
    try:
        line = parse(text.encode())
    except BadLine:
        return
    if line.source == "" or any(c in key for key in line.tags for c in "\\"):
        return  # such can be read, but nobody would write it
    again = parse(line.encode())
    assert (again.verb, again.params, again.source) == (line.verb, line.params, line.source)
    assert dict(again.tags) == dict(line.tags)


letters = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r\n")
verbs = st.from_regex(r"[A-Z]{1,8}|[0-9]{3}", fullmatch=True)
last = st.text(letters, max_size=60)
middle = st.text(letters, min_size=1, max_size=20).filter(lambda t: t[0] != ":" and " " not in t)
sources = st.none() | middle
keys = st.from_regex(r"\+?[a-z]{1,8}(/[a-z]{1,8})?", fullmatch=True)
tags = st.dictionaries(keys, st.text(st.characters(blacklist_categories=["Cs"]), max_size=20))


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """Any line that keeps the rules."""
    params = draw(st.lists(middle, max_size=4)) + draw(st.lists(last, max_size=1))
    named = {k: v.replace("\0", "") for k, v in draw(tags).items()}
    return Line(draw(verbs), tuple(params), draw(sources), named)


@given(lines())
def test_round_trip(line: Line) -> None:
    """A line that keeps the rules is the same after it has been on the wire."""
    assert parse(line.encode()) == line


@given(verbs, st.lists(st.text(max_size=200), max_size=5), sources, tags)
def test_what_is_sent_is_one_line(
    verb: str, params: list[str], source: str | None, named: dict[str, str]
) -> None:
    """Whatever texts come into a line, what is sent is one line, and not too long."""
    data = Line(verb, tuple(params), source, named).encode()
    head = len(data) - len(data.partition(b" ")[2]) if data.startswith(b"@") else 0
    assert data.endswith(b"\r\n")
    assert not set(data[:-2]) & set(b"\r\n\0")
    assert len(data) - head <= LONGEST
    if len(data) - head < LONGEST - 4:
        assert len(parse(data).params) == len(params)


def test_cut_at_a_character() -> None:
    """A line that is too long loses its end, never half a character or a tag."""
    data = Line("PRIVMSG", ("#tea", "é" * 400), "ada", {"msgid": "1-2"}).encode()
    tags_, _, rest = data.partition(b" ")
    assert tags_ == b"@msgid=1-2"
    assert LONGEST - 1 <= len(rest) <= LONGEST
    assert parse(data).params[1] == "é" * len(parse(data).params[1])


def test_harmless_in_the_middle() -> None:
    """What a client wrote cannot make another line of ours, nor other parameters."""
    assert Line("401", ("ada", "a b", ":c", "", "No")).encode() == b"401 ada a_b _c * No\r\n"
    assert Line("401", ("ada", "x\r\nQUIT")).encode() == b"401 ada :x  QUIT\r\n"


def test_colon_for_texts() -> None:
    """What ends in a text that people wrote always has its colon, as old clients want it."""
    assert Line("PRIVMSG", ("#tea", "hi")).encode() == b"PRIVMSG #tea :hi\r\n"
    assert Line("PING", ("hi",)).encode() == b"PING hi\r\n"


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_tag_value(value: str) -> None:
    """A tag's value can be anything."""
    assert parse_tags(format_tags({"a": value})) == {"a": value}


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (r"a\:b", "a;b"),
        (r"a\sb", "a b"),
        (r"a\\b", "a\\b"),
        (r"a\r\n", "a\r\n"),
        (r"a\bc", "abc"),
        ("a\\", "a"),
        ("a=b", "a=b"),
    ],
)
def test_tag_escapes(raw: str, value: str) -> None:
    """Escapes as IRCv3 has them; an unknown one is its character, a lone one nothing."""
    assert parse_tags(f"k={raw}") == {"k": value}
