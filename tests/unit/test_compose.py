"""docker-compose.yml, .env.example, the settings and the locks keep up with each other."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from foundation import settings as settings_module
from foundation.java import jars
from foundation.setting_names import RENAMED
from foundation.settings import PREFIX, Settings
from local_stack import kafka, postgres
from pinlake.cli.main import app

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

ONCE = {"init", "airflow-db-migrate"}
# Of one host's local stack, fixed by the images, or of a Kafka that is not the one in the file.
NOT_FOR_COMPOSE = re.compile(
    "PINLAKE_(STACK_.*|AIRFLOW_PORT|HOME|CACHE|MAVEN_REPOSITORY|S3_SINGLE_WRITER|POSTGRES_PORT|KAFKA_(REPLICATION_FACTOR"
    "|SECURITY_PROTOCOL|SASL_MECHANISM|USERNAME|PASSWORD))"
)
BY_HAND = {"tools", "backup", "restore"}
WITHOUT_HEALTH_CHECK = {*ONCE, *BY_HAND}
SECRET = re.compile(r"PASSWORD$|SECRET|ACCESS_KEY|FERNET_KEY|CONN$")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_gets_settings_that_exist_and_that_it_can_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {key: value for key, value in _environment(name).items() if key.startswith(PREFIX)}
    assert set(environment) <= _setting_names() | set(RENAMED)

    monkeypatch.chdir(tmp_path)
    for key, value in environment.items():
        if value is not None and "${" not in str(value):
            monkeypatch.setenv(key, str(value))
    settings_module.load()


def test_every_setting_reaches_the_services_that_read_it() -> None:
    reached = {key for service in SERVICES for key in _environment(service)}

    assert {name for name in _setting_names() - reached if not NOT_FOR_COMPOSE.fullmatch(name)} == set()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_setting_from_the_env_file_is_handed_on_under_its_old_name_too(name: str) -> None:
    environment = _environment(name)
    handed_on = {key for key, value in environment.items() if value is None}

    assert {old for old, new in RENAMED.items() if new in handed_on} == set(RENAMED) & set(environment)


def test_the_example_lists_what_it_reads_and_no_more() -> None:
    example = set(
        re.findall(r"^(?:# )?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    )
    read = {match[1] for match in re.finditer(r"\$\{(\w+)", TEXT)}

    assert read <= example
    assert {name for name in example if not name.startswith(PREFIX)} == {
        name for name in read if not name.startswith(PREFIX)
    }


def test_no_secret_stands_in_it() -> None:
    secrets = {
        (service, key): value
        for service in SERVICES
        for key, value in _environment(service).items()
        if SECRET.search(key)
    }

    assert len(secrets) > len(SERVICES)
    assert [place for place, value in secrets.items() if "${" not in str(value)] == []


def test_a_secret_has_no_default() -> None:
    variables = re.findall(r"\$\{(\w+)([^}]*)\}", TEXT)

    assert {(name, rest) for name, rest in variables if SECRET.search(name) and rest[:2] != ":?"} == set()


def test_three_ports_are_published_on_loopback() -> None:
    published = [(name, port) for name, service in SERVICES.items() for port in service.get("ports", [])]

    assert published == [
        (name, f"${{PUBLISH_ADDRESS:-127.0.0.1}}:${{PUBLISH_{variable}_PORT:-{port}}}:{port}")
        for name, variable, port in (
            ("postgres", "POSTGRES", 5432),
            ("door", "API", 8000),
            ("airflow-api-server", "AIRFLOW", 8080),
        )
    ]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_watched_limited_and_started_again(name: str) -> None:
    service = SERVICES[name]

    assert service["mem_limit"]
    assert ("healthcheck" in service) is (name not in WITHOUT_HEALTH_CHECK)
    assert service["restart"] == (
        "on-failure:3" if name in ONCE else "no" if name in BY_HAND else "unless-stopped"
    )
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_waits_for_others_to_be_well_or_done(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how["condition"] == wanted, other


def test_what_it_keeps_is_declared_and_what_is_declared_is_used() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    configured = {entry["source"] for service in SERVICES.values() for entry in service.get("configs", [])}

    assert {name for name in mounted if not name.startswith("/")} == set(COMPOSE["volumes"])
    assert configured == set(COMPOSE["configs"])


def test_its_commands_exist() -> None:
    commands = {
        service["command"][1]
        for service in SERVICES.values()
        if service.get("command", "")[:1] == ["pinlake"]
    }

    assert commands == {"init", "stream", "--help"}
    assert commands - {"--help"} <= set(get_command(app).list_commands(None))  # type: ignore[attr-defined]  # a group's


def test_the_stream_is_asked_by_a_command_that_can_read_its_state() -> None:
    health = SERVICES["stream"]["healthcheck"]
    docker, *called = health["test"]
    command = get_command(app).get_command(None, called[1])  # type: ignore[attr-defined]  # a group's
    options = {name for parameter in command.params for name in parameter.opts}

    assert (docker, called) == ("CMD", ["pinlake", "status", "--stream"])
    assert set(called[2:]) <= options
    # Its state is in the bucket.
    assert {name for name in COMPOSE["x-s3-settings"] if "S3" in name} <= set(_environment("stream"))


def test_its_images_are_built_by_the_dockerfile() -> None:
    built = {service["build"]["target"] for service in SERVICES.values() if "build" in service}

    assert built == {"s3", "api", "spark", "pinlake", "airflow"}
    assert all(f" AS {target}\n" in DOCKERFILE for target in built)


def test_one_service_builds_an_image_and_no_registry_is_asked_for_it() -> None:
    ours = {name: service for name, service in SERVICES.items() if service["image"].startswith("pinlake")}
    builders = Counter(service["image"] for service in ours.values() if "build" in service)

    assert builders == dict.fromkeys((service["image"] for service in ours.values()), 1)
    assert {service.get("pull_policy") for service in ours.values() if "build" not in service} == {"never"}


def test_its_base_images_are_the_dockerfiles() -> None:
    defaults = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", DOCKERFILE, flags=re.MULTILINE))
    environment = COMPOSE["x-build"]["args"]

    assert set(defaults) == {"PYTHON_IMAGE", "UV_IMAGE"}
    assert {name: environment[name] for name in defaults} == {
        name: f"${{{name}:-{image}}}" for name, image in defaults.items()
    }


def test_the_stream_ends_before_spark_is_replaced() -> None:
    for name in ("stream", "airflow-scheduler"):
        needs = SERVICES[name]["depends_on"]
        assert needs["spark-master"]["restart"] and needs["spark-worker"]["restart"]


def test_an_archive_holds_every_volume() -> None:
    for name in ("backup", "restore"):
        assert SERVICES[name]["volumes"] == [f"{volume}:/volumes/{volume}" for volume in COMPOSE["volumes"]]


def test_its_versions_are_those_the_tests_run() -> None:
    locked = {
        jar.coordinate.split(":")[1]: jar.coordinate.split(":")[2]
        for jar in jars.locked()
        if jar.jar_set == "kafka"
    }
    images = {name: service["image"] for name, service in SERVICES.items()}

    assert images["kafka"] == f"${{KAFKA_IMAGE:-apache/kafka:{locked['kafka_2.13']}}}"
    assert images["postgres"].startswith(f"${{POSTGRES_IMAGE:-postgres:{postgres.MAJOR_VERSION}.")
    assert {image.partition(":")[2] for image in images.values() if image.startswith("pinlake")} == {
        PROJECT["version"]
    }
    assert _environment("kafka")["KAFKA_MESSAGE_MAX_BYTES"] == kafka.LARGEST_MESSAGE


def _environment(name: str) -> dict[str, Any]:
    environment: dict[str, Any] = SERVICES[name].get("environment", {})
    return environment


def _setting_names() -> set[str]:
    names = set()
    for name, value in Settings():
        fields = [f"{name}_{field}" for field, _ in value] if isinstance(value, BaseModel) else [name]
        names |= {f"{PREFIX}{field}".upper() for field in fields}
    return names


def test_a_backup_brings_back_files_with_what_the_object_store_notes_on_them(tmp_path: Path) -> None:
    attribute, stored, restored = "user.user.content-md5", tmp_path / "stored", tmp_path / "restored"
    for volumes in (stored, restored):
        (volumes / "s3-data").mkdir(parents=True)
    (stored / "s3-data" / "object").write_bytes(b"content")
    os.setxattr(stored / "s3-data" / "object", attribute, b"digest")

    archive = _run_archive_command("backup", stored)
    _run_archive_command("restore", restored, archive)

    assert (restored / "s3-data" / "object").read_bytes() == b"content"
    assert os.getxattr(restored / "s3-data" / "object", attribute) == b"digest"


def _run_archive_command(service: str, volumes: Path, archive: bytes = b"") -> bytes:
    command = [
        part.replace("$$", "$").replace("/volumes", str(volumes)) for part in SERVICES[service]["command"]
    ]
    return subprocess.run(command, input=archive, capture_output=True, check=True).stdout
