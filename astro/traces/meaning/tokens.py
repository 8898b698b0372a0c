"""The tokens of a text in plain spelling, with numbers in words as numbers."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from astro.traces.meaning.lexicon import vocabulary
from astro.traces.meaning.numerals import ORDINALS, numeral_at
from astro.traces.meaning.plain import CLOSE, OPEN, TEXT

_TOKEN = re.compile(
    r"(?P<grid>\d{1,2}(?: \d{1,2}){2,40}(?: ?/ ?\d{1,2}(?: \d{1,2}){2,40}){0,40}(?![\d.,]))"
    r"|(?P<verbatim>`[^`\n]{1,80}`)|(?P<ordinal>\d{1,4}(?:st|nd|rd|th)\b)|(?P<ratio>\d{1,4}:\d{1,4}(?!\d))"
    r"|(?P<number>\d+(?:,\d{3})*(?:\.\d+)?(?!\d)|\.\d+)|(?P<command>\\[a-zA-Z]+)"
    r"|(?P<word>[^\W\d_]+(?:['\u2019][a-z]{1,2}\b)?)|(?P<sign><=|>=|!=|=>|->|==|[-+*/^_=<>()\[\]{}|%!])"
    r"|(?P<mark>[.,;:?\n\"\x01-\x03&]|\.\.\.)|(?P<escaped>\\[{}|%#&_\\])|(?P<other>\S)"
)
_MOST_DIGITS = 300
SIGNS = {
    "=": "=", "==": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!=", r"\le": "<=", r"\leq": "<=",
    r"\leqslant": "<=", r"\ge": ">=", r"\geq": ">=", r"\geqslant": ">=", r"\neq": "!=", r"\ne": "!=", r"\lt": "<",
    r"\gt": ">", r"\approx": "~", r"\equiv": "equiv", r"\in": "in", r"\notin": "notin", r"\subset": "sub",
    r"\subseteq": "sub", r"\supset": "sup", r"\supseteq": "sup", r"\mid": "divides", r"\nmid": "notdivides",
    r"\parallel": "parallel", r"\perp": "perp", r"\cong": "equiv", r"\sim": "sim", r"\propto": "prop",
}  # fmt: skip
ARROWS = {r"\implies": "so", r"\Rightarrow": "so", r"\Longrightarrow": "so", r"\to": "so", r"\rightarrow": "so",
           r"\therefore": "so", r"\iff": "iff", r"\Leftrightarrow": "iff", "=>": "so", "->": "so"}  # fmt: skip
FUNCTIONS = vocabulary("sin cos tan sec csc cot log ln exp gcd lcm max min mod sqrt lim det arcsin arccos arctan")
OPERATORS = frozenset("+-*/^_") | vocabulary(r"\times \cdot \div \pm \mp \cup \cap \setminus \bmod")
JOINING = OPERATORS | set(SIGNS)
_SYMBOLS = vocabulary(r"\theta \alpha \beta \pi \Delta \gamma \lambda \infty")
_NO_POINTS = vocabulary("OK AM PM USD LCM GCD TV")
_LONGEST_NAME = 4  # points: a quadrilateral
_BEFORE_PRONOUN = vocabulary("the this that each every other another no any which") | set(ORDINALS)
_MOST_WORDS = 12  # of a number


class Token(NamedTuple):
    """One token; kind is the group of _TOKEN that it matched, or edge, a border of mathematics."""

    kind: str
    text: str
    inside: bool  # between marks of mathematics
    value: Fraction | None = None
    firm: bool = True
    glued: bool = False  # no space before it
    texted: bool = False  # a word inside mathematics


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text that plain() and in_notation() made."""
    found: list[Token] = []
    inside = texted = False
    last_end = 0
    for match in _TOKEN.finditer(text):
        kind, lexeme = str(match.lastgroup), match[0]
        if lexeme in (OPEN, CLOSE, TEXT):
            inside, texted = lexeme == OPEN, lexeme == TEXT
            found.append(Token("edge", lexeme, inside))
            continue
        if kind == "ordinal":
            found.append(Token("word", lexeme, inside=False))
            last_end = match.end()
            continue
        if lexeme in (r"\degree", r"\circ"):
            kind, lexeme = "word", "degrees"
        if kind == "number" and len(lexeme) > _MOST_DIGITS:
            kind = "verbatim"
        if kind == "word" and is_points(lexeme[:-2]) and lexeme[-1] == "s" and not lexeme[-2].isalnum():
            lexeme = lexeme[:-2]  # triangle ABC's height
        value = Fraction(lexeme.replace(",", "")) if kind == "number" else None
        glued = match.start() == last_end
        found.append(Token(kind, lexeme, inside, value, glued=glued, texted=texted))
        last_end = match.end()
    return found


def with_numerals(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with numbers in words as numbers."""
    words = [token.text.lower() if token.kind == "word" and not token.inside else "" for token in tokens]
    for index, token in enumerate(tokens):  # "twenty-five" is two words
        if token.text == "-" and 0 < index < len(tokens) - 1 and words[index - 1] and words[index + 1]:
            words[index] = "-"
    found: list[Token] = []
    position = 0
    while position < len(tokens):
        numeral = None
        pronoun = words[position] == "one" and position > 0 and words[position - 1] in _BEFORE_PRONOUN
        if words[position] not in ("", "-") and not pronoun:
            near = [
                (at, word) for at, word in enumerate(words[position : position + _MOST_WORDS], position) if word != "-"
            ]
            cut = next((at for at, (_, word) in enumerate(near) if not word), len(near))
            numeral = numeral_at([word for _, word in near[:cut]], 0)
        if numeral is None:
            found.append(tokens[position])
            position += 1
        else:
            end = near[numeral.length - 1][0] + 1
            spelled = " ".join(token.text for token in tokens[position:end])
            found.append(Token("number", spelled, False, numeral.value, numeral.firm))
            position = end
    return found


def is_term_end(token: Token) -> bool:
    """Whether a term may end with a token."""
    return (
        token.kind in ("number", "ratio") or token.text in (")", "]", "}", "!", "%", r"\percent") or _is_variable(token)
    )


def is_term_start(token: Token) -> bool:
    """Whether a term may begin with a token."""
    if token.kind in ("number", "ratio") or token.text in ("(", "[", "-", "|") or _is_variable(token):
        return True
    return token.kind == "command" and token.text not in SIGNS and token.text not in ARROWS


def _is_variable(token: Token) -> bool:
    if token.kind == "command":
        return token.text in _SYMBOLS
    is_letter = len(token.text) == 1 and token.text not in ("a", "I", "A")
    return token.kind == "word" and (is_letter or is_points(token.text))


def is_points(word: str) -> bool:
    """Whether a word is a name of points: AB, PQR."""
    return 1 < len(word) <= _LONGEST_NAME and word.isupper() and word.isascii() and word not in _NO_POINTS
