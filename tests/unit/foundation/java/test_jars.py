"""Jars are fetched from a real repository on loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from foundation.errors import ConfigurationError, TerminalError, TransientError
from foundation.java import jars
from foundation.java.jars import JarSet
from foundation.settings import Settings
from lakehouse.spark import class_data_sharing
from pinlake.cli.main import app

CONTENT = {"one": b"first jar" * 1000, "two": b"second jar" * 3000}


class Repository(ThreadingHTTPServer):
    """A Maven repository on loopback: its files, how many requests fail first, and the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {f"/org/example/{name}/1.0/{name}-1.0.jar": body for name, body in CONTENT.items()}
        self.failures = 0
        self.asked: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.asked.append(self.path)
            fails = self.server.failures > 0
            self.server.failures -= fails
        body = self.server.files.get(self.path)
        self.send_response(503 if fails else 404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"") if not fails else 0))
        self.end_headers()
        if body and not fails:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def repository() -> Iterator[Repository]:
    server = Repository()
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield server
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def settings(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with an empty cache, this repository, and a lock of its two jars."""
    lock = tmp_path / "jars.lock"
    rows = [
        f"spark org.example:{name}:1.0 {hashlib.sha256(body).hexdigest()} {len(body)}\n"
        for name, body in CONTENT.items()
    ]
    lock.write_text("# header\n" + "".join(rows))
    monkeypatch.setattr(jars, "LOCK", lock)
    jars.locked.cache_clear()
    yield Settings(home=tmp_path / "home", cache=tmp_path / "cache", maven_repository=repository.url)
    jars.locked.cache_clear()


def test_every_user_can_read_a_fetched_jar(settings: Settings) -> None:
    jars.fetch(settings)

    assert {oct(path.stat().st_mode & 0o777) for path in jars.class_path(JarSet.SPARK, settings)} == {"0o644"}


def test_a_jar_that_only_its_owner_could_read_becomes_readable(settings: Settings) -> None:
    jars.fetch(settings)
    paths = jars.class_path(JarSet.SPARK, settings)
    for path in paths:
        path.chmod(0o600)

    assert jars.fetch(settings).downloaded == 0

    assert {oct(path.stat().st_mode & 0o777) for path in paths} == {"0o644"}


def test_each_jar_is_fetched_once_and_stands_on_the_class_path(
    settings: Settings, repository: Repository
) -> None:
    first, second = jars.fetch(settings), jars.fetch(settings)

    assert (first.downloaded, second.downloaded) == (2, 0)
    assert first.downloaded_bytes == sum(map(len, CONTENT.values()))
    assert sorted(repository.asked) == sorted(repository.files)
    assert [path.read_bytes() for path in jars.class_path(JarSet.SPARK, settings)] == list(CONTENT.values())


def test_only_the_wanted_sets_are_fetched(settings: Settings, repository: Repository) -> None:
    assert jars.fetch(settings, sets=[JarSet.KAFKA]).jars == 0
    assert repository.asked == []


def test_a_jar_that_is_not_the_locked_one_is_named_and_not_kept(
    settings: Settings, repository: Repository
) -> None:
    repository.files["/org/example/two/1.0/two-1.0.jar"] = b"another jar"

    with pytest.raises(TerminalError, match=r"org\.example:two:1\.0.*SHA-256"):
        jars.fetch(settings)

    names = [path.name for path in jars.folder(settings).rglob("*") if path.is_file()]
    assert names in ([], ["one-1.0.jar"])


def test_a_jar_cut_short_on_disk_is_fetched_again(settings: Settings) -> None:
    jars.fetch(settings)
    damaged = jars.class_path(JarSet.SPARK, settings)[0]
    damaged.write_bytes(b"half")

    assert jars.fetch(settings).downloaded == 1
    assert damaged.read_bytes() == CONTENT["one"]


def test_a_server_that_fails_for_a_moment_is_asked_again(settings: Settings, repository: Repository) -> None:
    repository.failures = 2

    assert jars.fetch(settings).downloaded == 2
    assert len(repository.asked) == 4


def test_a_jar_the_repository_lacks_ends_the_fetch_at_once(
    settings: Settings, repository: Repository
) -> None:
    repository.files.clear()

    with pytest.raises(TerminalError, match=r"HTTPError 404"):
        jars.fetch(settings)
    assert len(set(repository.asked)) == len(repository.asked)


def test_the_error_of_an_unreachable_repository_hides_the_password_in_its_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "ATTEMPTS", 1)
    away = settings.model_copy(update={"maven_repository": "http://reader:hunter2@127.0.0.1:1/maven"})

    with pytest.raises(TransientError) as caught:
        jars.fetch(away)
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_error_of_a_cache_that_cannot_be_written_names_the_setting(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    nowhere = settings.model_copy(update={"cache": tmp_path / "file"})

    with pytest.raises(TerminalError, match=r"cannot be stored.*PINLAKE_CACHE"):
        jars.fetch(nowhere)


def test_the_command_prints_what_it_did_as_json(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINLAKE_CACHE", str(settings.cache))
    monkeypatch.setenv("PINLAKE_MAVEN_REPOSITORY", str(settings.maven_repository))
    # For the set spark, the command would archive the classes too.
    jars.LOCK.write_text(jars.LOCK.read_text().replace("spark ", "kafka "))

    done = CliRunner().invoke(app, ["jars", "kafka", "--json"])

    assert json.loads(done.stdout) == {
        "jars": 2,
        "downloaded": 2,
        "downloaded_bytes": sum(map(len, CONTENT.values())),
    }


def test_without_arguments_the_command_fetches_what_commands_need(
    settings: Settings, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINLAKE_CACHE", str(settings.cache))
    monkeypatch.setenv("PINLAKE_MAVEN_REPOSITORY", repository.url)
    monkeypatch.setattr(class_data_sharing, "create_archive", lambda class_path: None)
    first, second = jars.LOCK.read_text().splitlines()[1:]
    jars.LOCK.write_text(f"{first}\n{second.replace('spark', 'compiler')}\n")

    done = CliRunner().invoke(app, ["jars", "--json"])

    assert json.loads(done.stdout)["jars"] == 1
    assert repository.asked == ["/org/example/one/1.0/one-1.0.jar"]


def test_the_help_says_what_is_fetched_without_arguments() -> None:
    command = get_command(app).get_command(None, "jars")  # type: ignore[attr-defined]  # a group's
    (sets,) = [parameter for parameter in command.params if parameter.name == "sets"]

    assert sets.help == "Which sets; default: spark, kafka and s3proxy."
    assert "`compiler` is fetched only if it is named" in " ".join(command.help.split())


def test_a_missing_jar_says_which_command_brings_it(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"org\.example:one:1\.0.*pinlake jars"):
        jars.class_path(JarSet.SPARK, settings)


def test_the_lock_has_every_set_and_no_artifact_twice_in_one() -> None:
    jars.locked.cache_clear()
    for jar_set in JarSet:
        artifacts = [jar.coordinate.rsplit(":", 1)[0] for jar in jars.locked() if jar.jar_set is jar_set]
        assert artifacts
        assert len(artifacts) == len(set(artifacts))
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in jars.locked())


def test_nothing_that_spark_ships_is_locked_a_second_time() -> None:
    import pyspark

    shipped = {path.name for path in (Path(pyspark.__file__).parent / "jars").glob("*.jar")}
    jars.locked.cache_clear()
    for jar in jars.locked():
        artifact = jar.coordinate.split(":")[1]
        if jar.jar_set is JarSet.SPARK:
            assert not any(
                name.startswith(f"{artifact}-") and name[len(artifact) + 1].isdigit() for name in shipped
            )
