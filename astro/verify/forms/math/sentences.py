"""Finds the answer at the end of a sentence: the 50 of "The area of the rectangle is 50."."""

import re

from astro.verify.forms.math.words import HARMLESS, HEDGES, SIDES

_LONGEST = 300  # characters of a sentence
_SENTENCE = re.compile(
    r"([A-Za-z][A-Za-z,' -]{1,160}?)(?:[ ](?:\$([a-zA-Z])\$|([a-zA-Z])))??[ ]"  # the value of $x$
    r"(is|are|was|were|equals|has|have|be|takes|costs|pays|earns|gets|needs|there are)[: ]{1,2}"
    r"(?=[$\\\d(+-]|[A-Za-z])(.{1,200}?)[.!\s]{0,3}",
    re.DOTALL,
)
_EQUAL = re.compile(r"\$?([a-zA-Z])\$? (?:is|equals|must be) ")
_FILLER = re.compile(
    r"(?:indeed|therefore|thus|then|simply|just|exactly|precisely|clearly|equal to|given by|found to be|"
    r"calculated to be|computed as|obtained as|also)[: ]{1,2}",
    re.IGNORECASE,
)
_HEADING = re.compile(r"(?:the |my )?(?:(?:final|correct|right) )?answer\s{0,2}[:=]\s{0,4}", re.IGNORECASE)
_DOES = re.compile(
    r"([A-Z][A-Za-z,' -]{1,120}?) ([a-z]{2,14}) (?=[$\\\d(+-])(.{1,200}?)[.!\s]{0,3}", re.DOTALL
)  # She spends 50 dollars.
_NUMERIC = re.compile(  # the start of a number or formula
    r"(?:\$\s?)?(?:\\\$|\\\(|\\\[)?\s?[-+]?(?:\\?[(\[]|\\(?:sqrt|d?frac|pi)|\$?\d|\.\d|[a-zA-Z]\s?(?:[\^+*/(]|-\s?[\d\\(]|-[a-z](?![a-z])))"
)
_WORDS = re.compile(r"[a-z']+")
_EMPTY = frozenset(("so", "hence", "thus", "therefore", "then", "his", "her", "their", "its", "our", "your", "my"))
_PART_OF_SPEECH = frozenset(
    ("of", "for", "to", "by", "on", "per", "from", "with", "which", "who", "these", "those", "this")
)


def concluded(text: str, known: frozenset[str]) -> str:
    """The number or formula that a sentence ends in, or the text itself if it is no sentence about one.

    known: the words of the problem. A sentence counts if its other words are filler or come from the problem, and none
    of them hedges or gives a direction. A leading filler word ("indeed 42") is dropped in any text.
    """
    if len(text) > _LONGEST:
        return text
    if text.startswith("\\text") and (wrapped := _WRAPPED.fullmatch(text)) and " " in wrapped.group(1).strip():
        inside = wrapped.group(1).strip()
        found = _value_of(inside, known)
        return text if found == inside else found
    return _value_of(text, known) if text[:1].isalpha() or text[:1] == "$" else text


_WRAPPED = re.compile(r"\\text(?:bf|rm|it)?\s?\{([^{}]{1,300})\}[\s.]{0,3}")


def _value_of(text: str, known: frozenset[str]) -> str:
    if (heading := _HEADING.match(text)) and _NUMERIC.match(text, heading.end()):
        return text[heading.end() :]
    equal = _EQUAL.match(text)
    if equal and _NUMERIC.match(text, equal.end()):
        return f"{equal.group(1)} = {text[equal.end() :]}"
    bare = _without_filler(text)
    if bare is not text and _NUMERIC.match(bare):
        return bare
    return _ending(text, known) or text


def _ending(text: str, known: frozenset[str]) -> str:
    """What follows the verb of a sentence, with the name of the unknown, if any; empty if it is no such sentence."""
    found = _SENTENCE.fullmatch(text)
    if found is None:
        return _deed(text, known)
    lead, displayed, letter, verb, value = found.groups()
    words = set(_WORDS.findall(lead.lower()))
    hedged = words & (HEDGES - _EMPTY) or words & SIDES
    value = _without_filler(value)
    if hedged or not words <= HARMLESS | _EMPTY | _PART_OF_SPEECH | known or not _NUMERIC.match(value):
        return ""
    name = displayed or letter
    return f"{name} = {value}" if name and name not in "aI" and verb in ("is", "equals", "be", "was") else value


def _deed(text: str, known: frozenset[str]) -> str:
    """What follows a verb of the problem in another form: the 50 dollars of "She spends 50 dollars."."""
    found = _DOES.fullmatch(text)
    if found is None:
        return ""
    lead, verb, value = found.groups()
    words = set(_WORDS.findall(lead.lower()))
    hedged = words & (HEDGES - _EMPTY) or words & SIDES or verb in HEDGES | SIDES | HARMLESS
    stem = verb.removesuffix("s")
    same = {verb, stem, stem.removesuffix("e")} & known
    if hedged or not same or not verb.endswith("s") or not words <= HARMLESS | _EMPTY | _PART_OF_SPEECH | known:
        return ""
    return value if _NUMERIC.match(value) else ""


def _without_filler(text: str) -> str:
    return _FILLER.sub("", text, count=1) if _FILLER.match(text) else text
