"""What a client knows and does, with a scripted server and no network."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.wire.irc import Line
from clients.lib.conversation import Conversation
from clients.lib.events import (
    CaughtUp,
    OlderRead,
    PostKept,
    PostRefused,
    Ready,
    Refused,
    RoomClosed,
    RoomOpened,
    Slowed,
    Told,
    TopicChanged,
    Welcome,
)
from clients.lib.model import Kind, Login, State
from tests.clients.scripted import Scripted, Wire, hear


def test_logs_in_and_knows_its_rooms() -> None:
    """After the handshake the account's rooms are known, with who is there."""
    wire = Wire().start()
    assert [e.name for e in wire.take(Welcome)] == ["ada"]
    room = wire.client.rooms.find("#TEA")
    assert room is not None
    assert [m.name for m in room.roster()] == ["ada", "bob"]
    assert wire.client.ready


def test_first_page_is_read_and_not_unread() -> None:
    """What was said before the log-in is shown, and does not count as unread."""
    server = Scripted()
    for text in ("one", "two", "three"):
        server.post("bob", "#tea", text)
    wire = Wire(server).start()
    assert wire.texts() == ["two", "three"]
    room = wire.client.rooms.find("#tea")
    assert room is not None and room.unread == 0


def test_unread_and_mentions_are_counted_until_read() -> None:
    """What others say counts as unread, own words do not, and reading ends it."""
    wire = Wire().start()
    wire.server.say("bob", "#tea", "hello")
    wire.server.say("bob", "#tea", "Ada: milk?")
    wire.client.say("#tea", "yes, ada wants milk")
    wire.travel()
    room = wire.client.rooms.find("#tea")
    assert room is not None and (room.unread, room.mentions) == (2, 1)
    wire.client.read("#tea")
    assert (room.unread, room.mentions) == (0, 0)


def test_post_is_kept_when_its_echo_comes() -> None:
    """The echo settles a post and shows the message once."""
    wire = Wire().start()
    (post,) = wire.client.say("#tea", "hello")
    wire.travel(down=0)
    assert post.state is State.SENT
    wire.travel()
    assert post.state is State.KEPT
    assert [e.post for e in wire.take(PostKept)] == [post]
    assert wire.texts() == ["hello"]


def test_several_lines_go_in_order() -> None:
    """A text of several lines is sent line by line, without the empty ones."""
    wire = Wire().start()
    wire.client.say("#tea", "one\n\ntwo\r\nthree")
    wire.travel()
    assert wire.server.texts() == ["one", "two", "three"]
    assert not wire.client.unsettled()


def test_long_line_is_sent_in_pieces() -> None:
    """A line that the wire has no room for is cut at spaces, and within no character."""
    wire = Wire().start()
    text = "wörter " * 200
    wire.client.say("#tea", text)
    wire.travel()
    said = wire.server.texts()
    assert "".join(said).replace(" ", "") == text.replace(" ", "")
    assert max(len(piece.encode()) for piece in said) <= 400


def test_refused_post_is_told_and_not_shown() -> None:
    """A post that the server could not store is told with its code."""
    wire = Wire().start()
    wire.server.refuse = "NOT_KEPT"
    wire.client.say("#tea", "hello")
    wire.travel()
    (event,) = wire.take(PostRefused)
    assert (event.code, event.post.state) == ("NOT_KEPT", State.REFUSED)
    assert wire.texts() == []
    assert not wire.take(Refused)


def test_post_to_a_room_that_we_are_not_in_is_refused_here() -> None:
    """What cannot be said is refused at once."""
    wire = Wire().start()
    wire.client.say("#coffee", "hello")
    assert [e.code for e in wire.take(PostRefused)] == ["NOT_IN_ROOM"]


def test_too_fast_waits_and_tries_again_in_order() -> None:
    """If we are too fast the post waits, and those behind it too."""
    wire = Wire().start()
    wire.server.refuse = "RATE_LIMITED"
    wire.client.say("#tea", "one\ntwo")
    wire.travel()
    assert wire.take(Slowed) and wire.server.texts() == []
    wire.server.refuse = None
    wire.timers.pop()()
    wire.travel()
    assert wire.server.texts() == ["one", "two"]


def test_resumes_exactly_over_several_pages() -> None:
    """What was said during a cut is read, page by page, once, in order, and is unread."""
    wire = Wire().start()
    wire.server.say("bob", "#tea", "before")
    wire.travel()
    wire.cut()
    missed = [f"missed {n}" for n in range(8)]
    for text in missed:
        wire.server.say("bob", "#tea", text)
    wire.start()
    assert wire.texts() == ["before", *missed]
    room = wire.client.rooms.find("#tea")
    assert room is not None and room.unread == 9


def test_second_cut_while_catching_up_loses_nothing() -> None:
    """A message heard live before the gap was filled does not hide the gap."""
    wire = Wire().start()
    wire.server.say("bob", "#tea", "before")
    wire.travel()
    wire.cut()
    for n in range(5):
        wire.server.say("bob", "#tea", f"missed {n}")
    wire.connect()
    wire.travel(up=6)
    wire.server.say("bob", "#tea", "live")
    wire.travel(up=0)
    wire.cut()
    wire.start()
    assert wire.texts() == ["before", *(f"missed {n}" for n in range(5)), "live"]


def test_hole_in_the_numbers_is_filled() -> None:
    """If a live message shows that one was missed, that one is fetched and shown first."""
    wire = Wire().start()
    wire.server.say("bob", "#tea", "one")
    wire.travel()
    wire.server.post("bob", "#tea", "lost on the way")
    wire.server.say("bob", "#tea", "three")
    wire.travel()
    assert wire.texts() == ["one", "lost on the way", "three"]


@pytest.mark.parametrize("tags_kept", [True, False])
@pytest.mark.parametrize("heard", [True, False])
def test_post_in_doubt_is_sent_once(heard: bool, tags_kept: bool) -> None:
    """A post whose echo was lost is sent again only if the server has not kept it."""
    wire = Wire(Scripted(tags_kept=tags_kept)).start()
    wire.client.say("#tea", "hello")
    wire.travel(up=1 if heard else 0, down=0)
    wire.cut()
    wire.start()
    assert wire.server.texts() == ["hello"]
    assert wire.texts() == ["hello"]
    assert not wire.client.unsettled()


def test_same_words_of_another_client_are_not_ours() -> None:
    """If our other client said the same, ours is still sent."""
    wire = Wire().start()
    wire.client.say("#tea", "hello")
    wire.cut()
    wire.server.post("ada", "#tea", "hello", **{"+chatd/post": "other.1"})
    wire.start()
    assert wire.server.texts() == ["hello", "hello"]


def test_doubt_that_cannot_be_cleared_is_told() -> None:
    """Without history nobody can tell whether a post was kept, so it is not sent again."""
    wire = Wire().start()
    (post,) = wire.client.say("#tea", "hello")
    wire.travel(up=1, down=0)
    wire.cut()
    wire.server.forget = True
    wire.start()
    assert [(e.code, e.post) for e in wire.take(PostRefused)] == [("UNKNOWN", post)]
    assert [e.whole for e in wire.take(CaughtUp)][-1] is False


def test_lines_said_while_away_are_sent_after_the_resume() -> None:
    """What is said without a connection waits for the next one."""
    wire = Wire().start()
    wire.cut()
    wire.client.say("#tea", "are you there?")
    wire.server.say("bob", "#tea", "still here")
    wire.start()
    assert wire.texts() == ["still here", "are you there?"]


def test_direct_message_that_came_while_away() -> None:
    """Direct messages kept for us are read at log-in, and the answer goes the same way."""
    server = Scripted()
    server.post("bob", "ada", "psst")
    wire = Wire(server).start()
    assert wire.texts("bob") == ["psst"]
    wire.client.say("bob", "what?")
    wire.travel()
    assert wire.texts("bob") == ["psst", "what?"]


def test_live_direct_message_opens_a_conversation() -> None:
    """A first direct message opens its conversation, and is unread and a mention."""
    wire = Wire().start()
    wire.server.say("bob", "ada", "psst")
    wire.travel()
    room = wire.client.rooms.find("bob")
    assert room is not None and (room.unread, room.mentions) == (1, 1)
    assert [e.room for e in wire.take(RoomOpened)] == ["#tea", "bob"]
    assert wire.texts("bob") == ["psst"]


def test_scrolls_back_to_the_beginning() -> None:
    """Older messages come page by page, until there are none."""
    server = Scripted()
    for n in range(7):
        server.post("bob", "#tea", str(n))
    wire = Wire(server).start()
    room = wire.client.rooms.find("#tea")
    assert room is not None
    while not room.log.whole:
        wire.client.older(room)
        wire.travel()
    assert [str(e) for e in room.log.entries] == [f"bob: {n}" for n in range(7)]
    pages = [[getattr(e, "text", "") for e in p.found] for p in wire.take(OlderRead)]
    assert pages == [["2", "3", "4"], ["0", "1"], []]


def test_room_that_is_lost_while_away_is_closed() -> None:
    """If we are no longer in a room after a reconnect, it is closed and its posts are refused."""
    wire = Wire().start()
    wire.cut()
    wire.client.say("#tea", "hello?")
    wire.server.members["#tea"].discard("ada")
    wire.start()
    assert [e.room for e in wire.take(RoomClosed)] == ["#tea"]
    assert [e.code for e in wire.take(PostRefused)] == ["NOT_IN_ROOM"]
    assert wire.take(Ready)


def test_guest_joins_its_rooms_again() -> None:
    """A guest's rooms end with the connection, so they are joined again."""
    wire = Wire(login=Login("gus")).start()
    wire.client.request("JOIN", "#tea")
    wire.travel()
    wire.cut()
    wire.server.members["#tea"].discard("gus")
    wire.start()
    assert "gus" in wire.server.members["#tea"]


def test_roster_follows_what_happens() -> None:
    """Joins, parts, kicks, quits, renames, away and topics change what is known of a room."""
    wire = Wire().start()
    room = wire.client.rooms.find("#tea")
    assert room is not None
    hear(
        wire,
        ":cyd!c@h JOIN #tea",
        ":dan!d@h JOIN #tea",
        ":eve!e@h JOIN #tea",
        ":fay!f@h JOIN #tea",
        ":cyd!c@h PART #tea :bye",
        ":bob!b@h KICK #tea dan :out",
        ":eve!e@h QUIT :gone",
        ":fay!f@h NICK gil",
        ":gil!f@h AWAY :lunch",
        ":bob!b@h TOPIC #tea :Oolong",
    )
    assert [(m.name, m.away) for m in room.roster()] == [
        ("ada", False),
        ("bob", False),
        ("gil", True),
    ]
    assert room.topic == "Oolong"
    assert [str(e) for e in wire.take(TopicChanged)] == ["bob set the topic of #tea to: Oolong"]


def test_presence_and_roles_come_from_who() -> None:
    """The answer to WHO says who is away and who has which role, and is not shown."""
    wire = Wire().start()
    room = wire.client.rooms.find("#tea")
    assert room is not None
    hear(wire, ":bob!b@h MODE #tea +o bob")
    label = wire.up[-1].tags["label"]
    hear(
        wire,
        f"@label={label} :s BATCH +x labeled-response",
        "@batch=x :s 352 ada #tea b h s bob G@ :0 Bob",
        "@batch=x :s 315 ada #tea :End",
        ":s BATCH -x",
    )
    bob = room.members["bob"]
    assert (bob.away, bob.roles) == (True, "@")
    assert not wire.take(Told)[1:]


def test_kicked_ourselves_closes_the_room() -> None:
    """Put out of a room, we know it no longer."""
    wire = Wire().start()
    hear(wire, ":bob!b@h KICK #tea ada :enough")
    assert [str(e) for e in wire.take(RoomClosed)] == ["You are no longer in #tea (enough)."]
    assert wire.client.rooms.find("#tea") is None


def test_answers_are_sentences() -> None:
    """Numbers and standard replies become sentences, refusals with their code."""
    wire = Wire().start()
    wire.heard.clear()
    hear(
        wire,
        ":s 322 ada #tea 3 :Oolong",
        ":s 301 ada bob :lunch",
        ":s 482 ada #tea :You may not do that",
        "FAIL JOIN TOO_MANY_ROOMS #x :No more rooms",
        "WARN REHASH CERTS_EXPIRED :It is old",
        ":eve!e@h INVITE ada #den",
    )
    assert [str(e) for e in wire.heard] == [
        "#tea (3): Oolong",
        "bob is away: lunch",
        "#tea: You may not do that",
        "No more rooms",
        "It is old",
        "eve invites ada to #den.",
    ]
    assert [e.code for e in wire.take(Refused)] == ["482", "TOO_MANY_ROOMS"]


def test_action_goes_and_comes_as_action() -> None:
    """`/me` travels as CTCP ACTION and is shown as one."""
    wire = Wire().start()
    wire.client.say("#tea", "waves", Kind.ACTION)
    wire.travel()
    assert wire.server.texts() == ["\x01ACTION waves\x01"]
    assert str(wire.heard[-2]) == "* ada waves"


def test_request_without_connection_is_refused() -> None:
    """What cannot wait is refused while there is no connection."""
    wire = Wire()
    wire.client.request("LIST")
    assert [e.code for e in wire.take(Refused)] == ["OFFLINE"]


words = st.text(alphabet="+-:#a ~=,;*0123456789\x01", max_size=8)
VERBS = """
    JOIN PART KICK QUIT NICK AWAY TOPIC MODE PRIVMSG NOTICE BATCH CAP FAIL WARN ERROR PING 001
    005 301 322 331 332 353 366 352 376 422 433 730 731 903 904 REGISTER INVITE ACK
    CHATHISTORY AUTHENTICATE 315 401 XYZ
"""
verbs = st.sampled_from(VERBS.split())
lines = st.builds(
    Line,
    verbs,
    st.lists(words | st.sampled_from(["#tea", "ada", "LS", "ACK", "+b", "-b"]), max_size=9).map(
        tuple
    ),
    st.none() | st.sampled_from(["ada!a@h", "bob!b@h", "s", ""]),
    st.dictionaries(
        st.sampled_from(["label", "batch", "msgid", "time"]),
        words | st.sampled_from(["b", "q1", "q2", "seed.1", "#tea-1", "x-99999999999999999999"]),
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(lines, max_size=30), st.booleans())
def test_arbitrary_lines_never_raise(heard: list[Line], started: bool) -> None:
    """Whatever a server says, in whatever state, nothing is raised."""
    wire = Wire()
    if started:
        wire.start()
        wire.client.say("#tea", "hello")
    else:
        wire.connect()
    for line in heard:
        wire.client.hear(line)
    for event in wire.heard:
        str(event)


steps = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(["yes", "no"])),
    st.tuples(st.just("bob"), st.sampled_from(["yes", "no"])),
    st.tuples(st.just("travel"), st.tuples(st.integers(0, 30), st.integers(0, 30))),
    st.tuples(st.just("cut"), st.none()),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=40), st.booleans())
def test_every_line_once_and_in_order(todo: list[tuple[str, object]], tags_kept: bool) -> None:
    """Cut at any moments, both ways: each post is kept once, each message shown once, in order."""
    wire = Wire(Scripted(tags_kept=tags_kept)).start()
    said = []
    for act, what in todo:
        match act, what:
            case "say", str(text):
                said.append(text)
                wire.client.say("#tea", text)
            case "bob", str(text):
                wire.server.say("bob", "#tea", f"bob {text}")
            case "travel", (int(up), int(down)):
                wire.travel(up, down)
            case _:
                wire.cut()
                wire.connect()
    wire.cut()
    wire.start()
    kept = wire.server.texts()
    assert [text for text in kept if not text.startswith("bob")] == said
    assert wire.texts() == kept
    assert not wire.client.unsettled()


def test_conversation_needs_no_network() -> None:
    """A conversation that was never connected can be talked to."""
    client = Conversation(Login("ada", "pw"), lambda event: None, lambda s, c: None, "s")
    client.say("bob", "hi")
    assert [post.text for post in client.unsettled()] == ["hi"]
