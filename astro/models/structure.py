r"""Where a solution in Markdown and LaTeX may be cut into steps: after a blank line that breaks no structure.

A blank line does not end a step if

- it is inside a code fence, a display (\[..\], $$..$$) or an environment (\begin{..}..\end{..}),
- the paragraph before it announces what follows: it ends in a colon, a comma or a lead-in ("so we have"), or is a
  heading or a bold title,
- the list before it continues after it, or
- the step has too little content.

The decision uses the text before the blank line and, after a list, the start of the next paragraph. So a text that is
generated paragraph by paragraph is cut at the same places as a text that was generated at once.
"""

import re
from enum import StrEnum


class Closure(StrEnum):
    """Whether the step so far is complete."""

    OPEN = "open"  # it needs what follows
    LIST = "list"  # complete unless the next paragraph continues its list
    COMPLETE = "complete"


class Outline:
    """The structure of the step so far.

    least: letters and digits that a step has at least.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self._content = self._blanks = 0
        self._fence = ""
        self._displays: list[str] = []
        self._list: re.Match[str] | None = None
        self._computes = self._announces = False

    def add(self, paragraph: str) -> None:
        """Add the next paragraph, with the blank line that ends it."""
        self._content += sum(map(str.isalnum, paragraph))
        lines = [line for line in paragraph.split("\n") if not line.isspace() and line]
        if self._displays:
            self._blanks += 1
            if self._blanks > _BLANKS_IN_DISPLAY:
                self._displays.clear()  # the model forgot to close it
        if lines and not self._nested:
            self._read_list(lines)
        for line in lines:
            self._read(line)
        if lines:
            self._announces = _announces(lines)

    @property
    def closed(self) -> bool:
        """Whether no fence, display or environment is open."""
        return not self._nested

    @property
    def closure(self) -> Closure:
        """Whether a blank line here ends the step."""
        if self._nested or self._announces or self._content < self._least or not self._content:
            return Closure.OPEN
        return Closure.COMPLETE if self._list is None else Closure.LIST

    def continued_by(self, text: str) -> bool | None:
        """Whether text, which follows a list, continues it; None if more of it is needed to decide."""
        text = text.lstrip("\n")
        if len(text) < ENOUGH_TO_TELL:
            return None
        if self._list is None or text.startswith((" " * _INDENT, "\t")):
            return self._list is not None
        item = _ITEM.match(text)
        if item is None or bool(item["number"]) != bool(self._list["number"]):
            return False
        # Chat models number their steps: an item that computes something is a step.
        return not (item["number"] and self._computes)

    @property
    def _nested(self) -> bool:
        return bool(self._fence or self._displays)

    def _read_list(self, lines: list[str]) -> None:
        """Find the outermost list that the paragraph belongs to."""
        items = [item for line in lines if (item := _ITEM.match(line))]
        inside = self._list is not None and lines[0].startswith((" " * _INDENT, "\t"))
        if items and not inside:
            self._list = min(items, key=lambda item: len(item["indent"]))
        elif not inside:
            self._list = None

    def _read(self, line: str) -> None:
        fence = _FENCE.match(line)
        if self._fence:
            if fence and fence["mark"].startswith(self._fence) and not fence["language"].strip():
                self._fence = ""
            return
        if fence and not self._displays:
            self._fence = fence["mark"]
            self._computes = True
            return
        for mark in _DISPLAY.finditer(_INLINE_CODE.sub("", line)):
            self._read_display(mark)
        self._computes = self._computes or "=" in line or bool(self._displays)

    def _read_display(self, mark: "re.Match[str]") -> None:
        opening, closing = mark["opening"], mark["closing"]
        if opening:
            self._displays.append(f"\\end{{{mark['name']}}}" if mark["name"] else "\\]")
        elif closing in self._displays:
            del self._displays[self._displays.index(closing) :]
        elif closing == "$$":
            self._displays.append("$$")
        if not self._displays:
            self._blanks = 0


# Enough characters of a paragraph to see a list marker such as "12. ".
ENOUGH_TO_TELL = 4
_INDENT = 2
# A display with more blank lines was not closed, since LaTeX allows none.
_BLANKS_IN_DISPLAY = 3
_ITEM = re.compile(r"(?P<indent>[ \t]{0,12})(?:[-*+\u2022]|(?P<number>\(?\d{1,2}[.)]|\(?[a-zA-Z]\)))[ \t]")
_FENCE = re.compile(r"[ \t]*(?:[-*+]|\d{1,2}[.)])?[ \t]*(?P<mark>`{3,}|~{3,})(?P<language>[^`]*)$")
_INLINE_CODE = re.compile(r"`[^`]*`")
_DISPLAY = re.compile(
    r"(?P<opening>(?<!\\)\\\[|\\begin\{(?P<name>[a-zA-Z]{1,20}\*?)\})|(?P<closing>(?<!\\)\\\]|\$\$|\\end\{[a-zA-Z]{1,20}\*?\})"
)


def _announces(lines: list[str]) -> bool:
    """Whether a paragraph announces what follows."""
    # "\[ x = 3, \]" ends in a comma.
    bare = _MATH_END.sub("", "\n".join(lines).rstrip()).rstrip(" *_`")
    if bare.endswith((":", "\uff1a", ":-", ",", "=")) or _LEAD_IN.search(bare) or _PLAN.search(bare[-120:]):
        return True
    last = lines[-1].strip()
    return last.startswith("#") or (len(lines) == 1 and bool(_TITLE.match(last) or _LABEL.match(last)))


_MATH_END = re.compile(r"(?:\s*(?:\\[\])]|\$\$?|\\end\{[a-zA-Z]{1,20}\*?\}))+$")
_TITLE = re.compile(r"(?:[-*+]|\d{1,2}[.)])?\s*(\*\*|__)(?:(?!\1).)+\1[.:]?$")
_LABEL = re.compile(r"(?i:step|part|case|phase|stage)\s*(?:\d{1,3}|[A-Z]|[IVX]{1,4})\b[^=.!?$\\]{0,80}$")
# A whole sentence that announces: "Let's break it down step by step."
_PLAN = re.compile(
    r"\b(?:as follows|the following(?: [a-z]{1,20}){0,2}|step[- ]by[- ]step|these steps|this approach|"
    r"break (?:it|this|that|them|the problem) down(?: into [a-z, ]{1,40})?|here(?:'s| is) how)[.!]?$",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"(?:^|[\s(,])(?:is|are|was|were|be|have|has|had|get|gets|got|gives?|equals?|becomes?|obtains?|finds?|yields?|"
    r"write|use|using|that|where|when|if|by|as|with|to|so|of|and|or|for|into|from|than|the|a|an|namely|follows|below|"
    r"[Tt]hus|[Hh]ence|[Tt]herefore|[Tt]hen|[Ss]o|[Nn]ow|[Nn]ext|[Ff]irst|[Ff]inally)$"
)
