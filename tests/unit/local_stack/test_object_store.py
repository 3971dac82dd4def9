"""The object store: its configuration and its bucket, without Java."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dotenv
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pydantic import SecretStr

from foundation.errors import ConfigurationError
from foundation.java import jars, jre
from foundation.settings import Settings
from local_stack import object_store
from local_stack.addresses import Addresses
from local_stack.object_store import ObjectStore

ADDRESSES = Addresses(
    kafka_port=1,
    s3_port=29_000,
    s3_access_key="key",
    s3_secret_key=SecretStr("secret"),
    s3_bucket="pins",
    postgres_port=3,
    postgres_user="who",
    postgres_password=SecretStr("p"),
)
REFUSED = ClientError({"Error": {"Code": "InvalidBucketName"}}, "CreateBucket")
AWAY = EndpointConnectionError(endpoint_url="http://127.0.0.1:29000")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    monkeypatch.setattr(jre, "find", lambda: Path("/jre/bin/java"))
    monkeypatch.setattr(
        jars, "class_path", lambda jar_set, settings: [Path("/jars/a.jar"), Path("/jars/b.jar")]
    )
    return ObjectStore(Settings(_env_file=None, home=tmp_path), ADDRESSES)


def test_the_command_names_a_private_configuration_and_no_secret(store: ObjectStore, tmp_path: Path) -> None:
    command = store.prepare()

    configuration = tmp_path / "run" / "s3.properties"
    assert command[0] == "/jre/bin/java"
    assert command[command.index("-cp") + 1] == "/jars/a.jar:/jars/b.jar"
    assert command[-1] == str(configuration) == store.child.own_argument
    assert "secret" not in " ".join(command)
    assert configuration.stat().st_mode & 0o777 == 0o600


def test_the_configuration_has_the_address_the_keys_and_the_folder(
    store: ObjectStore, tmp_path: Path
) -> None:
    store.prepare()
    (tmp_path / "s3" / "pins").mkdir()
    store.prepare()

    values = dotenv.dotenv_values(tmp_path / "run" / "s3.properties", interpolate=False)
    assert values["s3proxy.endpoint"] == "http://127.0.0.1:29000"
    assert (values["s3proxy.identity"], values["s3proxy.credential"]) == ("key", "secret")
    assert values["jclouds.filesystem.basedir"] == str(tmp_path / "s3")
    assert (tmp_path / "s3").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "s3" / "pins").is_dir()


@dataclass
class Client:
    """A client of a store with these buckets."""

    buckets: set[str] = field(default_factory=set)
    list_error: Exception | None = None
    create_error: Exception | None = None

    def list_buckets(self) -> dict[str, Any]:
        if self.list_error:
            raise self.list_error
        return {"Buckets": [{"Name": name} for name in sorted(self.buckets)]}

    def create_bucket(self, *, Bucket: str) -> None:
        if self.create_error:
            raise self.create_error
        assert Bucket not in self.buckets
        self.buckets.add(Bucket)


@pytest.mark.parametrize("buckets", [set(), {"other"}, {"pins"}])
def test_a_store_that_answers_has_the_bucket(
    buckets: set[str], store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(set(buckets))
    monkeypatch.setattr(object_store, "s3_client", lambda *_: client)

    assert store.answers() is True
    assert store.answers() is True
    assert client.buckets == {*buckets, "pins"}


@pytest.mark.parametrize("error", [AWAY, ClientError({"Error": {"Code": "503"}}, "ListBuckets")])
def test_a_store_that_lists_no_buckets_does_not_answer_yet(
    error: Exception, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "s3_client", lambda *_: Client(list_error=error))

    assert store.answers() is False


def test_a_bucket_that_cannot_be_created_is_named_with_its_setting(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "s3_client", lambda *_: Client(create_error=REFUSED))

    with pytest.raises(ConfigurationError) as raised:
        store.answers()
    assert raised.value.what.startswith("bucket pins cannot be created: ")
    assert "InvalidBucketName" in raised.value.what
    assert raised.value.where == "http://127.0.0.1:29000"
    assert raised.value.hint == "Correct PINLAKE_S3_BUCKET."
