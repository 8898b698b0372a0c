"""Finds the parts of an answer: brackets, separators, names."""

from collections.abc import Sequence
from itertools import pairwise

from astro.verify.forms.math.lexer import Kind, Token
from astro.verify.forms.math.words import HEDGES

MATRICES = frozenset(
    ("pmatrix", "bmatrix", "Bmatrix", "matrix", "smallmatrix", "array", "psmallmatrix", "bsmallmatrix")
)
_ENVIRONMENTS = MATRICES | {"cases", "aligned", "align", "vmatrix", "Vmatrix", "gathered", "split", "equation"}
OPENING = frozenset(("(", "[", "{", "lbrace", "langle", "lfloor", "lceil")) | {f"begin {e}" for e in _ENVIRONMENTS}
CLOSING = frozenset((")", "]", "}", "rbrace", "rangle", "rfloor", "rceil")) | {f"end {e}" for e in _ENVIRONMENTS}
_MARKS = (Kind.SYMBOL, Kind.COMMAND)
_WORDLIKE = (Kind.WORD, Kind.RUN)
_IN_ARGUMENT = frozenset((",", "cap", "cup", "|"))  # P(A | B)
_ARGUMENT = (Kind.NAME, Kind.WORD, Kind.RUN, Kind.NUMBER)


def trim(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """The tokens without enclosing braces and quotes, a leading equals sign, and punctuation at the end."""
    low, high = 0, len(tokens)
    while low < high:
        first, last = tokens[low], tokens[high - 1]
        if last.text in (".", ",", ";", ":", "row") and last.kind is not Kind.WORD:
            high -= 1
        elif first.text in ("=", "Rightarrow", "therefore"):
            low += 1
        elif (first.text == "{" and last.text == "}" and closes(tokens, low) == high - 1) or (
            first.text == last.text and first.text in ("*", "`") and high - low > 1
        ):
            low, high = low + 1, high - 1
        elif first.text in ('"', "'", "`") and high - low > 1:
            low += 1
        elif last.text == '"' and not any(token.text == "'" for token in tokens[low:high]):  # 5'3" are inches
            high -= 1
        else:
            break
    return tuple(tokens[low:high])


def closes(tokens: Sequence[Token], opening: int) -> int:
    """Position of the bracket that closes the one at opening; -1 if none does."""
    depth = 0
    for position in range(opening, len(tokens)):
        token = tokens[position]
        if token.kind is Kind.WORD:
            continue
        if token.text in OPENING:
            depth += 1
        elif token.text in CLOSING:
            depth -= 1
            if depth == 0:
                return position
    return -1


def split(tokens: Sequence[Token], marks: frozenset[str]) -> tuple[list[tuple[Token, ...]], list[str]]:
    """The pieces between marks outside of brackets, and the marks."""
    if not any(text in marks or text.lower() in marks for _, text, _ in tokens):
        return [tuple(tokens)], []
    pieces, found, start, depth = [], [], 0, 0
    for position, (kind, text, _) in enumerate(tokens):
        if kind is not Kind.WORD:
            if text in OPENING:
                depth += 1
            elif text in CLOSING:
                depth -= 1
        if depth == 0 and text.lower() in marks and (kind in _MARKS or (kind in _WORDLIKE and text != "in")):
            pieces.append(tuple(tokens[start:position]))
            found.append(text.lower())
            start = position + 1
    pieces.append(tuple(tokens[start:]))
    return pieces, found


def french(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Rewrite ]a, b[ as (a, b), and any interval whose brackets face outwards."""
    brackets = [n for n, token in enumerate(tokens) if token.text in ("[", "]") and token.kind is Kind.SYMBOL]
    if not brackets or (tokens[brackets[0]].text == "[" and tokens[brackets[-1]].text == "]"):
        return tuple(tokens)
    turned = list(tokens)
    for first, last in pairwise(brackets):
        before = tokens[first - 1].text if first else ""
        inside = tokens[first + 1 : last]
        marks = {token.text for token in inside}
        if before not in _BEFORE_INTERVAL or not marks & {",", ";"} or marks & {"(", ")", "cup", "cap"}:
            continue
        if tokens[first].text == "]":
            turned[first] = turned[first]._replace(text="(")
        if tokens[last].text == "[":
            turned[last] = turned[last]._replace(text=")")
    return tuple(turned)


_BEFORE_INTERVAL = frozenset(("", "cup", "cap", "setminus", "in", "=", "or", ","))


def rows_joined(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Replace line breaks outside of brackets and tables by commas."""
    if not any(token.text == "row" for token in tokens):
        return tokens
    pieces, _ = split(tokens, frozenset(("row",)))
    joined = [token for piece in pieces if piece for token in (*piece, Token(Kind.SYMBOL, ","))]
    return tuple(joined[:-1])


def table_rows(tokens: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    """The lines of a matrix or a system that are not empty."""
    pieces, _ = split(tokens, frozenset(("row",)))
    return [piece for piece in pieces if piece]


def join_groups(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Join 1,234,567 into one number outside of brackets."""
    if not any(token.text in (",", "grouping") for token in tokens):
        return tokens
    joined: list[Token] = []
    depth = position = 0
    while position < len(tokens):
        token = tokens[position]
        depth += token.text in OPENING
        depth -= token.text in CLOSING
        position += 1
        if depth == 0 and token.kind is Kind.NUMBER and token.text.isdigit() and len(token.text) <= 3:
            digits, position = _groups(tokens, position)
            token = token._replace(text=token.text + digits)
        joined.append(token)
    return tuple(joined)


def _groups(tokens: tuple[Token, ...], position: int) -> tuple[str, int]:
    """The groups of three digits from position on, and the position after them."""
    digits = ""
    while position + 1 < len(tokens):
        comma, group = tokens[position], tokens[position + 1]
        whole, _, part = group.text.partition(".")
        if comma.text not in (",", "grouping") or comma.spaced or group.spaced or group.kind is not Kind.NUMBER:
            break
        if len(whole) != 3:
            break
        digits += whole
        position += 2
        if part:
            return f"{digits}.{part}", position
    return digits, position


def without_times(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """A factor without the multiplication sign after it."""
    return tokens[:-1] if tokens[-1].text == "*" else tokens


def name_of(tokens: tuple[Token, ...]) -> str:  # noqa: PLR0911 - one line a case
    """The name on the left of a definition: x, x_1, f(x), (x, y), or a word like Area; else empty."""
    tokens = tuple(token for token in tokens if token.text not in ("{", "}"))
    texts = [token.text for token in tokens]
    if not tokens or len(tokens) > 12:
        return ""
    if texts[0] == "frac" and len(texts) == 3 and texts[1][0] == texts[2][0] == "d" and len(texts[1]) == 2:
        return f"{texts[1][1]}'"  # dy/dx
    if texts[1:4] == ["^", "-", "1"] and tokens[0].kind is Kind.NAME and len(tokens) > 3:
        tokens, texts = (tokens[0], *tokens[4:]), [f"{texts[0]}^-1", *texts[4:]]  # an inverse function
    lettered = all(token.kind in (Kind.WORD, Kind.RUN, Kind.NAME) for token in tokens)
    if lettered and any(token.kind is not Kind.NAME for token in tokens):
        return " ".join(texts) if not any(text.lower() in HEDGES for text in texts) else ""
    if tokens[0].kind is Kind.NAME and tokens[0].text not in ("i", "e"):
        if len(tokens) == 1 or texts[1] in ("_", "'"):
            return "".join(text for text in texts if text not in "{}")
        inside = tokens[2:-1]
        plain = all(t.kind in _ARGUMENT or t.text in _IN_ARGUMENT for t in inside)
        chance = texts[0] in ("P", "E") and closes(tokens, 1) == len(tokens) - 1
        if inside and ((plain and (texts[1], texts[-1]) == ("(", ")")) or chance):
            return "".join(texts)
        return ""
    if texts[0] == texts[-1] == "|" and all(_names_a_set(token) for token in tokens[1:-1]) and len(tokens) > 2:
        return "".join(texts)  # the number of elements of a set
    if texts[0] == "(" and texts[-1] == ")" and len(tokens) > 3:
        inside = tokens[1:-1]
        alternating = all((t.kind is Kind.NAME) == (n % 2 == 0) for n, t in enumerate(inside))
        return "".join(texts).replace(";", ",") if alternating and {*texts[2:-1:2]} in ({","}, {";"}) else ""
    return ""


def _names_a_set(token: Token) -> bool:
    return (token.kind is Kind.NAME and token.text.isupper()) or token.text in ("cup", "cap")


def is_function(tokens: tuple[Token, ...]) -> bool:
    """Whether a name is that of a function with its argument."""
    return len(tokens) > 1 and tokens[1].text == "("


def is_pair(tokens: tuple[Token, ...]) -> bool:
    """Whether tokens are a bracket with a comma in it, and nothing else."""
    if len(tokens) < 5 or tokens[0].text != "(" or closes(tokens, 0) != len(tokens) - 1:
        return False
    return len(split(tokens[1:-1], frozenset((",",)))[1]) > 0
