"""Golden traces: what a fixed player makes of a fixed tree. Run this file to rewrite them after a change of design.

PYTHONPATH=tests/traces python tests/traces/golden_traces.py
"""

import json
from functools import partial
from pathlib import Path

from growing import played

from astro.tasks.countdown.player import CountdownPlayer
from astro.traces import Control, FinalReflection, Leave

CASES = {
    "default": {},
    "paper": {"final_reflection": FinalReflection.AFTER, "high_value_reflections": 3, "control": Control.ORIGINAL},
    "fall": {"leave": Leave.FALL, "control": Control.NONE},
    "restart": {"restart": True, "wrong_terminals": (3,), "control": Control.NONE},
}
PLAYER = CountdownPlayer(skill=0.55, honesty=0.9, fidelity=0.9)


def golden(name, make):
    """The traces of a case as JSON."""
    outcome = make(played(PLAYER, samples=60, seed=2), PLAYER, **CASES[name])
    traces = [
        {"id": trace.id, "visits": [[visit.node, visit.move.value] for visit in trace.visits], "text": trace.text}
        for trace in outcome.traces
    ]
    return {"traces": traces, "counts": {name: count for name, count in sorted(outcome.counts.items()) if count}}


if __name__ == "__main__":
    from making import run_make_traces

    from astro.verify import Verifier

    make = partial(run_make_traces, Verifier())
    for case in CASES:
        path = Path(__file__).parent / "golden" / f"{case}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(golden(case, make), indent=1) + "\n", encoding="utf-8")
