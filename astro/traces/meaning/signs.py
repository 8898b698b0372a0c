"""Relations and operations in words become signs: "is at least", "divides", "subtracting A from B", "squared"."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from astro.traces.meaning.lexicon import UNITS, stem
from astro.traces.meaning.nouns import without_noun
from astro.traces.meaning.numerals import ORDINALS
from astro.traces.meaning.tokens import JOINING, Token, is_term_end, is_term_start
from astro.traces.meaning.wordings import BE, LABELS, MUTUAL, OPERATIONS, RELATIONS, VERBS, Wording

_POWERS = {"squared": 2, "cubed": 3}
_AFTER_VERB = ("of", "between", "the", "away")
_LONGEST_COORDINATION = 9  # tokens of a second term and its verb
_LONGEST_RELATION = 12  # tokens before a word that are searched for a relation
ORDERS = frozenset(("<", ">", "<=", ">=", r"\le", r"\leq", r"\ge", r"\geq", r"\lt", r"\gt"))


def _by_first_word(wordings: Sequence[Wording]) -> Mapping[str, list[Wording]]:
    found: dict[str, list[Wording]] = {}
    for wording in wordings:
        for first in BE if wording.words[0] == "BE" else wording.words[:1]:
            found.setdefault(first, []).append(wording)
    return found


_WORDINGS = _by_first_word((*RELATIONS, *OPERATIONS))
_OPERATIONS = _by_first_word(OPERATIONS)


def with_signs(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with relations and operations in words as signs, where both neighbors are terms."""
    found: list[Token] = []
    position = 0
    while position < len(tokens):
        made = _made(tokens, position, found) if tokens[position].kind == "word" else None
        if made is None:
            found.append(tokens[position])
            position += 1
        else:
            found += made[0]
            position = made[1]
    return found


def _made(tokens: Sequence[Token], position: int, before: Sequence[Token]) -> tuple[list[Token], int] | None:
    """The signs for the words that begin here, and the end of these words."""
    token = tokens[position]
    if token.inside:
        return None
    last = next((each for each in reversed(before[-2:]) if each.kind != "edge"), None)
    power = _POWERS.get(token.text.lower())
    if power and last is not None and is_term_end(last):
        return [Token("sign", "^", inside=False), Token("number", str(power), False, Fraction(power))], position + 1
    made = _power(tokens, position, last) or _verb(tokens, position) or _coordinated(tokens, position, last)
    if made is not None:
        return made
    if (found := _sign(tokens, position, before)) is None:
        return None
    wording, end = found
    if wording.turned:
        return [Token("turned", "rmid" if wording.sign == r"\mid" else "rnmid", inside=False)], end
    kind = "command" if wording.sign.startswith("\\") else "sign"
    return [Token(kind, wording.sign, inside=False)], end


def _sign(tokens: Sequence[Token], position: int, before: Sequence[Token]) -> tuple[Wording, int] | None:
    """The relation or operation that begins here, and its end."""
    left = [token for token in before[-7:] if token.kind != "edge" and token.text != ","]
    left = _without_units(left)
    wordings = _WORDINGS
    if left and not is_term_end(left[-1]) and left[-1].text.lower() != "a":
        left, wordings = without_noun(left), _OPERATIONS  # 200 pink lilies divided by 5
    if not left or not (is_term_end(left[-1]) or left[-1].text in ("a", "A")):
        return None
    alone = len(left) < 2 or left[-2].text not in JOINING
    bare = alone and (left[-1].value is not None or left[-1].kind == "ratio")
    related = _is_related(before)
    for wording in wordings.get(tokens[position].text.lower(), ()):
        end = _matches(tokens, position, wording.words)
        if not end or ((bare or related) and _is_loose(wording)):
            continue  # "two thirds of 12 is 8" relates no number to another one
        following = [
            token for token in tokens[end : end + 4] if token.kind != "edge" and token.text.lower() not in LABELS
        ]
        if any(is_term_start(token) or (token.inside and token.kind == "word") for token in following[:1]):
            return wording, end
    return None


def _coordinated(tokens: Sequence[Token], position: int, last: Token | None) -> tuple[list[Token], int] | None:
    """The relation in "AB and CD are parallel", whose "and" stands at position, with the second term, and its end."""
    if tokens[position].text.lower() != "and" or last is None or not is_term_end(last):
        return None
    ahead = range(position + 1, min(position + _LONGEST_COORDINATION, len(tokens)))
    verb = next((at for at in ahead if tokens[at].text.lower() in ("are", "be")), None)
    if verb is None or verb == position + 1:
        return None
    second = [token for token in tokens[position + 1 : verb] if token.text.lower() not in (*LABELS, "both", "also")]
    term = [token for token in second if token.kind != "edge"]
    sign = MUTUAL.get(tokens[verb + 1].text.lower()) if verb + 1 < len(tokens) else None
    if sign is None or not term or not is_term_start(term[0]) or not is_term_end(term[-1]):
        return None
    return [Token("command" if sign.startswith("\\") else "sign", sign, inside=False), *second], verb + 2


def _power(tokens: Sequence[Token], position: int, last: Token | None) -> tuple[list[Token], int] | None:
    """The exponent for "to the third power", and the end of these words."""
    words = [token.text.lower() for token in tokens[position : position + 4]]
    if words[:2] != ["to", "the"] or words[3:] != ["power"] or words[2] not in ORDINALS or last is None:
        return None
    if not is_term_end(last):
        return None
    exponent = Token("number", str(ORDINALS[words[2]]), False, Fraction(ORDINALS[words[2]]))
    return [Token("sign", "^", inside=False), exponent], position + 4


def _without_units(left: Sequence[Token]) -> list[Token]:
    """The tokens without the unit at their end: 80 for "80 square feet per piece"."""
    kept = list(left)
    while len(kept) > 1 and kept[-1].kind == "word" and not is_term_end(kept[-1]):
        per = kept[-2].text.lower() == "per"
        if not per and kept[-1].text.lower() not in UNITS:
            break
        kept = kept[: -2 if per else -1]
    return kept if kept and kept[-1].value is not None else list(left)


def _is_related(before: Sequence[Token]) -> bool:
    """Whether the formula before a word already has a relation: "the only one with x < 6 is 3"."""
    for token in reversed(before[-_LONGEST_RELATION:]):
        if token.kind == "word" and not is_term_end(token):
            return False
        if token.text in ORDERS:
            return True
    return False


def _is_loose(wording: Wording) -> bool:
    """Whether a wording of equality may also say something else."""
    return wording.sign == "=" and not {"equal", "equals"} & set(wording.words)


def _matches(tokens: Sequence[Token], position: int, words: Sequence[str]) -> int:
    """The end of these words at position, or 0."""
    if position + len(words) > len(tokens):
        return 0
    for offset, word in enumerate(words):
        token = tokens[position + offset]
        said = token.text.lower()
        if token.kind != "word" or token.inside or not (said in BE if word == "BE" else said == word):
            return 0
    return position + len(words)


def _verb(tokens: Sequence[Token], position: int) -> tuple[list[Token], int] | None:
    """B - A for "subtracting A from B", for numbers, and the end of these words."""
    rule = VERBS.get(stem(tokens[position].text))
    if rule is None:
        return None
    sign, joints, turned = rule
    at = position + 1
    while at < len(tokens) and tokens[at].kind == "word" and tokens[at].text.lower() in _AFTER_VERB:
        at += 1
    pattern = [token for token in tokens[at : at + 9] if token.kind != "edge"][:4]
    if len(pattern) < 3 or pattern[0].kind != "number" or pattern[2].kind != "number":
        return None
    if pattern[1].text.lower() not in joints:
        return None
    one, other = (pattern[2], pattern[0]) if turned else (pattern[0], pattern[2])
    end = at + next(offset for offset, token in enumerate(tokens[at:]) if token is pattern[2]) + 1
    return [one, Token("sign", sign, False), other], end
