"""Clients of Kafka and S3, made from settings. Spark and delta-rs get their S3 options in lakehouse/."""

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
class S3Timeouts:
    """Limits of an S3 client: seconds to connect, seconds to wait for an answer, number of attempts."""

    connect: float = 5.0
    read: float = 30.0
    attempts: int = 3


# For questions whose answer is worth little if it comes late.
BRIEF = S3Timeouts(connect=2.0, read=3.0, attempts=1)


def librdkafka_config(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the options of a connection as librdkafka (confluent-kafka) spells them."""
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
    """Return the options of a connection as kafka-python spells them.

    Args:
        kafka: where the broker is.
        timeout_seconds: how long the first connection, and each request after it, may take.
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


def s3_client(s3: S3Settings, timeouts: S3Timeouts = S3Timeouts()) -> S3Client:
    """Return an S3 client with short timeouts and the standard retries.

    It is made with botocore: boto3 adds transfers of whole files, which take longer to import than the rest.

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
                connect_timeout=timeouts.connect,
                read_timeout=timeouts.read,
                retries={"mode": "standard", "total_max_attempts": timeouts.attempts},
                s3={"addressing_style": "path"} if s3.endpoint else {},
            ),
        )
    except ValueError as error:
        raise ConfigurationError(
            "this is not the address of an object store",
            where=str(s3.endpoint),
            hint="Set PINLAKE_S3_ENDPOINT to a URL such as http://127.0.0.1:9000, or unset it for AWS.",
        ) from error
    return cast("S3Client", client)


@cache
def _session() -> botocore.session.Session:
    # The API uses Kafka only, and its image has no botocore.
    import botocore.session

    # All clients share one: it caches the description of S3 and the credentials it had to look up.
    return botocore.session.get_session()


def _password(kafka: KafkaSettings) -> str | None:
    return kafka.password.get_secret_value() if kafka.password else None
