"""The time that a few new events need through the running stream lane, beside the hand-written pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from deltalake import DeltaTable
from pyspark.sql import SparkSession
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from benchmarks.handwritten.steps import HandwrittenProcess, StreamSeconds
from benchmarks.report import Pair
from benchmarks.topic import Span, fill
from foundation.postgres import connect
from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM
from lakehouse.pipelines.stream import open_stream
from lakehouse.query.table_store import TableStore

ROWS = 50
POLL_SECONDS = 0.02
GIVE_UP_AFTER_SECONDS = 120
# The lane waits 15 s between two micro-batches of the tables, which is a setting and says nothing of speed.
_TABLES_TRIGGER_SECONDS = 0.2
_SERVED = "SELECT count(*) FROM experimental_data WHERE event_time >= %s"


def measure(
    spark: SparkSession, settings: Settings, by_hand: HandwrittenProcess, *, rounds: int
) -> list[Pair]:
    """Send new events through both pipelines in turns; return the seconds to Postgres and to the tables.

    A first round warms both up and is not counted. Each pipeline's time begins when the events are sent to
    Kafka or, for the hand-written one, when they are there and it is called.

    Args:
        spark: the session; its stream lane runs meanwhile, and has written everything in Kafka afterwards.
        settings: of the stack.
        by_hand: the hand-written pipeline.
        rounds: number of counted rounds.
    """
    runs = []
    open_stream(spark, settings).drain()
    with _running_lane(spark, settings):
        arrivals = _Arrivals(settings)
        for _ in range(rounds + 1):
            ours, span = arrivals.time_lane()
            runs.append((ours, by_hand.run_stream_lane(span)))
    counted = runs[1:]
    return [
        Pair(
            f"{ROWS} new events, to Postgres",
            ROWS,
            tuple(ours.served for ours, _ in counted),
            tuple(theirs.served for _, theirs in counted),
        ),
        Pair(
            f"{ROWS} new events, to Postgres and tables",
            ROWS,
            tuple(max(ours.served, ours.written) for ours, _ in counted),
            tuple(theirs.written for _, theirs in counted),
        ),
    ]


@contextmanager
def _running_lane(spark: SparkSession, settings: Settings) -> Iterator[None]:
    """Run the stream lane during a block."""
    stream = settings.stream.model_copy(update={"tables_trigger_seconds": _TABLES_TRIGGER_SECONDS})
    lane = open_stream(spark, settings.model_copy(update={"stream": stream}))
    lane_stop = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(lane.follow, stop=lane_stop)
        try:
            yield
        finally:
            lane_stop.set()
        running.result()


class _Arrivals:
    """Watches Postgres and the tables of the stream lane, without Spark."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        store = TableStore(settings.s3)
        self._urls = [store.table_url(table) for table in (STREAM.bronze, STREAM.silver, STREAM.features)]
        self._options = store.storage_options

    def time_lane(self) -> tuple[StreamSeconds, Span]:
        """Send new events and return the seconds until they have arrived, and where they are in Kafka.

        Raises:
            tenacity.RetryError: they did not arrive in time.
        """
        wanted = [self._count(url) + ROWS for url in self._urls]
        now = datetime.now(UTC)
        since = now.replace(microsecond=now.microsecond // 1000 * 1000)
        started = time.perf_counter()
        load = fill(self._settings.kafka, self._settings.kafka.stream_topic, events=ROWS)
        served = self._wait(lambda: self._count_served(since) >= ROWS, started)
        written = self._wait(lambda: [self._count(url) for url in self._urls] == wanted, started)
        return StreamSeconds(served, written), load.span

    def _wait(self, has_arrived: Callable[[], bool], started: float) -> float:
        retrying = Retrying(
            retry=retry_if_result(lambda arrived: not arrived),
            wait=wait_fixed(POLL_SECONDS),
            stop=stop_after_delay(GIVE_UP_AFTER_SECONDS),
        )
        retrying(has_arrived)
        return time.perf_counter() - started

    def _count_served(self, since: datetime) -> int:
        with closing(connect(self._settings.postgres)) as session, session.cursor() as cursor:
            cursor.execute(_SERVED, (since,))
            (count,) = cursor.fetchone() or (0,)
            return int(count)

    def _count(self, url: str) -> int:
        """Return the number of rows, from the log alone; 0 if there is no table yet."""
        if not DeltaTable.is_deltatable(url, self._options):
            return 0
        return DeltaTable(url, storage_options=self._options).count()
