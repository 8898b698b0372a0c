"""One problem answered by every model, to illustrate the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from astro.report.gather import Findings

_LONGEST = 2400  # characters shown of one response


@dataclass(frozen=True, slots=True)
class Example:
    """The first response of each model to one problem; text is what the models wrote, and hostile."""

    problem_id: str
    prompt: str
    dataset: str
    responses: Mapping[str, Mapping[str, Any]]

    @property
    def recovers(self) -> bool:
        """Whether a response goes back and ends right."""
        return any(response["correct"] and response["backtracks"] > 0 for response in self.responses.values())


def pick_example(findings: Findings) -> Example | None:
    """A problem of the main set that shows backtracking; the report states that it was picked for that.

    On it, as many models as possible (of the arms other than the control) are right after going back; of these problems
    it is the one with the shortest response of the last model. None if nothing was evaluated.
    """
    for dataset in findings.sets:
        firsts = {model: _first_responses(findings, model, dataset) for model in findings.evaluated(dataset)}
        shared = set.intersection(*(set(found) for found in firsts.values())) if firsts else set()
        if shared:
            ours = [model for model in firsts if model.rpartition("-")[0] in findings.treatments]
            chosen = min(shared, key=lambda problem: _rank(problem, [firsts[model] for model in ours]))
            responses = {model: found[chosen] for model, found in firsts.items()}
            return Example(chosen, findings.prompts.get(chosen, chosen), dataset, responses)
    return None


def shown(text: str) -> str:
    """A response, cut in the middle if it is long."""
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters left out ...]\n{text[-half:]}"


def _first_responses(findings: Findings, model: str, dataset: str) -> dict[str, dict[str, Any]]:
    columns = ["problem_id", "sample", "text", "tokens", "outcome", "correct", "backtracks"]
    rows = findings.evaluations[model, dataset].responses.select(columns).to_pylist()
    return {row["problem_id"]: row for row in rows if row["sample"] == 0}


def _rank(problem: str, firsts: Sequence[Mapping[str, Mapping[str, Any]]]) -> tuple[int, int, str]:
    ours = [found[problem] for found in firsts]
    recovered = sum(bool(row["correct"]) and row["backtracks"] > 0 for row in ours)
    return -recovered, len(ours[-1]["text"]) if ours else 0, problem
