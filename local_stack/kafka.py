"""Kafka: one process, which is broker and controller, from the locked jars."""

from __future__ import annotations

import base64
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.errors import TerminalError
from foundation.java import jars, jre
from foundation.settings import Settings
from local_stack import addresses, data_folder
from local_stack.process import Child

LOGGING = Path(__file__).with_name("kafka_log4j2.properties")
HEAP = "400m"
LARGEST_MESSAGE = 2 * 1024 * 1024
FORMAT_SECONDS = 120
METADATA_SECONDS = 2


def child(home: Path) -> Child:
    """Return the process of the broker, identified by its configuration file."""
    run = home.resolve() / "run"
    log = home.resolve() / "logs" / "kafka.log"
    return Child(name="kafka", own_argument=str(run / "kafka.properties"), run=run, log=log)


@dataclass(frozen=True)
class Kafka:
    """The broker.

    Attributes:
        settings: home, cache and the section of the stack are used.
        port: port of the listener for clients.
    """

    settings: Settings
    port: int

    @property
    def address(self) -> str:
        """The bootstrap servers."""
        return f"{addresses.HOST}:{self.port}"

    @property
    def child(self) -> Child:
        """Its process."""
        return child(self.settings.home)

    def prepare(self) -> list[str]:
        """Format the storage if it is new; return the command that starts the broker."""
        data_folder.make_once(self._data, proof="meta.properties", build=self._format)
        (controller,) = addresses.free_ports(1)
        configuration = Path(self.child.own_argument)
        addresses.write_private(configuration, self._properties(self._data, controller=controller))
        return [*self._java(), "kafka.Kafka", str(configuration)]

    def answers(self) -> bool:
        """Return whether a metadata request names a broker and the consumer group has a coordinator.

        Asking for the coordinator creates the topic of the groups' offsets, so that the first consumer does
        not have to wait for it.
        """
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        # Level 0 and a silent callback, because errors are expected while the server starts.
        quiet: dict[str, Any] = {"log_level": 0, "error_cb": lambda error: None}
        client = AdminClient({"bootstrap.servers": self.address, **quiet})
        group = self.settings.kafka.consumer_group
        try:
            if not client.list_topics(timeout=METADATA_SECONDS).brokers:
                return False
            # Asking for the offsets of the group crashes librdkafka while the coordinator still loads them.
            client.describe_consumer_groups([group], request_timeout=METADATA_SECONDS)[group].result()
        except KafkaException:
            return False
        return True

    @property
    def _data(self) -> Path:
        return self.settings.home.resolve() / "kafka"

    def _java(self) -> list[str]:
        class_path = ":".join(map(str, jars.class_path(jars.JarSet.KAFKA, self.settings)))
        options = [f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
        return [str(jre.find()), *options, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", class_path]

    def _format(self, folder: Path) -> None:
        configuration = folder.with_name("kafka.format.properties")
        # Formatting does not listen, so any port is good for the controller.
        addresses.write_private(configuration, self._properties(folder, controller=self.port + 1))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*self._java(), "kafka.tools.StorageTool", "format"]
        command += [f"--cluster-id={cluster}", f"--config={configuration}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_SECONDS)
        configuration.unlink()
        if result.returncode != 0:
            output = (result.stderr or result.stdout).strip().splitlines()
            raise TerminalError(
                f"Kafka's storage cannot be formatted: {output[-1] if output else 'no output'}",
                where=str(folder),
                hint="Check space and permissions there, then run `pinlake up` again.",
            )

    def _properties(self, folder: Path, *, controller: int) -> str:
        values = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{addresses.HOST}:{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{addresses.HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": folder,
            "auto.create.topics.enable": "false",
            "message.max.bytes": LARGEST_MESSAGE,
            "replica.fetch.max.bytes": LARGEST_MESSAGE,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "group.initial.rebalance.delay.ms": 0,
            # With one broker, internal topics cannot have copies; one partition of each is enough.
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
            # A broker that was killed can register again only after its old session has expired.
            "broker.session.timeout.ms": 5_000,
            "broker.heartbeat.interval.ms": 1_000,
            # By default the compaction of these topics takes 128 MiB of the heap.
            "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
        }
        return "".join(f"{name}={value}\n" for name, value in values.items())
