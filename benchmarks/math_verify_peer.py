"""math-verify as it is commonly called: with its defaults, on the last closed box. Imported by a pool worker."""

import logging

from math_verify import parse, verify

logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it logs every timeout with the whole answer


def last_box(response: str) -> str | None:
    r"""Content of the last \boxed{} by brace matching, or None if there is none or it never closes."""
    start = response.rfind("\\boxed{")
    if start < 0:
        return None
    depth = 0
    for index in range(start + 6, len(response)):
        depth += {"{": 1, "}": -1}.get(response[index], 0)
        if depth == 0:
            return response[start + 7 : index]
    return None


def grade(gold: str, response: str) -> bool:
    """Whether math-verify accepts the last box."""
    box = last_box(response)
    return box is not None and compare(gold, box)


def compare(gold: str, answer: str) -> bool:
    """Whether math-verify finds two LaTeX answers equal; its own alarms are on (call it in a main thread)."""
    return bool(verify(parse(f"\\boxed{{{gold}}}"), parse(f"\\boxed{{{answer}}}")))


def judge(gold: str, response: str) -> bool:
    """Whether math-verify finds the gold answer in a whole response; its own alarms are on."""
    return bool(verify(parse(f"\\boxed{{{gold}}}"), parse(response)))


def warm() -> None:
    """Import and the first, slow call."""
    compare("\\frac{1}{2}", "0.5")
