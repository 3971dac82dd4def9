"""One drill: a stack of its own, load and faults side by side, and the proof."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from drill.cast import Cast
from drill.faults import Arrivals, Fault, inflict, schedule
from drill.load import Load
from drill.proof import Proof, drain, prove
from foundation.kafka_admin import create_topics
from foundation.settings import Settings
from lakehouse.spark import session
from local_stack.addresses import HOST, free_ports
from local_stack.temporary import temporary_stack

START_SECONDS = 180.0
RECOVERY_SECONDS = 180.0


@dataclass(frozen=True)
class Plan:
    """What a drill does.

    Attributes:
        seconds: how long there are faults.
        faults: how many, spread at random.
        rate: pins posted a second.
        seed: of everything random.
    """

    seconds: float
    faults: int
    rate: float
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What has happened, and what was proved.

    Attributes:
        faults: each with its time of recovery.
        accepted: events that the door has acknowledged.
        malformed: records written past the door.
        longest_silence: seconds between two acknowledgements at most.
        deaths: what the processes that ended by themselves said last, by name; they were started again.
        logs: where every process's log was kept, if something is wrong.
        seconds: of the whole drill.
        proof: the proof.
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
        """Whether everything has recovered and nothing is wrong."""
        return self.proof.holds and all(fault.recovered is not None for fault in self.faults)


def run(plan: Plan, *, on_step: Callable[[str], None]) -> Outcome:
    """Hold a drill, and leave nothing behind but, if something is wrong, the logs.

    Args:
        plan: what to do.
        on_step: told what begins.
    """
    started, began = time.monotonic(), datetime.now(UTC)
    on_step("start Kafka, the object store and Postgres")
    with temporary_stack("drill") as settings:
        create_topics(settings.kafka)
        faults: list[Fault] = []
        load, deaths = _trouble(plan, settings, faults, on_step)
        on_step("drain both lanes")
        spark = session.build(settings, app="pinlake drill")
        try:
            drain(spark, settings)
            on_step("compare with what the door has acknowledged")
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
        return outcome if outcome.holds else replace(outcome, logs=_kept_logs(settings))


def _kept_logs(settings: Settings) -> str:
    kept = tempfile.mkdtemp(prefix="pinlake-drill-logs-")
    shutil.copytree(settings.home / "logs", kept, dirs_exist_ok=True)
    return kept


def _trouble(
    plan: Plan, settings: Settings, faults: list[Fault], on_step: Callable[[str], None]
) -> tuple[Load, dict[str, list[str]]]:
    (port,) = free_ports(1)
    cast = Cast(settings, door_port=port)
    load = Load(f"http://{HOST}:{port}", settings, rate=plan.rate, seed=plan.seed)
    with cast, Arrivals(settings.postgres, faults) as arrivals, load:
        on_step("wait until the first pin is served")
        _until(lambda: arrivals.newest > 0, START_SECONDS)
        on_step(f"{plan.faults} faults in {plan.seconds:g} s, seed {plan.seed}")
        blows = schedule(cast.names, count=plan.faults, seconds=plan.seconds, seed=plan.seed)
        inflict(cast, faults, blows, seconds=plan.seconds)
        on_step("wait until what was posted after the last fault is served")
        _until(lambda: arrivals.all_over, RECOVERY_SECONDS)
    return load, {role.name: role.deaths for role in cast.roles if role.deaths}


def _until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition; if it does not come true in time, what depends on it will tell."""
    waiting = Retrying(
        retry=retry_if_result(lambda found: not found),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(seconds),
        retry_error_callback=lambda state: None,
    )
    waiting(condition)
