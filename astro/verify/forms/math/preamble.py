"""Removes what precedes an answer without changing it: headings, "the answer is", the word for a sign."""

from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.lexer import Kind, Token
from astro.verify.forms.math.words import HARMLESS, HEDGES, SIDES

RELATIONS = frozenset(("=", "<", ">", "<=", ">=", "!=", "in", "notin", "approx"))


def after_heading(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens without a heading of a few words, as in "Domain: [0, 5)"."""
    for position, token in enumerate(tokens[:6]):
        if token.text == ":" and 0 < position < len(tokens) - 1:
            heading = [each.text.lower() for each in tokens[:position]]
            return tokens if any(word in HEDGES or word in SIDES for word in heading) else tokens[position + 1 :]
        if token.kind is not Kind.WORD:
            break
    return tokens


def with_sign(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Replace the word of "negative infinity" by a sign."""
    if len(tokens) == 2 and tokens[1].text == "infty" and tokens[0].kind is Kind.WORD:
        sign = {"negative": "-", "minus": "-", "positive": "+", "plus": "+"}.get(tokens[0].text.lower())
        if sign:
            return (Token(Kind.SYMBOL, sign), tokens[1])
    return tokens


def without_lead(tokens: tuple[Token, ...], known: frozenset[str] = frozenset()) -> tuple[Token, ...]:
    """Drop the words of "there are 42" or "the answer is 42". Raises UnreadableError for "about 42", "not 42".

    known: words of the problem, which may also precede an answer.
    """
    tokens = _with_equals_sign(_without_sentence(tokens))
    end = 0
    while end < len(tokens) and (
        tokens[end].kind is Kind.WORD or tokens[end].text in (":", ",") or tokens[end].text.lower() in _CODES
    ):
        end += 1
    if end == len(tokens) or end == 0 or tokens[end].kind is Kind.RUN:
        return tokens
    if tokens[end].text == "-" and tokens[end + 1 : end + 2] and tokens[end + 1].kind is Kind.WORD:
        return tokens  # right-angled
    lead = [token.text.lower() for token in tokens[:end] if token.text not in (":", ",")]
    if tokens[end].text in RELATIONS:
        return tokens
    if any(word in HEDGES for word in lead):
        raise UnreadableError("a hedged answer")
    if set(lead) & SIDES and all(word in HARMLESS or word in SIDES or word == "of" for word in lead):
        sides = tuple(token for token in tokens[:end] if token.text.lower() in SIDES)
        return (*tokens[end:], *sides)
    if lead[-1:] and lead[-1] in _CODES:
        return (*tokens[end:], tokens[end - 1])
    return tokens[end:] if all(word in HARMLESS or (word in known and word not in SIDES) for word in lead) else tokens


def _without_sentence(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens without "The total is" before a number; its letters could also be variables."""
    end = 0
    while end < len(tokens) and tokens[end].kind is Kind.RUN and tokens[end].text.lower() in HARMLESS:
        end += 1
    if not 0 < end < len(tokens) or tokens[end - 1].text.lower() not in _VERBS or not tokens[end].spaced:
        return tokens
    return tokens[end:] if tokens[end].kind is Kind.NUMBER or tokens[end].text in ("-", "frac", "dollar") else tokens


def _with_equals_sign(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Rewrite "x is 5" and "the value of x must be 5" as x = 5."""
    at = next((n for n, token in enumerate(tokens) if token.kind is not Kind.WORD), 0)
    end = at + 1
    while end < len(tokens) and tokens[end].kind is Kind.WORD and tokens[end].text.lower() in _COPULAS:
        end += 1
    if not at + 1 < end < len(tokens) or tokens[at].kind is not Kind.NAME:
        return tokens
    if any(token.text.lower() not in HARMLESS for token in tokens[:at]) or tokens[end].text in RELATIONS:
        return tokens
    return (tokens[at], Token(Kind.SYMBOL, "="), *tokens[end:])


_COPULAS = frozenset(("is", "are", "was", "must", "should", "be", "equals", "equal", "to"))
_VERBS = frozenset(("is", "are", "was", "were", "be", "equals", "of", "have", "has", "get"))
_CODES = frozenset(("usd", "eur", "gbp", "inr", "rs"))
