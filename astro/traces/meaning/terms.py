"""Formulas as runs of tokens: trimmed, split at their relations, and spelled for the reader of mathematics."""

from collections.abc import Sequence

from astro.traces.meaning.tokens import FUNCTIONS, JOINING, OPERATORS, SIGNS, Token, is_points

_SPELLING = {
    r"\percent": r"\%", r"\factorial": "!", r"\degree": r"^\circ", "%": r"\%", r"\repeating": r"\overline",
}  # fmt: skip
_NOT_FIRST = OPERATORS - {"-", r"\pm"}
_NO_OPERAND = (r"\frac", r"\dfrac", r"\tfrac", r"\sqrt")


def latex(token: Token) -> str:
    """A token as the reader of mathematics expects it."""
    if token.value is not None and not token.text[0].isdigit() and token.text[0] != ".":
        return str(token.value) if token.value.denominator == 1 else f"({token.value})"
    if token.kind == "word" and len(token.text) > 1 and is_points(token.text):
        return f"N_{{{token.text}}}"
    if token.kind == "word" and token.text in FUNCTIONS:
        return f"\\{token.text}"
    return _SPELLING.get(token.text, token.text)


def is_operand(token: Token) -> bool:
    """Whether a token is something that a formula can be about."""
    if token.kind in ("number", "ratio", "word"):
        return True
    return token.text.startswith("\\") and token.text not in JOINING and token.text not in _NO_OPERAND


def trimmed(run: list[Token]) -> list[Token]:
    """The formula without operators and unmatched brackets at its ends."""
    start, end = 0, len(run)
    while start < end and (run[start].text in _NOT_FIRST or run[start].text in (")", "]", "}", ",", "!")):
        start += 1
    while start < end and (run[end - 1].text in OPERATORS or run[end - 1].text in ("(", "[", "{", ",", "|", "_")):
        end -= 1
    run = run[start:end]
    for opening, closing in (("(", ")"), ("[", "]"), ("{", "}"), (r"\{", r"\}")):
        surplus = sum(token.text == opening for token in run) - sum(token.text == closing for token in run)
        if abs(surplus) == 1 and run:
            if surplus > 0 and run[0].text == opening:
                run = run[1:]
            elif surplus < 0 and run[-1].text == closing:
                run = run[:-1]
    return run


def split(run: Sequence[Token]) -> tuple[list[list[Token]], list[str]]:
    """The sides of a formula and the relations between them."""
    sides: list[list[Token]] = [[]]
    signs: list[str] = []
    depth = 0
    for token in run:
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        sign = SIGNS.get(token.text)
        if token.kind == "turned":
            sign = "~divides" if token.text == "rmid" else "~notdivides"
        if sign is not None and depth <= 0:
            signs.append(sign)
            sides.append([])
        else:
            sides[-1].append(token)
    return sides, signs
