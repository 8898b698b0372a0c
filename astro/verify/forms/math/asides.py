"""Removes what is not part of an answer: the problem's own side of an equation, conditions, remarks."""

from astro.verify.forms.math.lexer import Kind, Token
from astro.verify.forms.math.parser import UNEVALUATED
from astro.verify.forms.math.pieces import split
from astro.verify.forms.math.words import HEDGES


def restates_problem(tokens: tuple[Token, ...]) -> bool:
    """Whether the left side of an equation repeats the problem, and its value follows: an integral, d/dx, a : b."""
    if any(token.kind is Kind.COMMAND and token.text in UNEVALUATED for token in tokens):
        return True
    texts = [token.text for token in tokens[:7] if token.text not in ("{", "}")]
    if len(tokens) > 7 and texts[:2] == ["frac", "d"] and texts[2][:1] == "d" and len(texts[2]) == 2:
        return True
    lettered = Kind.NAME, *((Kind.RUN,) if any(token.text == ":" for token in tokens) else ())  # AP : PB
    return len(tokens) > 2 and all(token.kind in lettered or token.text == ":" for token in tokens)


def without_conditions(pieces: list[tuple[Token, ...]]) -> list[tuple[Token, ...]]:
    """The tokens without "k in Z" or "where n is an integer" after a formula."""
    if len(pieces) < 2:
        return pieces
    last = pieces[-1]
    texts = [token.text.lower() for token in last]
    says = texts[-1] in ("integer", "integers") and texts[0] in ("where", "for", "with")
    numbers = ("mathbbz", "mathbbn", "mathbbr") if texts[0] in ("c", "k") else ("mathbbz", "mathbbn")
    member = len(last) == 3 and texts[1] == "in" and texts[2] in numbers and last[0].kind is Kind.NAME
    names = {token.text for piece in pieces[:-1] for token in piece if token.kind is Kind.NAME}
    return pieces[:-1] if (says or member) and names & {token.text for token in last} else pieces


def without_exclusion(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """A formula without the points where it is undefined: "x + 1, x != 1" or "x + 1 (x != 1)"."""
    cut = next((n for n, token in enumerate(tokens) if token.text == "!="), 0) - 2
    if cut < 1 or tokens[cut + 1].kind is not Kind.NAME or any(token.text == "!=" for token in tokens[cut + 3 :]):
        return tokens
    before, joint = tokens[:cut], tokens[cut].text.lower()
    if joint == "(" and tokens[-1].text != ")":
        return tokens
    if joint not in ("(", ",", ";", "for", "where", "when", "if", "with", "provided") or any(
        token.text in ("<", ">", "<=", ">=", "in", "cup", "mathbbR") for token in before
    ):
        return tokens
    return before if tokens[cut + 1].text in {token.text for token in before} else tokens


def without_quantifier(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """A formula without "for all x in R" after it."""
    cut = next((n for n, token in enumerate(tokens) if token.text in ("forall", "for")), 0)
    if not cut or not any(token.text == "=" for token in tokens[:cut]):
        return tokens
    rest = tokens[cut + 1 :] if tokens[cut].text == "forall" else tokens[cut + 2 :]
    universal = tokens[cut].text == "forall" or (
        tokens[cut].kind is Kind.WORD and bool(rest) and tokens[cut + 1].text in ("all", "every", "each", "any")
    )
    plain = all(
        token.kind in (Kind.NAME, Kind.WORD) or token.text in ("in", ",", "mathbbR", "mathbbN", "mathbbZ", "mathbbQ")
        for token in rest
    )
    if not universal or not plain or any(token.text.lower() in HEDGES for token in rest):
        return tokens
    return tokens[: cut - 1] if tokens[cut - 1].text == "," else tokens[:cut]


def last_step(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    r"""The conclusion of a chain of equations: x = 3 of "2x = 6 \Rightarrow x = 3"."""
    steps, _ = split(tokens, frozenset(("rightarrow",)))
    if len(steps) < 2 or any(token.text in ("or", "and", ",") for token in tokens):
        return tokens
    sides = [split(step, frozenset("="))[0] for step in steps]
    if any(len(parts) < 2 for parts in sides) or any(parts[0] == sides[-1][0] for parts in sides[:-1]):
        return tokens  # x = 2 => x = 3 gives two values
    return steps[-1]


def residue(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    r"""The 2 of "5^{100} \equiv 2 \pmod 7"."""
    said, _ = split(tokens, frozenset(("equiv",)))
    last = said[-1]
    cut = next((n for n, token in enumerate(last) if token.text in ("mod", "pmod", "bmod")), 0)
    if not cut or not any(token.kind is Kind.NUMBER for token in last[cut + 1 :]):
        return tokens
    return last[: cut - 1] if last[cut - 1].text == "(" else last[:cut]


def without_remark(tokens: tuple[Token, ...], words: frozenset[str] | None = None) -> tuple[Token, ...]:
    """Without words in brackets at the end: 5:8 (cats to dogs); if words are given, only without these."""
    opening = next((n for n, token in enumerate(tokens) if token.text == "("), 0)
    inside = tokens[opening + 1 : -1]
    if not opening or not inside or tokens[-1].text != ")" or any(token.kind is not Kind.WORD for token in inside):
        return tokens
    said = {token.text.lower() for token in inside}
    return tokens[:opening] if not said & HEDGES and (words is None or said <= words) else tokens


def is_prose(tokens: tuple[Token, ...]) -> bool:
    """Whether tokens are words whose commas do not separate the entries of a list."""
    return all(
        token.kind in (Kind.WORD, Kind.RUN) or token.text in (",", ".", "'", "-") for token in tokens
    ) and not any(token.text.lower() in ("or", "and", ",") for token in tokens)
