"""One verdict for an answer to a question whose gold answer is words."""

import re

from astro.verify.forms.math.answers import Listing, Scalar, Words
from astro.verify.forms.math.canonical import canonical
from astro.verify.forms.math.compare import Judge
from astro.verify.forms.math.lexer import Kind
from astro.verify.forms.math.manners import manner_of
from astro.verify.forms.math.question import Question
from astro.verify.forms.math.reader import Reading, read, read_words
from astro.verify.forms.math.words import HARMLESS, HEDGES, SIDES, phrase, stem
from astro.verify.verdict import Outcome, Verdict


def words_verdict(judge: Judge, gold: Reading, text: str, question: Question) -> Verdict:
    """Compare words; an answer that is a set of numbers can still equal "no solution" or "all real numbers"."""
    reading = read(text, manner_of(question))
    assert isinstance(gold.answer, Words)
    if (isinstance(reading.answer, Words | Scalar) or gold.answer.text in ("yes", "no")) and _says(
        gold.answer, reading, question
    ):
        return Verdict(Outcome.CORRECT, text, "the same words in a sentence", gold.answer.text)
    spoken = [token.text for token in reading.tokens if token.text.isalnum()]
    plain = not any(token.kind is Kind.SYMBOL and token.text in _MATHEMATICAL for token in reading.tokens)
    said = Words(phrase(spoken)) if spoken and plain else reading.answer
    letters = "".join(token.text for token in reading.tokens if token.kind in (Kind.RUN, Kind.NAME, Kind.WORD))
    code = (
        gold.tokens[0].text
        if len(gold.tokens) == 1 and gold.tokens[0].text.isupper() and len(gold.tokens[0].text) > 1
        else ""
    )
    separated = all(token.text in (",", "-", ">") or token.text.isalpha() for token in reading.tokens)
    same = judge.equal(gold.answer, said) or judge.matches(gold.answer, reading.answer)
    if same or (code and separated and len(spoken) in (1, len(code)) and letters == code):
        return Verdict(Outcome.CORRECT, text, "the same words", gold.answer.text)
    return Verdict(Outcome.INCORRECT, text, "different words", canonical(said))


_MATHEMATICAL = frozenset(("+", "*", "/", "=", "^", "!=", "<", "<=", ">=", "|", "!"))


def listed_words_verdict(judge: Judge, gold: Reading, text: str, question: Question) -> Verdict:
    """Compare several words, like "I and III"; "I or III" does not say which."""
    verdicts = frozenset[str]() if question.words & {"false", "incorrect"} else _VERDICTS
    reading = read_words(text, HARMLESS | question.plain | verdicts)
    if (
        isinstance(reading.answer, Listing)
        and reading.answer.joined == "or"
        and getattr(gold.answer, "joined", "") != "or"
    ):
        return Verdict(Outcome.MALFORMED, text, "one of several, and not which")
    if judge.equal(gold.answer, reading.answer):
        return Verdict(Outcome.CORRECT, text, "the same words", canonical(gold.answer))
    return Verdict(Outcome.INCORRECT, text, "different words", canonical(reading.answer))


_VERDICTS = frozenset(("true", "correct", "hold", "valid", "statements", "statement"))


def _says(gold: Words, reading: Reading, question: Question) -> bool:
    """Whether a sentence says the gold words: "It was Maria", "Maria finished second", "No, it is not".

    Words of the problem may surround them, except names, and unless the problem offers alternatives.
    """
    tokens = [token for token in reading.tokens if token.text not in (".", ",", "!")]
    if not all(token.kind in (Kind.WORD, Kind.RUN, Kind.NAME) for token in tokens):
        return False
    said, wanted = [token.text for token in tokens], gold.text.split()
    lowered = [word.lower() for word in said]
    if gold.text == "no" and _NO_NOUN.match(" ".join(token.text for token in reading.tokens).lower()):
        return False
    if gold.text in ("yes", "no") and lowered[:1] == wanted:
        doubts = HEDGES - ({"not"} if gold.text == "no" else set()) | {"yes", "no", "true", "false", "but"}
        return not doubts & set(lowered[1:])
    if any(word in HEDGES - question.plain or word in SIDES for word in lowered if word not in wanted):
        return False
    empty = HARMLESS | _EMPTY | question.plain | (_WINS if question.words & _WINS else frozenset())
    said[0] = lowered[0]  # a sentence begins with a capital
    kept = [stem(word.lower()) for word in said if word.lower() in wanted or word not in empty]
    core = [word for word in wanted if word not in question.plain]  # III is quadrant III where a quadrant is asked for
    return kept == wanted or (core != [] and [word for word in kept if word not in question.plain] == core)


_NO_NOUN = re.compile(r"no (?!it|this|that|the|there|they|he|she|you|we|because|since|as|not|is|are|for|if|in)[a-z]")
_WINS = frozenset(("win", "wins", "won", "winning", "winner"))
_EMPTY = frozenset(
    ("it", "this", "that", "on", "by", "at", "was", "is", "were", "the", "a", "an", "with", "of", "to", "for")
)
