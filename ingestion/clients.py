"""Clients of Kafka and S3, made from settings: the one place that knows how each library spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pinlake.settings import KafkaSettings, S3Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 5
READ_SECONDS = 30


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


def s3_client(s3: S3Settings) -> S3Client:
    """Return an S3 client with short timeouts and boto3's standard retries."""
    # The API speaks to Kafka alone, and its image has no boto3.
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=s3.endpoint,
        region_name=s3.region,
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key.get_secret_value() if s3.secret_key else None,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": "path"} if s3.endpoint else {},
        ),
    )


def _password(kafka: KafkaSettings) -> str | None:
    return kafka.password.get_secret_value() if kafka.password else None
