"""Bodies that arrive in parts, late, too long or not at all; headers of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.types import Message

from foundation.event import new_event_id
from ingestion.api.problem import Problem
from ingestion.api.request_body import BODY_TIMEOUT_SECONDS, idempotency_key, is_ndjson, read_body
from tests.unit import virtual_time

LIMIT = 1000
DISCONNECT: Message = {"type": "http.disconnect"}


class Client:
    """A client that sends its parts with a pause before each, and then nothing more.

    Attributes:
        sent: the parts that the API has taken from it.
    """

    def __init__(
        self, parts: Sequence[bytes], *, ends: bool = True, pause: float = 0, gone: bool = False
    ) -> None:
        last = len(parts) - 1 if ends else -1
        self._messages: list[Message] = [
            {"type": "http.request", "body": part, "more_body": number != last}
            for number, part in enumerate(parts)
        ]
        self._messages += [DISCONNECT] if gone else []
        self._pause = pause
        self.sent = 0

    async def receive(self) -> Message:
        if not self._messages:
            await asyncio.Event().wait()
        await asyncio.sleep(self._pause)
        self.sent += 1
        return self._messages.pop(0)


def _request(client: Client | None = None, **headers: Any) -> Request:  # noqa: ANN401 - mypy takes unpacked strings for every argument
    raw = [
        (name.replace("_", "-").lower().encode(), value.encode("latin-1")) for name, value in headers.items()
    ]
    scope = {"type": "http", "method": "POST", "headers": raw}
    return Request(scope, client.receive) if client else Request(scope)


def _read(client: Client, *, limit: int = LIMIT, **headers: Any) -> bytes | Problem:  # noqa: ANN401 - as above
    return virtual_time.run(read_body(_request(client, **headers), limit=limit))


def _problem(outcome: object) -> tuple[int, str, str | None]:
    assert isinstance(outcome, Problem)
    return outcome.status, outcome.detail, outcome.field


@hypothesis_settings(max_examples=50)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=6), st.integers(0, 200))
def test_a_body_is_read_up_to_the_limit_however_it_is_cut(parts: list[bytes], limit: int) -> None:
    body = b"".join(parts)

    outcome = _read(Client(parts), limit=limit)

    if len(body) <= limit:
        assert outcome == body
    else:
        assert _problem(outcome) == (413, f"the body is larger than {limit} bytes", None)


def test_nothing_is_read_beyond_the_part_that_exceeds_the_limit() -> None:
    client = Client([b"x" * 600, b"x" * 401, b"x" * 10])

    assert _problem(_read(client))[0] == 413
    assert client.sent == 2


def test_a_declared_length_above_the_limit_is_rejected_unread() -> None:
    client = Client([b"x"])

    assert _problem(_read(client, content_length=str(LIMIT + 1)))[0] == 413
    assert client.sent == 0


@pytest.mark.parametrize("declared", [str(LIMIT), "-5", "x", ""])
def test_a_declared_length_within_the_limit_is_not_trusted(declared: str) -> None:
    assert _problem(_read(Client([b"x" * (LIMIT + 1)]), content_length=declared))[0] == 413
    assert _read(Client([b"x"]), content_length=declared) == b"x"


def test_a_slow_client_that_keeps_sending_is_waited_for() -> None:
    parts = [b"x"] * 10

    assert _read(Client(parts, pause=BODY_TIMEOUT_SECONDS - 0.1)) == b"x" * 10


@pytest.mark.parametrize("parts", [[], [b"x", b"y"]])
def test_a_silent_client_is_given_up(parts: list[bytes]) -> None:
    assert _problem(_read(Client(parts, ends=False))) == (
        408,
        f"no part of the body arrived for {BODY_TIMEOUT_SECONDS} seconds",
        None,
    )


def test_a_client_that_leaves_early_has_sent_a_bad_request() -> None:
    outcome = _read(Client([b"x"], ends=False, gone=True))

    assert _problem(outcome) == (400, "the body ended early", None)


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [({"content_encoding": "gzip"}, 415, "Content-Encoding"), ({"upgrade": "h2c"}, 400, "Upgrade")],
)
def test_a_header_that_the_api_does_not_support_is_named(
    headers: dict[str, Any], status: int, field: str
) -> None:
    client = Client([b"x"])

    outcome = _problem(_read(client, **headers))

    assert (outcome[0], outcome[2]) == (status, field)
    assert client.sent == 0


def test_a_body_that_says_it_is_not_encoded_is_read() -> None:
    assert _read(Client([b"x"]), content_encoding="identity") == b"x"


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("application/x-ndjson", True),
        ("application/ndjson; charset=utf-8", True),
        (" Application/JSONL ", True),
        ("application/jsonlines", True),
        ("application/json", False),
        ("ndjson", True),
        ("text/ndjson", False),
        ("", False),
        (None, False),
    ],
)
def test_json_lines_have_several_media_types(media_type: str | None, expected: bool) -> None:
    request = _request() if media_type is None else _request(content_type=media_type)

    assert is_ndjson(request) is expected


@pytest.mark.parametrize("quotes", ["", '"'])
def test_an_idempotency_key_may_be_quoted(quotes: str) -> None:
    key = new_event_id()
    request = _request(idempotency_key=f"{quotes}{key}{quotes}")

    assert idempotency_key(request, now=datetime.now(UTC)) == key


def test_a_request_without_a_key_has_none() -> None:
    assert idempotency_key(_request(), now=datetime.now(UTC)) is None


def test_a_key_from_after_the_year_9999_is_a_problem_too() -> None:
    request = _request(idempotency_key="ffffffff-ffff-7fff-bfff-ffffffffffff")

    status, detail, _ = _problem(idempotency_key(request, now=datetime.now(UTC)))
    assert (status, detail) == (422, "Idempotency-Key is more than a minute ahead of the API's clock")


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_other_key_is_a_problem_with_the_header(text: str) -> None:
    outcome = idempotency_key(_request(idempotency_key=text), now=datetime.now(UTC))

    status, detail, field = _problem(outcome)
    assert (status, field) == (422, "Idempotency-Key")
    assert detail.startswith("Idempotency-Key must be a UUIDv7")
