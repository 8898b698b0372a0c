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
_FILLER = re.compile(
    r"(?:indeed|therefore|thus|then|simply|just|exactly|precisely|clearly|equal to|given by|found to be|"
    r"calculated to be|computed as|obtained as|also)[: ]{1,2}",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"(?:\$\s?)?(?:\\\$|\\\(|\\\[)?\s?[-+]?(?:\\?[(\[]|\\(?:sqrt|d?frac|pi)|\$?\d|\.\d)")
_WORDS = re.compile(r"[a-z']+")
_EMPTY = frozenset(("so", "hence", "thus", "therefore", "then", "his", "her", "their", "its", "our", "your", "my"))
_PART_OF_SPEECH = frozenset(("of", "for", "to", "by", "on", "per", "from", "with", "which", "who", "these", "those", "this"))


def concluded(text: str, known: frozenset[str]) -> str:
    """The number or formula that a sentence ends in, or the text itself if it is no sentence about one.

    known: the words of the problem. A sentence counts if its other words are filler or come from the problem, and none
    of them hedges or gives a direction. A leading filler word ("indeed 42") is dropped in any text.
    """
    if not text[:1].isalpha() or len(text) > _LONGEST:
        return text
    bare = _FILLER.sub("", text, count=1) if _FILLER.match(text) else text
    if bare is not text and _NUMERIC.match(bare):
        return bare
    found = _SENTENCE.fullmatch(text)
    if found is None:
        return text
    lead, displayed, letter, verb, value = found.groups()
    name = displayed or letter
    words = set(_WORDS.findall(lead.lower()))
    if words & (HEDGES - _EMPTY) or words & SIDES or not words <= HARMLESS | _EMPTY | _PART_OF_SPEECH | known:
        return text
    value = _FILLER.sub("", value, count=1) if _FILLER.match(value) else value
    if not _NUMERIC.match(value):
        return text
    return f"{name} = {value}" if name and name not in "aI" and verb in ("is", "equals", "be", "was") else value
