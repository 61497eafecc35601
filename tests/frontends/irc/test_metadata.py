"""METADATA: what people tell of themselves and of their rooms."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from chatd.core.settings import Limits, Server
from chatd.frontends.irc import subscriptions
from chatd.model import Subject
from chatd.stores.memory import MemoryStore
from tests.house import Client, House

CAPS = "batch draft/metadata-3 standard-replies"
FEW = Limits(
    messages_every=0,  # type: ignore[arg-type]
    account_messages_every=0,  # type: ignore[arg-type]
    metadata_keys=2,
    metadata_value=5,
    metadata_subscriptions=2,
)


class MetadataTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(limits=FEW)
        self.ada = self.house.client("ada", CAPS, account=True)
        self.bob = self.house.client("bob", CAPS)

    def asks(self, line: str, client: Client | None = None) -> list[str]:
        client = client or self.ada
        client.hears()
        client.says(line)
        return client.hears()

    def inner(self, line: str, client: Client | None = None) -> list[str]:
        """What stands in the batch that answers a line."""
        first, *inner, last = self.asks(line, client)
        self.assertTrue(first.startswith("BATCH +") and last.startswith("BATCH -"), first)
        return inner

    def refused(self, line: str, client: Client | None = None) -> str:
        (fail,) = self.asks(line, client)
        return fail.removeprefix("FAIL METADATA ").partition(" :")[0]


class OneselfTests(MetadataTestCase):
    def test_set_and_read(self) -> None:
        """What one tells of oneself can be read by all, by key or as a whole, and taken back."""
        self.assertEqual(self.asks("METADATA * SET url :a b"), ["761 ada ada url * :a b"])
        for client, name in ((self.ada, "ada"), (self.bob, "bob")):
            self.assertEqual(
                self.inner("METADATA ada GET url no-such", client),
                [f"761 {name} ada url * :a b", f"766 {name} ada no-such :key not set"],
            )
            self.assertEqual(
                self.inner("METADATA ada LIST", client), [f"761 {name} ada url * :a b"]
            )
        self.assertEqual(self.asks("METADATA * SET url"), ["766 ada ada url :key not set"])
        self.assertEqual(self.inner("METADATA * LIST"), [])

    def test_empty_value(self) -> None:
        """A value may be empty, which is not none."""
        self.assertEqual(self.asks("METADATA * SET url :"), ["761 ada ada url * :"])
        self.assertEqual(self.inner("METADATA * LIST"), ["761 ada ada url * :"])

    def test_refusals(self) -> None:
        """Bad keys, long values, too many keys, what is not there: each has its code."""
        self.asks("METADATA * SET a :1")
        self.asks("METADATA * SET b :2")
        for line, code in (
            ("METADATA * SET BIG :x", "KEY_INVALID BIG"),
            ("METADATA * SET a :123456", "INVALID_VALUE a"),
            ("METADATA * SET a :é€€", "INVALID_VALUE a"),
            ("METADATA * SET c :3", "LIMIT_REACHED *"),
            ("METADATA * SET c", "KEY_NOT_SET * c"),
            ("METADATA bob SET a :1", "KEY_NO_PERMISSION bob a"),
            ("METADATA bob CLEAR", "KEY_NO_PERMISSION bob *"),
            ("METADATA eve LIST", "INVALID_TARGET eve"),
            ("METADATA #tea LIST", "INVALID_TARGET #tea"),
            ("METADATA * BURN", "SUBCOMMAND_INVALID BURN"),
        ):
            self.assertEqual(self.refused(line), code)
        self.assertEqual(self.inner("METADATA * GET A"), [
            "FAIL METADATA KEY_INVALID A :A is no good as a key: it should have 1 to 40 of a-z,"
            " 0-9 and _./-"
        ])  # fmt: skip
        self.assertEqual(self.asks("METADATA * SET a :12345"), ["761 ada ada a * 12345"])
        for line in ("METADATA * SET", "METADATA * GET", "METADATA * SUB", "METADATA *"):
            self.assertTrue(self.asks(line)[0].startswith("461 ada METADATA :"), line)

    def test_clear(self) -> None:
        """CLEAR takes back all of it, key by key."""
        self.asks("METADATA * SET a :1")
        self.asks("METADATA * SET b :2")
        self.assertEqual(
            self.inner("METADATA * CLEAR"),
            ["766 ada ada a :key not set", "766 ada ada b :key not set"],
        )
        self.assertEqual(self.inner("METADATA * LIST"), [])

    def test_whois(self) -> None:
        """WHOIS tells it, to those who know what it is."""
        self.asks("METADATA * SET url :x")
        self.assertIn("760 bob ada url * x", self.asks("WHOIS ada", self.bob))
        eve = self.house.client("eve")
        self.assertFalse([line for line in self.asks("WHOIS ada", eve) if line[:3] == "760"])

    def test_guests_forget(self) -> None:
        """A guest's lasts as long as the guest, whatever they are called; an account's is kept."""
        for client in (self.ada, self.bob):
            self.asks("METADATA * SET url :x", client)
        self.asks("NICK rob", self.bob)
        eve = self.house.client("eve", CAPS)
        self.assertEqual(self.inner("METADATA rob LIST", eve), ["761 eve rob url * x"])
        self.ada.leaves(), self.bob.leaves()
        self.house.client("ada", account=True), self.house.client("rob")
        self.assertEqual(self.inner("METADATA ada LIST", eve), ["761 eve ada url * x"])
        self.assertEqual(self.inner("METADATA rob LIST", eve), [])


class KeptTests(SynchronousTestCase):
    def test_restart(self) -> None:
        """What is told of accounts and rooms is there after a restart."""
        store = MemoryStore()
        ada = House(store).client("ada", CAPS, account=True)
        ada.joins("#tea")
        ada.says("METADATA * SET url :x", "METADATA #tea SET url :y")
        house = House(store)
        ada = house.client("ada", CAPS, account=True)
        ada.hears()
        ada.says("METADATA * LIST", "METADATA #tea LIST")
        heard = [line for line in ada.hears() if line.startswith("761")]
        self.assertEqual(heard, ["761 ada ada url * x", "761 ada #tea url * y"])


class RoomTests(MetadataTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ada.joins("#tea")
        self.asks("METADATA #tea SET url :x")

    def test_who_may(self) -> None:
        """Ops tell of their room; members and outsiders do not."""
        for _ in range(2):
            self.assertEqual(
                self.refused("METADATA #tea SET url :y", self.bob), "KEY_NO_PERMISSION #tea url"
            )
            self.assertEqual(
                self.refused("METADATA #tea CLEAR", self.bob), "KEY_NO_PERMISSION #tea *"
            )
            self.assertEqual(self.inner("METADATA #tea LIST", self.bob), ["761 bob #tea url * x"])
            self.bob.joins("#tea")
        self.assertEqual(self.inner("METADATA #tea CLEAR"), ["766 ada #tea url :key not set"])

    def test_closed_rooms(self) -> None:
        """Outsiders read nothing of a room that they cannot simply join."""
        for mode, code in (
            ("+i", "KEY_NO_PERMISSION #tea"),
            ("-i+k key", "KEY_NO_PERMISSION #tea"),
            ("-k+s key", "INVALID_TARGET #tea"),
        ):
            self.asks(f"MODE #tea {mode}")
            for what in ("GET url", "LIST", "SYNC"):
                self.assertIn(code, self.refused(f"METADATA #tea {what}", self.bob))
        self.asks("INVITE bob #tea")
        self.bob.joins("#tea")
        self.assertEqual(self.inner("METADATA #tea LIST", self.bob), ["761 bob #tea url * x"])


class SubscriptionTests(MetadataTestCase):
    def news(self, client: Client) -> list[str]:
        return [line for line in client.hears() if line[:3] in ("761", "766", "774")]

    def test_told(self) -> None:
        """Whoever wants to hear of a key hears of it from all in their rooms, and of the rooms."""
        self.assertEqual(self.asks("METADATA * SUB url age", self.bob), ["770 bob url age"])
        self.asks("METADATA * SET url :x")
        self.assertEqual(self.news(self.bob), [])
        self.bob.joins("#tea"), self.ada.joins("#tea")
        self.bob.hears()
        for line in ("* SET url :y", "* SET other :z", "* SET url"):
            self.asks(f"METADATA {line}")
        self.assertEqual(
            self.news(self.bob), ["761 bob ada url * y", "766 bob ada url :key not set"]
        )
        self.asks("METADATA #tea SET url :tea", self.bob)
        self.assertEqual(self.news(self.ada), [], "ada asked for nothing")
        self.assertEqual(self.news(self.bob), [], "bob knows what bob has just said")

    def test_joining(self) -> None:
        """Whoever joins is told what there is of the room and of those in it; and others, of
        whoever joins."""
        self.asks("METADATA * SET url :x")
        self.asks("METADATA * SUB url", self.bob)
        self.ada.joins("#tea")
        self.asks("METADATA #tea SET url :t")
        self.bob.says("JOIN #tea")
        self.assertEqual(self.news(self.bob), ["761 bob #tea url * t", "761 bob ada url * x"])
        self.asks("PART #tea")
        self.bob.hears()
        self.asks("JOIN #tea")
        self.assertEqual(self.news(self.bob), ["761 bob ada url * x"])

    def test_crowd(self) -> None:
        """Of a crowd one is told to ask again; SYNC tells it."""
        self.patch(subscriptions, "CROWD", 1)
        self.asks("METADATA * SET url :x")
        self.asks("METADATA * SUB url", self.bob)
        self.ada.joins("#tea")
        self.bob.says("JOIN #tea")
        self.assertEqual(self.news(self.bob), ["774 bob #tea"])
        self.assertEqual(self.inner("METADATA #tea SYNC", self.bob), ["761 bob ada url * x"])
        self.assertEqual(self.inner("METADATA ada SYNC", self.bob), ["761 bob ada url * x"])

    def test_watched(self) -> None:
        """Whoever watches somebody is told too, from afar."""
        self.asks("MONITOR + ada", self.bob)
        self.asks("METADATA * SUB url", self.bob)
        self.asks("METADATA * SET url :x")
        self.assertEqual(self.news(self.bob), ["761 bob ada url * x"])

    def test_list_of_them(self) -> None:
        """Subscriptions can be seen, ended, and are so many at most."""
        self.assertEqual(
            self.asks("METADATA * SUB a B a b c d"),
            [
                "FAIL METADATA KEY_INVALID B :B is no good as a key: it should have 1 to 40 of"
                " a-z, 0-9 and _./-",
                "770 ada a b",
                "FAIL METADATA TOO_MANY_SUBS c :c and what follows is too much: you are told"
                " about 2 keys at most.",
            ],
        )
        self.assertEqual(self.inner("METADATA * SUBS"), ["772 ada a b"])
        self.assertEqual(self.asks("METADATA * UNSUB a never"), ["771 ada a never"])
        self.assertEqual(self.inner("METADATA * SUBS"), ["772 ada b"])
        self.asks("METADATA * UNSUB b")
        self.assertEqual(self.inner("METADATA * SUBS"), [])

    def test_subscribing_in_a_room(self) -> None:
        """Whoever subscribes when they are somewhere already is told to ask what there is."""
        self.ada.joins("#tea")
        self.assertEqual(self.asks("METADATA * SUB url"), ["770 ada url", "774 ada #tea"])


class EarlyTests(MetadataTestCase):
    def test_before_on_line(self) -> None:
        """One may tell of oneself before one is on line, and is then told what stands."""
        eve = self.house.stranger()
        eve.says(f"CAP REQ :{CAPS}")
        self.assertEqual(self.asks("METADATA * SET url :x", eve), ["761 * * url * x"])
        self.assertEqual(self.inner("METADATA * LIST", eve), ["761 * * url * x"])
        self.assertEqual(self.refused("METADATA ada LIST", eve), "INVALID_TARGET ada")
        self.assertEqual(self.refused("METADATA * SET url :123456", eve), "INVALID_VALUE url")
        eve.says("NICK eve", "USER eve 0 * :Eve", "CAP END")
        heard = eve.hears()
        self.assertIn("761 eve eve url * x", heard)
        self.assertLess(heard.index("761 eve eve url * x"), len(heard) - 2)
        self.assertEqual(self.inner("METADATA eve LIST"), ["761 ada eve url * x"])

    def test_empty_greeting(self) -> None:
        """Whoever has told nothing is told so by an empty batch, before the end of the MOTD."""
        eve = self.house.client("eve")
        self.assertNotIn("BATCH", " ".join(eve.hears()))
        eve = self.house.stranger()
        eve.says(f"CAP REQ :{CAPS}", "NICK bea", "USER eve 0 * :Eve", "CAP END")
        *_, start, end, motd = eve.hears()
        self.assertTrue(start.endswith("metadata bea"))
        self.assertTrue(end.startswith("BATCH -"))
        self.assertTrue(motd.startswith("422"))

    def test_without_the_capability(self) -> None:
        """Without the capability nothing is told early."""
        eve = self.house.stranger()
        (refused,) = self.asks("METADATA * SET url :x", eve)
        self.assertTrue(refused.startswith("451"))


class SlowStore(MemoryStore):
    """A store that keeps metadata when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may: Deferred[None] = Deferred()

    async def keep_metadata(self, subject: Subject, key: int, name: str, value: str | None) -> None:
        await self.may
        await super().keep_metadata(subject, key, name, value)


class GoneTests(SynchronousTestCase):
    """Clients that go before they are welcome."""

    def test_gone_while_its_metadata_is_kept(self) -> None:
        """Nothing is begun for a client that has gone in the meantime, and nobody hears of it."""
        store = SlowStore()
        house = House(store, server=Server(name="house", lobby="#lobby"))
        house.account("ada")
        bob = house.client("bob")
        ada = house.stranger()
        ada.says(
            "PASS ada:sesame", f"CAP REQ :{CAPS} draft/pre-away", "NICK ada", "USER ada 0 * :Ada"
        )
        ada.says("METADATA * SET url :https://example.org", "CAP END")
        bob.hears()
        ada.leaves()
        store.may.callback(None)
        house.settle()
        self.assertEqual(bob.hears(), [])
        bob.leaves()
        self.assertEqual(house.clock.getDelayedCalls(), [])
