"""The counts of a task, as the daily DAG attaches them; Airflow itself is not loaded."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from orchestration.configuration import DAGS

Load = Callable[[], ModuleType]


class Operator:
    """A task with the arguments of its operator."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - as Airflow takes them
        self.arguments = arguments


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load the file of the DAG with stand-ins for what it imports of Airflow."""

    def keep(**arguments: Any) -> nullcontext[None]:  # noqa: ANN401 - as Airflow takes them
        loaded.append(arguments)
        return nullcontext()

    loaded: list[dict[str, Any]] = []
    sdk = SimpleNamespace(
        DAG=keep,
        Asset=SimpleNamespace,
        CronDataIntervalTimetable=lambda *_, **__: None,
        chain=lambda *_: None,
    )
    for name in (
        "airflow",
        "airflow.providers",
        "airflow.providers.standard",
        "airflow.providers.standard.operators",
    ):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    bash = SimpleNamespace(BashOperator=Operator)
    monkeypatch.setitem(sys.modules, "airflow.providers.standard.operators.bash", bash)

    def load() -> ModuleType:
        spec = importlib.util.spec_from_file_location("pins_daily", DAGS / "pins_daily.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.loaded = loaded  # type: ignore[attr-defined] # for the tests
        return module

    return load


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ('{"records": 3}', {"records": 3}),
        ("{}", {}),
        ("", {}),
        ("records: 3", {}),
        ("[3]", {}),
        ("3", {}),
        ("null", {}),
        ('{"records": 3', {}),
    ],
)
def test_only_a_json_object_has_counts(line: str, counts: dict[str, int], load: Load) -> None:
    assert load()._counts(line) == counts


def test_the_counts_go_to_every_table_that_a_task_has_written(load: Load) -> None:
    events = {name: SimpleNamespace(extra=None) for name in ("features", "daily", "other")}
    context = {"task": SimpleNamespace(outlets=["features", "daily"]), "outlet_events": events}

    load()._attach_counts(context, {"rows": 7})

    extras = {name: event.extra for name, event in events.items()}
    assert extras == {"features": {"rows": 7}, "daily": {"rows": 7}, "other": None}


@pytest.mark.parametrize(("variable", "seconds"), [(None, 60), ("2.5", 2.5)])
def test_the_pause_before_a_retry_is_read_from_the_environment(
    variable: str | None, seconds: float, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PINLAKE_AIRFLOW_RETRY_SECONDS", raising=False)
    if variable is not None:
        monkeypatch.setenv("PINLAKE_AIRFLOW_RETRY_SECONDS", variable)

    (dag,) = load().loaded
    assert dag["default_args"]["retry_delay"].total_seconds() == seconds


def test_a_step_is_a_command_whose_json_is_the_result_of_the_task(load: Load) -> None:
    module = load()

    task = module._step("bronze", "bronze --wait 5", [module.BRONZE])

    assert task.arguments["bash_command"] == "pinlake bronze --wait 5 --json"
    assert task.arguments["output_processor"]('{"records": 1}') == {"records": 1}
    assert task.arguments["outlets"] == [module.BRONZE]
