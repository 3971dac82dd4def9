"""A restart of the local stack with its data, after any process was killed and with any pid files."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import psutil
import psycopg2
import psycopg2.extensions
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from foundation.settings import Settings, stack_file
from local_stack import stack
from local_stack.stack import State

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SERVERS = ("kafka", "s3", "postgres")
WORD = uuid.uuid4().hex


@pytest.fixture(scope="module")
def filled_stack(own_stack: Settings) -> Settings:
    """The stack with one message, one object and one row."""
    servers = own_stack.kafka.bootstrap_servers
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(20)
    producer = Producer({"bootstrap.servers": servers, "acks": "all"})
    producer.produce("kept", WORD.encode())
    assert producer.flush(20) == 0
    _s3(own_stack).put_object(Bucket=own_stack.s3.bucket, Key="kept", Body=WORD.encode())
    with _cursor(own_stack) as cursor:
        cursor.execute("CREATE TABLE kept (word text)")
        cursor.execute("INSERT INTO kept VALUES (%s)", (WORD,))
    return own_stack


@pytest.mark.parametrize("victim", SERVERS)
def test_a_killed_server_is_started_again_with_its_data_and_the_others_are_left_alone(
    victim: str, filled_stack: Settings
) -> None:
    before = _pids(filled_stack)
    _kill(before[victim])
    assert _states(filled_stack)[victim] is State.STOPPED

    stack.up(filled_stack)

    after = _pids(filled_stack)
    assert after[victim] != before[victim]
    assert {name for name in SERVERS if after[name] != before[name]} == {victim}
    _assert_kept(filled_stack)


def test_a_second_up_finds_everything_running(filled_stack: Settings) -> None:
    before = _pids(filled_stack)
    stack.up(filled_stack)

    assert _pids(filled_stack) == before


def test_lost_and_garbage_pid_files_make_no_twins(filled_stack: Settings) -> None:
    before = _pids(filled_stack)
    run = filled_stack.home / "run"
    (run / "kafka.pid").write_text("garbage")
    (run / "s3.pid").unlink()
    (run / "postgres.pid").write_text(f'{{"pid": {psutil.Process().pid}, "create_time": 0}}')

    stack.up(filled_stack)

    assert _pids(filled_stack) == before
    assert {name: _processes_named_by(filled_stack.home, name) for name in SERVERS} == dict.fromkeys(
        SERVERS, 1
    )


def test_all_killed_at_once_come_back_with_their_data(filled_stack: Settings) -> None:
    for pid in _pids(filled_stack).values():
        _kill(pid)

    stack.up(filled_stack)

    assert set(_states(filled_stack).values()) == {State.RUNNING}
    _assert_kept(filled_stack)


def test_down_leaves_no_process_even_with_its_addresses_lost_and_up_finds_the_data(
    filled_stack: Settings,
) -> None:
    aside = stack_file(filled_stack.home).rename(filled_stack.home / "aside.env")
    assert sorted(stack.down(filled_stack)) == sorted(SERVERS)
    aside.rename(stack_file(filled_stack.home))

    assert not [process for process in psutil.process_iter() if _mentions(process, filled_stack.home)]
    assert set(_states(filled_stack).values()) == {State.STOPPED}
    assert stack.down(filled_stack) == []
    stack.up(filled_stack)
    _assert_kept(filled_stack)


def _assert_kept(settings: Settings) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka.bootstrap_servers,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
        }
    )
    with closing(consumer):
        consumer.subscribe(["kept"])
        message = consumer.poll(30)
        assert message is not None
        assert message.value() == WORD.encode()
    content = _s3(settings).get_object(Bucket=settings.s3.bucket, Key="kept")["Body"].read()
    assert content == WORD.encode()
    with _cursor(settings) as cursor:
        cursor.execute("SELECT word FROM kept")
        assert cursor.fetchall() == [(WORD,)]


def _pids(settings: Settings) -> dict[str, int]:
    pids = {server.name: server.pid for server in stack.status(settings)}
    return {name: pid for name, pid in pids.items() if pid is not None}


def _states(settings: Settings) -> dict[str, State]:
    return {server.name: server.state for server in stack.status(settings)}


def _kill(pid: int) -> None:
    process = psutil.Process(pid)
    process.kill()
    process.wait(20)


def _processes_named_by(home: Path, name: str) -> int:
    mark = str(home / "postgres") if name == "postgres" else str(home / "run" / f"{name}.properties")
    count = 0
    for process in psutil.process_iter():
        try:
            count += mark in process.cmdline()
        except psutil.Error:
            continue
    return count


def _mentions(process: psutil.Process, home: Path) -> bool:
    try:
        return any(str(home) in argument for argument in process.cmdline()) or process.cwd() == str(
            home / "postgres"
        )
    except psutil.Error:
        return False


def _s3(settings: Settings) -> S3Client:
    assert settings.s3.secret_key is not None
    return boto3.client(
        "s3",
        endpoint_url=settings.s3.endpoint,
        region_name=settings.s3.region,
        aws_access_key_id=settings.s3.access_key,
        aws_secret_access_key=settings.s3.secret_key.get_secret_value(),
    )


@contextmanager
def _cursor(settings: Settings) -> Iterator[psycopg2.extensions.cursor]:
    dsn = stack.dsn(settings)
    assert dsn is not None
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        yield cursor
