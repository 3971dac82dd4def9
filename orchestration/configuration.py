"""What Airflow reads: its configuration, with secrets of its own, and the administrator's password."""

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
# Tasks wait for each other anyway, and a Spark driver each is what two of them cost.
TASKS_AT_ONCE = 4
# For how long a task is believed without a heartbeat, as after `pinlake airflow down` in the middle of a run.
HEARTBEAT_SECONDS = 120


@dataclass(frozen=True)
class Configuration:
    """Airflow's home in the home of the local stack.

    Attributes:
        home: AIRFLOW_HOME.
        port: of the API server.
    """

    home: Path
    port: int

    @classmethod
    def of(cls, settings: Settings) -> Configuration:
        """Return that of the configured home."""
        return cls(settings.home.resolve() / "airflow", settings.airflow.port)

    @property
    def url(self) -> str:
        """Where the UI and the REST API are."""
        return f"http://{HOST}:{self.port}"

    @property
    def passwords(self) -> Path:
        """The file of passwords by user, as JSON."""
        return self.home / "passwords.json"

    def write(self, *, database: str) -> None:
        """Write airflow.cfg for its owner alone; the secrets in it are made once and kept.

        Args:
            database: address of Airflow's own database, with user and password.
        """
        path = self.home / "airflow.cfg"
        kept = configparser.ConfigParser(interpolation=None)
        kept.read(path)

        def secret(section: str, name: str) -> str:
            return kept.get(
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
            # Airflow expands what stands behind a per cent sign.
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
        made = configparser.ConfigParser(interpolation=None)
        made.read_dict(sections)
        text = io.StringIO()
        made.write(text)
        write_private(path, text.getvalue())

    def ensure_password(self) -> str | None:
        """Make the administrator's password unless there is one; return it if it is new."""
        if self.passwords.is_file():
            return None
        password = secrets.token_urlsafe(18)
        write_private(self.passwords, json.dumps({ADMINISTRATOR: password}))
        return password
