"""Reads gold answers: what they mean, which are unusable, and how exactly they were written."""

import re
from functools import lru_cache

from astro.verify.forms.math.answers import Words, scalars
from astro.verify.forms.math.choices import labelled, listed_labels
from astro.verify.forms.math.compare import Judge
from astro.verify.forms.math.effort import ALLOWANCE, TooCostlyError, allowance
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import INFINITY, variables, walk
from astro.verify.forms.math.identity import is_blank
from astro.verify.forms.math.lexer import Kind
from astro.verify.forms.math.manners import manner_of
from astro.verify.forms.math.question import Question, read_question
from astro.verify.forms.math.reader import Reading, read
from astro.verify.forms.math.values import exact, numeric
from astro.verify.forms.math.words import phrase
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject


def check_gold(problem: Subject) -> str | None:
    """Why the gold answer cannot be used: it is blank. gold_caveat says which others are compared as written only."""
    return f"the gold answer {problem.answer[:80]!r} is blank or reordered" if is_blank(problem.answer) else None


def gold_caveat(problem: Subject) -> str | None:
    """Why only an answer written like the gold one can be graded: the gold one is unreadable; None if it is not."""
    if _PLAIN_GOLD.fullmatch(problem.answer):
        return None
    question = read_question(problem.prompt)
    label, _ = labelled(problem.answer)
    if label or listed_labels(problem.answer, question):
        return None
    try:
        with allowance(_GOLD_ALLOWANCE):
            gold = read_gold(problem.answer, question)
            equal = Judge(question).equal(gold.answer, gold.answer)
    except UnreadableError as error:
        return f"the gold answer {problem.answer[:80]!r} cannot be read: {error}"
    except TooCostlyError:
        return f"the gold answer {problem.answer[:80]!r} takes too long to read"
    return None if equal else f"the gold answer {problem.answer[:80]!r} is not equal to itself"


_PLAIN_GOLD = re.compile(r"-?\d{1,15}(?:\.\d{1,12})?")
_GOLD_ALLOWANCE = 100 * ALLOWANCE  # a gold answer is read once, and is trusted


@lru_cache(maxsize=2048)
def read_gold(text: str, question: Question) -> Reading:
    """Read a gold answer, and make sure that it has a value."""
    refuse_vectors(text)
    reading = as_said(read(_with_things(text), manner_of(question, sets=True)))
    for expression in scalars(reading.answer):
        if not variables(expression) and INFINITY not in walk(expression) and exact(expression) is None:
            numeric(expression, 30, {})
    return reading


def refuse_vectors(text: str) -> None:
    """Raise UnreadableError for products of vectors: a curl is no divergence, though both are written as products."""
    if "\\" in text and _VECTOR_PRODUCT.search(text):
        raise UnreadableError("a product of vectors")


_VECTOR = r"\\(?:vec|mathbf|boldsymbol|overrightarrow|bm)(?![a-z])"
_VECTOR_PRODUCT = re.compile(rf"\\nabla(?![a-z])|{_VECTOR}[^=,\\]{{0,12}}\\times\s?{_VECTOR}")


def _with_things(text: str) -> str:
    """The number and what it counts, of a gold answer like "9 (apples)"."""
    found = _THINGS.fullmatch(text) if text.endswith(")") else None
    return f"{found.group(1)} \\text{{ {found.group(2).removesuffix(' old')}}}" if found else text


_THINGS = re.compile(r"(-?\d[\d,./]{0,20}) ?\(([a-z][a-z ]{1,40})\)")


def as_said(reading: Reading) -> Reading:
    """Read a run of letters that looks like a name or a word as a word, not as a product of variables."""
    runs = [token.text for token in reading.tokens]
    if all(token.kind is Kind.RUN for token in reading.tokens) and any(map(_is_word, runs)):
        return Reading(Words(phrase(runs)), reading.tokens)
    return reading


def _is_word(run: str) -> bool:
    return run.isupper() or run[0].isupper() or len(run) > 3 or run in ("yes", "no", "odd", "all")


def tolerance_of(problem: Subject, gold_text: str, config: VerifyConfig) -> float:
    """The relative error allowed; a little for a gold answer that a program printed, like 0.30000000000000004."""
    given = problem.metadata.get("tolerance", config.tolerance)
    tolerance = float(given) if isinstance(given, int | float) else config.tolerance
    return max(tolerance, _OF_FLOATS) if _PRINTED_FLOAT.fullmatch(gold_text) else tolerance


_OF_FLOATS = 1e-12
_PRINTED_FLOAT = re.compile(r"-?(?=(?:\d\.?){15})\d{1,9}\.\d{6,18}|-?0\.0{0,9}[1-9]\d{14,17}")
