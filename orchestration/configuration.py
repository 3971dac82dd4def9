"""The configuration of Airflow, with its secrets, and the password of its administrator."""

from __future__ import annotations

import base64
import configparser
import io
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from foundation.settings import Settings
from local_stack.addresses import HOST, write_private

DAGS = Path(__file__).with_name("dags")
ADMINISTRATOR = "admin"
# Tasks mostly wait for each other, and each running task costs a Spark driver.
TASKS_AT_ONCE = 4
# Airflow takes a task without a heartbeat for dead after this time, e.g. after `pinlake airflow down`.
HEARTBEAT_SECONDS = 120


@dataclass(frozen=True)
class Configuration:
    """The home of Airflow, in the home of the local stack.

    Attributes:
        home: AIRFLOW_HOME.
        port: port of the API server.
    """

    home: Path
    port: int

    @classmethod
    def of(cls, settings: Settings) -> Configuration:
        """Return the configuration in the configured home."""
        return cls(settings.home.resolve() / "airflow", settings.airflow.port)

    @property
    def url(self) -> str:
        """The address of the UI and the REST API."""
        return f"http://{HOST}:{self.port}"

    @property
    def passwords(self) -> Path:
        """The file with the passwords of users, as JSON."""
        return self.home / "passwords.json"

    def write(self, *, database: str) -> None:
        """Write airflow.cfg, readable by its owner only; its secrets are generated once and kept.

        Args:
            database: address of the database of Airflow, with user and password.
        """
        path = self.home / "airflow.cfg"
        existing = configparser.ConfigParser(interpolation=None)
        existing.read(path)

        def secret(section: str, name: str) -> str:
            return existing.get(
                section, name, fallback=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            )

        sections = {
            "core": {
                "dags_folder": str(DAGS),
                "load_examples": "False",
                "executor": "LocalExecutor",
                "parallelism": str(TASKS_AT_ONCE),
                "dags_are_paused_at_creation": "False",
                "simple_auth_manager_users": f"{ADMINISTRATOR}:admin",
                "simple_auth_manager_passwords_file": str(self.passwords),
                "fernet_key": secret("core", "fernet_key"),
            },
            # Airflow expands text after a per cent sign.
            "database": {"sql_alchemy_conn": database.replace("%", "%%")},
            "api": {
                "host": HOST,
                "port": str(self.port),
                "base_url": self.url,
                "secret_key": secret("api", "secret_key"),
            },
            "api_auth": {"jwt_secret": secret("api_auth", "jwt_secret")},
            "scheduler": {"task_instance_heartbeat_timeout": str(HEARTBEAT_SECONDS)},
            "usage_data_collection": {"enabled": "False"},
        }
        configuration = configparser.ConfigParser(interpolation=None)
        configuration.read_dict(sections)
        text = io.StringIO()
        configuration.write(text)
        write_private(path, text.getvalue())

    def ensure_password(self) -> str | None:
        """Generate the password of the administrator if it is missing; return it if it is new."""
        if self.passwords.is_file():
            return None
        password = secrets.token_urlsafe(18)
        write_private(self.passwords, json.dumps({ADMINISTRATOR: password}))
        return password
