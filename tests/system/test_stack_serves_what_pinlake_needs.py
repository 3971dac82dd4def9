"""The local servers: they offer what the lanes need, and listen on loopback only."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import psutil
import psycopg2
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from foundation.object_store import ObjectStore
from foundation.settings import Settings
from lakehouse.catalog import locations
from local_stack import stack as local_stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def s3(stack: Settings) -> S3Client:
    assert stack.s3.secret_key is not None
    return _client(stack, secret=stack.s3.secret_key.get_secret_value())


def test_of_many_writers_with_if_none_match_exactly_one_wins(s3: S3Client, stack: Settings) -> None:
    def create(writer: int, race: int) -> bool:
        try:
            s3.put_object(Bucket=stack.s3.bucket, Key=f"race/{race}", Body=b"%d" % writer, IfNoneMatch="*")
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict")
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        for race in range(10):
            won = list(pool.map(create, range(8), [race] * 8))
            body = s3.get_object(Bucket=stack.s3.bucket, Key=f"race/{race}")["Body"].read()
            assert won.count(True) == 1
            assert int(body) == won.index(True)


def test_the_probe_of_writers_is_content_and_leaves_nothing_behind(s3: S3Client, stack: Settings) -> None:
    ObjectStore.open(stack.s3).require_conditional_writes(locations.TABLES)

    probes = f"{locations.TABLES}/_probe"
    assert s3.list_objects_v2(Bucket=stack.s3.bucket, Prefix=probes)["KeyCount"] == 0


def test_a_multipart_upload_is_read_back_in_ranges(s3: S3Client, stack: Settings) -> None:
    content = bytes(range(256)) * (12 * MEBIBYTE // 256)
    parts = TransferConfig(multipart_threshold=5 * MEBIBYTE, multipart_chunksize=5 * MEBIBYTE)
    s3.upload_fileobj(io.BytesIO(content), stack.s3.bucket, "parts", Config=parts)

    middle = s3.get_object(Bucket=stack.s3.bucket, Key="parts", Range="bytes=5242870-5242890")["Body"].read()

    assert s3.head_object(Bucket=stack.s3.bucket, Key="parts")["ContentLength"] == len(content)
    assert middle == content[5242870:5242891]


def test_a_wrong_secret_key_is_refused(stack: Settings) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        _client(stack, secret="not the key").list_buckets()


def test_a_message_of_a_mebibyte_is_taken_and_no_topic_appears_unasked(stack: Settings) -> None:
    servers = stack.kafka.bootstrap_servers
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic("large", 1, 1)])["large"].result(20)
    faults: dict[str | None, KafkaError | None] = {}
    producer = Producer(
        {
            "bootstrap.servers": servers,
            "message.max.bytes": 2 * MEBIBYTE,
            "allow.auto.create.topics": True,
            "topic.metadata.propagation.max.ms": 1000,
        }
    )
    for topic in ("large", "unasked"):
        producer.produce(
            topic, b"x" * MEBIBYTE, on_delivery=lambda error, message: faults.update({message.topic(): error})
        )

    assert producer.flush(30) == 0
    assert faults["large"] is None
    assert faults["unasked"] is not None
    assert "unasked" not in admin.list_topics(timeout=10).topics


def test_postgres_wants_its_password(stack: Settings) -> None:
    dsn = local_stack.dsn(stack)
    assert dsn is not None
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), lower('ÄÖ')")
        assert cursor.fetchone() == (stack.postgres.database, "äö")
    connection.close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(dsn, password="guessed")


def test_every_server_listens_on_loopback_only(stack: Settings) -> None:
    for server in local_stack.status(stack):
        hosts = {
            str(connection.laddr[0])
            for connection in psutil.Process(server.pid).net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN and connection.laddr
        }
        assert {host.removeprefix("::ffff:") for host in hosts} == {"127.0.0.1"}, server.name


def _client(settings: Settings, *, secret: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=settings.s3.endpoint,
        region_name=settings.s3.region,
        aws_access_key_id=settings.s3.access_key,
        aws_secret_access_key=secret,
    )
