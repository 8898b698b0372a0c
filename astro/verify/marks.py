r"""Where a response marks an answer: \boxed{}, \fbox{}, <answer> tags, and plain final statements."""

import re
from dataclasses import dataclass

from astro.verify.visible import closing_brace


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate: text[start:end] holds it with its markup, inner is the answer itself."""

    start: int
    end: int
    inner: str


def tagged(text: str) -> list[Span] | None:
    """Content of each <answer>...</answer>, or of the last box inside; None when the last tag is not closed."""
    if "<answer>" not in text:
        return []
    spans, position = [], 0
    while (start := text.find("<answer>", position)) >= 0:
        end = text.find("</answer>", start)
        if end < 0:
            return None
        start = text.rfind("<answer>", start, end)
        inner = text[start + 8 : end]
        boxes = boxed(inner) if "box" in inner else []
        if boxes is None:
            return None
        position = end + 9
        spans.append(Span(start, position, boxes[-1].inner if boxes else inner.strip()))
    return spans


def boxed(text: str) -> list[Span] | None:
    r"""Outermost \boxed and \fbox groups; a mention without a group is skipped; None when the last is not closed."""
    spans: list[Span] = []
    position = 0
    for match in _BOX.finditer(text):
        if match.start() < position:
            continue
        if match.group(1):
            spans.append(Span(match.start(), match.end(), match.group(1)))
            continue
        if not match.group().endswith("{"):
            if match.end() == len(text):
                return None
            continue
        closing = closing_brace(text, match.end() - 1)
        if closing < 0:
            return None
        position = closing + 1
        spans.append(Span(match.start(), position, text[match.end() : closing].strip()))
    return spans


_BOX = re.compile(r"\\(?:boxed|fbox)(?:\s{0,8}\{|\s{1,8}(\d)|(?![a-zA-Z]))")


def stated(text: str) -> list[Span]:
    """Plain final statements in the last lines: "The answer is X", "Answer: X", "#### X"."""
    tail_start = max(0, len(text) - 2000)
    tail = text[tail_start:]
    lines = [line for line in tail.split("\n") if line.strip() not in ("", "\\[", "\\]", "$$")][-3:]
    if not lines:
        return []
    tail_start += tail.rfind(lines[0])
    tail = text[tail_start:]
    spans: list[Span] = []
    for match in _STATEMENT.finditer(tail):
        if match.group(1) or _NOT_A_STATEMENT.search(tail[max(0, match.start() - 40) : match.start()].lower()):
            continue
        stop = _SENTENCE_END.search(tail, match.end())
        end = stop.start() if stop else len(tail)
        inner = tail[match.end() : end]
        asked = tail[end : end + 1] == "?"
        if tail[end:].strip(" .*_\n") and _CONDITION.search(tail[: match.start()].lower()):
            continue  # a case among others; the last sentence may begin with "if", too
        if asked or _NEGATION.match(inner.lower()):
            continue
        broken_off = len(_DOLLAR.findall(inner)) % 2  # an odd number of dollars opens a formula, unless it is money
        price = _PRICE if stop else _LAST_PRICE
        if broken_off and not (price.fullmatch(inner) and "$" not in tail[end:].partition("\n")[0]):
            continue
        start = tail_start + match.start()
        if spans and start < spans[-1].end:  # "Final answer: the answer is 42" is one statement
            spans.pop()
        spans.append(Span(start, tail_start + end, _bare(inner)))
    return spans


_STATEMENT = re.compile(
    r"(?:^[#*_ ]{0,8}(?:the )?(?:final )?answer[*_: ]{0,4}\n"
    r"|(?<![a-zA-Z0-9])answers?\b(?: to (?:the|this|your) (?:problem|question|equation|exercise))?[*_ ]{0,4}"
    r"(?:is equal to\b|is\b|are\b|:|=|was\b|equals\b|(?:should|must) be\b|comes (?:out )?to\b|turns out to be\b)"
    r"(n't|\s?not\b)?|####|\bfinal answer\b[*_:]{0,4}\n)"
    r"[*_:\s]{0,6}(?:(?:\\\[|\$\$)\s{1,4}(?=\S))?",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_A_STATEMENT = re.compile(
    r"(?:\b(?:is|if|whether|suppose|assume|not|no|was|key|wrong(?: that)?|incorrect that|impossible that|of|"
    r"bounds? for|twice|double|triple|half|times|plus|minus|"
    r"(?:key|clue|hint|way|path|step|steps|close|closer|closest|near|nearer|nearest|equal|unrelated|attempt) to|"
    r"(?:nobody|no one|hardly anyone|few) [a-z ]{0,16}(?:say|think|believe|claim)s?(?: that)?|"
    r"(?:all|both|each|some|any|one|two|three) of)"
    r"|(?:\b(?:doubt|unlikely|false|unsure|(?:might|could) (?:think|say))|(?:n't|\bnot) "
    r"(?:think|believe|sure|certain|say))(?: that)?)"
    r"\s(?:the |an |my |these |those |all |both )?(?:two |three |\d )?(?:final |right |correct )?$"
)
_CONDITION = re.compile(
    r"(?:^|[.!?:]\s|\n)[\s*_>-]{0,4}(?:but |and |or |then )?(?:if|suppose|assuming|were)\b[^.!?\n]{0,200}$"
)
_NEGATION = re.compile(r"\s{0,3}(?:not|no longer|unknown|unclear|never)\b")
_DOLLAR = re.compile(r"(?<!\\)\$")
_PRICE = re.compile(r"\$\s?\d[\d,]*(?:\.\d+)?(?:\s[a-z' ]{1,60})?[*_\s]{0,4}")
_LAST_PRICE = re.compile(r"\$\s?\d[\d,]*(?:\.\d\d)?[*_\s]{0,4}")  # a formula may break off after other decimals
_SENTENCE_END = re.compile(
    r"[.;!](?=\s|$|\*)|\?|\n|,? (?:because|since|which|as we|i hope|i think|and i)\b", re.IGNORECASE
)


def _bare(statement: str) -> str:
    """A stated answer without its Markdown and math delimiters."""
    for mark in ("**", "__", "\\(", "\\)", "\\[", "\\]"):
        statement = statement.replace(mark, "")
    if len(_DOLLAR.findall(statement)) % 2 == 0:  # an odd number means money
        statement = _DOLLAR.sub("", statement)
    return statement.strip(" \t\r\n*_`:")
