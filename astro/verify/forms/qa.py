"""Question answering: exact match with one of the accepted answers after normalisation, and token F1.

The normalisation is that of SQuAD (case, articles, punctuation, spaces) without its mistakes. It keeps signs, decimal
points, symbols that distinguish answers (C, C++, C#; 5, 5%, $5) and an article at the end (vitamin A); it drops
thousands separators and the dots of abbreviations. An answer that is empty after normalisation never matches.
"""

import json
import re
import unicodedata
from collections import Counter

from astro.verify.extraction import Extraction
from astro.verify.plain import plain_text
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

_MAX_ANSWER = 2000  # characters
_ARTICLES = frozenset({"a", "an", "the"})
_DASHES = str.maketrans("‐‑‒–—―−", "-------")  # noqa: RUF001 - what they become
_QUOTES = str.maketrans(dict.fromkeys("'\"’‘“”`´«»„", ""))  # noqa: RUF001 - dropped
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_INITIALS = re.compile(r"\b(?:[^\W\d_]\.\s?)+[^\W\d_]\.")
_PERCENT = re.compile(r"(?<=\d)\s(?:%|per ?cent\b)")
_PLUS_SIGN = re.compile(r"(?<!\S)\+(?=\d)")
_WORD_PUNCTUATION = re.compile(r"[!?;:,()\[\]{}_*|\\]|(?<!\d)\.(?!\d)|\.(?!\d)|(?<=[^\W\d_])\.(?=\d)")
_HYPHEN = re.compile(
    r"(?<=\w)-(?=[^\W\d_])|(?<=[^\W\d_])-(?=\w)|(?<!\b[^\W\d_])-(?![\d.$€£¥])|(?<=[^\W\d_])/(?=[^\W\d_])"
)


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:  # noqa: ARG001 - the convention
    """Compare with every accepted answer; canonical is the normal form."""
    answer = extraction.answer or ""
    if extraction.parts:
        return Verdict(Outcome.MALFORMED, answer, "several different answers")
    if len(answer) > _MAX_ANSWER:
        return Verdict(Outcome.MALFORMED, answer[:80], "the answer is too long")
    golds = [form for gold in accepted(problem.answer) if (form := normalize(gold))]
    if not golds:
        return Verdict(Outcome.ERROR, answer, "no accepted answer has a word or a number in it")
    form = normalize(answer)
    if not form:
        return Verdict(Outcome.MALFORMED, answer, "nothing is left of the answer after normalisation")
    if form in golds or _closed(answer) in {_closed(gold) for gold in accepted(problem.answer)}:
        return Verdict(Outcome.CORRECT, answer, "an accepted answer", form)
    return Verdict(Outcome.INCORRECT, answer, "not an accepted answer", form)


def check_gold(problem: Subject) -> str | None:
    """Why the gold answer cannot be used, or None."""
    if any(normalize(gold) for gold in accepted(problem.answer)):
        return None
    return f"no accepted answer has a word or a number in it: {problem.answer!r}"


def accepted(gold: str) -> list[str]:
    """The accepted answers: the strings of a JSON list, or the text itself."""
    if gold.lstrip().startswith("["):
        try:
            names = json.loads(gold)
        except (ValueError, RecursionError):
            return [gold]
        if isinstance(names, list) and names and all(isinstance(name, str | int | float) for name in names):
            return [str(name) for name in names]
    return [gold]


def normalize(answer: str) -> str:
    """The normal form in which equal answers are equal strings; "" when nothing is left."""
    return " ".join(_tokens(answer, hyphen=" "))


def token_f1(answer: str, gold: str) -> float:
    """Harmonic mean of precision and recall over the normalised tokens, in [0, 1] (Rajpurkar et al. 2016)."""
    found, expected = normalize(answer).split(), normalize(gold).split()
    shared = sum((Counter(found) & Counter(expected)).values())
    return 2 * shared / (len(found) + len(expected)) if shared else 0.0


def _closed(answer: str) -> str:
    """The normal form with hyphenated words joined, as in SQuAD."""
    return " ".join(_tokens(answer, hyphen=""))


def _tokens(answer: str, hyphen: str) -> list[str]:
    text = plain_text(answer[:_MAX_ANSWER])
    if not text.isascii():
        text = unicodedata.normalize("NFD", text.translate(_DASHES))
        text = "".join(character for character in text if not unicodedata.combining(character))
    text = text.casefold().translate(_QUOTES)
    text = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)
    text = _PERCENT.sub("%", text)
    text = _INITIALS.sub(lambda match: "".join(filter(str.isalpha, match.group())), text)
    text = _WORD_PUNCTUATION.sub(" ", _HYPHEN.sub(hyphen, text.replace("&", " and ")))
    tokens = _PLUS_SIGN.sub("", text).split()
    if all(token in _ARTICLES for token in tokens):
        return tokens
    return [token for token, following in zip(tokens, [*tokens[1:], None], strict=True)
            if token not in _ARTICLES or following is None]  # fmt: skip
