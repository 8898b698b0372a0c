r"""An answer lists the swaps in order, as in \boxed{3-1, 3-2}; it is right if they sort the list within the limit."""

import re

from astro.verify import Extraction, Outcome, Subject, Verdict, VerifyConfig

_SWAP = re.compile(r"(\d{1,3})\s?-\s?(\d{1,3})")
_LONGEST = 500  # characters


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:
    """Apply the swaps. Never raises, and takes time linear in the answer, whatever a model has written."""
    del config
    answer = extraction.answer or ""
    parts = [_SWAP.fullmatch(part.strip()) for part in answer[:_LONGEST].split(",")]
    if len(answer) > _LONGEST or None in parts:
        return Verdict(Outcome.MALFORMED, answer[:_LONGEST], "not a list of swaps such as 3-1, 3-2")
    numbers = list(problem.metadata["list"])
    for swap in filter(None, parts):
        left, right = int(swap[1]), int(swap[2])
        if left not in numbers or numbers[numbers.index(left) :][1:2] != [right]:
            return Verdict(Outcome.INCORRECT, answer, f"{right} does not stand after {left}")
        at = numbers.index(left)
        numbers[at : at + 2] = right, left
    if len(parts) > problem.metadata["swaps"]:
        return Verdict(Outcome.INCORRECT, answer, "too many swaps")
    if numbers != sorted(numbers):
        return Verdict(Outcome.INCORRECT, answer, f"the list is then {numbers}")
    return Verdict(Outcome.CORRECT, answer, "sorted", ",".join(f"{swap[1]}-{swap[2]}" for swap in filter(None, parts)))


def check_gold(problem: Subject) -> str | None:
    """Why a problem cannot be verified, or None; called when problems are loaded."""
    numbers, swaps = problem.metadata.get("list"), problem.metadata.get("swaps")
    if not isinstance(numbers, list) or len(set(numbers)) < len(numbers) or not all(type(n) is int for n in numbers):
        return f"metadata.list must be different whole numbers, not {numbers!r}"
    return None if type(swaps) is int else f"metadata.swaps must be a whole number, not {swaps!r}"
