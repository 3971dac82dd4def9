"""The page shows all there is, escapes it, and loads nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from lakehouse.quality.report.model import Report
from lakehouse.quality.report.render import render
from tests.reports import EMPTY, EXAMPLE, FULL


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


def test_everything_known_is_on_the_page() -> None:
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
    assert "It fails since" in page
    assert "Nothing has been validated yet</h1>" in render(EMPTY)
