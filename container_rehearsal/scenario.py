"""The phases of the rehearsal, start, restore and upgrade, by the documented commands on a real engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from container_rehearsal.client import PostingClient
from container_rehearsal.installation import API, Installation
from foundation.errors import TerminalError
from foundation.event import new_event_id
from ingestion.client.client import post_pins

LONGEST_SILENCE_SECONDS = 10.0
SERVED_WITHIN_SECONDS = 300.0
DAG_WITHIN_SECONDS = 1800.0
LOCKED_SECONDS = 1800
PINS_BEFORE_UPGRADE = 100
PINS_AFTER_RESTORE = 20

Value = TypeVar("Value")


class Phase(StrEnum):
    """A part of the rehearsal, which starts from an installation without data."""

    START = "start"
    RESTORE = "restore"
    UPGRADE = "upgrade"


@dataclass
class Report:
    """The measurements of a rehearsal.

    Attributes:
        seconds: of each step, in the order they ran.
        images: sizes in MB.
        memory: the peak of each service during a DAG run, in MB.
        longest_silence: the longest time without a 201 during the upgrade, in seconds.
        pins: number that Postgres served at the end of each phase.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    longest_silence: float | None = None
    pins: dict[str, int] = field(default_factory=dict)


class Rehearsal:
    """Runs phases on one installation, one after another, and fills a report.

    Args:
        installation: with the checkout at `revision`.
        revision: the revision under test.
        on_step: called with the name of each step as it starts.
    """

    def __init__(self, installation: Installation, *, revision: str, on_step: Callable[[str], None]) -> None:
        self.report = Report()
        self._installation = installation
        self._revision = revision
        self._on_step = on_step

    def run(self, phases: Sequence[Phase], *, base: str) -> None:
        """Run the phases in the given order.

        Args:
            phases: the phases to run.
            base: the revision to upgrade from.

        Raises:
            TerminalError: a command or a check failed.
        """
        for phase in phases:
            match phase:
                case Phase.START:
                    self._start()
                case Phase.RESTORE:
                    self._back_up_and_restore()
                case Phase.UPGRADE:
                    self._upgrade(base)
            self._installation.run("docker compose down --volumes --remove-orphans")

    def _start(self) -> None:
        """Start from nothing, query, run the DAG, check the sums, stop and start again."""
        pins = self._install()
        with self._step("documented use"):
            self._installation.run_documented("Use")
        with self._step("DAG run"):
            self._require_dag_success()
        self._require_sums()
        with self._step("down and up"):
            self._installation.run_documented("Stop")
            self._installation.run("docker compose up --detach --wait")
        self._require_served(pins)
        self.report.pins["start"] = pins

    def _install(self) -> int:
        """Build and start from nothing, post the sample, and return the number of served pins."""
        with self._step("build and start"):
            self._installation.run_documented("Start")
        self.report.images = self._installation.image_sizes()
        with self._step("post and serve"):
            accepted = self._post_sample()
            self._require_served(len(accepted))
        return len(accepted)

    def _post_sample(self) -> set[str]:
        """Post the sample pins until each is answered with 201, and return their ids."""
        pins = (self._installation.checkout / "sample_data" / "pins.jsonl").read_bytes().splitlines()
        waiting = {new_event_id(): pin for pin in pins}
        accepted: set[str] = set()
        while waiting:
            answers = post_pins(API, list(waiting.values()), event_ids=list(waiting))
            events = [answer.acknowledged for answer in answers if answer.acknowledged]
            accepted |= {event.unique_id for event in events}
            for event in events:
                del waiting[event.event_id]
        return accepted

    def _back_up_and_restore(self) -> None:
        """Back up a new installation, delete it, restore it, and post more pins."""
        pins = self._install()
        with self._step("back up"):
            self._installation.run_documented("Back up")
        self._require_served(pins)
        self._installation.run("docker compose down --volumes")
        with self._step("restore and start"):
            self._installation.run_documented("Restore")
        self._require_served(pins)
        with self._step("go on after restore"), PostingClient(API) as client:
            client.await_answers(PINS_AFTER_RESTORE)
        self._require_served(pins + len(client.answered_at))
        self._require_sums()
        self.report.pins["restore"] = pins + len(client.answered_at)

    def _upgrade(self, base: str) -> None:
        """Start a past revision and upgrade it while a client posts pins."""
        installation = self._installation
        installation.run("make env")
        installation.run(f"git checkout --quiet {base}")
        with self._step("build and start the past revision"):
            installation.run("docker compose up --detach --wait")
        with PostingClient(API) as client:
            client.await_answers(PINS_BEFORE_UPGRADE)
            installation.run(f"git checkout --quiet {self._revision}")
            with self._step("upgrade"):
                installation.run_documented("Upgrade")
        self.report.longest_silence = client.longest_silence()
        self._require_served(len(client.answered_at))
        self._require_sums()
        self.report.pins["upgrade"] = len(client.answered_at)
        if client.longest_silence() > LONGEST_SILENCE_SECONDS:
            raise TerminalError(
                f"no 201 for {client.longest_silence():.1f} s during the upgrade",
                where=API,
                hint=f"At most {LONGEST_SILENCE_SECONDS:.0f} s are allowed: check the order of services.",
            )

    def _require_served(self, pins: int) -> None:
        served = _read_until(
            lambda: self._installation.count_pins(), lambda count: count == pins, SERVED_WITHIN_SECONDS
        )
        if served != pins:
            raise TerminalError(
                f"Postgres serves {served:,} pins of {pins:,}", where=API, hint="Read the stream's log."
            )

    def _require_dag_success(self) -> None:
        with self._installation.open_airflow() as airflow:

            def state() -> str:
                for service, size in self._installation.memory().items():
                    self.report.memory[service] = max(size, self.report.memory.get(service, 0))
                runs = airflow.get("/dags/pins_daily/dagRuns", params={"order_by": "-run_after", "limit": 1})
                return str(runs.raise_for_status().json()["dag_runs"][0]["state"])

            final_state = _read_until(state, lambda state: state in ("success", "failed"), DAG_WITHIN_SECONDS)
        if final_state != "success":
            raise TerminalError(
                f"the run of pins_daily is {final_state}", where="Airflow", hint="Read its log."
            )

    def _require_sums(self) -> None:
        with self._step("ledger check and reconcile"):
            # The nightly DAG may hold the locks.
            steps = "pinlake consume && " + " && ".join(
                f"pinlake {step} --wait {LOCKED_SECONDS}" for step in ("bronze", "silver", "gold")
            )
            checks = "pinlake ledger check && pinlake reconcile"
            self._installation.run(f"docker compose run --rm -T tools sh -c '{steps} && {checks}'")

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self._on_step(name)
        begun = time.monotonic()
        yield
        self.report.seconds[name] = self.report.seconds.get(name, 0.0) + time.monotonic() - begun


def _read_until(read: Callable[[], Value], is_final: Callable[[Value], bool], seconds: float) -> Value:
    """Read a value every few seconds until it is final or the time is over; return the last value."""
    retrying = Retrying(
        retry=retry_if_result(lambda value: not is_final(value)),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(3),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    value: Value = retrying(read)
    return value
