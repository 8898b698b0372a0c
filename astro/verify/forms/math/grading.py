"""One verdict for one answer to a mathematics problem."""

import re
from dataclasses import replace
from fractions import Fraction

from astro.verify.extraction import Extraction, extract
from astro.verify.forms.math import symbolic
from astro.verify.forms.math.answers import (
    Answer,
    Interval,
    Listing,
    Matrix,
    Named,
    Numeral,
    Ordered,
    Scalar,
    Values,
    Words,
    scalars,
)
from astro.verify.forms.math.canonical import canonical
from astro.verify.forms.math.choices import choice_verdict, is_choice, label_verdict, without_labels
from astro.verify.forms.math.compare import Judge
from astro.verify.forms.math.demands import refusal
from astro.verify.forms.math.effort import ALLOWANCE, TooCostlyError, allowance
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Call, Expression, Num, Quotient, Sum, variables
from astro.verify.forms.math.golds import as_said, read_gold, refuse_vectors, tolerance_of
from astro.verify.forms.math.identity import bare_text, written_alike
from astro.verify.forms.math.lexer import MAX_CHARACTERS, Kind
from astro.verify.forms.math.manners import manner_of
from astro.verify.forms.math.question import Question, read_question
from astro.verify.forms.math.reader import Reading, read
from astro.verify.forms.math.regional import regional
from astro.verify.forms.math.restated import says_once
from astro.verify.forms.math.sentences import concluded
from astro.verify.forms.math.values import exact, numeric
from astro.verify.forms.math.vectors import in_components
from astro.verify.forms.math.wordings import listed_words_verdict, words_verdict
from astro.verify.forms.math.words import HEDGES
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict


def read_response(response: str, config: VerifyConfig) -> Extraction:
    r"""The final answer; the content of a box that is only a part of a formula is not one.

    Backslashes that are doubled throughout are single ones, and "13 + 2, or [15]" gives one answer.
    """
    if "\\\\" in response and _DOUBLED.search(response) and not _SINGLE.search(response):
        response = response.replace("\\\\", "\\")
    found = extract(response, config.answer_format, statements=config.statements, alone=True)
    if found.answer is None and found.parts and says_once(found.parts):
        return Extraction(found.parts[-1], "marked")
    return found


_DOUBLED = re.compile(r"\\\\[a-zA-Z]{2}")
_SINGLE = re.compile(r"(?<!\\)\\(?:\\\\){0,50}(?!\\)")


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict | None:
    """Grade the answer to a mathematics problem, or return None to leave a long or costly one to a worker."""
    answer = extraction.answer or ""
    if _WHOLE.fullmatch(answer) and (verdict := _of_whole_numbers(problem, extraction, config)):
        return verdict
    if len(answer) > MAX_CHARACTERS:
        return as_written(problem.answer, answer) or Verdict(
            Outcome.MALFORMED, answer[:200], f"the answer has {len(answer)} characters"
        )
    if len(answer) + len(problem.answer) > _QUICK_CHARACTERS:
        return None
    try:
        with allowance(ALLOWANCE):
            return _decided(problem, extraction, config)
    except (TooCostlyError, *_LIBRARY_ERRORS):  # in a worker, this error becomes a counted outcome
        return None


def _of_whole_numbers(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict | None:
    """A shortcut for the most common answers: two whole numbers in their usual notation; None for any others."""
    gold, answer = problem.answer, extraction.answer or ""
    if extraction.parts or config.tolerance or "tolerance" in problem.metadata or not _WHOLE.fullmatch(gold):
        return None
    if gold == answer:
        return Verdict(Outcome.CORRECT, answer, "written like the gold answer", answer)
    return Verdict(Outcome.INCORRECT, answer, "a different answer", answer)


_WHOLE = re.compile(r"-?[1-9][0-9]{0,14}|0")
_QUICK_CHARACTERS = 600
_LIBRARY_ERRORS = (ArithmeticError, ValueError, RecursionError)  # that mpmath raises on unforeseen values


def warm() -> None:
    """Import what irrational answers need. Few answers need sympy, so a worker imports it only then."""
    numeric(Call("sin", (Num(Fraction(1)),)), 30, {})


def second_opinion(problem: Subject, extraction: Extraction, config: VerifyConfig) -> bool | None:  # noqa: ARG001
    """Whether sympy finds a number or formula equal to the gold one; None for other kinds, or if it cannot tell."""
    question = read_question(problem.prompt)
    try:
        gold = read_gold(problem.answer, question)
        answer = _read_answer(extraction.answer or "", gold, question).answer
    except UnreadableError:
        return None
    one, other = (side.value if isinstance(side, Named) else side for side in (gold.answer, answer))
    if not isinstance(one, Scalar) or not isinstance(other, Scalar) or (one.unit, one.percent) != (None, False):
        return None
    if (other.unit, other.percent) != (None, False):
        return None
    return symbolic.equal(one.expression, other.expression, positive=question.positive)


def settle(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:
    """Grade without an allowance, in a worker, whose time is limited."""
    answer = extraction.answer or ""
    if answer.strip() == problem.answer.strip() and (verdict := as_written(problem.answer, answer)):
        return verdict  # it may be too costly to read
    return _decided(problem, extraction, config)


def _decided(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:
    answer = extraction.answer or ""
    question = read_question(problem.prompt)
    verdict = label_verdict(problem.answer, answer, question)
    if verdict is not None:
        return verdict
    gold_text, answer_text = without_labels(problem.answer, answer, question)
    try:
        gold = read_gold(gold_text, question)
    except UnreadableError as error:
        return as_written(problem.answer, answer) or Verdict(
            Outcome.ERROR, answer, f"the gold answer cannot be read: {error}"
        )
    try:
        bare = extraction if answer_text == answer else replace(extraction, answer=answer_text)
        verdict = _grade(problem, gold_text, gold, bare, question, config)
    except UnreadableError as error:
        verdict = Verdict(Outcome.MALFORMED, answer, str(error))
    verdict = replace(verdict, answer=answer) if verdict.answer != answer else verdict
    if not verdict.correct and answer.strip() == problem.answer.strip():
        return as_written(problem.answer, answer) or verdict
    return verdict


def as_written(gold: str, answer: str) -> Verdict | None:
    """CORRECT for an answer that is written like the gold one, whatever it is; else None."""
    if not written_alike(gold, answer):
        return None
    return Verdict(Outcome.CORRECT, answer, "written like the gold answer", bare_text(answer))


_INDEXED = re.compile(r"\\in\s?\\(?:mathbb\s?\{?)?Z|\binteger")


def _grade(  # noqa: PLR0911, PLR0917 - one line a case
    problem: Subject, gold_text: str, gold: Reading, extraction: Extraction, question: Question, config: VerifyConfig
) -> Verdict:
    answer_text = concluded(extraction.answer or "", question.words)
    if _INDEXED.search(gold_text):
        question = question.numbered()
    judge = Judge(question, tolerance_of(problem, gold_text, config))
    if extraction.parts and not isinstance(gold.answer, Listing | Ordered | Values):
        return _parts(judge, gold, extraction, question)
    if is_choice(gold, question):
        return choice_verdict(gold, extraction.answer or "", question)
    answer_text = in_components(answer_text) if isinstance(gold.answer, Ordered | Matrix) else answer_text
    if isinstance(gold.answer, Words):
        return words_verdict(judge, gold, answer_text, question)
    if isinstance(gold.answer, Listing) and all(isinstance(entry, Words) for entry in gold.answer.entries):
        return listed_words_verdict(judge, gold, answer_text, question)
    reading = _reading(judge, gold, answer_text, question)
    if answer_text.strip() == gold_text.strip():
        return Verdict(Outcome.CORRECT, answer_text, "written like the gold answer", canonical(as_said(reading).answer))
    if not _equal(judge, gold, reading, gold_text, answer_text) and not _rounds_to(judge, gold, reading, answer_text):
        return Verdict(Outcome.INCORRECT, answer_text, "a different answer", canonical(as_said(reading).answer))
    refused = refusal(question, gold, reading, gold_text, answer_text, echo=config.echo)
    if refused:
        return Verdict(Outcome.INCORRECT, answer_text, refused, canonical(as_said(reading).answer))
    return Verdict(Outcome.CORRECT, answer_text, "equal to the gold answer", canonical(as_said(reading).answer))


def _rounds_to(judge: Judge, gold: Reading, reading: Reading, text: str) -> bool:
    r"""Whether the gold answer is the rounded end of 5\sqrt{2} \approx 7.1, where the problem asks to round."""
    if not judge.question.approximate or not _APPROXIMATELY.search(text):
        return False
    name, exactly = ("", reading.answer) if not isinstance(reading.answer, Named) else _named_value(reading.answer)
    rounded = _APPROXIMATELY.split(text)[-1]
    if not rounded.strip() or not isinstance(exactly, Scalar) or exactly.approximate:
        return False
    found = _read_answer(rounded, gold, judge.question).answer
    return judge.matches(gold.answer, Named(name, found) if name else found)


def _named_value(answer: Named) -> tuple[str, Answer]:
    return answer.name, answer.value


_APPROXIMATELY = re.compile(r"\\approx(?![a-z])|\u2248")


def _reading(judge: Judge, gold: Reading, text: str, question: Question) -> Reading:
    """Read an answer; if the usual reading is not the gold answer, try the number formats of other countries."""
    written = regional(text) if isinstance(gold.answer, Scalar) else text
    if written == text:
        return _read_answer(text, gold, question)
    try:
        reading = _read_answer(text, gold, question)
    except UnreadableError:
        return _read_answer(written, gold, question)
    if judge.matches(gold.answer, reading.answer):
        return reading
    try:
        other = _read_answer(written, gold, question)
    except UnreadableError:
        return reading
    return other if judge.matches(gold.answer, other.answer) else reading


def _read_answer(text: str, gold: Reading, question: Question) -> Reading:
    """Read an answer; single letters may be units if the gold answer has one in words."""
    refuse_vectors(text)
    unit = gold.answer.unit if isinstance(gold.answer, Scalar) else None
    measured = bool(unit and unit.dimensions) or (
        not _has_letters(gold) and bool(question.unit or (question.letters and _ends_in_unit(text, question.letters)))
    )
    sets = isinstance(gold.answer, Interval | Ordered) or (
        isinstance(gold.answer, Listing) and isinstance(gold.answer.entries[0], Ordered)
    )
    symbols = (
        frozenset[str]() if measured else frozenset(name for part in scalars(gold.answer) for name in variables(part))
    )
    known = question.words - (HEDGES - {"more", "fewer", "less"}.intersection(question.counted[:1]))
    manner = manner_of(question, letters=measured, known=known, sets=sets, symbols=symbols)
    reading = read(text, manner)
    return as_said(reading) if sets else reading  # all real numbers, outside of \text{}


def _ends_in_unit(text: str, letters: frozenset[str]) -> bool:
    """Whether a text ends in one of the letters that are units in the problem, perhaps squared."""
    found = _LAST_LETTER.search(text)
    return found is not None and found.group(1) in letters


_LAST_LETTER = re.compile(r"([a-zA-Z])(?:\s?\^\s?\{?[23]\}?)?[\s}$.]{0,4}\Z")


def _has_letters(reading: Reading) -> bool:
    return any(token.kind is Kind.NAME for token in reading.tokens)


def _equal(judge: Judge, gold: Reading, answer: Reading, gold_text: str, answer_text: str) -> bool:
    """Compare; where 1,234 may be one number or two, the reading that suits the other side counts."""
    if judge.equal(gold.answer, answer.answer):
        return True
    if isinstance(gold.answer, Numeral) and gold.answer.base > 10:
        digits = "".join(token.text for token in answer.tokens).upper()
        return digits.removeprefix("0X" if gold.answer.base == 16 else "") == gold.answer.digits
    if _THREES.fullmatch(gold_text.strip()) and "," in answer_text:  # 100,200,300 is more likely a list
        plain = manner_of(judge.question, grouping=False)
        return judge.equal(read(gold_text, plain).answer, read(answer_text, plain).answer)
    lists = isinstance(gold.answer, Listing), isinstance(answer.answer, Listing | Ordered)
    if lists == (True, False) and "," in answer_text:
        return judge.equal(gold.answer, read(answer_text, manner_of(judge.question, grouping=False)).answer)
    if lists == (False, True) and "," in gold_text and isinstance(gold.answer, Scalar):
        return judge.equal(read(gold_text, manner_of(judge.question, grouping=False)).answer, answer.answer)
    return isinstance(gold.answer, Scalar) and _spaced_or_comma(judge, gold.answer, answer)


_THREES = re.compile(r"[1-9]\d\d(?:,\d{3}){1,30}")


def _spaced_or_comma(judge: Judge, gold: Scalar, answer: Reading) -> bool:
    """1, 234, 567 for 1234567, the decimal comma of 0,5 for 0.5, and 2 and 1/2 for 5/2."""
    if isinstance(answer.answer, Listing) and answer.answer.joined == "and" and len(answer.answer.entries) == 2:
        whole, part = answer.answer.entries
        if isinstance(whole, Scalar) and isinstance(part, Scalar) and _is_mixed(whole.expression, part.expression):
            return judge.equal(gold, Scalar(Sum((whole.expression, part.expression)), part.unit))
    texts = [token.text for token in answer.tokens]
    numbers, commas = texts[::2], texts[1::2]
    if len(texts) % 2 == 0 or set(commas) != {","} or not all(text.isdigit() for text in numbers):
        return False
    if len(numbers) > 2 and len(numbers[0]) < 4 and all(len(text) == 3 for text in numbers[1:]):
        joined = "".join(numbers)
    elif len(numbers) == 2 and len(numbers[1]) != 3 and not answer.tokens[2].spaced:
        joined = ".".join(numbers)
    else:
        return False
    return judge.equal(gold, read(joined, manner_of(judge.question)).answer)


def _is_mixed(whole: Expression, part: Expression) -> bool:
    """Whether a whole number and a fraction below one follow each other."""
    if not isinstance(whole, Num) or whole.value.denominator != 1 or whole.value < 1:
        return False
    return isinstance(part, Quotient) and 0 < (exact(part) or 0) < 1


def _parts(judge: Judge, gold: Reading, extraction: Extraction, question: Question) -> Verdict:
    """Compare several boxes with a single gold answer: each of them must be it."""
    for part in extraction.parts:
        if not judge.equal(gold.answer, _read_answer(part, gold, question).answer):
            return Verdict(Outcome.MALFORMED, extraction.answer, "several different answers")
    return Verdict(Outcome.CORRECT, extraction.answer, "the same answer several times", canonical(gold.answer))
