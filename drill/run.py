"""One drill: a stack of its own, load and faults at the same time, and the proof."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from drill.cast import DrillProcesses
from drill.faults import Arrivals, Fault, inject_faults, schedule
from drill.load import LoadGenerator
from drill.proof import Proof, prove
from foundation.kafka_admin import create_topics
from foundation.settings import Settings
from lakehouse.spark import session
from local_stack.addresses import HOST, free_ports
from local_stack.temporary import temporary_stack
from pinlake.app.lanes import run_lanes

START_SECONDS = 180.0
RECOVERY_SECONDS = 180.0


@dataclass(frozen=True)
class Plan:
    """The parameters of a drill.

    Attributes:
        seconds: the duration of the faults.
        faults: their number, at random times.
        rate: pins posted per second.
        seed: of all random choices.
    """

    seconds: float
    faults: int
    rate: float
    seed: int


@dataclass(frozen=True)
class Outcome:
    """The course and the result of a drill.

    Attributes:
        plan: the parameters.
        faults: each kill with its time of recovery.
        accepted: number of events that the API acknowledged.
        malformed: number of malformed records written to Kafka directly.
        longest_silence: the longest time between two acknowledgements, in seconds.
        deaths: by process name, exit code and last log line of each unexpected end (it was restarted).
        seconds: duration of the whole drill.
        proof: the comparison of the stored data with the acknowledged events.
        logs: the folder with the log of every process, if something is wrong.
    """

    plan: Plan
    faults: list[Fault]
    accepted: int
    malformed: int
    longest_silence: float
    deaths: dict[str, list[str]]
    seconds: float
    proof: Proof
    logs: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every fault was recovered from and nothing is wrong."""
        return self.proof.holds and all(fault.recovered is not None for fault in self.faults)


def run(plan: Plan, *, on_step: Callable[[str], None]) -> Outcome:
    """Run a drill; leave nothing behind, except the logs if something is wrong.

    Args:
        plan: the parameters.
        on_step: called with a description of each step as it starts.
    """
    started, began = time.monotonic(), datetime.now(UTC)
    on_step("start Kafka, the object store and Postgres")
    with temporary_stack("drill") as settings:
        create_topics(settings.kafka)
        faults: list[Fault] = []
        load, deaths = _run_faults(plan, settings, faults, on_step)
        on_step("drain both lanes")
        spark = session.build(settings, app="pinlake drill")
        try:
            run_lanes(spark, settings)
            on_step("compare with what the API acknowledged")
            proof = prove(spark, settings, load.acknowledged, began=began)
        finally:
            spark.stop()
        outcome = Outcome(
            plan=plan,
            faults=faults,
            accepted=len({event.event_id for event in load.acknowledged}),
            malformed=load.malformed,
            longest_silence=load.longest_silence(),
            deaths=deaths,
            seconds=time.monotonic() - started,
            proof=proof,
        )
        return outcome if outcome.holds else replace(outcome, logs=_save_logs(settings))


def _save_logs(settings: Settings) -> str:
    folder = tempfile.mkdtemp(prefix="pinlake-drill-logs-")
    shutil.copytree(settings.home / "logs", folder, dirs_exist_ok=True)
    return folder


def _run_faults(
    plan: Plan, settings: Settings, faults: list[Fault], on_step: Callable[[str], None]
) -> tuple[LoadGenerator, dict[str, list[str]]]:
    (port,) = free_ports(1)
    processes = DrillProcesses(settings, api_port=port)
    load = LoadGenerator(f"http://{HOST}:{port}", settings, rate=plan.rate, seed=plan.seed)
    with processes, Arrivals(settings.postgres, faults) as arrivals, load:
        on_step("wait until the first pin is served")
        _wait_until(lambda: arrivals.newest > 0, START_SECONDS)
        on_step(f"{plan.faults} faults in {plan.seconds:g} s, seed {plan.seed}")
        kills = schedule(processes.names, count=plan.faults, seconds=plan.seconds, seed=plan.seed)
        inject_faults(processes, faults, kills, seconds=plan.seconds)
        on_step("wait until pins posted after the last fault are served")
        _wait_until(lambda: arrivals.all_recovered, RECOVERY_SECONDS)
    return load, {loop.name: loop.deaths for loop in processes.loops if loop.deaths}


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition, or until the time is over: the outcome shows if it did not come true."""
    waiting = Retrying(
        retry=retry_if_result(lambda is_true: not is_true),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(seconds),
        retry_error_callback=lambda state: None,
    )
    waiting(condition)
