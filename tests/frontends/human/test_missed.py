"""Direct messages that came while nobody of the account was there, as a person is shown them."""

from __future__ import annotations

import pytest

from tests.frontends.human.persons import HumanHouse


@pytest.fixture
def house() -> HumanHouse:
    """A house in which bob has been and ada is."""
    house = HumanHouse()
    house.person("bob").leaves()
    house.clock.advance(1)
    return house


def test_shown_at_log_in(house: HumanHouse) -> None:
    """After the rooms comes what was said to one alone; the next time it is not shown again."""
    ada = house.person("ada")
    ada.types("/w bob one", "/w bob two", "said to all")
    for shown in (["(Private) (From ada) (*): one", "(Private) (From ada) (*): two"], []):
        bob = house.stranger_at_terminal()
        bob.types("LOGIN bob", "sesame")
        lines = bob.reads()
        assert "You joined #lobby." in lines
        assert [line for line in lines if ": " in line and line.startswith("(Priv")] == shown
        assert not any("said to all" in line for line in lines)
        bob.leaves()
        house.clock.advance(1)


def test_one_who_is_here_misses_nothing(house: HumanHouse) -> None:
    """Who is here twice is shown a message twice, once in each place, and no more."""
    ada, bob = house.person("ada"), house.person("bob")
    ada.types("/w bob one")
    assert bob.reads() == ["(Private) (From ada) (*): one"]
    again = house.stranger_at_terminal()
    again.types("LOGIN bob", "sesame")
    assert not any("one" in line for line in again.reads()[-3:])
