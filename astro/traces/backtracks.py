"""How often a text goes back: one count a move, however many phrases tell it.

Three kinds of phrases make a move. A return says so ("let's go back to where", "let me try again", "a different
approach"), an admission takes back what was just said ("wait, that's not right", "I made a mistake"), a new start only
counts where neither stood right before it ("instead, let's try"). A doubt that ends well ("Hmm... Our solution seems to
be correct so far") is no move, nor is going back to check. English only; patterns, so a lower bound on free text.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto


class _Kind(Enum):
    """What a phrase says, most telling first."""

    RETURN = auto()
    ADMISSION = auto()
    NEW_START = auto()


# How many sentences further a phrase of each kind still belongs to the move that was begun: an admission is explained
# before the return, two returns are one only where one follows the other.
_REACH = {_Kind.RETURN: 1, _Kind.ADMISSION: 3, _Kind.NEW_START: 1}

_US = r"(?:let's|let us|let me|we|i)"
_MODAL = r"(?:(?:'ll|'d|will|should|must|can|could|need to|have to|had better|are going to|am going to|'re|'m)\s+)?"
_ADVERB = r"(?:(?:now|just|then|simply|instead|really|perhaps|maybe)\s+)?"
_OTHER = r"(?:another|a different|a new|some other|an alternative)"
_WAY = r"(?:approach|way|method|strategy|path|route|idea|combination|attempt|order|option|angle)"
_RETURN = re.compile(
    rf"\b{_US}\s*{_MODAL}{_ADVERB}(?:"
    r"(?:go|going|step|head|return|come) back\b"
    r"(?! (?:and|to) (?:double[- ]?check|check|verify|confirm|review|make sure))|"
    r"backtrack(?:ing)?\b|restart(?:ing)?\b|(?:start|begin) (?:over|again|afresh|anew|from scratch)\b|"
    r"return to where\b|"
    rf"(?:try|attempt|do|redo) (?:this |that |it |the \w{{1,20}} )?(?:again|over|differently|once more)\b|redo\b|"
    rf"(?:try|use|take|consider|look for|find|explore) {_OTHER} (?:\w{{1,20}} )?{_WAY}\b|"
    r"(?:rethink|reconsider|re-?think|re-?do|undo|scrap|abandon)\b)|"
    r"\b(?:backtracking|going back|returning|starting over|restarting) "
    r"(?:to where|to the (?:beginning|start|step|point|state)|from (?:scratch|the beginning|the start))\b|"
    r"^\s{0,8}(?:so,? |ok(?:ay)?,? |hmm,? )?"
    r"(?:go back to|backtrack|restart|start over|try again|back to the (?:beginning|start))\b",
    re.IGNORECASE,
)
_IT = r"(?:that|this|it)"
_WRONG = (
    rf"{_IT}(?:(?:'s| is| was) (?:\w{{1,12}} )?(?:wrong|incorrect|a mistake|an error)|"
    r"(?:'s not| is not| isn't| was not| wasn't| can't be| cannot be) (?:\w{1,12} )?(?:right|correct|true|valid|it)|"
    r" (?:doesn't|does not|didn't|did not) (?:work|add up|make sense))\b"
)
_ADMISSION = re.compile(
    rf"\b(?:wait|actually|hold on|oops|hmm)\b[,.! -]{{1,3}}(?:(?:no|but)\b[, ]{{0,2}})?{_WRONG}|"
    r"\b(?:wait|actually|hold on),? no\b|"
    r"\b(?:i|we)(?:'ve| have| must have)? made an? (?:\w{1,20} )?(?:mistake|error)\b|"
    r"\b(?:this|that) (?:approach |path |way |attempt |branch |combination )?"
    r"(?:(?:doesn't|does not|won't|will not|didn't|did not|can't|cannot) work\b|leads nowhere\b|"
    r"(?:is|was) a (?:dead end|mistake)\b)",
    re.IGNORECASE,
)
_NEW_START = re.compile(
    rf"^\s{{0,8}}(?:instead,? {_US}|alternatively, {_US}|this time,? {_US}|on second thought)\b", re.IGNORECASE
)
_NEGATED = re.compile(
    r"\b(?:no (?:need|reason) to|don't|do not|didn't|did not|needn't|need not|never|without|not (?:have|need) to|"
    r"rather than|instead of|if|won't)\b[^,;:]{0,40}$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))+[.!?]*")


@dataclass(frozen=True, slots=True)
class Backtrack:
    """One move back: characters start to end of the text are the sentences that tell it."""

    start: int
    end: int


def find_backtracks(text: str) -> list[Backtrack]:
    """The moves back in a model's text, in their order. Time is linear in the length of the text."""
    moves: list[Backtrack] = []
    last: tuple[int, _Kind] | None = None  # sentence and kind of the last phrase of the last move
    for index, sentence in enumerate(_SENTENCE.finditer(text)):
        kind = _kind_of(sentence[0])
        if kind is None:
            continue
        if last is not None and _same_move(last[1], kind, index - last[0]):
            moves[-1] = Backtrack(moves[-1].start, sentence.end())
        else:
            moves.append(Backtrack(sentence.start(), sentence.end()))
        last = index, kind
    return moves


def count_backtracks(text: str) -> int:
    """How many moves back a model's text makes."""
    return len(find_backtracks(text))


def _same_move(last: _Kind, kind: _Kind, sentences: int) -> bool:
    """Whether a phrase goes on with the move of the last one; what is taken back after a return is a new attempt."""
    return sentences <= _REACH[last] and not (last is _Kind.RETURN and kind is _Kind.ADMISSION)


def _kind_of(sentence: str) -> _Kind | None:
    for kind, phrase in ((_Kind.RETURN, _RETURN), (_Kind.ADMISSION, _ADMISSION), (_Kind.NEW_START, _NEW_START)):
        found = phrase.search(sentence)
        if found is not None and not _NEGATED.search(sentence[: found.start()]):
            return kind
    return None
