"""The typed, frozen settings object, read from the environment, .env and the file of the local stack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from foundation.errors import ConfigurationError
from foundation.setting_names import with_new_names

PREFIX = "PINLAKE_"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Section):
    """The broker and its topics.

    `on_data_loss`: what a lane does if Kafka removed offsets before it read them: stop, or record them and
    continue.
    """

    bootstrap_servers: str = "127.0.0.1:9092"
    batch_topic: str = "pinterest_batch"
    stream_topic: str = "pinterest_streaming"
    partitions: int = Field(default=2, ge=1)
    replication_factor: int = Field(default=1, ge=1)
    consumer_group: str = "pinlake-landing"
    on_data_loss: Literal["stop", "record"] = "stop"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    username: str | None = None
    password: SecretStr | None = None


class S3Settings(_Section):
    """The object store. Without an endpoint it is AWS; without keys the default credential chain is used.

    `single_writer` is for a store without conditional writes: then only one command may write at a time.
    """

    endpoint: str | None = None
    region: str = "us-east-1"
    bucket: str = "pinlake"
    access_key: str | None = None
    secret_key: SecretStr | None = None
    single_writer: bool = False


class PostgresSettings(_Section):
    """Postgres, which serves the features.

    `timeout_seconds`: how long the stream lane tries to reach it before it stops.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=5432, ge=1, le=65535)
    user: str = "pinlake"
    password: SecretStr | None = None
    database: str = "pinterest_streaming"
    timeout_seconds: float = Field(default=120.0, gt=0)


class ApiSettings(_Section):
    """The HTTP API: its address, limits in bytes, and how long Kafka may take to acknowledge an event."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    max_pin_bytes: int = Field(default=512 * 1024, ge=1024)
    acknowledge_seconds: float = Field(default=4.0, gt=0, lt=5)


class ConsumerSettings(_Section):
    """Limits of a landing object: the batch consumer closes it at the limit that is reached first."""

    max_records: int = Field(default=50_000, ge=1)
    max_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    max_seconds: float = Field(default=60.0, gt=0)


class StreamSettings(_Section):
    """The stream lane: how often each of its queries runs, the size of a micro-batch, and how long they wait.

    `serving_trigger_seconds`: how often Kafka is asked for events to serve.
    `tables_trigger_seconds`: how often the tables are written.
    `timeout_seconds`: how long each query tries to reach a server before the lane stops.
    `history_days`: how long the history keeps events that a newer one of the pin has replaced; None: always.
    """

    serving_trigger_seconds: float = Field(default=0.2, ge=0)
    tables_trigger_seconds: float = Field(default=15.0, ge=0)
    max_offsets_per_trigger: int = Field(default=20_000, ge=1)
    timeout_seconds: float = Field(default=600.0, gt=0)
    # The API takes ids up to a day old: a repeat must find the event that it repeats.
    history_days: int | None = Field(default=None, ge=2)

    @field_validator("history_days", mode="before")
    @classmethod
    def _keep_if_empty(cls, value: object) -> object:
        return None if value == "" else value


class QualitySettings(_Section):
    """How often the tables of the running stream lane are audited."""

    audit_seconds: float = Field(default=60.0, gt=0)


class SparkSettings(_Section):
    """The Spark session. `executor_memory` and `max_cores` (per command) apply to a cluster only."""

    master: str = "local[*]"
    driver_memory: str = "2g"
    driver_host: str = "127.0.0.1"
    executor_memory: str = "1g"
    max_cores: int = Field(default=2, ge=1)
    shuffle_partitions: int = Field(default=4, ge=1)
    log_level: Literal["ERROR", "WARN", "INFO", "DEBUG"] = "ERROR"


class StackSettings(_Section):
    """Ports of the local stack: 0 chooses a free port once and keeps it."""

    kafka_port: int = Field(default=0, ge=0, le=65535)
    s3_port: int = Field(default=0, ge=0, le=65535)
    postgres_port: int = Field(default=0, ge=0, le=65535)
    start_seconds: float = Field(default=60.0, gt=0)


class AirflowSettings(_Section):
    """The port of Airflow on loopback, and how long its tasks wait before their first retry."""

    port: int = Field(default=8080, ge=1, le=65535)
    retry_seconds: float = Field(default=60.0, gt=0)


class Settings(BaseSettings):
    """Every setting of Pinlake. `PINLAKE_KAFKA_BOOTSTRAP_SERVERS` sets `kafka.bootstrap_servers`.

    The first of these that has a value wins: environment, .env in the working directory, `<home>/stack.env`
    (written by `pinlake up`), the defaults here. Old names of settings: see `foundation.setting_names`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        frozen=True,
        extra="ignore",
    )

    home: Path = Path(".pinlake")
    cache: Path | None = None
    maven_repository: str | None = None
    text_policy: Literal["unicode", "ascii"] = "unicode"
    kafka: KafkaSettings = KafkaSettings()
    s3: S3Settings = S3Settings()
    postgres: PostgresSettings = PostgresSettings()
    api: ApiSettings = ApiSettings()
    consumer: ConsumerSettings = ConsumerSettings()
    stream: StreamSettings = StreamSettings()
    quality: QualitySettings = QualitySettings()
    spark: SparkSettings = SparkSettings()
    stack: StackSettings = StackSettings()
    airflow: AirflowSettings = AirflowSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, highest priority first, with old names replaced by new ones."""
        if isinstance(env_settings, EnvSettingsSource) and isinstance(dotenv_settings, EnvSettingsSource):
            variables, file_variables = env_settings.env_vars, dotenv_settings.env_vars
            env_settings.env_vars = with_new_names(variables, elsewhere=file_variables)
            dotenv_settings.env_vars = with_new_names(file_variables, elsewhere=variables)
        return init_settings, env_settings, dotenv_settings, file_secret_settings


def stack_file(home: Path) -> Path:
    """Return the file in which `pinlake up` writes addresses and passwords of the servers it started."""
    return home / "stack.env"


def load(*, home: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        home: the folder of the local stack; default: PINLAKE_HOME, else .pinlake.

    Raises:
        ConfigurationError: a value is missing or invalid; the message names every source that was read.
    """
    env_file = Path(".env")
    folder = home or Path(os.environ.get(f"{PREFIX}HOME", ".pinlake"))
    files = (stack_file(folder), env_file)
    try:
        return Settings(_env_file=files, home=folder)
    except ValidationError as error:
        raise ConfigurationError(
            _first_error(error),
            where=f"read from the environment, {env_file.absolute()} and {files[0].absolute()}",
            hint="Correct it in the first of these that sets it; .env.example lists every setting.",
        ) from None


def _first_error(error: ValidationError) -> str:
    details = error.errors(include_input=False, include_url=False)[0]
    name = PREFIX + "_".join(str(part) for part in details["loc"]).upper()
    return f"{name}: {details['msg']}"
