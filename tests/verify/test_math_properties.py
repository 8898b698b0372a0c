"""What must hold for every number, every writing of it, and every string."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from astro.records.problem import Problem
from astro.verify import Outcome, VerifyConfig, extract
from astro.verify.forms.math import settle, verify

CONFIG = VerifyConfig()
integers = st.integers(-(10**12), 10**12)
fractions = st.fractions(max_denominator=10**6)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**6), max_value=10**6)


def outcome(gold, response):
    extraction = extract(response)
    if extraction.outcome is not None:
        return extraction.outcome
    problem = Problem("p", "Compute the value.", gold, "math")
    return (verify(problem, extraction, CONFIG) or settle(problem, extraction, CONFIG)).outcome


def is_correct(gold, answer):
    return outcome(gold, f"So it is $\\boxed{{{answer}}}$.") is Outcome.CORRECT


def latex(value, command="\\frac"):
    sign = "-" if value < 0 else ""
    return f"{sign}{command}{{{abs(value.numerator)}}}{{{value.denominator}}}"


@st.composite
def spaced(draw, text):
    """The text with spaces and thin spaces between its tokens."""
    return "".join(piece + draw(st.sampled_from(["", " ", "\\,", "  "])) for piece in text)


@given(fractions, st.sampled_from(["\\frac", "\\dfrac", "\\tfrac", "\\cfrac"]), st.integers(1, 50))
def test_a_fraction_may_be_written_in_any_way(value, command, factor):
    """The command, a common factor, a slash and brackets with left and right change nothing."""
    gold = latex(value)
    widened = f"{'-' if value < 0 else ''}{command}{{{abs(value.numerator) * factor}}}{{{value.denominator * factor}}}"
    assert is_correct(gold, widened)
    assert is_correct(gold, f"\\left({latex(value, command)}\\right)")
    assert is_correct(gold, f"{value.numerator}/{value.denominator}")


@given(decimals, st.integers(0, 6))
def test_trailing_zeros_change_nothing(value, zeros):
    """A decimal with more zeros behind its last digit is the same number."""
    assert is_correct(f"{value:f}", f"{value:f}" + "0" * zeros)


@given(st.integers(1000, 10**15), st.sampled_from([",", "{,}", "\\,", ",\\!", " ", "~"]))
def test_thousands_separators_change_nothing(value, separator):
    """Digits in groups of three are the same number."""
    assert is_correct(str(value), f"{value:,}".replace(",", separator))


@given(st.sets(integers, min_size=2, max_size=6), st.randoms())
def test_the_order_of_a_set_is_free(values, rng):
    """A set in any order, with or without braces, is the same set; one element changed is another set."""
    gold = ", ".join(map(str, sorted(values)))
    shuffled = list(values)
    rng.shuffle(shuffled)
    assert is_correct(f"\\{{{gold}\\}}", f"\\left\\{{{', '.join(map(str, shuffled))}\\right\\}}")
    assert is_correct(f"\\{{{gold}\\}}", ", ".join(map(str, shuffled)))
    shuffled[0] = max(values) + 1
    assert not is_correct(f"\\{{{gold}\\}}", ", ".join(map(str, shuffled)))


@given(st.lists(integers, min_size=2, max_size=4))
def test_the_order_of_a_tuple_counts(values):
    """A tuple equals itself with other brackets' sizes and not its reverse, unless that is the same."""
    gold = f"({','.join(map(str, values))})"
    assert is_correct(gold, f"\\left({' , '.join(map(str, values))}\\right)")
    backwards = f"({','.join(map(str, reversed(values)))})"
    assert is_correct(gold, backwards) == (values == values[::-1])


@given(st.data(), st.integers(1, 10**9), st.integers(2, 10**6))
def test_spaces_change_nothing(data, value, radicand):
    """Spaces between the tokens of an expression carry no meaning."""
    tokens = [str(value), "\\sqrt{", str(radicand), "}", "+", "x", "^", "{", "2", "}"]
    assert is_correct("".join(tokens), data.draw(spaced(tokens)))


@given(st.data(), decimals)
def test_any_changed_digit_is_wrong(data, value):
    """A number with one digit changed is another number."""
    text = f"{value:f}"
    places = [index for index, character in enumerate(text) if character.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[place]]))
    changed = text[:place] + digit + text[place + 1 :]
    assert is_correct(text, changed) == (Fraction(text) == Fraction(changed))


@given(
    st.data(), st.sampled_from([r"12\sqrt{345}", "678x^2+9x+12", r"\frac{34\pi}{56}", r"(78,\infty)", r"90\ln 12 + 3e"])
)
def test_any_changed_digit_of_an_expression_is_wrong(data, gold):
    """An expression with one digit of a number changed is another expression."""
    places = [index for index, character in enumerate(gold) if character.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "123456789" if d != gold[place]]))
    assert not is_correct(gold, gold[:place] + digit + gold[place + 1 :])


SOUP = r"""
\frac \sqrt \left( \right) { } ( ) [ ] \{ \} ^ _ + - * / = < > , ; : . ! | % & \\ $ 1 23 0.5 1,234 x n i e \pi \infty
\cup \pm \le \ne \in \text{ \text{cm} \text{or} \begin{pmatrix} \end{pmatrix} \log \sin ^\circ \binom \over \sum \to
\ldots \overline \mid \mathbb{R} \setminus \approx and or cm 3:45 9^{9^{9}} !! \boxed{ <answer> </think> not five
"""
PIECES = st.sampled_from(SOUP.split())


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=14), st.booleans())
def test_no_soup_of_latex_raises_or_wins(pieces, joined):
    """Any sequence of LaTeX pieces gets a verdict, and never the reward of a random gold answer."""
    response = ("" if joined else " ").join(pieces)
    assert outcome("7919.0625", f"\\boxed{{{response}}}") is not Outcome.CORRECT
    outcome(response, "\\boxed{42}")


@settings(max_examples=400)
@given(st.text(max_size=60))
def test_no_text_raises_or_wins(text):
    """Any Unicode text gets a verdict, inside a box and outside."""
    for response in (text, f"\\boxed{{{text}}}", f"The answer is {text}"):
        assert outcome("7919.0625", response) is not Outcome.CORRECT
