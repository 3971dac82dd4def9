"""Addresses and credentials of the local stack: chosen once, kept over restarts."""

from __future__ import annotations

import os
import random
import secrets
import socket
from dataclasses import dataclass, replace
from pathlib import Path

import dotenv
from pydantic import SecretStr

from foundation.errors import ConfigurationError
from foundation.settings import PREFIX, Settings, stack_file

HOST = "127.0.0.1"

# Below the range that systems use for outgoing connections, so that a kept port is not taken in between.
_PORTS = range(20_000, 32_000)
_HEADER = "# Written once by `pinlake up`: addresses and passwords of its servers. Do not share this file.\n"


@dataclass(frozen=True)
class Addresses:
    """Ports on loopback and generated credentials."""

    kafka_port: int
    s3_port: int
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_bucket: str
    postgres_port: int
    postgres_user: str
    postgres_password: SecretStr

    @property
    def bootstrap_servers(self) -> str:
        """The address of Kafka, as clients take it."""
        return f"{HOST}:{self.kafka_port}"

    @property
    def s3_endpoint(self) -> str:
        """The base URL of the object store."""
        return f"http://{HOST}:{self.s3_port}"


def allocate(settings: Settings) -> Addresses:
    """Return the addresses of the stack; write `<home>/stack.env` (readable by its owner only) if necessary.

    A port of `settings.stack` other than 0 replaces the stored one.

    Raises:
        ConfigurationError: the file exists but cannot be used.
    """
    stored = read(settings.home)
    allocated = _with_configured_ports(stored or _generate(settings), settings)
    if allocated != stored:
        _write(allocated, stack_file(settings.home))
    return allocated


def read(home: Path) -> Addresses | None:
    """Return the addresses stored in a home, or None if none have been allocated.

    Raises:
        ConfigurationError: the file exists but cannot be used.
    """
    path = stack_file(home)
    if not path.is_file():
        return None
    try:
        return _parse(dotenv.dotenv_values(path, interpolate=False))
    except (KeyError, ValueError) as error:
        raise ConfigurationError(
            f"the local stack's addresses cannot be read: {error}",
            where=str(path),
            hint="Correct the file, or run `pinlake down` and move the folder away with its data.",
        ) from None


def point(settings: Settings, addresses: Addresses) -> Settings:
    """Return settings with the endpoints of the local stack, whatever the environment says."""
    return settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(
                update={"bootstrap_servers": addresses.bootstrap_servers, "security_protocol": "PLAINTEXT"}
            ),
            "s3": settings.s3.model_copy(
                update={
                    "endpoint": addresses.s3_endpoint,
                    "access_key": addresses.s3_access_key,
                    "secret_key": addresses.s3_secret_key,
                    "bucket": addresses.s3_bucket,
                }
            ),
            "postgres": settings.postgres.model_copy(
                update={
                    "host": HOST,
                    "port": addresses.postgres_port,
                    "user": addresses.postgres_user,
                    "password": addresses.postgres_password,
                }
            ),
        }
    )


def free_ports(count: int) -> list[int]:
    """Return this many different loopback ports that no process listens on now."""
    ports: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if is_free(port):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise ConfigurationError(
        "there is no free port",
        where=f"{HOST}:{_PORTS.start}-{_PORTS.stop - 1}",
        hint="Stop servers that are not needed, or set PINLAKE_STACK_KAFKA_PORT and the other ports.",
    )


def is_free(port: int) -> bool:
    """Return whether a server can listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # The servers set this option too: connections of a server that has just died do not block the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
        return True


def _generate(settings: Settings) -> Addresses:
    kafka, s3, postgres = free_ports(3)
    return Addresses(
        kafka_port=kafka,
        s3_port=s3,
        s3_access_key=f"pinlake-{secrets.token_hex(6)}",
        s3_secret_key=SecretStr(secrets.token_urlsafe(24)),
        s3_bucket=settings.s3.bucket,
        postgres_port=postgres,
        postgres_user=settings.postgres.user,
        postgres_password=SecretStr(secrets.token_urlsafe(24)),
    )


def _with_configured_ports(addresses: Addresses, settings: Settings) -> Addresses:
    return replace(
        addresses,
        kafka_port=settings.stack.kafka_port or addresses.kafka_port,
        s3_port=settings.stack.s3_port or addresses.s3_port,
        postgres_port=settings.stack.postgres_port or addresses.postgres_port,
    )


def _parse(values: dict[str, str | None]) -> Addresses:
    def text(name: str) -> str:
        value = values.get(PREFIX + name)
        if not value:
            raise ValueError(f"{PREFIX}{name} is missing")
        return value

    return Addresses(
        kafka_port=int(text("KAFKA_BOOTSTRAP_SERVERS").rpartition(":")[2]),
        s3_port=int(text("S3_ENDPOINT").rpartition(":")[2]),
        s3_access_key=text("S3_ACCESS_KEY"),
        s3_secret_key=SecretStr(text("S3_SECRET_KEY")),
        s3_bucket=text("S3_BUCKET"),
        postgres_port=int(text("POSTGRES_PORT")),
        postgres_user=text("POSTGRES_USER"),
        postgres_password=SecretStr(text("POSTGRES_PASSWORD")),
    )


def _write(addresses: Addresses, path: Path) -> None:
    values = {
        "KAFKA_BOOTSTRAP_SERVERS": addresses.bootstrap_servers,
        "S3_ENDPOINT": addresses.s3_endpoint,
        "S3_ACCESS_KEY": addresses.s3_access_key,
        "S3_SECRET_KEY": addresses.s3_secret_key.get_secret_value(),
        "S3_BUCKET": addresses.s3_bucket,
        "POSTGRES_HOST": HOST,
        "POSTGRES_PORT": addresses.postgres_port,
        "POSTGRES_USER": addresses.postgres_user,
        "POSTGRES_PASSWORD": addresses.postgres_password.get_secret_value(),
    }
    text = _HEADER + "".join(f"{PREFIX}{name}={value}\n" for name, value in values.items())
    write_private(path, text)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, atomically: readers see the old text or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
