"""Count the backtracks of a text: one per move back, even if several phrases express it.

Three kinds of phrases make a move. A return announces it ("let's go back to where", "let me start over"). An admission
withdraws what was just said ("wait, that's not right", "I misread the problem"). A new start ("instead, let's try")
only counts if neither of these comes right before it. Words that also occur in plain progress ("go back to the
equation", "use a different approach", "try again", "recompute") are a return only if the same sentence or one of the
two before it expresses doubt ("this doesn't work"). A doubt that ends well ("Hmm... Our solution seems to be correct so
far") is not a move; neither is going back to check, or what would be done if something failed.

English only, by patterns: an estimate with errors in both directions. tests/traces/graded_backtracks.jsonl holds
hand-graded sentences, and the test beside it measures precision and recall on them.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache


class _Kind(Enum):
    """What a phrase expresses, strongest first."""

    RETURN = auto()
    ADMISSION = auto()
    NEW_START = auto()


# For each kind, the number of sentences within which a later phrase belongs to the same move: an explanation may
# separate an admission from its return, but two returns are one move only if they are adjacent.
_REACH = {_Kind.RETURN: 1, _Kind.ADMISSION: 3, _Kind.NEW_START: 1}

_US = r"(?:let's|let us|let me|we|i)"
_MODAL = r"(?:(?:'ll|'d|will|should|must|can|could|need to|have to|had better|are going to|am going to|'re|'m)\s+)?"
_ADVERB = r"(?:(?:now|just|then|simply|instead|really|perhaps|maybe)\s+)?"
_LEAD = rf"(?:\b{_US}\s*{_MODAL}{_ADVERB}|^\s{{0,8}}(?:(?:so|ok(?:ay)?|hmm|no|then|now|well|alright),? )?)"
_IT = r"(?:that|this|it)"
_OTHER = r"(?:another|a different|a new|some other|an alternative)"
_WAY = r"(?:approach|way|method|strategy|path|route|idea|combination|attempt|order|option|angle)"
_OTHER_WAY = rf"{_OTHER} (?:\w{{1,20}} )?{_WAY}\b"
_START = r"(?:the (?:very )?(?:beginning|start|drawing board)|square one|scratch)"
_HESITATION = r"\b(?:wait|actually|hold on|oops|whoops|hmm|oh|no|sorry)\b[,.! -]{1,3}"
_RETURN = (
    rf"{_LEAD}(?:"
    rf"(?:go|going|step|head|return|come) back (?:to (?:where|when|{_START}|step|\d|"
    r"the (?:\w{1,20} )?(?:step|state|point|choice|attempt)\b)|(?:a|one|two|some) steps?\b|"
    r"and (?:fix|correct|change|try|redo|undo|revise|choose|pick|start))|"
    r"backtrack(?:ing)?\b|(?:start|begin) (?:over|again|afresh|anew|from scratch)\b|"
    r"restart(?:ing)?\b(?! (?:at|for|each|every|the (?:count|numbering|clock|timer|index))\b)|return to where\b|"
    rf"(?:try|attempt) (?:{_OTHER_WAY}|(?:{_IT} |the \w{{1,20}} )?(?:again|over|differently|once more)\b"
    r"(?! (?:for|with the same)\b))|"
    rf"(?:look for|find|take|choose) {_OTHER} (?:combination|order)\b|"
    rf"(?:re-?think|reconsider|revise)(?: (?:{_IT}|my \w{{1,20}}|our \w{{1,20}}))?(?=[.:!]|$)|"
    rf"think (?:about )?(?:{_IT} |the \w{{1,20}} )?(?:about )?differently\b|"
    rf"(?:undo|redo) (?:{_IT}|the last|the previous)\b|(?:scrap|scratch|abandon|forget) {_IT}\b)|"
    r"\b(?:backtracking|going back|returning|starting over|restarting) "
    r"(?:to where|to step|to the (?:beginning|start|step|point|state)|from (?:scratch|the beginning|the start))\b|"
    rf"^\s{{0,8}}(?:(?:so|ok(?:ay)?|hmm),? )?back to {_START}\b"
)
# A return after a doubt; otherwise plain progress.
_PROGRESS = (
    rf"{_LEAD}(?:(?:use|take|consider|look for|find|explore) {_OTHER_WAY}|(?:go|going|step|head|return|come) back\b|"
    r"(?:try|attempt|do) (?:this |that |it |the \w{1,20} )?(?:again|over|differently|once more)\b|redo\b|undo\b|"
    r"restart(?:ing)?\b|re-?(?:think|consider|compute|calculate|examine|read|visit|work|derive|count)\b)|"
    rf"^\s{{0,8}}alternatively, {_US}\b"
)
_NOT = r"\b(?:(?:does|did|is|was|will|can|could|do|would)(?:n't| not)|cannot|can't|won't|not)"
_DOUBT = (
    rf"{_HESITATION}|{_NOT} (?:\w{{1,12}} ){{0,2}}(?:right|correct|true|valid|work(?:ed|ing)?|lead|reach|possible|help|"
    rf"see|add up|match|make sense|factor|the target|be an? (?:integer|answer|solution))\b|{_NOT} be(?=[.!])|"
    r"\b(?:wrong|incorrect|mistake|error|impossible|contradiction|dead end|nowhere|stuck|fails?|failed|miss(?:es|ed)|"
    r"false|messy|unfortunately|no good|(?:bad|poor) choice|overshoots?|undershoots?|"
    r"so close|but (?:no|close|we (?:want|need)|the answer must|it must)|which (?:is|does) not|too (?:big|large|"
    r"small|high|low|complicated|messy|hard|difficult|long)|nothing (?:gives|makes|works|helps)|no way to)\b"
)
_DOUBTED = 2  # number of preceding sentences in which a doubt makes a phrase a return
_WRONG = (
    rf"{_IT}(?:(?:'s| is| was) (?:\w{{1,12}} )?(?:wrong|incorrect|a mistake|an error)|"
    r"(?:'s not| is not| isn't| was not| wasn't| can't be| cannot be) (?:\w{1,12} )?"
    r"(?:right|correct|true|valid|it|what|how)|"
    r" (?:doesn't|does not|didn't|did not) (?:work|add up|make sense))\b"
)
_SO = r"(?:(?:no|but|so|i think|i believe|maybe|clearly)\b[, ]{0,2}){0,3}"
_WERE_WRONG = r"(?:was|were|is) (?:\w{1,12} )?(?:wrong|incorrect|mistaken|off|flawed)\b"
_ADMISSION = (
    rf"{_HESITATION}{_SO}(?:{_WRONG}|there(?:'s| is| was) an? (?:\w{{1,20}} )?(?:mistake|error|problem|flaw)\b|"
    r"(?:i|we) (?:should(?:n't| not)? have|(?:\w{1,20} ){1,6}twice)\b)|"
    r"\b(?:wait|actually|hold on),? no\b|\bno,? wait\b|\b(?:oops|whoops|apologies|my mistake|my bad)\b|"
    r"\b(?:i|we)(?:'ve| have| must have| might have| may have)? (?:just )?(?:made an? (?:\w{1,20} ){0,2}(?:mistake|"
    r"error|slip)|mis(?:read|calculated|counted|understood|applied|took|copied|interpreted)|messed up|mixed up|forgot|"
    r"overlooked|(?:dropped|lost) (?:a|the) (?:sign|factor|minus|term))\b|"
    rf"\bi was (?:wrong|mistaken)\b|\bmy (?:\w{{1,20}} ){{0,2}}(?:calculation|arithmetic|reasoning|assumption|answer|"
    rf"approach|formula|guess|work) {_WERE_WRONG}|"
    r"\b(?:let me|i (?:need|have) to|i must) (?:correct|fix) (?:that|this|it|myself|my)\b|"
    r"\b(?:this|that) (?:approach |path |way |attempt |branch |combination )?"
    r"(?:(?:doesn't|does not|won't|will not|didn't|did not|can't|cannot) work\b|leads nowhere\b|"
    r"(?:is|was) a (?:dead end|mistake)\b)"
)
_NEW_START = rf"^\s{{0,8}}(?:instead,? {_US}|this time,? {_US}|on second thought)\b"
_NEGATED = (
    r"\b(?:no (?:need|reason) to|don't|do not|didn't|did not|needn't|need not|never|without|not (?:have|need) to|"
    r"rather than|instead of|if|won't)\b[^,;:]{0,40}$|^\s{0,8}(?:if|unless)\b[^;:]{0,60}$"
)
# Going back to check, and what to do if something fails.
_NO_RETURN = r"\b(?:to|and) (?:double[- ]?check|check|verify|confirm|review|make sure|be sure)\b|\bonly if\b"
_INTERJECTION = rf"^\s{{0,8}}(?:{_HESITATION}){{1,3}}$"
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))+[.!?]*")


@dataclass(frozen=True, slots=True)
class Backtrack:
    """One move back. Characters start to end of the text are the sentences that express it."""

    start: int
    end: int


def find_backtracks(text: str) -> list[Backtrack]:
    """The moves back in a model's text, in order. Time is linear in the length of the text."""
    moves: list[Backtrack] = []
    last: tuple[int, _Kind] | None = None  # sentence and kind of the last phrase of the last move
    doubted, interjection = -_DOUBTED - 1, ""
    for index, sentence in enumerate(_SENTENCE.finditer(text)):
        if _found(_DOUBT, sentence[0]):
            doubted = index
        kind = _kind_of(interjection + sentence[0], in_doubt=index - doubted <= _DOUBTED)
        interjection = sentence[0].strip() + " " if _found(_INTERJECTION, sentence[0]) else ""
        if kind is None:
            continue
        if last is not None and _same_move(last[1], kind, index - last[0]):
            moves[-1] = Backtrack(moves[-1].start, sentence.end())
        else:
            moves.append(Backtrack(sentence.start(), sentence.end()))
        last = index, kind
    return moves


def count_backtracks(text: str) -> int:
    """Number of moves back in a model's text."""
    return len(find_backtracks(text))


def _found(pattern: str, text: str) -> re.Match[str] | None:
    return _compiled(pattern).search(text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, compiled when it is first needed: this takes a noticeable part of a command's start."""
    return re.compile(pattern, re.IGNORECASE)


def _same_move(last: _Kind, kind: _Kind, sentences: int) -> bool:
    """Whether a phrase continues the move of the last one. An admission after a return starts a new move."""
    return sentences <= _REACH[last] and not (last is _Kind.RETURN and kind is _Kind.ADMISSION)


def _kind_of(sentence: str, *, in_doubt: bool) -> _Kind | None:
    phrases = [(_Kind.ADMISSION, _ADMISSION), (_Kind.NEW_START, _NEW_START)]
    if not _found(_NO_RETURN, sentence):
        phrases = [(_Kind.RETURN, _RETURN), *([(_Kind.RETURN, _PROGRESS)] if in_doubt else []), *phrases]
    for kind, phrase in phrases:
        found = _found(phrase, sentence)
        if found is not None and not _found(_NEGATED, sentence[: found.start()]):
            return kind
    return None
