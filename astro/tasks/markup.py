"""Final answers as marked in a model's text: boxes, hashes and phrases."""

import re
from bisect import bisect_right

from astro.verify import closing_brace, extract

_BOX = re.compile(r"\\(?:fbox|boxed)\s{0,8}\{")
_HASHES = re.compile(r"[ \t]{0,8}####.*")
_BRACE = re.compile(rf"{_BOX.pattern}|\\.|[{{}}]", re.DOTALL)
_SAYS_ANSWER = re.compile(
    r"\b(?:final answer|answer is|answer:|answer would be|</?answer>)|\banswer\*\*:|\*\*answer", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def has_answer(text: str) -> bool:
    """Whether the text announces an answer that a verifier or a reader would take as final."""
    return has_mark(text) or _SAYS_ANSWER.search(text) is not None or extract(text).answer is not None


def without_answer(text: str) -> str:
    """The text without announced final answers: drops their sentences and replaces other boxes by their content."""
    kept = [sentence for sentence in _sentences(_HASHES.sub("", text)) if not _SAYS_ANSWER.search(sentence)]
    return without_boxes("".join(kept))


def has_mark(text: str) -> bool:
    """Whether the text has a machine-readable final answer: a box or hashes."""
    return any(mark.search(text) for mark in (_BOX, _HASHES))


def without_boxes(text: str) -> str:
    """The text with every box, nested ones included, replaced by its content."""
    opened: list[bool] = []  # for each open brace, whether it belongs to a box

    def kept(found: re.Match[str]) -> str:
        mark = found[0]
        if mark.endswith("{") and not mark.startswith("\\{"):
            opened.append(mark != "{")
            return "" if opened[-1] else mark
        return "" if mark == "}" and opened and opened.pop() else mark

    return _BRACE.sub(kept, text).strip()


def _sentences(text: str) -> list[str]:
    """The sentences of the text, each with the space that follows it. A box is never split."""
    boxes = _boxes(text)
    openings = [opening for opening, _, _ in boxes]
    cuts = [0]
    for end in _SENTENCE_END.finditer(text):
        before = bisect_right(openings, end.start()) - 1
        if before < 0 or end.start() > boxes[before][2]:
            cuts.append(end.end())
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _boxes(text: str) -> list[tuple[int, int, int]]:
    """For every outermost box: start of the command, start and end of the content."""
    found, position = [], 0
    while (opening := _BOX.search(text, position)) is not None:
        closing = closing_brace(text, opening.end() - 1)
        position = len(text) if closing < 0 else closing
        found.append((opening.start(), opening.end(), position))
    return found
