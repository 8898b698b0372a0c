r"""Verdicts that can be trusted with a reward: one entry, hard limits, exact by default, and nothing else of astro.

    from astro.verify import Exercise, Verifier, verify

    problem = Exercise("p1", "How much is 9 times 8?", answer="72", task="math")
    verdict = verify(problem, r"So the answer is \boxed{144/2}.")
    assert verdict.correct and verdict.canonical == "72"
    print(verify(problem, r"I think \boxed{71}").reason)

    verifier = Verifier(forms={"sorting": "my_package.sorting"})  # a form of answer of your own
    for verdict in verifier.verify_many(pairs_of_problem_and_response):
        print(verdict.outcome, verdict.answer, verdict.reason)

A problem is anything with the attributes of Subject; Exercise is a plain one. The names below are loaded when they are
first used, so importing this package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from astro.verify import forking as _forking  # noqa: F401 - from here on, forks wait for imports

if TYPE_CHECKING:
    from astro.verify.errors import MissingLibraryError, VerificationError, VerifierError
    from astro.verify.extraction import AnswerFormat, Extraction, after_reasoning, closing_brace, extract
    from astro.verify.forms import FORMS
    from astro.verify.settings import VerifyConfig
    from astro.verify.subject import Exercise, Subject
    from astro.verify.verdict import Outcome, Verdict
    from astro.verify.verifier import Verifier, check_gold, gold_caveat, verify, verify_many

__all__ = [
    "FORMS",
    "AnswerFormat",
    "Exercise",
    "Extraction",
    "MissingLibraryError",
    "Outcome",
    "Subject",
    "Verdict",
    "VerificationError",
    "Verifier",
    "VerifierError",
    "VerifyConfig",
    "after_reasoning",
    "check_gold",
    "closing_brace",
    "extract",
    "gold_caveat",
    "verify",
    "verify_many",
]

_MODULES = {
    "errors": ("MissingLibraryError", "VerificationError", "VerifierError"),
    "extraction": ("AnswerFormat", "Extraction", "after_reasoning", "closing_brace", "extract"),
    "forms": ("FORMS",),
    "settings": ("VerifyConfig",),
    "subject": ("Exercise", "Subject"),
    "verdict": ("Outcome", "Verdict"),
    "verifier": ("Verifier", "check_gold", "gold_caveat", "verify", "verify_many"),
}
_HOME = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value
