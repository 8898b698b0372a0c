"""Verdicts that can be trusted with a reward: one entry, hard limits, exact by default."""

from astro.verify.extraction import AnswerFormat, Extraction, extract
from astro.verify.settings import VerifyConfig
from astro.verify.verdict import Outcome, Verdict
from astro.verify.verifier import Verifier, check_gold, verify, verify_many

__all__ = [
    "AnswerFormat",
    "Extraction",
    "Outcome",
    "Verdict",
    "Verifier",
    "VerifyConfig",
    "check_gold",
    "extract",
    "verify",
    "verify_many",
]
