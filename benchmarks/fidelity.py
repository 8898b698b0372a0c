"""How often the fidelity checks refuse a faithful rewrite, and how often they accept an unfaithful one. No model.

python benchmarks/fidelity.py tests/traces/data/fidelity.jsonl --json
python benchmarks/fidelity.py tests/traces/data/fidelity.jsonl --split held --show

A line of the file is a case: step, rewrite, role (step, wrong_end, right_end), problem, thoughts, and whether the
rewrite is faithful. Cases with a field split are also counted by it. Undecided rewrites are refused, as in a run
without a judge, and counted: these are the ones that a judge would be asked about.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astro.records.problem import Problem
from astro.traces.fidelity import Around, Fault, Finding, Role, step_fault


@dataclass(frozen=True, slots=True)
class Checked:
    """A case and what the checks say. seconds: of processor time."""

    case: dict[str, Any]
    found: Finding | None
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether the checks agree with the case."""
        return (self.found is None) == bool(self.case["faithful"])

    @property
    def is_undecided(self) -> bool:
        """Whether a judge would be asked."""
        return self.found is not None and self.found.fault is Fault.UNDECIDED


def check(case: dict[str, Any]) -> Checked:
    """The checks on one case."""
    around = Around(Problem("case", case["problem"], "", "math"), case["thoughts"])
    begun = time.process_time()
    found = step_fault(case["rewrite"], case["step"], Role(case["role"]), around)
    return Checked(case, found, time.process_time() - begun)


def figures(checked: Sequence[Checked]) -> dict[str, Any]:
    """The rates of errors on some cases, with their numbers."""
    faithful = [each for each in checked if each.case["faithful"]]
    unfaithful = [each for each in checked if not each.case["faithful"]]
    rejects, accepts = (sum(not each.is_right for each in of) for of in (faithful, unfaithful))
    return {
        "false_rejects": rejects / len(faithful) if faithful else 0.0,
        "false_accepts": accepts / len(unfaithful) if unfaithful else 0.0,
        "faithful": len(faithful),
        "unfaithful": len(unfaithful),
        "undecided_faithful": sum(each.is_undecided for each in faithful),
        "undecided_unfaithful": sum(each.is_undecided for each in unfaithful),
        "mean_ms": round(1000 * sum(each.seconds for each in checked) / max(len(checked), 1), 1),
        "slowest_ms": round(1000 * max((each.seconds for each in checked), default=0.0), 1),
    }


def report(checked: Sequence[Checked]) -> dict[str, Any]:
    """The rates on all cases, and on those of each split if there are several."""
    splits = Counter(str(each.case.get("split")) for each in checked)
    found = figures(checked)
    if len(splits) > 1:
        found["splits"] = {
            name: figures([each for each in checked if str(each.case.get("split")) == name]) for name in sorted(splits)
        }
    return found


def show(checked: Iterable[Checked]) -> None:
    """Print the cases that the checks get wrong."""
    for each in checked:
        if not each.is_right:
            case, found = each.case, each.found
            print(f"{'refused' if found else 'ACCEPTED'} {case.get('id', '')}: {found.fault if found else 'no fault'}")
            print(f"  {found.detail if found else ''}\n  step:    {case['step']!r}\n  rewrite: {case['rewrite']!r}")


def main() -> None:
    """Check the cases of a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--split", help="only the cases of this split")
    parser.add_argument("--show", action="store_true", help="print the cases that the checks get wrong")
    given = parser.parse_args()
    cases = [json.loads(line) for line in given.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    checked = [check(case) for case in cases if given.split in (None, case.get("split"))]
    if given.show:
        show(checked)
    found = report(checked)
    print(json.dumps(found) if given.json else "\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
