"""`pinlake quality report`: the page is written, and its address is printed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from foundation.settings import Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.quality_report import collect
from lakehouse.observability.quality_report.model import Report, RuleText
from tests.reports import FULL
from tests.unit.pinlake.cli.command_line import run


@pytest.fixture(autouse=True)
def sentences(sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, RuleText]:
    """The sentences that a report is collected with; the report itself is always `FULL`."""
    collected: dict[str, RuleText] = {}

    def collect_report(_: DeltaLake, *, rule_texts: dict[str, RuleText], now: datetime) -> Report:
        assert now.tzinfo is not None
        collected.update(rule_texts)
        return FULL

    monkeypatch.setattr(collect, "collect_report", collect_report)
    return collected


def test_the_page_is_written_below_the_home(loaded: Settings) -> None:
    outcome = run("quality", "report")

    page = Path(outcome.out.strip())
    assert (outcome.code, page.parent) == (0, loaded.home / "quality-report")
    assert FULL.verdicts[0].sentence in page.read_text()


def test_another_folder_may_be_given(tmp_path: Path) -> None:
    folder = tmp_path / "[red]"

    assert run("quality", "report", "--to", str(folder)).out.startswith(f"{folder}/")


def test_json_has_every_value_and_the_page() -> None:
    (document,) = run("quality", "report", "--json").documents

    assert list(document) == ["page", "at", "unit", "span_days", "verdicts", "reasons", "volumes"]
    assert document["at"] == "2026-01-31T07:30:00+00:00"
    assert document["volumes"][0]["days"][0] == {"day": "2026-01-18", "rows": 3_397}
    assert Path(document["page"]).is_file()


def test_the_rules_have_the_sentences_of_their_suites(sentences: dict[str, RuleText]) -> None:
    run("quality", "report")

    assert "silver.unique_id.unique" in sentences
