"""Reads a step or its rewrite: its formulas and what they relate, its numbers, and its words, each with its place."""

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from astro.traces.meaning.lexicon import UNITS, denies, is_unit, stem, vocabulary
from astro.traces.meaning.notation import in_notation
from astro.traces.meaning.nouns import POWERS_OF_UNITS, after_noun, counted, units_after
from astro.traces.meaning.numerals import ORDINALS
from astro.traces.meaning.pieces import Kind, Piece, Reading, Relation
from astro.traces.meaning.plain import CLOSE, OPEN, plain
from astro.traces.meaning.signs import with_signs
from astro.traces.meaning.synonyms import concept
from astro.traces.meaning.terms import is_operand, latex, split, trimmed
from astro.traces.meaning.tokens import (
    ARROWS,
    FUNCTIONS,
    JOINING,
    SIGNS,
    Token,
    is_points,
    is_term_start,
    tokens_of,
    with_numerals,
)
from astro.traces.meaning.wordings import LABELS
from astro.verify.forms.math.normal import Normal, normal_form, number_form

LONGEST = 6_000  # characters that are read of a text; a check refuses longer ones
_LONGEST_RUN = 400  # tokens of a formula
_LIKE_VARIABLES = 3  # letters of a product of variables between dollar signs: "abc"
_ENDS = frozenset(".?;\n")
_NAMED = {
    r"\angle": "angle",
    r"\triangle": "triangle",
    r"\square": "square",
    r"\ldots": "",
    r"\dots": "",
    r"\cdots": "",
}
_COMPOSED = re.compile(r"\b[fghFGH] \( ?[^()]{0,20}\b[fghFGH] \(")
_CASES = vocabulary("case step option method part")
_LITTLE_WORDS = vocabulary(
    "and or is so if the for of to in at by as we it be an on but has let not are was all any per way cm mm km kg ml "
    "ft mi lb lbs oz hr hrs min sec mph"
)
_LABEL_NUMBER = re.compile(r"^[ \t]*(?:#{1,6} )?\**(?:step |case |part )?(\d{1,3})[.):*]", re.IGNORECASE | re.MULTILINE)


@lru_cache(maxsize=2048)  # the problem and the thoughts before a step are read again for each later one
def read(text: str) -> Reading:
    """Read a text. Time is linear in its length, of which at most LONGEST characters are read."""
    text = text[:LONGEST]
    labels = frozenset(Fraction(number) for number in _LABEL_NUMBER.findall(text))
    spelled = plain(text)
    tokens = with_signs(with_numerals(tokens_of(in_notation(spelled.text))))
    return _Assembly(tokens).reading(spelled.code, labels)


class _Assembly:
    """Puts tokens together to terms, relations and words."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._pieces: list[Piece] = []
        self._relations: list[Relation] = []
        self._numbers: set[Fraction] = set()
        self._weak: set[Fraction] = set()
        self._percents: set[Fraction] = set()
        self._signs: set[str] = set()
        self._units: set[tuple[Fraction, str]] = set()

    def reading(self, code: tuple[str, ...], labels: frozenset[Fraction]) -> Reading:
        """The reading of all tokens."""
        run: list[Token] = []
        depth = 0
        for position, token in enumerate(self._tokens):
            if token.kind == "edge":
                if run and not self._continues(run, position):
                    self._close(run)
                    run, depth = [], 0
                continue
            beside = token.value is not None and bool(run) and run[-1].value is not None  # two numbers side by side
            if (beside and not self._is_mixed(position)) or len(run) > _LONGEST_RUN:
                self._close(run)
                run, depth = [], 0
            if self._is_math(position, run, depth):
                depth += (token.text in "([{") - (token.text in ")]}") if len(token.text) == 1 else 0
                run.append(token)
                continue
            if token.kind == "word" and self._is_unit(run, position):
                self._unit(run[-1].value, token.text)
                self._word(token.text, position)  # the formula goes on after it
                continue
            if run and run[-1].text in SIGNS and (token.text in (r"\angle", r"\triangle") or token.text in LABELS):
                self._word(_NAMED.get(token.text, token.text), position)
                continue
            self._close(run)
            run, depth = [], 0
            self._plain(token, position)
        self._close(run)
        words = tuple(piece for piece in self._pieces if piece.kind is Kind.WORD)
        negations = sum(denies(piece.text) for piece in words)
        return Reading(
            tuple(self._pieces),
            tuple(dict.fromkeys(self._relations)),
            frozenset(self._numbers),
            frozenset(self._weak),
            frozenset(self._percents),
            frozenset(self._signs),
            negations,
            code,
            labels,
            words,
            frozenset(self._units | units_after(self._pieces)),
            counted(self._tokens),
        )

    def _is_mixed(self, position: int) -> bool:
        """Whether a number is the numerator of a mixed number: 2 1/2."""
        following = self._next(position)
        return following is not None and following.text == "/"

    def _is_unit(self, run: Sequence[Token], position: int) -> bool:
        """Whether a word between a number and a sign is a unit: 6 ounces + 8 ounces."""
        if not run or not (run[-1].value is not None or run[-1].text in (")", "}", "%")):
            return False
        here = [token for token in self._tokens[position + 1 : position + 10] if token.kind != "edge"]
        while here and here[0].kind == "word" and (here[0].text == "per" or here[0].text in UNITS):
            here = here[2 if here[0].text == "per" else 1 :]  # square miles per hour
        here = list(after_noun(self._tokens[position], here))
        if self._tokens[position].text == "per":
            here = here[1:]
        if len(here) < 2 or here[0].text not in JOINING | {")", "}"}:
            return False
        word = self._tokens[position]
        known = (
            word.texted
            or word.text == "per"
            or self._tokens[position - 1].text == "per"
            or word.text.lower() in UNITS
            or (here[0].text in "+*/=" and here[1].value is not None)
        )
        return known and (here[0].text in ")}" or is_term_start(here[1]) or here[1].inside)

    def _continues(self, run: Sequence[Token], position: int) -> bool:
        """Whether a formula goes on over a mark of mathematics."""
        ahead = range(position + 1, min(position + 4, len(self._tokens)))
        at = next((at for at in ahead if self._tokens[at].kind != "edge"), None)
        if at is None:
            return False
        following = self._tokens[at]
        if following.kind == "word" and self._is_unit(run, at):
            return True
        if sum((token.text == "{") - (token.text == "}") for token in run) > 0:
            return True
        joined = run[-1].text in JOINING or run[-1].kind == "turned"
        return joined or following.text in JOINING - {"_"} or following.kind == "turned"

    def _is_math(self, position: int, run: Sequence[Token], depth: int) -> bool:
        token = self._tokens[position]
        match token.kind:
            case "number" | "ratio" | "turned" | "escaped":
                return True
            case "command":
                return token.text not in ARROWS and token.text not in _NAMED
            case "sign":
                return self._is_sign(position, run)
            case "word":
                return self._is_letters(position, run)
            case "mark":
                return token.text == "," and depth > 0 and self._is_list(position)
            case _:
                return False

    def _is_sign(self, position: int, run: Sequence[Token]) -> bool:
        token, following = self._tokens[position], self._next(position)
        if token.text in ARROWS:
            return False
        if token.text == "-" and not token.inside and following is not None and self._is_hyphen(position, run):
            return False
        if token.text == "!":
            joined = following is not None and following.text in JOINING
            return bool(run) and token.glued and (token.inside or joined)
        if token.text in "([":
            return token.inside or bool(run and token.glued) or self._opens_math(position)
        if token.text in ")]|":
            return token.inside or bool(run)
        return True

    def _is_hyphen(self, position: int, run: Sequence[Token]) -> bool:
        """Whether a minus sign is a hyphen: 3-page, x-axis, length-6."""
        token, following = self._tokens[position], self._tokens[position + 1]
        glued = token.glued and following.glued
        if following.kind == "word":
            return len(following.text) > 1 or not run or (glued and len(run) == 1)
        return glued and not run and position > 0 and self._tokens[position - 1].kind == "word"

    def _opens_math(self, position: int) -> bool:
        """Whether a bracket in prose holds mathematics: no word before it closes."""
        for token in self._tokens[position + 1 : position + 40]:
            if token.text in ")]":
                return True
            if token.kind == "word" and not self._is_formula_word(token):
                return False
            if token.kind == "mark" and token.text not in (",", OPEN, CLOSE):
                return False
        return False

    def _is_formula_word(self, token: Token) -> bool:
        """Whether a word may stand in a formula: a variable, a function, points, a unit."""
        word = token.text
        return len(word) == 1 or word in FUNCTIONS or is_points(word) or word.lower() in UNITS

    def _is_list(self, position: int) -> bool:
        following = self._next(position)
        return following is not None and (is_term_start(following) or following.inside)

    def _is_letters(self, position: int, run: Sequence[Token]) -> bool:
        token, following = self._tokens[position], self._next(position)
        word = token.text
        if word in FUNCTIONS:
            return token.inside or (following is not None and (following.text in "(_^" or following.kind == "number"))
        if len(word) == 1:
            labels = word == "A" and self._tokens[position - 1].kind == "word" and position > 0
            return token.inside or word not in "aAI" or labels or self._is_article_like(token, following, run)
        if is_points(word):
            return True
        short = len(word) <= _LIKE_VARIABLES and word.islower() and word not in _LITTLE_WORDS
        return short and (token.inside or (bool(run) and token.glued and run[-1].kind == "number"))

    def _is_article_like(self, token: Token, following: Token | None, run: Sequence[Token]) -> bool:
        """Whether a letter that may be a word (a, I) is a variable: by a number, sign or bracket beside it."""
        if token.text == "a" and run and token.glued and run[-1].value is not None:
            return True
        article = token.text == "a" and following is not None and following.kind == "word" and len(following.text) > 1
        beside = (run[-1].text if run else "", following.text if following is not None else "")
        return not article and any(text in JOINING or text in ("(", ")") for text in beside)

    def _next(self, position: int) -> Token | None:
        for token in self._tokens[position + 1 : position + 4]:
            if token.kind != "edge":
                return token
        return None

    def _plain(self, token: Token, position: int) -> None:
        text = token.text
        if token.kind == "command":
            said = ARROWS.get(text) or _NAMED.get(text, "")
            if said:
                self._word(said, position)
        elif token.kind in ("verbatim", "grid"):
            tidy = " ".join(text.strip("`").replace("/", " / ").split())
            self._pieces.append(Piece(Kind.TERM, text, ("verbatim", tidy)))
        elif token.kind == "word":
            self._word(text, position)
        elif token.text in ARROWS:
            self._word(ARROWS[token.text], position)
        elif token.kind == "mark" and text != '"':
            self._pieces.append(Piece(Kind.END if text in _ENDS else Kind.BREAK, text))

    def _unit(self, value: Fraction | None, text: str) -> None:
        """Note the unit of the last number of a formula that goes on."""
        before = self._pieces[-1].text if self._pieces else ""
        if value is not None and is_unit(stem(text)) and text not in POWERS_OF_UNITS:
            name = concept(text)
            self._units.add((value, f"{before} {name}" if before in POWERS_OF_UNITS else name))

    def _word(self, text: str, position: int) -> None:
        before = self._pieces[-1] if self._pieces else None
        first = before is None or before.kind is Kind.END
        number = self._next(position)
        ordinal = ORDINALS.get(text.lower(), 0) or (int(text[:-2]) if text[0].isdigit() else 0)
        if ordinal == 2 and before is not None and before.kind is Kind.TERM:
            ordinal = 0  # a second of time
        if text.lower() in _CASES and number is not None and number.value is not None:
            ordinal = int(number.value) if number.value.denominator == 1 and number.value < 100 else 0
        root = stem(text)
        if ordinal and number is not None and number.text.lower() in _CASES:
            root = "case"  # the first case is case 1
        name = text[0].isupper() and not first and len(text) > 1
        self._pieces.append(Piece(Kind.WORD, text, stem=root, name=name, ordinal=ordinal))

    def _close(self, run: list[Token]) -> None:
        """End a formula: split it at its relations."""
        self._signs |= {SIGNS[token.text] for token in run if token.text in SIGNS}
        run = trimmed(run)
        if not any(is_operand(token) for token in run):
            return
        previous = self._pieces[-1] if self._pieces else None
        is_number = len(run) == 1 and run[0].value is not None
        if is_number and previous is not None and previous.ordinal and previous.text.lower() in _CASES:
            return  # the number of a case
        sides, signs = split(run)
        forms = [self._term(side) for side in sides]
        for left, sign, right in zip(forms, signs, forms[1:], strict=False):
            if left and right:
                turned = sign.startswith("~") and len(sign) > 1
                relation = Relation(right, sign[1:], left) if turned else Relation(left, sign, right)
                self._relations.append(relation.ordered())

    def _term(self, side: list[Token]) -> Normal:
        if not side:
            return ()
        firm = True
        numbers: list[Fraction] = []
        for index, token in enumerate(side):
            if token.value is not None:
                (self._numbers if token.firm else self._weak).add(token.value)
                firm = firm and token.firm
                numbers.append(token.value)
                if side[index + 1 : index + 2] and side[index + 1].text in ("%", r"\percent", r"\%"):
                    self._percents.add(token.value)
        text = " ".join(latex(token) for token in side)
        value = side[0].value if len(side) == 1 else None
        if value is not None:
            form = number_form(value)
        else:  # the parser takes f(g(2)) for a product, whose factors may change places
            form = ("tokens", *text.split()) if _COMPOSED.search(text) else normal_form(text)
        if len(side) == 1:
            text = side[0].text
            form = ("text", text) if side[0].kind == "ratio" else form
        if side[0].text == r"\pm" and len(side) > 1:  # it stands for both signs
            plus = " ".join(latex(token) for token in side[1:])
            form = normal_form(plus)
            self._pieces.append(Piece(Kind.TERM, text, normal_form(f"-({plus})"), numbers=tuple(numbers)))
        self._pieces.append(Piece(Kind.TERM, text, form, firm=firm, numbers=tuple(numbers)))
        return form
