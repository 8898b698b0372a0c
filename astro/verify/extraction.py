r"""The final answer of a response, and nothing else.

The final answer is what a reader would take as the last word: the last \boxed{...} or <answer>...</answer> after the
reasoning, or, where settings allow it, a plain final statement like "The answer is 42." Text in the reasoning, in a
comment or in an unfinished box is not an answer. Several different answers side by side go into Extraction.parts: a
form whose gold answer is a list can accept them, and every other form refuses them.

Every scan is linear in the length of the response; no regular expression here has nested or adjacent open repeats.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from astro.verify.attached import attached
from astro.verify.marks import Span, boxed, stated, tagged
from astro.verify.verdict import Outcome
from astro.verify.visible import RARE_MARKS, closing_brace, visible

__all__ = ["AnswerFormat", "Extraction", "after_reasoning", "closing_brace", "extract", "plain_box"]

LONG_RESPONSE = 200_000
TAIL = 20_000
MAX_MARKS = 200  # marked answers considered, from the end
MAX_CANDIDATES = 8  # more different boxes than this are guesses, whatever the prose between them


class AnswerFormat(StrEnum):
    """Where the final answer stands."""

    ANY = "any"  # the last answer tag or box, whichever is there
    BOXED = "boxed"  # \boxed{...} or \fbox{...}
    TAG = "tag"  # <answer>...</answer>, or the box inside it


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was found at the end of a response.

    answer: the final answer as written, stripped; None when there is none or it is ambiguous.
    reason: the rule that found it, or why there is none.
    outcome: None when an answer was found, else UNANSWERED or MALFORMED.
    parts: when several different answers stand side by side, each of them (answer then joins them with ", "); when the
        last answer is offered beside another, as in "13 + 2, or [15]", both (answer is then None).
    """

    answer: str | None
    reason: str
    outcome: Outcome | None = None
    parts: tuple[str, ...] = ()


def extract(
    response: str, answer_format: AnswerFormat = AnswerFormat.ANY, *, statements: bool = True, alone: bool = False
) -> Extraction:
    r"""Find the final answer.

    statements: whether "The answer is X", "Answer: X" or "#### X" near the end counts when nothing is marked up.
    alone: whether a box with mathematics attached to it, as in -\boxed{5}, is refused.
    Never raises. Of a response longer than LONG_RESPONSE characters, only the last TAIL characters are read.
    """
    if answer_format is not AnswerFormat.TAG:
        plain = plain_box(response)
        if plain:
            start = response.rfind("\\boxed") if alone else -1
            if start < 0 or not attached(response, start, closing_brace(response, start + 6) + 1):
                return Extraction(plain, "boxed")
    text = after_reasoning(response)
    if text is None:
        return Extraction(None, "the reasoning never ends", Outcome.UNANSWERED)
    text = visible(text[-TAIL:] if len(response) > LONG_RESPONSE else text)
    spans = _candidates(text, answer_format)
    if spans is None:
        return Extraction(None, "the last answer is cut off", Outcome.UNANSWERED)
    rule = "boxed" if answer_format is AnswerFormat.BOXED else "marked"
    if not spans and statements:
        spans, rule = stated(text), "stated"
    return _choose(text, spans, rule, alone=alone)


def after_reasoning(response: str) -> str | None:
    """The part of a response that a reader sees: after the last closed think block, before any end-of-turn token.

    None when a think block is still open at the end.
    """
    if "<" not in response:
        return response
    text = response
    if "<|channel|>" in text:
        text = text.rpartition("<|channel|>final<|message|>")[2]
        if "<|channel|>" in text:
            return None
    struck_out = "<s>" in text and not (text.startswith("<s>") and text.find("</s>") in (-1, len(text.rstrip()) - 4))
    cut = (_END_OF_MARKED_TURN if struck_out else _END_OF_TURN).search(text)
    text = text[: cut.start()] if cut else text
    marks = list(_THINK.finditer(text))
    if not marks:
        return text
    if not marks[-1].group(1):
        return None
    return text[marks[-1].end() :]


_THINK = re.compile(r"<(/?)(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_END_OF_MARKED_TURN = re.compile(r"<\|(?:im_end|eot_id|endoftext|end_of_text|end|user|im_start)\|>")  # <s> strikes out
_END_OF_TURN = re.compile(_END_OF_MARKED_TURN.pattern + "|</s>")


def plain_box(response: str) -> str:
    r"""The content of the only \boxed{} of a response that no rare rule applies to; "" when in doubt.

    A fast path: extract() finds the same answer by the rule "boxed", in every format but TAG. Most responses to a
    prompt that asks for a box need nothing else.
    """
    start = response.find("\\")
    rare = "<" in response or "%" in response or "~~" in response or "]: " in response
    if start < 0 or rare or len(response) > LONG_RESPONSE:
        return ""
    if response.rfind("\\") != start:  # the box is not the only command
        start = response.find("\\boxed")
        if response.find("\\boxed", start + 7) >= 0 or any(mark in response for mark in RARE_MARKS):
            return ""
    if not response.startswith("\\boxed{", start):
        return ""
    end = response.find("}", start + 7)
    inner = response[start + 7 : end]
    if end < 0 or "{" in inner or "\\" in inner:
        end = closing_brace(response, start + 6)
        if end < 0:
            return ""
        inner = response[start + 7 : end]
    before = start - 32 if start > 32 else 0
    sentence = response.rfind(". ", before, start)  # the sentence before it does not describe the box
    if (
        "example" in response
        or _is_doubtful(response[sentence if sentence > 0 else before : start])
        or ((len(response) - end > 2 or response[-1] == "?") and _is_doubtful(response[end : end + 48]))
    ):
        return ""
    inner = inner.strip()
    return "" if _is_placeholder(inner) else inner


def _candidates(text: str, answer_format: AnswerFormat) -> list[Span] | None:
    """Marked answers in order; None when the last one is opened and never closed."""
    tags = [] if answer_format is AnswerFormat.BOXED else tagged(text)
    if tags is None:
        return None
    if answer_format is AnswerFormat.TAG:
        return tags
    boxes = boxed(text)
    if boxes is None:
        return None
    spans: list[Span] = []
    for span in sorted(tags + boxes, key=lambda span: span.start):
        if not spans or span.start >= spans[-1].end:  # not a box inside a tag
            spans.append(span)
    return spans


def _choose(text: str, spans: list[Span], rule: str, *, alone: bool) -> Extraction:
    """The final answer among candidates: the last one, and those beside it that it does not replace."""
    marked = spans[-MAX_MARKS:]
    spans = [span for span in marked if not _withdrawn(text, span)]
    real = [span for span in spans if not _is_placeholder(span.inner)]
    shown = spans[-1].inner if spans else ""
    if shown.strip(_SPACING) and _is_placeholder(shown):
        return Extraction(None, f"the last answer, {shown[:40]!r}, is a placeholder", Outcome.MALFORMED)
    if not real:
        return Extraction(None, "no final answer", Outcome.UNANSWERED)
    last = len(real) - 1
    first = last
    while first > 0 and _side_by_side(text, real, first):
        first -= 1
    fault = ""
    if _is_hedged(text, real[last]) or any(_is_doubt(text, real[last], span) for span in marked):
        fault = "the last answer is one of several"
    elif alone and any(_is_attached(text, span) for span in real[first:]):
        fault = "the box is only a part of a formula"
    if fault:
        return Extraction(None, fault, Outcome.MALFORMED, _offered(text, real[last]))
    parts = tuple(dict.fromkeys(span.inner for span in real[first:]))
    if len(parts) == 1:
        if len({span.inner for span in real}) > MAX_CANDIDATES:
            return Extraction(None, "a long list of different answers", Outcome.MALFORMED)
        return Extraction(parts[0], rule)
    return Extraction(", ".join(parts), "several answers side by side", None, parts)


def _is_attached(text: str, span: Span) -> bool:
    """Whether mathematics is attached to a box, or to the box inside a tag."""
    if text.startswith("<answer>", span.start):
        text = text[span.start + 8 : span.end - 9]
        boxes = boxed(text)
        if not boxes:
            return False  # the whole content of the tag is the answer
        span = boxes[-1]
    return text.startswith("\\", span.start) and attached(text, span.start, span.end)


_DOUBT = re.compile(
    r"n(?:ot|'t|ever)|or[ \n]|wrong|correct|\?|rather|instead|answer were\b|doubt|unlikely|unsure", re.IGNORECASE
)


@lru_cache(maxsize=4096)  # models write much the same around a box
def _is_doubtful(words: str) -> bool:
    return _DOUBT.search(words) is not None


def _withdrawn(text: str, span: Span) -> bool:
    """Whether the words around a candidate say that it is not the answer, only asks for it, or shows the form."""
    before, after = text[max(0, span.start - 60) : span.start].lower(), text[span.end : span.end + 60].lower()
    return bool(_NEGATED_BEFORE.search(before) or _DENIED_AFTER.match(after))


def _is_hedged(text: str, span: Span) -> bool:
    """Whether the text offers an unmarked alternative beside a candidate, as in "41 or" before it."""
    before, after = text[max(0, span.start - 60) : span.start].lower(), text[span.end : span.end + 60].lower()
    return bool(_OFFERED_BEFORE.search(before) or _OFFERED_AFTER.match(after))


def _offered(text: str, span: Span) -> tuple[str, ...]:
    """A candidate with the alternative before or after it, the candidate last; empty if there is not just one."""
    before = _VALUE_BEFORE.search(text[max(0, span.start - 120) : span.start])
    after = _VALUE_AFTER.match(text[span.end : span.end + 120])
    found = before or after
    if found is None or (before and after):
        return ()
    return (next(group for group in found.groups() if group), span.inner)


_PLAIN_VALUE = r"[-+\d.(][-+*/\d.() =%^]{0,60}"
_VALUE_BEFORE = re.compile(rf"(?:\$([^$\n]{{1,80}})\$|(?<![\w$])({_PLAIN_VALUE}))\s{{0,2}},?\s{{0,2}}or\s{{1,2}}\$?\Z")
_VALUE_AFTER = re.compile(rf"[\s$,]{{0,4}}or\s{{1,2}}(?:\$([^$\n]{{1,80}})\$|({_PLAIN_VALUE}))(?=[\s.,;]|\Z)")


def _is_doubt(text: str, last: Span, span: Span) -> bool:
    """Whether a later candidate asks if it is the answer instead: "Or is it 43?"."""
    if (
        span.start < last.end
        or span.inner == last.inner
        or not text[span.end : span.end + 10].lstrip(" $.)").startswith("?")
    ):
        return False
    return not _ALTERNATIVE.isdisjoint(_WORD.findall(text[last.end : span.start].lower()))


_NEGATED_BEFORE = re.compile(
    r"(?:\b(?:not|never|neither|nor|cannot|if [^.\n]{0,40}\bwere|rather than|instead of|for example,?|"
    r"example:|example of [a-z ]{0,20})|n't|"
    r"(?:\b(?:doubt|unlikely|unsure|not (?:think|believe|sure|certain))|n't (?:think|believe|sure|certain))(?: that)?"
    r" (?:it|this|that|the (?:final )?answer) (?:is|equals))"
    r"(?: equal to| be| simply| just| in fact)?[\s$:(]{0,8}$"
)
_DENIED_AFTER = re.compile(
    r"[\s$.,)]{0,8}(?:\?|(?:is|was|must be|would be|seems|looks|cannot be|can't be)\s"
    r"(?:(?:actually|probably|definitely|certainly|clearly|obviously|surely) )?"
    r"(?:wrong|incorrect|false|not (?:right|correct|true|the answer|the final answer|my answer))"
    r"|(?:cannot be|can't be|couldn't be|isn't|wasn't) (?:right|correct|true|the (?:final )?answer))"
)
_OFFERED_BEFORE = re.compile(r"\d[\s$),%\\]{0,6}or(?: maybe| possibly| perhaps| even)?[\s$(]{0,6}$")
_OFFERED_AFTER = re.compile(r"[\s$,(]{0,6}or(?: maybe| possibly| perhaps| even)?[\s$(]{0,6}-?\d")


def _is_placeholder(inner: str) -> bool:
    if len(inner) > 40 or inner.lstrip("(")[:1].isdecimal() or "\\{" in inner:  # \\{\\} is the empty set
        return False
    bare = inner.strip(_BLANK)
    return not bare or bare.lower() in _PLACEHOLDERS


_SPACING = " \t\r\n~\\,;:!{}$"
_BLANK = " \t\r\n$.?_~\\,;:!{}()[]*…-"
_PLACEHOLDERS = {
    "answer",
    "your answer",
    "the answer",
    "final answer",
    "your final answer",
    "the final answer",
    "answer here",
    "ldots",
    "dots",
    "cdots",
    "quad",
    "qquad",
    "text{answer",
    "text{your answer",
    "text{final answer",
    "text{the answer",
    "square",
    "box",
    "text",
    "phantom",
    "blank",
    "result",
    "number",
}


def _side_by_side(text: str, spans: list[Span], index: int) -> bool:
    """Whether a candidate stands beside the one before it, instead of replacing it.

    A correction or a sentence of reasoning between the two makes the earlier one intermediate; "or", punctuation, a
    list label, or the same words as before the earlier one do not.
    """
    before, here = spans[index - 1], spans[index]
    gap = text[before.end : here.start].lower()
    words = _WORD.findall(_LAYOUT.sub(" ", gap[:2000]))
    if _CONDITIONAL.match(gap) and _CONDITIONAL.match(text[here.end : here.end + 40].lower()):
        return True
    if any(word in _ALTERNATIVE for word in words[-2:]):
        return True
    if any(word in _CORRECTION for word in words):
        return False
    if any(word in _ALTERNATIVE or word in _OTHERWISE for word in words):
        return True
    lead_start = spans[index - 2].end if index > 1 else max(0, before.start - len(gap) - 20)
    lead = _WORD.findall(text[lead_start : before.start].lower())
    if words and (lead[-len(words) :] == words or (words[0] == "if" and "if" in lead)):
        return True
    return len(words) < 3 and not any(word in _CONCLUSION for word in words)


_WORD = re.compile(r"[a-z']{2,}")
_LAYOUT = re.compile(r"\\(?:q?quad|text|mathrm|mbox|hspace\{[^{}]{0,12}\}|(?:thin|med|thick)?space)(?![a-z])")
_CONDITIONAL = re.compile(r"[\s$.,)]{0,8}(?:if|when|assuming|provided)\b")
_OTHERWISE = frozenset(["otherwise", "else", "unless"])
_ALTERNATIVE = frozenset(
    [
        "or",
        "maybe",
        "perhaps",
        "alternatively",
        "alternative",
        "possibly",
        "either",
        "might",
        "could",
        "candidate",
        "option",
        "another",
        "also",
    ],
)
_CORRECTION = frozenset(
    [
        "wrong",
        "incorrect",
        "correct",
        "correcting",
        "correction",
        "corrected",
        "actually",
        "wait",
        "mistake",
        "instead",
        "sorry",
        "oops",
        "error",
        "recheck",
        "rechecking",
        "fix",
        "fixed",
        "revised",
        "revise",
        "but",
        "however",
        "rather",
        "hmm",
        "recomputing",
        "recalculating",
        "again",
        "no",
    ],
)
_CONCLUSION = frozenset(["so", "therefore", "thus", "hence", "then", "final", "finally", "answer", "total", "gives"])
