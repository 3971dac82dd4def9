"""`pinlake erase`: it asks before it erases, and exit code 1 says that a trace is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from foundation.data_subjects import Subjects
from foundation.settings import Settings
from lakehouse.operations.erasure.receipt import ErasureReceipt, ErasureReceipts, Removal
from pinlake.app import erasure
from tests.unit.pinlake.cli.command_line import run
from tests.unit.pinlake.cli.conftest import Held

PIN = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10"
OTHER = "7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f11"
EMPTY = ErasureReceipt("run-2", Subjects((PIN,)).hashes, "2026-02-01T00:00:00+00:00", code="1")
RECEIPT = replace(
    EMPTY,
    run="run-1",
    ended="2026-01-31T00:00:00+00:00",
    places={
        "silver.pins_batch": Removal(rows=1_000, files=2, before=3, after=4, unreadable=(1, 3)),
        "Postgres": Removal(rows=1),
    },
)


class Erasures(list[tuple[str, ...]]):
    """The pins of each erasure."""

    receipt = RECEIPT
    stored: tuple[ErasureReceipt, ...] = ()


@pytest.fixture
def erasures(sessions: list[str], leases: list[Held], monkeypatch: pytest.MonkeyPatch) -> Erasures:
    """Erase nothing, with a receipt that a test may replace."""
    calls = Erasures()

    class Erasure:
        def __init__(
            self, spark: str, _: Settings, subjects: Subjects, *, on_step: Callable[[str], None]
        ) -> None:
            self._subjects, self._on_step = subjects, on_step

        def run(self) -> ErasureReceipt:
            calls.append(self._subjects.ids)
            self._on_step("searching")
            return calls.receipt

    def read_all(_: ErasureReceipts) -> Iterator[ErasureReceipt]:
        return iter(calls.stored)

    monkeypatch.setattr(erasure, "Erasure", Erasure)
    monkeypatch.setattr(ErasureReceipts, "read_all", read_all)
    return calls


def test_the_receipt_is_printed_by_place(erasures: Erasures) -> None:
    outcome = run("erase", "--unique-id", PIN.upper(), "--yes")

    assert (outcome.code, erasures) == (0, [(PIN,)])
    assert [" ".join(line.split()) for line in outcome.out.splitlines()] == [
        "place rows files version unreadable now",
        "silver.pins_batch 1,000 2 3 to 4 1 to 3",
        "Postgres 1 0",
        "No trace is left since 2026-01-31T00:00:00+00:00. Receipt: erasures/run-1.json",
    ]


def test_json_is_the_receipt(erasures: Erasures) -> None:
    (document,) = run("erase", "--unique-id", PIN, "--yes", "--json").documents

    assert list(document) == ["run", "subjects", "began", "ended", "places", "traces", "code"]
    assert document["places"]["silver.pins_batch"]["unreadable"] == [1, 3]
    assert PIN not in str(document)


def test_a_trace_that_is_left_fails_the_command(erasures: Erasures) -> None:
    erasures.receipt = replace(RECEIPT, ended=None, traces=("warehouse/[x].parquet",))

    outcome = run("erase", "--unique-id", PIN, "--yes")

    assert outcome.code == 1
    assert "still mentioned in warehouse/[x].parquet" in outcome.out
    assert "No trace is left" not in outcome.out


def test_the_steps_of_the_batch_lane_wait(erasures: Erasures, leases: list[Held]) -> None:
    run("erase", "--unique-id", PIN, "--yes", "--wait", "3")

    names = ("bronze.pins_batch", "silver.pins_batch", "gold.pin_features_batch")
    assert leases == [Held("pinlake erase", names, 3.0)]


@pytest.mark.parametrize(
    ("answer", "code", "erased"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0), ("", 1, 0)]
)
def test_nothing_happens_before_the_user_agrees(
    answer: str, code: int, erased: int, erasures: Erasures, leases: list[Held]
) -> None:
    outcome = run("erase", "--unique-id", PIN, answer=answer)

    assert (outcome.code, len(erasures), len(leases)) == (code, erased, erased)
    assert f"This erases everywhere, including past versions: {PIN}\n" in outcome.err
    assert "This cannot be undone. Continue? [y/N]:" in outcome.err


def test_a_file_names_several_pins(erasures: Erasures, tmp_path: Path) -> None:
    file = tmp_path / "pins"
    file.write_text(f"{OTHER}\n\n  {PIN}  \n{PIN}\n")

    run("erase", "--file", str(file), "--yes")

    assert erasures == [(PIN, OTHER)]


@pytest.mark.parametrize("both", [True, False])
def test_pins_are_named_in_exactly_one_way(both: bool, erasures: Erasures, tmp_path: Path) -> None:
    file = tmp_path / "pins"
    file.touch()

    outcome = run("erase", "--yes", *(["--unique-id", PIN, "--file", str(file)] if both else []))

    assert (outcome.code, erasures) == (2, [])
    assert outcome.err == (
        "error: no pin is named, or two ways are used (erase). Give either --unique-id or --file.\n"
    )


def test_an_unknown_pin_is_an_error(erasures: Erasures) -> None:
    erasures.receipt = EMPTY
    # Receipts of other pins, and of searches that found nothing, do not make this pin known.
    erasures.stored = (EMPTY, replace(RECEIPT, subjects=("another",)))

    outcome = run("erase", "--unique-id", PIN, "--yes")

    assert (outcome.code, outcome.out) == (2, "")
    assert "error: no such pin: it is mentioned nowhere (erase)." in outcome.err


def test_for_a_pin_that_was_erased_before_its_last_receipt_is_printed(erasures: Erasures) -> None:
    erasures.receipt = EMPTY
    erasures.stored = (replace(RECEIPT, run="run-0"), RECEIPT, EMPTY)

    outcome = run("erase", "--unique-id", PIN, "--yes", "--json")

    assert (outcome.code, outcome.documents[0]["run"]) == (0, "run-1")
