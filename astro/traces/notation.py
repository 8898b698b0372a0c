r"""Mathematics without a binary operator: \sqrt{5}, -5, 25\pi, 5\%, \binom{5}{2}, (2, 3), "x is not 3".

A rewrite may turn these terms into words or back, so both texts are first converted to one notation. English and LaTeX,
by patterns: what they do not match is not a term, and only the checks of numbers and expressions apply to it.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from astro.tasks.expressions import OPERATORS, TOKEN, respelled, without_labels

_GREEK = "alpha|beta|gamma|delta|epsilon|theta|lambda|mu|pi|rho|sigma|tau|phi|varphi|omega|Delta|Omega|infty"
_FUNCTIONS = "arcsin|arccos|arctan|sin|cos|tan|sec|csc|cot|log|ln|exp|gcd|lcm|sqrt"
_OPENED, _CLOSED = r"(?:\$|\\\()?", r"(?:\$|\\\))?"  # for words between two pieces of LaTeX
_OPERAND = rf"[ \t]{{0,3}}{_OPENED}(?=[-(]?\d|\(|\\[a-zA-Z]|[b-zB-HJ-Z]\b)"
_COUNTED = r"(?:(?<=[\d)}])|(?<=\b[a-z]))"
_IS_NOT = r"\b(?:(?:is|are|was|were|does|do|must|should|could|can)(?: not|n't)|cannot|can't)"
_WORDING = [
    (re.compile(pattern), notation)
    for pattern, notation in (
        (r"\\[dt](?=binom|frac)", r"\\"),
        (r"\\frac(\d)(\d)", r"\\frac{\1}{\2}"),
        (r"-[ \t]?\\frac\{(\w{1,9})\}\{(\w{1,9})\}", r"-\1/\2 "),
        (r"\\ne\b", r"\\neq "),
        (r"\\(?:text|mathrm|operatorname)\{(gcd|lcm)\}", r"\\\1"),
        (r"\b(?:gcd|GCD|greatest common (?:divisor|factor)) of (\d{1,9}) and (\d{1,9})\b", r"\\gcd(\1, \2)"),
        (r"\b(?:lcm|LCM|least common multiple) of (\d{1,9}) and (\d{1,9})\b", r"\\lcm(\1, \2)"),
        (r"\\(?:left|right)(?=[|(\[\])])|\\(?= )", ""),
        (r"\\?%|(?<=\d)[ -]per ?cent\b", r" \\percent "),
        (r"[ \t]?\^[ \t]?(?:\{[ \t]?\\circ[ \t]?\}|\\circ\b)|\u00b0|(?<=\d)[ -]degrees?\b", r" \\degree "),
        (rf"{_COUNTED}!(?!=)(?=[ \t]?(?:[-+*/=^$)\]}},.;:\\\d(]|[a-z]))|{_COUNTED} factorial\b", r" \\factorial "),
        (r"\\overline(?=[ \t]?\{?\d)", r"\\repeating"),
        (r"\|(-?\w{1,9})\|", r"\\abs \1 "),
        (r"\|(?=\S)([^|\n$]{0,40}[^|\n$\s])\|", r"\\abs(\1)"),
        ("\u03c0", r" \\pi "),
        ("\u221a", r"\\sqrt "),
        (rf"\u00b1|\b(?:plus or minus|plus-minus)\b{_OPENED}", r"\\pm "),
        (rf"\bcube roots? of{_OPERAND}", r"\\sqrt[3] "),
        (rf"\b(?:square )?roots? of{_OPERAND}", r"\\sqrt "),
        (rf"\babsolute value of{_OPERAND}", r"\\abs "),
        (rf"\b(sin|cos|tan)(?:e|ine|gent) of{_OPERAND}", r"\\\1 "),
        (rf"(?<![\\a-zA-Z])({_GREEK})\b", r"\\\1"),
        (rf"(?<![\\a-zA-Z])({_FUNCTIONS})(?![a-zA-Z])(?: of\b)?{_OPERAND}", r"\\\1 "),
        (r"\b(\d{1,9}|[a-zA-Z]) choose (\d{1,9}|[a-zA-Z])\b", r"\\binom{\1}{\2}"),
        (rf"{_CLOSED} ?(?:{_IS_NOT}|\bnot)(?: be)? equal(?: to)?\b ?{_OPENED}", " != "),
        (rf"{_CLOSED} ?{_IS_NOT}(?: be| equal)?{_OPERAND}(?![a-zA-Z(])", " != "),
        (rf"{_CLOSED} ?\b(?:minus|negative){_OPERAND}", " -"),
    )
]  # fmt: skip
_PREDICATE = (
    "prime|composite|divisible|integer|even|odd|positive|negative|zero|equal|real|rational|perfect|multiple|factor|"
    "divisor|solution|possible|valid|parallel|perpendicular|congruent|similar|continuous|defined"
)
_DENIED = re.compile(
    rf"(?:\b(?:not|cannot|never|no)|n't)(?: \w{{1,20}}){{0,3}} ({_PREDICATE})s?\b|"
    rf"\b(?:non-?|un|in|im|ir)({_PREDICATE})s?\b",
    re.IGNORECASE,
)
_LATEX = re.compile(r"\$|\\[()\[\]]|-[ \t]?(?=\\frac)")  # the signs of fractions are seen in expressions
_SYMBOLS = frozenset("\\" + name for name in _GREEK.split("|"))
_PREFIXES = frozenset("\\" + name for name in _FUNCTIONS.split("|")) | {
    r"\binom", r"\abs", r"\repeating", r"\lfloor", r"\lceil", r"\pm", "!="
}  # fmt: skip
_BEFORE_SIGN = OPERATORS | _PREFIXES | {"(", "[", ","}
_SUFFIXES = frozenset({r"\percent", r"\degree", r"\factorial"})
_VARIABLES = frozenset("bcdefijknpqrtuvwxyz")  # after a number; other letters may be units or the article
_MOST_PREFIXES, _LONGEST_GROUP = 4, 40  # tokens


class _Token(NamedTuple):
    text: str
    start: int
    end: int


@lru_cache(maxsize=4096)  # as for figures(): every thought is read again for each thought that follows it
def in_notation(text: str) -> str:
    r"""The text with mathematics in words written as LaTeX: "the square root of 5" is \sqrt 5, "minus 5" is -5."""
    for wording, notation in _WORDING:
        text = wording.sub(notation, text)
    return text


@lru_cache(maxsize=4096)
def terms(text: str) -> frozenset[str]:
    r"""The terms of a text in notation: numbers and symbols, each with its sign, functions and marks.

    "-5 or $\sqrt{2}$" has the terms "- 5" and "\sqrt 2", but not "5" or "2". Ordered lists in brackets and denied
    properties ("not prime") are also terms. Time is linear in the length of the text.
    """
    plain = respelled(_LATEX.sub(" ", without_labels(text)))
    tokens = [_Token(found[0], *found.span()) for found in TOKEN.finditer(plain)]
    found = {f"not {(denied[1] or denied[2]).lower()}" for denied in _DENIED.finditer(text)}
    position = 0
    while position < len(tokens):
        if end := _end_of_list(tokens, position):
            found.add(_joined(tokens[position:end]))
        end = _end_of_term(tokens, position)
        term = _joined(tokens[position:end])
        if len(term.split()) > 1 or term in _SYMBOLS or term[:1].isdigit():
            found.add(term)
        position = max(end, position + 1)
    return frozenset(found)


def is_plain(term: str) -> bool:
    """Whether a term is just a number."""
    return term[0].isdigit() and " " not in term


def _joined(tokens: list[_Token]) -> str:
    """One spelling of a term, without parentheses around a single number or symbol."""
    texts: list[str] = []
    for token in tokens:
        texts.append(token.text.replace(",", "") if token.text[0].isdigit() else token.text)
        if texts[-1] == ")" and texts[-3:-2] == ["("]:
            texts[-3:] = [texts[-2]]
    return " ".join(texts)


def _end_of_term(tokens: list[_Token], start: int) -> int:
    """The end of the term that begins at start; start if no term begins there."""
    position, operands = start, 1
    while position < len(tokens) and position - start < _MOST_PREFIXES and _is_prefix(tokens, position):
        operands = 2 if tokens[position].text == r"\binom" else 1
        position = _end_of_indices(tokens, position + 1)
    prefixed = position > start
    for _ in range(operands):
        end = _end_of_operand(tokens, position, grouped=prefixed)
        if end == position:
            return start
        position = end
    while position < len(tokens) and tokens[position].text in _SUFFIXES:
        position += 1
    return position


def _is_prefix(tokens: list[_Token], position: int) -> bool:
    return tokens[position].text in _PREFIXES or (tokens[position].text == "-" and _is_sign(tokens, position))


def _is_sign(tokens: list[_Token], position: int) -> bool:
    """Whether a minus is a sign: after an operator, or in prose, where it may be a dash, right before its number."""
    before = tokens[position - 1].text if position else ""
    if before in _BEFORE_SIGN:
        return True
    is_letter = len(before) == 1 and before.isalpha()
    if is_letter or before in {")", "]"} or before[:1].isdigit() or before[:1] == "\\":
        return False
    return position + 1 < len(tokens) and tokens[position + 1].start == tokens[position].end


def _end_of_indices(tokens: list[_Token], position: int) -> int:
    r"""The position after the indices of a function: the 2 of \log_2 8, the 3 of \sqrt[3]{8}."""
    if position + 2 < len(tokens) and tokens[position].text == "[" and tokens[position + 2].text == "]":
        position += 3
    while position < len(tokens) and tokens[position].text in {"_", "^"}:
        position = max(_end_of_operand(tokens, position + 1, grouped=True), position + 1)
    return position


def _end_of_operand(tokens: list[_Token], position: int, *, grouped: bool) -> int:
    """The position after a number with its variable, a symbol or a letter; after a prefix, also a group or a word."""
    if position >= len(tokens):
        return position
    token, following = tokens[position], tokens[position + 1 : position + 2]
    if token.text[0].isdigit():
        return position + 1 + any(_is_factor(token, factor) for factor in following)
    if token.text == "(" and grouped:
        return _closing(tokens, position) or position
    is_operand = token.text in _SYMBOLS or (token.text.isalpha() and (grouped or len(token.text) == 1))
    return position + is_operand


def _is_factor(number: _Token, token: _Token) -> bool:
    return token.text in _SYMBOLS | _VARIABLES or (token.text == "a" and token.start == number.end)


def _closing(tokens: list[_Token], position: int) -> int:
    """The position after the bracket that closes the one at position; 0 if it is far away or missing."""
    depth = 0
    for index in range(position, min(len(tokens), position + _LONGEST_GROUP)):
        depth += (tokens[index].text in {"(", "["}) - (tokens[index].text in {")", "]"})
        if not depth:
            return index + 1
    return 0


def _end_of_list(tokens: list[_Token], position: int) -> int:
    """The position after a list in brackets (a point or an interval) that begins at position; 0 if none does."""
    end = _closing(tokens, position) if tokens[position].text in {"(", "["} else 0
    inner = [token.text for token in tokens[position + 1 : max(end - 1, 0)]]
    prose = any(text == "\\" or (text.isalpha() and len(text) > 1) for text in inner)
    return end if "," in inner and not prose else 0
