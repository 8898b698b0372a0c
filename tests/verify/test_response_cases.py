"""Whole responses of every task, hostile and honest, with the verdict a careful grader gives."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from astro.verify import Verifier, VerifyConfig
from astro.verify.files import read_case

CASES = defaultdict(list)
# real_cases: kinds met in real answers; kind_cases: the same kinds, built from templates so that the label is certain
for name in ("response_cases.jsonl", "graded_cases.jsonl", "real_cases.jsonl", "kind_cases.jsonl"):
    for number, line in enumerate(Path(__file__).with_name(name).read_text().splitlines(), 1):
        row = json.loads(line)
        row["id"] = json.dumps([row["task"], row["problem"], row["gold"]])  # one problem, one id
        CASES[row["task"]].append(read_case(json.dumps(row), number))


@pytest.fixture(scope="module")
def verifier():
    verifier = Verifier(VerifyConfig(deadline=5.0))
    yield verifier
    verifier.close()


@pytest.mark.parametrize("task", sorted(CASES))
def test_responses(task, verifier):
    """Every response of the task is accepted or refused as it should be."""
    if task == "chem":
        pytest.importorskip("rdkit")
    verdicts = verifier.verify_many((case.problem, case.response) for case in CASES[task])
    wrong = [
        (case.problem.answer[:40], case.response[:80], verdict.reason)
        for case, verdict in zip(CASES[task], verdicts, strict=True)
        if verdict.correct != case.expected
    ]
    assert not wrong
