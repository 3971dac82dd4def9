"""Credentials: both Kafka libraries get them, and only if the protocol uses them."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from foundation import kafka_admin
from foundation.clients import kafka_python_config, librdkafka_config, s3_client
from foundation.errors import ConfigurationError
from foundation.settings import KafkaSettings, S3Settings

SASL = KafkaSettings(
    bootstrap_servers="a:1,b:2",
    security_protocol="SASL_SSL",
    sasl_mechanism="SCRAM-SHA-512",
    username="who",
    password=SecretStr("secret"),
)


def test_sasl_reaches_both_libraries() -> None:
    ours = librdkafka_config(SASL)
    theirs = kafka_python_config(SASL, timeout_seconds=2)
    assert (ours["sasl.mechanism"], ours["sasl.username"], ours["sasl.password"]) == (
        "SCRAM-SHA-512",
        "who",
        "secret",
    )
    assert (theirs["sasl_mechanism"], theirs["sasl_plain_username"], theirs["sasl_plain_password"]) == (
        "SCRAM-SHA-512",
        "who",
        "secret",
    )
    assert theirs["bootstrap_servers"] == ["a:1", "b:2"]
    assert theirs["request_timeout_ms"] == 2000


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_without_sasl_no_password_is_handed_on(protocol: str) -> None:
    plain = SASL.model_copy(update={"security_protocol": protocol})
    assert "secret" not in str(librdkafka_config(plain))
    assert "secret" not in str(kafka_python_config(plain, timeout_seconds=1))


def test_an_address_that_is_none_is_named_with_its_setting() -> None:
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:9000.*PINLAKE_S3_ENDPOINT"):
        s3_client(S3Settings(endpoint="127.0.0.1:9000"))
    with pytest.raises(ConfigurationError, match=r"kafka:nine.*PINLAKE_KAFKA_BOOTSTRAP_SERVERS"):
        kafka_admin.read_lag(KafkaSettings(bootstrap_servers="kafka:nine"))


def test_the_endpoint_of_s3_is_the_one_configured() -> None:
    keys = {"access_key": "k", "secret_key": SecretStr("s")}
    assert (
        s3_client(S3Settings(endpoint="http://127.0.0.1:9", **keys)).meta.endpoint_url == "http://127.0.0.1:9"
    )
    assert "amazonaws" in s3_client(S3Settings(**keys)).meta.endpoint_url
