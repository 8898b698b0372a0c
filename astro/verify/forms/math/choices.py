r"""Answers that name choices: a lettered option, a list of letters, circled numbers, AMC's \textbf{(B)}\ 2."""

import re
from functools import lru_cache

from astro.verify.forms.math.identity import bare_text
from astro.verify.forms.math.lexer import lex
from astro.verify.forms.math.packing import pack
from astro.verify.forms.math.question import Question
from astro.verify.forms.math.reader import Reading
from astro.verify.forms.math.words import HARMLESS, HEDGES
from astro.verify.plain import plain_text
from astro.verify.verdict import Outcome, Verdict

_OF_LETTERS = frozenset(("letter", "letters", "statements", "options", "choices", "select", "following", "graphs"))
_LETTERS = re.compile(r"\(?[A-Z]\)?\.?(?:(?:\s?[,;&]\s?|\s)(?:and\s)?\(?[A-Z]\)?\.?){1,9}")
_RUN_OF_LETTERS = re.compile(r"[A-Z]{2,9}")
_CIRCLED = re.compile(r"\\textcircled\s?\{?\s?(?:\\(?:small|scriptsize)\s?)?\{?(\d{1,2})\}?\}?|([\u2460-\u2473])")
_NUMBERS = re.compile(r"\(?\d{1,2}\)?(?:\s?[,;]\s?\(?\d{1,2}\)?){0,19}|(?:\(\d{1,2}\)){1,20}")
_BETWEEN = re.compile(r"and|\\text|[\s,;$\\.\u3001\uff0c{}]")
_LABELLED = re.compile(
    r"\s*\$?\\(?:textbf|mathbf|text|mathrm)\s?\{\s?\(([A-J])\)\s?\}(?:\\[ ,;:]|\\q?quad|[\s~])*(.{0,200}?)\$?\s*"
)


@lru_cache(maxsize=2048)
def listed_labels(text: str, question: Question) -> frozenset[str]:
    r"""The labels in a gold answer like \text{A,C} or \textcircled{1}\textcircled{3}; empty for any other one."""
    circled = _circled(text)
    if circled:
        return circled
    if not ("\\text" in text or question.words & _OF_LETTERS):
        return frozenset()
    bare = plain_text(text)
    return frozenset(re.findall(r"[A-Z]", bare)) if _LETTERS.fullmatch(bare) else frozenset()


def names_labels(gold: frozenset[str], text: str) -> bool | None:
    """Whether an answer names just these labels, in any order; None if it is no list of labels."""
    circled = _circled(text)
    if circled:
        return circled == gold
    bare = plain_text(text).strip(" .")
    letters = all(label.isalpha() for label in gold)
    if letters and (_LETTERS.fullmatch(bare) or _RUN_OF_LETTERS.fullmatch(bare)):
        found = re.findall(r"[A-Z]", bare)
    elif letters and len(bare.strip("()")) == 1:
        found = [bare.strip("()")]
    elif not letters and _NUMBERS.fullmatch(bare):
        found = re.findall(r"\d{1,2}", bare)
    else:
        return None
    return len(found) == len(set(found)) and set(found) == gold


def _circled(text: str) -> frozenset[str]:
    """The numbers of a text that is nothing but circled numbers; empty if there is anything else."""
    if "circled" not in text and text.isascii():
        return frozenset()
    found = [one or str(ord(sign) - 0x245F) for one, sign in _CIRCLED.findall(text)]
    return frozenset(found) if not _BETWEEN.sub("", _CIRCLED.sub("", text)) else frozenset()


def labelled(gold: str) -> tuple[str, str]:
    r"""The letter and the value of a gold answer like \textbf{(B)}\ 2; both empty for any other."""
    found = _LABELLED.fullmatch(gold) if "(" in gold and "{" in gold else None
    return (found.group(1), found.group(2).strip()) if found else ("", "")


def label_verdict(gold: str, answer: str, question: Question) -> Verdict | None:
    r"""Compare labels, where gold answer and answer name choices: A,C and (A), (C); \text{A} and A; None elsewhere."""
    labels = listed_labels(gold, question)
    if labels and (named := names_labels(labels, answer)) is not None:
        return _of_labels(answer, correct=named)
    if question.options:
        return None
    wanted, bare = labelled(gold)[0], plain_text(answer).strip("(). ")
    if wanted and bare == wanted:
        return Verdict(Outcome.CORRECT, answer, f"choice {wanted}", wanted)
    said = labelled(answer)[0]
    if wanted and said and said != wanted:
        return Verdict(Outcome.INCORRECT, answer, f"choice {said}", said)
    letters = not wanted and _LETTER.fullmatch(gold.strip()) and _LETTER.fullmatch(bare)
    return _of_labels(answer, correct=gold.strip() == bare) if letters else None


def without_labels(gold: str, answer: str, question: Question) -> tuple[str, str]:
    r"""Both without the letter before a value, as in \textbf{(B)}\ 2; if the problem has options, the letter alone."""
    label, value = labelled(gold)
    if question.options:
        return label or gold, answer
    return (value or label or gold), (labelled(answer)[1] or answer)


def _of_labels(answer: str, *, correct: bool) -> Verdict:
    outcome = Outcome.CORRECT if correct else Outcome.INCORRECT
    return Verdict(outcome, answer, "the same labels" if correct else "other labels", bare_text(answer))


_LETTER = re.compile(r"[A-Z]")


def is_choice(gold: Reading, question: Question) -> bool:
    """Whether the gold answer is the letter of an option in the problem."""
    return bool(question.options) and letter(gold) in dict(question.options)


def letter(reading: Reading) -> str:
    """The only token of an answer, apart from brackets; empty if there are more."""
    bare = [token.text for token in reading.tokens if token.text not in ("(", ")", ".", "{", "}")]
    return bare[0] if len(bare) == 1 else ""


def choice_verdict(gold: Reading, text: str, question: Question) -> Verdict:
    """Compare with a lettered choice: by its letter, which comes first, or by its text alone."""
    options, right = dict(question.options), letter(gold)
    tokens = [token.text for token in lex(text) if token.text not in ("(", ")", ".", "{", "}", ":")]
    while tokens and (
        tokens[0].lower() in ("option", "choice") or (len(tokens[0]) > 1 and tokens[0].lower() in HARMLESS)
    ):
        tokens = tokens[1:]
    if not tokens:
        return Verdict(Outcome.MALFORMED, text, "no choice")
    if any(word.lower() in HEDGES or word in ("and", ",", ";") for word in tokens[1:2]) or tokens[0].lower() in HEDGES:
        return Verdict(Outcome.MALFORMED, text, "a hedged choice")
    chosen = tokens[0].upper() if len(tokens[0]) == 1 and tokens[0].isalpha() else ""
    if chosen in options and any(token in options and token != chosen for token in tokens[1:]):
        return Verdict(Outcome.MALFORMED, text, "several choices")
    if chosen not in options:
        matches = [label for label, option in options.items() if pack(option) == pack(text).strip(".")]
        chosen = matches[0] if len(matches) == 1 else ""
    if not chosen:
        return Verdict(Outcome.INCORRECT, text, "none of the choices")
    outcome = Outcome.CORRECT if chosen == right else Outcome.INCORRECT
    return Verdict(outcome, text, f"choice {chosen}", chosen)
