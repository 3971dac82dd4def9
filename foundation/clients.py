"""Clients of Kafka and S3, made from settings: the one place that knows how each library spells them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from foundation.errors import ConfigurationError
from foundation.settings import KafkaSettings, S3Settings

if TYPE_CHECKING:
    import botocore.session
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Patience:
    """How long a client of S3 waits, in seconds, to connect and for an answer; how often it tries."""

    connect: float = 5.0
    read: float = 30.0
    attempts: int = 3


# For questions whose answer is worth little if it comes late.
BRIEF = Patience(connect=2.0, read=3.0, attempts=1)


def librdkafka_config(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the connection in librdkafka's words, for confluent-kafka."""
    config: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol,
        "reconnect.backoff.max.ms": 1000,
    }
    if kafka.security_protocol.startswith("SASL"):
        config["sasl.mechanism"] = kafka.sasl_mechanism
        config["sasl.username"] = kafka.username
        config["sasl.password"] = _password(kafka)
    return config


def kafka_python_config(kafka: KafkaSettings, *, timeout_seconds: float) -> dict[str, Any]:
    """Return the connection in kafka-python's words.

    Args:
        kafka: where the broker is.
        timeout_seconds: how long a first connection, and then each request, may take.
    """
    milliseconds = int(timeout_seconds * 1000)
    config: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers.split(","),
        "security_protocol": kafka.security_protocol,
        "reconnect_backoff_max_ms": 1000,
        "bootstrap_timeout_ms": milliseconds,
        "request_timeout_ms": milliseconds,
    }
    if kafka.security_protocol.startswith("SASL"):
        config["sasl_mechanism"] = kafka.sasl_mechanism
        config["sasl_plain_username"] = kafka.username
        config["sasl_plain_password"] = _password(kafka)
    return config


def s3_client(s3: S3Settings, patience: Patience = Patience()) -> S3Client:
    """Return an S3 client with short timeouts and the standard retries.

    Made by botocore: boto3 would add transfers of whole files, which take longer to import than all the rest.

    Raises:
        ConfigurationError: the endpoint is not a URL.
    """
    from botocore.config import Config

    try:
        client = _session().create_client(
            "s3",
            endpoint_url=s3.endpoint,
            region_name=s3.region,
            aws_access_key_id=s3.access_key,
            aws_secret_access_key=s3.secret_key.get_secret_value() if s3.secret_key else None,
            config=Config(
                connect_timeout=patience.connect,
                read_timeout=patience.read,
                retries={"mode": "standard", "total_max_attempts": patience.attempts},
                s3={"addressing_style": "path"} if s3.endpoint else {},
            ),
        )
    except ValueError as error:
        raise ConfigurationError(
            "not an address of an object store",
            where=str(s3.endpoint),
            hint="Set PINLAKE_S3_ENDPOINT to a URL such as http://127.0.0.1:9000, or unset it for AWS.",
        ) from error
    return cast("S3Client", client)


@cache
def _session() -> botocore.session.Session:
    # The API speaks to Kafka alone, and its image has no botocore.
    import botocore.session

    # One for all clients: it keeps the description of S3 and credentials that it had to look for.
    return botocore.session.get_session()


def _password(kafka: KafkaSettings) -> str | None:
    return kafka.password.get_secret_value() if kafka.password else None
