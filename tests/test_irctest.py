"""What runs the public suite tells apart what is known and what is new."""

from __future__ import annotations

import pytest

from tests.daemon import CHECKOUT
from tests.irctest import run

FOLDER = CHECKOUT / "tests/irctest"
REPORT = """
<testsuites><testsuite>
<testcase classname="irctest.server_tests.kick.KickTestCase" name="testKick"/>
<testcase classname="irctest.server_tests.who.WhoTestCase" name="testWho[a b]">
  <skipped type="pytest.skip" message="not here"/></testcase>
<testcase classname="irctest.server_tests.chmodes.ban.BanTestCase" name="testBan">
  <failure message="AssertionError: 1 != 2&#10;more">...</failure></testcase>
<testcase classname="irctest.server_tests.sasl.SaslTestCase" name="testLong">
  <skipped type="pytest.xfail" message=""/></testcase>
<testcase classname="irctest.server_tests.sasl.SaslTestCase" name="testShort">
  <error message="no daemon">...</error></testcase>
</testsuite></testsuites>
"""
KNOWN = """\
# A remark.
skipped who.WhoTestCase.testWho[a b]  # for every server
failed kick.KickTestCase.testKick  # because
xfailed sasl.SaslTestCase.testLong  # as the suite expects
failed gone.GoneTestCase.testGone  # because
"""


def test_differences() -> None:
    """What is worse than known is told, what is better, and what is no longer there."""
    results = run.read_report(REPORT.replace("a b", "a b"))
    known = run.read_known(KNOWN)
    assert list(run.compare(results, known, whole=True)) == [
        "chmodes.ban.BanTestCase.testBan failed, not passed: AssertionError: 1 != 2",
        "kick.KickTestCase.testKick passed, not failed",
        "sasl.SaslTestCase.testShort failed, not passed: no daemon",
        "gone.GoneTestCase.testGone was not run",
    ]
    assert len(list(run.compare(results, known, whole=False))) == 3
    assert run.summary(results) == "2 failed, 1 passed, 1 skipped, 1 xfailed"


def test_reasons() -> None:
    """Each line of a list has its reason; one without is refused."""
    for one in run.ROUNDS.values():
        assert run.read_known((FOLDER / one.known).read_text())
    with pytest.raises(ValueError, match="should be"):
        run.read_known("failed kick.KickTestCase.testKick")


def test_no_checkout(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the suite it says what is missing, and fails."""
    assert run.main([str(FOLDER)]) == 1
    assert "it should be a checkout of the suite" in capsys.readouterr().out
