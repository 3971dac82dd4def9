"""The configuration of Airflow: readable by its owner only, with secrets that are generated once."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from orchestration.configuration import DAGS, Configuration

SECRETS = (("core", "fernet_key"), ("api", "secret_key"), ("api_auth", "jwt_secret"))


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path / "airflow", port=18080)


def test_it_is_written_for_its_owner_and_listens_on_loopback_alone(configuration: Configuration) -> None:
    configuration.write(database="postgresql+psycopg2://u:p%2F@127.0.0.1:5432/airflow")

    written = _read(configuration)
    assert (configuration.home / "airflow.cfg").stat().st_mode & 0o777 == 0o600
    assert (written["api"]["host"], written["api"]["port"]) == ("127.0.0.1", "18080")
    assert written["database"]["sql_alchemy_conn"] == "postgresql+psycopg2://u:p%%2F@127.0.0.1:5432/airflow"
    assert written["core"]["dags_folder"] == str(DAGS)
    assert (written["core"]["load_examples"], written["usage_data_collection"]["enabled"]) == (
        "False",
        "False",
    )


def test_secrets_are_made_once_and_differ(configuration: Configuration) -> None:
    configuration.write(database="postgresql://first")
    first = [_read(configuration)[section][name] for section, name in SECRETS]
    configuration.write(database="postgresql://second")

    written = _read(configuration)
    assert [written[section][name] for section, name in SECRETS] == first
    assert len(set(first)) == len(SECRETS)
    assert written["database"]["sql_alchemy_conn"] == "postgresql://second"


def test_the_password_is_returned_once_and_kept_for_its_owner(configuration: Configuration) -> None:
    password = configuration.ensure_password()

    assert password
    assert password in configuration.passwords.read_text()
    assert configuration.passwords.stat().st_mode & 0o777 == 0o600
    assert configuration.ensure_password() is None


def _read(configuration: Configuration) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None)
    read.read(configuration.home / "airflow.cfg")
    return read
