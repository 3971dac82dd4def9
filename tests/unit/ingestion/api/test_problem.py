"""Problem details: members that are not known are left out."""

from __future__ import annotations

import pytest

from ingestion.api.problem import Problem, too_large

BASE = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "not JSON"}


@pytest.mark.parametrize(
    ("problem", "members"),
    [
        (Problem(400, "not JSON"), {}),
        (Problem(400, "not JSON", field="unique_id"), {"field": "unique_id"}),
        (Problem(400, "not JSON", event_id="e"), {"event_id": "e"}),
        (Problem(400, "not JSON", field="", event_id=""), {"field": "", "event_id": ""}),
    ],
)
def test_a_problem_has_the_members_that_are_known(problem: Problem, members: dict[str, str]) -> None:
    assert problem.body() == {**BASE, **members}


def test_a_size_above_the_limit_is_named_with_the_limit() -> None:
    problem = too_large("the pin", limit=1024)

    assert (problem.status, problem.detail) == (413, "the pin is larger than 1024 bytes")
