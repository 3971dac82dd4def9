"""The object store: S3Proxy with a local folder, from the locked jars."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foundation.clients import S3Timeouts, s3_client
from foundation.errors import ConfigurationError
from foundation.java import jars, jre
from foundation.settings import Settings
from local_stack import addresses
from local_stack.addresses import Addresses
from local_stack.process import Child

LOGGING = Path(__file__).with_name("s3proxy_logback.xml")
HEAP = "192m"
_TIMEOUTS = S3Timeouts(connect=2.0, read=5.0, attempts=1)


def child(home: Path) -> Child:
    """Return the process of the object store, identified by its configuration file."""
    run = home.resolve() / "run"
    log = home.resolve() / "logs" / "s3.log"
    return Child(name="s3", own_argument=str(run / "s3.properties"), run=run, log=log)


@dataclass(frozen=True)
class ObjectStore:
    """The S3 endpoint.

    Attributes:
        settings: home, cache and the region are used.
        addresses: its port, keys and bucket are used.
    """

    settings: Settings
    addresses: Addresses

    @property
    def port(self) -> int:
        """The port of its listener."""
        return self.addresses.s3_port

    @property
    def address(self) -> str:
        """The endpoint's URL."""
        return self.addresses.s3_endpoint

    @property
    def child(self) -> Child:
        """Its process."""
        return child(self.settings.home)

    def prepare(self) -> list[str]:
        """Write its configuration; return the command that starts it."""
        data = self.settings.home.resolve() / "s3"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        values = {
            "s3proxy.endpoint": self.address,
            "s3proxy.authorization": "aws-v2-or-v4",
            "s3proxy.identity": self.addresses.s3_access_key,
            "s3proxy.credential": self.addresses.s3_secret_key.get_secret_value(),
            "jclouds.provider": "filesystem-nio2",
            "jclouds.filesystem.basedir": data,
        }
        configuration = Path(self.child.own_argument)
        addresses.write_private(configuration, "".join(f"{name}={value}\n" for name, value in values.items()))
        class_path = ":".join(map(str, jars.class_path(jars.JarSet.S3PROXY, self.settings)))
        options = [f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
        options += [f"-Dlogback.configurationFile={LOGGING}", "-cp", class_path]
        return [str(jre.find()), *options, "org.gaul.s3proxy.Main", "--properties", str(configuration)]

    def answers(self) -> bool:
        """Return whether it lists buckets; create the bucket if it is missing.

        Raises:
            ConfigurationError: the bucket cannot be created.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        client = s3_client(addresses.point(self.settings, self.addresses).s3, _TIMEOUTS)
        try:
            names = {bucket.get("Name") for bucket in client.list_buckets()["Buckets"]}
        except (BotoCoreError, ClientError):
            return False
        if self.addresses.s3_bucket not in names:
            try:
                client.create_bucket(Bucket=self.addresses.s3_bucket)
            except (BotoCoreError, ClientError) as error:
                raise ConfigurationError(
                    f"bucket {self.addresses.s3_bucket} cannot be created: {error}",
                    where=self.address,
                    hint="Correct PINLAKE_S3_BUCKET.",
                ) from None
        return True
