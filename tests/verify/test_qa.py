"""Questions: exact match after normalisation, token F1."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.records.problem import Problem
from astro.verify import Extraction, Outcome, VerifyConfig
from astro.verify.forms import qa


def outcome(answer, *golds, parts=()):
    problem = Problem("q", "", json.dumps(list(golds)), "qa")
    return qa.verify(problem, Extraction(answer, "tag", None, parts), VerifyConfig()).outcome


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        *[
            ("paris", "Paris"),
            ("The Paris", "Paris"),
            ("Paris.", "Paris"),
            ('"Paris"', "Paris"),
            (r"\text{Paris}", "Paris"),
        ],
        *[("the U.S.A.", "USA"), ("J. R. R. Tolkien", "JRR Tolkien"), ("Dr. Who", "Dr Who"), ("O’Brien", "O'Brien")],  # noqa: RUF001
        *[("1,000", "1000"), ("−5", "-5"), ("+5", "5"), (r"50\%", "50%"), ("10²", "10^2"), ("3.5.", "3.5")],  # noqa: RUF001
        *[("e-mail", "email"), ("Jean-Luc", "Jean Luc"), ("rock & roll", "rock and roll"), ("Ｐａｒｉｓ", "Paris")],  # noqa: RUF001
        *[("Beyonce", "Beyoncé"), ("The The", "The The"), ("AC/DC", "AC/DC"), ("C++", "c++"), ("1914–18", "1914-18")],  # noqa: RUF001
    ],
)
def test_same(answer, gold):
    """Case, articles, punctuation, accents and typography do not matter."""
    assert outcome(answer, gold) is Outcome.CORRECT


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        *[
            ("5", "-5"),
            ("35", "3.5"),
            ("50", "50%"),
            ("C", "C++"),
            ("C", "C#"),
            ("102", "10²"),
            ("A", "A-"),
            ("O-", "O+"),
        ],
        *[("Parisian", "Paris"), ("Paris, Texas", "Paris"), ("Paris or London", "Paris"), ("not Paris", "Paris")],
        *[("vitamin", "vitamin A"), ("the", "The The"), ("x<5", "x>5"), ("3:30", "330"), ("Paris Paris", "Paris")],
    ],
)
def test_different(answer, gold):
    """Signs, points, symbols and words that tell two answers apart stay."""
    assert outcome(answer, gold) is Outcome.INCORRECT


def test_any_accepted_answer_counts():
    """The gold is a list of accepted answers."""
    assert outcome("America", "United States", "USA", "America") is Outcome.CORRECT


def test_nothing_is_no_answer():
    """An answer without a word matches no gold, not even one made of articles or signs."""
    assert outcome("...", "The The") is Outcome.MALFORMED
    assert outcome("", "the") is Outcome.MALFORMED


def test_several_answers_are_refused():
    """Several different final answers are not one answer, though one of them is right."""
    assert outcome("Paris, London", "Paris", parts=("Paris", "London")) is Outcome.MALFORMED


def test_gold_without_a_word_is_an_error():
    """A gold of punctuation alone cannot be matched."""
    assert outcome("Paris", "!!!") is Outcome.ERROR
    assert qa.check_gold(Problem("q", "", "!!!", "qa"))


def test_plain_text_is_one_accepted_answer():
    """A gold that is not a JSON list of texts is itself the answer, brackets and all."""
    assert qa.accepted("[citation needed]") == ["[citation needed]"]
    assert qa.accepted('["a", "b"]') == ["a", "b"]
    assert qa.accepted("[[1, 2]]") == ["[[1, 2]]"]


def test_token_f1():
    """Two of three gold tokens, no wrong one: precision 1, recall 2/3, F1 = 4/5."""
    assert qa.token_f1("New York", "New York City") == pytest.approx(4 / 5)
    assert qa.token_f1("London", "Paris") == 0.0
    assert qa.token_f1("", "Paris") == 0.0


@given(st.text(max_size=80))
def test_normalisation_is_stable(text):
    """Normalising never raises, and what is normal stays so (but for an escaped sign, unescaped once)."""
    normal = qa.normalize(text)
    assert "\\" in text or qa.normalize(normal) == normal
