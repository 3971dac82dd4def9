"""The consumer group member, as far as it needs no broker."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

from kafka import TopicPartition
from kafka.structs import MemberState

from ingestion.landing.consumer_group import REBALANCE_SECONDS, ConsumerGroupMember

PARTITION = TopicPartition("pins-batch", 0)


class _RebalancingConsumer:
    """A client whose rebalance never ends until it subscribes again."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.state = MemberState.REBALANCING

    def group_metadata(self) -> Any:  # noqa: ANN401 - kafka-python ships no types
        return SimpleNamespace(state=self.state)

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION}

    def unsubscribe(self) -> None:
        self.calls.append("unsubscribe")

    def subscribe(self, topics: list[str], *, listener: ConsumerGroupMember) -> None:
        self.calls.append(f"subscribe {topics[0]}")

    def topics(self) -> set[str]:
        self.calls.append("topics")
        return {PARTITION.topic}


class _Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_rebalance_that_does_not_end_is_left_and_joined_again() -> None:
    consumer, clock, revoked = _RebalancingConsumer(), _Clock(), list[Collection[TopicPartition]]()
    member = ConsumerGroupMember(consumer, on_revoked=revoked.append, on_loss=_fail, clock=clock)

    member.rejoin_if_stuck(PARTITION.topic)
    clock.seconds += REBALANCE_SECONDS
    member.rejoin_if_stuck(PARTITION.topic)
    assert consumer.calls == []

    clock.seconds += 0.1
    member.rejoin_if_stuck(PARTITION.topic)
    assert consumer.calls == ["unsubscribe", "subscribe pins-batch", "topics"]
    assert revoked == [{PARTITION}]
    assert not member.positioned


def test_each_rebalance_has_its_own_time() -> None:
    consumer, clock = _RebalancingConsumer(), _Clock()
    member = ConsumerGroupMember(consumer, on_revoked=lambda revoked: None, on_loss=_fail, clock=clock)

    for state in (MemberState.REBALANCING, MemberState.STABLE, MemberState.REBALANCING):
        consumer.state = state
        member.rejoin_if_stuck(PARTITION.topic)
        clock.seconds += REBALANCE_SECONDS - 1

    assert consumer.calls == []


def _fail(_lost: object) -> None:
    raise AssertionError
