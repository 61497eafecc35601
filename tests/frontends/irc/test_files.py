"""FILE, with anything behind it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatd.relays.pair import Pair
from tests.house import FAST, Client, House

CAPS = "chatd/files message-tags standard-replies"
VERBS = st.sampled_from(["OFFER", "ACCEPT", "DECLINE", "CANCEL", "TICKET", "LIST", "BREW", ""])
WORDS = st.one_of(
    st.sampled_from(["bob", "#tea", "9", "-1", "a/b", "*", "0" * 64, "SEND", "RECEIVE", ":x.mp4"]),
    st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=30),
)


@pytest.fixture(scope="module")
def ada() -> Client:
    """Ada, who may ask for much."""
    house = House(limits=FAST, relays=[Pair()])
    house.client("bob", account=True).joins("#tea")
    return house.client("ada", CAPS, account=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(verb=VERBS, words=st.lists(WORDS, max_size=6))
def test_anything(ada: Client, verb: str, words: list[str]) -> None:
    """Whatever is asked for is done or refused, and never a fault of the server's."""
    ada.hears()
    ada.says(" ".join(["FILE", verb, *words]))
    heard = ada.hears(whole=True)
    assert heard
    assert not [line for line in heard if "INTERNAL_ERROR" in line]


def test_several_capabilities() -> None:
    """The capability is given only to those who see tags."""
    house = House(relays=[Pair()])
    client = house.stranger()
    client.says("CAP REQ :chatd/files", "CAP LIST")
    assert client.hears() == ["CAP * ACK chatd/files", "CAP * LIST :"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("FILE BREW", "FAIL FILE INVALID_PARAMS FILE :FILE does not take BREW: "),
        ("FILE OFFER bob 9 a/b *", "461 ada FILE :FILE needs more: "),
        ("FILE TICKET f1 UP", "FAIL FILE INVALID_PARAMS FILE :FILE does not take UP: "),
    ],
)
def test_refused(ada: Client, line: str, answer: str) -> None:
    """What is asked for in the wrong way is refused with what would be right."""
    ada.hears()
    ada.says(line)
    (told,) = ada.hears()
    assert told.startswith(answer)
