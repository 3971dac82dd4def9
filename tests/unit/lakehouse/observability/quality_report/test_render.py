"""The page shows every value, escapes it, and loads nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from lakehouse.observability.quality_report.model import Report
from lakehouse.observability.quality_report.render import render
from tests.reports import CATEGORY, EMPTY, EXAMPLE, FULL, REASONS, REFUSED


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("report", [FULL, EMPTY])
def test_nothing_is_loaded_and_no_script_runs(report: Report) -> None:
    page = _Page(render(report))

    addresses = [value for name, value in page.attributes if name in ("src", "href")]
    assert all(value.startswith(("#", "data:,")) for value in addresses)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    style = re.search(r"<style>(.*?)</style>", render(report), flags=re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_every_value_is_on_the_page() -> None:
    text = _Page(render(FULL)).text

    for verdict in FULL.verdicts:
        assert verdict.sentence in text
        assert verdict.rule in text
        assert verdict.table in text
    for reason in FULL.reasons:
        assert reason.sentence in text
        assert f"{reason.open:,} open" in text
        assert f"{reason.replayed:,} replayed, {reason.dropped:,} dropped" in text
    assert EXAMPLE.value in text
    assert EXAMPLE.id in text
    assert str(EXAMPLE.event_id) in text
    for volume in FULL.volumes:
        assert volume.table in text
        assert f"{volume.rows:,} row" in text


def test_the_head_says_what_fails_and_since_when() -> None:
    page = render(FULL)

    assert "silver.pins_batch fails 1 critical rule</h1>" in page
    assert "The critical rule has failed since" in page
    assert "Nothing has been validated yet</h1>" in render(EMPTY)


def test_a_rule_that_never_held_shows_its_own_age_and_not_the_span() -> None:
    text = _words(replace(EMPTY, verdicts=(REFUSED,)))

    assert "Has failed in every run since 31 Jan 2026, 07:09 (21 minutes)" in text
    assert "never in the results since 31 Jan 2026, 07:09" in text
    assert "Has not held" not in text


def test_a_rule_on_the_table_shows_its_measure_and_no_rows() -> None:
    text = _words(replace(EMPTY, verdicts=(REFUSED,)))

    assert "observed 1.056%" in text
    assert "0.0105" not in text
    assert "broke the rule" not in text
    assert "Runs Failed Observed" in text


@pytest.mark.parametrize(
    ("observed", "unit", "text"),
    [
        ("1.0", "share", "observed 100%"),
        ("0.00001234", "share", "observed 0.001234%"),
        ("1063", "pins", "observed 1,063 pins"),
        ("1", "pins", "observed 1 pin"),
        ("48.123456789", "hours", "observed 48.12 hours"),
        ("123456.789", "", "observed 123,457"),
        ("NaN", "share", "observed nan%"),
        ('"art"', "", 'observed "art"'),
        ("[1, 2]", "", "observed [1, 2]"),
        ("no JSON", "hours", "observed no JSON"),
    ],
)
def test_numbers_have_a_unit_and_four_digits(observed: str, unit: str, text: str) -> None:
    verdict = replace(REFUSED, observed=observed, unit=unit, trend=())

    assert f" {text} " in _words(replace(EMPTY, verdicts=(verdict,)))


def test_rules_and_records_are_counted_by_lane_and_never_added_up() -> None:
    other = replace(CATEGORY, lane="stream", table="silver.pins_stream")
    second = replace(REASONS[0], rule="silver.title.short", open=7, first=1)
    batch = replace(REASONS[0], lane="batch", open=20, first=20)
    text = _words(replace(FULL, verdicts=(CATEGORY, other), reasons=(REASONS[0], second, batch)))

    assert "Usable, but 1 rule fails" in text
    assert "1 rule was checked on 2 tables; 1 of them fails." in text
    assert "0 /1 batch lane 0 /1 stream lane rules hold 1 batch lane 1 stream lane rules fail" in text
    assert "20 batch lane 31 stream lane records wait in quarantine" in text


def test_waiting_records_are_reported_when_every_rule_holds() -> None:
    success = replace(CATEGORY, success=True, failing_since=None, last_success=FULL.at - timedelta(hours=1))

    text = _words(replace(EMPTY, verdicts=(success,), reasons=REASONS))

    assert "All rules hold, but records wait in quarantine: 30 in the stream lane" in text


def test_example_records_are_folded() -> None:
    page = render(FULL)

    assert '<details class="examples"><summary>The newest open record</summary>' in page
    assert " open>" not in page


def _words(report: Report) -> str:
    return " ".join(_Page(re.sub("<", " <", render(report))).text.split())
