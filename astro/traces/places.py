"""Places in a solution that a trace goes back to: what was established there, and whether a sentence names it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import takewhile

from astro.tasks.expressions import figures, without_label
from astro.traces.backtracks import count_backtracks
from astro.traces.meaning import Reading, What, compare_figures, compare_words, read
from astro.traces.meaning.lexicon import stem

BEGINNING = re.compile(  # "Let's restart." is whole; "Let's restart in a new sentence." names no place
    r"\b(?:beginning|start over|starting over|scratch|from the (?:start|top)|very start|original problem|"
    r"(?:start|begin)(?:ning|ing)? (?:again|afresh)|"
    r"restart(?:ing)?(?: (?:with )?(?:our|the|this|my) \w{1,20})?(?=[.,!:]|$))",
    re.IGNORECASE,
)
_RETURN = re.compile(
    r"\b(?:go|going|step|stepping|come|turn|head|move|jump) back\b|\breturn(?:ing)?\b|\bback to\b|\bbacktrack|"
    r"\brevisit|\bpick(?:ing)? (?:it )?up (?:again )?(?:at|from|where)\b|\bresum(?:e|ing)\b|"
    r"\bcontinu(?:e|ing) from (?:where|the point)\b|\brestart|"
    r"\b(?:start|begin)(?:ning|ing)? (?:over|again|anew|afresh)\b|"
    r"\bfrom (?:scratch|the (?:very )?(?:beginning|start|top))\b",
    re.IGNORECASE,
)
_FINDS = re.compile(
    r"\b(?:found|showed|computed|calculated|determined|got|obtained|derived|established|concluded|knew|saw) that\b|"
    r"\bwhere we (?:had|found|got)[.!]?$",
    re.IGNORECASE,
)
_PLANS = re.compile(
    r"^\W{0,9}(?:to |let's |let us |first|next|now,? (?:let|we (?:need|will|have to))|"
    r"we (?:need|will|have to|must|should|can)\b|(?:find|calculate|compute|determine|identify|understand|solve|add|sum|"
    r"subtract|multiply|divide|convert|combine|compare|count|apply|use|substitute|simplify|evaluate|list|write|check|"
    r"take|set up|plug|express|figure out|work out|break|consider|recall|look) )|"
    r"\b(?:the following steps|step by step|steps below)\b",
    re.IGNORECASE,
)
_PIECE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))+[.!?]*")
_RELATION = re.compile(r"[=<>\u2264\u2265]|\\(?:le|ge|approx)")
_BULLET = re.compile(r"\A[-*+\u2022][ \t]+(?!.*\n)")  # of one line; a whole list keeps its bullets
_WORD = re.compile(r"[^\W\d_]{4,}")
_SHARED_WORDS = 2
_SHORT = 240  # characters of a step that is quoted whole


class Misplacement(StrEnum):
    """What is wrong with a sentence that goes back; the names are those of faults."""

    NO_RETURN = "no_return"
    WRONG_PLACE = "wrong_place"
    ABANDONED = "abandoned"
    NUMBER_ADDED = "number_added"
    EXPRESSION_ADDED = "expression_added"
    NAME_ADDED = "name_added"


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A misplacement with its evidence."""

    kind: Misplacement
    detail: str


@dataclass(frozen=True)
class Place:
    """Where a trace goes back to.

    prompt: of the problem. path: the steps up to the place; empty for the beginning. state: the state there in the
    task's words, "" if unknown.
    """

    prompt: str
    path: Sequence[str]
    state: str

    @cached_property
    def known(self) -> list[Reading]:
        """The problem and the steps up to the place."""
        return [read(self.prompt), *map(read, self.path)]


def misplaced(thought: str, place: Place, abandoned: Sequence[str]) -> Misplaced | None:
    """Check that a sentence goes back to a place: that it says so, and names what was established there.

    abandoned: the steps after the place.
    """
    if not (_RETURN.search(thought) or count_backtracks(thought)):
        return Misplaced(Misplacement.NO_RETURN, "it does not say that it goes back")
    said = read(thought)
    if (added := _added(said, thought, place.known)) is not None:
        after = [*place.known, *map(read, abandoned)]
        if added.kind is not Misplacement.NAME_ADDED and _added(said, thought, after) is None:
            return Misplaced(Misplacement.ABANDONED, added.detail)
        return added
    if not _names(thought, said, place):
        return Misplaced(Misplacement.WRONG_PLACE, "it does not name what was established there")
    return None


def _added(said: Reading, thought: str, known: Sequence[Reading]) -> Misplaced | None:
    """The first figure or name that no text has."""
    kinds = {What.NUMBER_ADDED: Misplacement.NUMBER_ADDED, What.EXPRESSION_ADDED: Misplacement.EXPRESSION_ADDED}
    for found in compare_figures(known[-1], said, known[:-1]):
        if found.what in kinds:
            return Misplaced(kinds[found.what], found.detail)
    for found in compare_words(read(""), said, known, ("", thought)):
        if found.what is What.NAME_ADDED:
            return Misplaced(Misplacement.NAME_ADDED, found.detail)
    return None


def _names(thought: str, said: Reading, place: Place) -> bool:
    """Whether a sentence names the place: its state if known, else a figure, else enough words of its step."""
    found = Counter(figures(thought).numbers)
    there = Counter(figures(place.state).numbers)
    if there and (found or place.path):
        return there <= found
    if not place.path:
        return True
    last = place.known[-1]
    if terms := {piece.form for piece in last.terms if piece.form}:
        return bool(terms & {piece.form for piece in said.terms}) or bool(last.numbers & said.numbers)
    if _FINDS.search(thought) and not any(True for _ in said.terms):
        return False  # "where we found that the amount of meat and sum them up"
    words = {stem(word) for word in _WORD.findall(place.path[-1])}
    shared = words & {stem(word) for word in _WORD.findall(thought)}
    return len(shared) >= min(_SHARED_WORDS, len(words))


def established(path: Sequence[str]) -> str:
    """What the last step on a path that establishes something says, in its own words; "" if none does.

    A step that only announces ("To find x, we follow these steps:") or plans establishes nothing.
    """
    for step in reversed(path):
        whole = _bare(step)
        if not whole or _announces(whole):
            whole = _last_statement(whole)
        elif len(whole) > _SHORT or _PLANS.search(whole) or any(map(_announces, whole.splitlines())):
            whole = _last_statement(whole) or (whole if _RELATION.search(whole) and len(whole) <= 2 * _SHORT else "")
        if whole:
            return whole
    return ""


def _from_result(step: str) -> str:
    """A step without the paragraphs before its results that only announce or plan."""
    paragraphs = step.split("\n\n")
    plans = takewhile(lambda text: _PLANS.search(text) and not _has_figures(text) and "\\[" not in text, paragraphs)
    return "\n\n".join(paragraphs[sum(1 for _ in plans) :])


def _bare(text: str) -> str:
    """A step or line without the label or bullet before it: "2. Add them" and "- Total = 40" are no quotations."""
    return _BULLET.sub("", without_label(text.strip()).strip()) if text.strip() else ""


def _announces(text: str) -> bool:
    return text.rstrip("*_ ").endswith((":", ","))


def _has_figures(text: str) -> bool:
    return any(piece.form for piece in read(text).terms)


def _last_statement(step: str) -> str:
    """The last sentence or line of a step that has figures and announces nothing; not out of a display or block."""
    if "```" in step or "\\[" in step or "\\begin" in step or "$$" in step:
        return _from_result(step) if not _announces(step) and len(step) <= 2 * _SHORT else ""
    pieces = [piece for line in step.splitlines() for piece in _PIECE.findall(_bare(line))]
    for piece in reversed(pieces):
        sentence = str(piece).strip()
        if not _announces(sentence) and not _PLANS.search(sentence) and _has_figures(sentence):
            return sentence
    return ""
