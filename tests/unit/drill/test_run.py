"""The outcome of a drill as JSON, whichever process died."""

from __future__ import annotations

import json
from dataclasses import asdict

from drill.faults import Fault
from drill.proof import Proof
from drill.run import Outcome, Plan


def test_an_outcome_with_deaths_becomes_json() -> None:
    outcome = Outcome(
        plan=Plan(seconds=1.0, faults=1, rate=1.0, seed=1),
        faults=[Fault("door", at=0.0, recovered=1.0)],
        accepted=1,
        malformed=0,
        longest_silence=0.0,
        deaths={"stream": ["exit code 1: error"]},
        seconds=1.0,
        proof=Proof(lost=0, doubled=0, stale=0, unbalanced=(), differing=0),
    )

    assert json.loads(json.dumps(asdict(outcome)))["deaths"] == {"stream": ["exit code 1: error"]}
    assert outcome.holds
