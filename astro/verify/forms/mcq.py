"""Multiple choice: the letters chosen are the letters of the gold answer, no more and no fewer.

A letter counts when it stands alone at the start of the answer; it takes precedence over an option's text beside it.
The text of exactly one option, without a letter, counts as that option. A letter that only starts a word ("Cannot"), a
denied letter ("not C") and several letters where the problem asks for one do not count.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from astro.verify.extraction import Extraction, after_reasoning, extract
from astro.verify.options import options_in
from astro.verify.plain import plain_text
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

_MAX_ANSWER = 2000  # characters
_DEFAULT_LABELS = "ABCDEFGHIJ"
_LABEL = re.compile(r"[(\[{]?\s?([A-Za-z]|\d{1,2})(?:\s?[)\]}])?")
_SEPARATOR = re.compile(r"\s*(?:,\s*and\b|[,;&/+]|\band\b|\s)\s*", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:the\s)?(?:(?:correct|right|best|final)\s)?(?:options?|choices?|answers?|letters?)(?:\s(?:is|are)\b)?\s?:?\s+",
    re.IGNORECASE,
)
_MARKED = re.compile(r"[(\[]([A-Za-z]|\d{1,2})[)\]]|([A-Za-z]|\d{1,2})[).:]")
_LONE = re.compile(r"(?<![A-Za-z0-9'])([A-Z])(?![A-Za-z0-9'])")
_BEFORE = re.compile(r"[(\[]?([A-Za-z]|\d{1,2})(?:[)\]]\s?[-\u2013\u2014=:.]{0,2}|\s?[-\u2013\u2014=:.]{1,2})\s?(\S.*)")
_BEHIND = re.compile(r"(.*\S)[\s,:-]{0,3}[(\[]([A-Za-z]|\d{1,2})[)\]]")
_HEDGE = re.compile(
    r"\b(?:or|not|neither|nor|either|except|maybe|possibly)\b|\?|\b(?:is|are|was) (?:wrong|incorrect|false|out)\b",
    re.IGNORECASE,
)
_VERDICT_LINE = re.compile(
    r"[\W_]*(?:(?:so|thus|therefore|hence|i\s(?:choose|pick|select|would\schoose)),?\s)?"
    r"(?:the\s)?(?:(?:correct|right|best|final)\s)?(?:answer|option|choice)?(?:\sis)?[\s:*_]*[(\[]?([A-Z])[)\]]?"
    r"(?:\sis\s(?:correct|right|the\s(?:correct|right|best)\s(?:answer|option|choice)))?[\W_]*",
    re.IGNORECASE,
)


def read(response: str, config: VerifyConfig) -> Extraction:
    """The marked answer; or, with config.statements, a last line that only names an option ("So option C.")."""
    found = extract(response, config.answer_format, statements=config.statements)
    if found.answer is not None or found.outcome is not Outcome.UNANSWERED or not config.statements:
        return found
    text = after_reasoning(response)
    lines = (text or "").rstrip().rsplit("\n", 1)
    line = _VERDICT_LINE.fullmatch(lines[-1]) if len(lines[-1]) <= 120 else None
    if line is None or found.reason != "no final answer":
        return found
    return Extraction(line.group(1), "stated in the last line")


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:  # noqa: ARG001 - the convention
    """Compare the set of chosen labels with the gold's; canonical is the labels in order, joined by commas."""
    answer = extraction.answer or ""
    if len(answer) > _MAX_ANSWER:
        return Verdict(Outcome.MALFORMED, answer[:80], "the answer is too long")
    options = read_options(problem)
    gold = gold_labels(problem, options)
    if not gold:
        return Verdict(Outcome.ERROR, answer, f"the gold answer {problem.answer!r} names no option")
    texts = extraction.parts or (answer,)
    if extraction.parts and len(gold) == 1:
        return Verdict(Outcome.MALFORMED, answer, "several different answers")
    labels = options.keys() or set(_DEFAULT_LABELS) | gold
    chosen: set[str] = set()
    for text in texts:
        picked = _choice(plain_text(text), options, labels, several=len(gold) > 1)
        if not picked:
            return Verdict(Outcome.MALFORMED, answer, "it names no single option")
        chosen |= picked
    canonical = ",".join(sorted(chosen))
    if chosen == gold:
        return Verdict(Outcome.CORRECT, answer, "the gold option", canonical)
    return Verdict(Outcome.INCORRECT, answer, f"chooses {canonical}", canonical)


def check_gold(problem: Subject) -> str | None:
    """Why the gold answer cannot be used, or None."""
    if gold_labels(problem, read_options(problem)):
        return None
    return f"the gold answer {problem.answer!r} names no option"


def read_options(problem: Subject) -> dict[str, str]:
    """Option texts by label, from metadata choices/options (a list, or {"label": [...], "text": [...]}) or the prompt.

    Empty when fewer than two options can be read.
    """
    given: Any = problem.metadata.get("choices", problem.metadata.get("options"))
    if isinstance(given, Mapping) and isinstance(given.get("text"), Sequence):
        texts = [str(text) for text in given["text"]]
        labels = [str(label) for label in given.get("label", _DEFAULT_LABELS[: len(texts)])]
        return dict(zip(labels, map(_folded, texts), strict=False))
    if isinstance(given, Mapping):
        return {str(label): _folded(str(text)) for label, text in given.items()}
    if isinstance(given, Sequence) and not isinstance(given, str):
        return {chr(ord("A") + i): _folded(str(text)) for i, text in enumerate(given[:26])}
    return {label: _folded(text) for label, text in options_in(problem.prompt).items()}


def gold_labels(problem: Subject, options: Mapping[str, str]) -> set[str]:
    """The labels the gold answer names: "C", "(C)", "A,C", "AC", or the text of one option. Empty if it names none."""
    gold = plain_text(problem.answer)
    labels = options.keys() or set(_DEFAULT_LABELS)
    return _choice(gold, options, labels, several=False) or _choice(gold, options, labels, several=True)


def _choice(text: str, options: Mapping[str, str], labels: Any, *, several: bool) -> set[str]:  # noqa: PLR0911 - one return for each rule, in order
    """The labels that an answer picks; empty when it picks none, or too many."""
    text = text.strip().strip("{}").strip().rstrip(".").strip()
    if not text:
        return set()
    lead = _LEAD.match(text)
    bare = text[lead.end() :] if lead else text
    listed = _listed(bare, labels)
    if listed:
        return listed if several or len(listed) == 1 else set()
    if several:
        return _marked_list(bare, labels)
    named = [label for label, option in options.items() if option and option == _folded(text)]
    beside = _beside_its_text(text, options, labels) or _beside_its_text(bare, options, labels)
    if beside:
        return {beside}
    marked = _MARKED.match(bare)
    if marked:
        label = _label(marked.group(1) or marked.group(2), labels)
        return _unless_hedged(label, bare[marked.end() :], labels)
    if len(named) == 1:
        return {named[0]}
    first, _, rest = bare.partition(" ")
    label = _label(first.rstrip(","), labels) if first[:1].isupper() else None
    if label is None or (first == "A" and rest[:1].islower() and not rest.startswith("is ")):
        return set()  # an article, or a word
    return _unless_hedged(label, rest, labels)


def _beside_its_text(text: str, options: Mapping[str, str], labels: Any) -> str | None:
    """The label of "B - Jupiter", "(B) Jupiter" or "Jupiter (B)", where it is that option's whole text.

    The words of an option like "None of these" or "vitamin C" then neither deny its label nor name another one.
    """
    match = _BEFORE.fullmatch(text)
    label, written = match.group(1, 2) if match else (None, "")
    if label is None and (match := _BEHIND.fullmatch(text)):
        written, label = match.group(1, 2)
    label = _label(label, labels) if label else None
    return label if label and options.get(label) and options[label] == _folded(written) else None


def _unless_hedged(label: str | None, rest: str, labels: Any) -> set[str]:
    """The label, unless what follows denies it or names another one."""
    if label is None or _HEDGE.search(rest):
        return set()
    others = {found for found in _LONE.findall(rest) if found in labels} - {label, "A", "I"}
    marked = {_label(one or two, labels) for one, two in _MARKED.findall(rest)} - {label, None}
    return set() if others or {m for m in marked if m and m.isalpha()} else {label}


def _listed(text: str, labels: Any) -> set[str]:
    """Labels, when the whole answer is nothing but labels and separators."""
    if text.isalpha() and text.isupper() and 1 < len(text) <= len(labels):
        found = {_label(letter, labels) for letter in text}
        return set() if None in found or len(found) < len(text) else {label for label in found if label}
    chosen: set[str] = set()
    position = 0
    while position < len(text):
        match = _LABEL.match(text, position)
        label = _label(match.group(1), labels) if match else None
        if match is None or label is None:
            return set()
        chosen.add(label)
        position = match.end()
        if position == len(text):
            return chosen
        gap = _SEPARATOR.match(text, position)
        tail = text[position:].strip(" .):")
        if gap is None:
            return chosen if not tail else set()
        position = gap.end()
    return chosen


def _marked_list(text: str, labels: Any) -> set[str]:
    """Labels of "(A) 2 and (C) 5": each marked by brackets or a full stop; empty when the text denies something."""
    if _HEDGE.search(text):
        return set()
    found = {_label(one or two, labels) for one, two in _MARKED.findall(text)}
    return {label for label in found if label}


def _label(text: str, labels: Any) -> str | None:
    if text in labels:
        return text
    return text.upper() if text.upper() in labels else None


def _folded(text: str) -> str:
    return plain_text(text).strip(" .,;").casefold()
