"""Shares on pages are rounded, never cut off."""

from studies.templatetags.shares import decimals, percent, plain_span, seconds, span


def test_shares_are_rounded_and_gaps_are_dashes() -> None:
    assert percent(11 / 12) == "91.7%"
    assert percent(0.20654) == "20.7%"
    assert percent(-0.0001) == "0.0%"
    assert percent(None) == "–"
    assert span({"low": 0.20654, "high": 1.0}) == "20.7 to 100.0%"
    assert plain_span({"low": -0.126, "high": 0.515}) == "-0.13 to 0.52"
    assert span(None) == "–"
    assert decimals(5 / 3) == "1.67"
    assert seconds(1960) == "2.0"
