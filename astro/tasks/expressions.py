"""The figures of a text: its numbers and expressions, in one spelling for all notations."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_LABEL = re.compile(
    r"^[ \t]*(?P<heading>#{1,6}[ \t]*)?(?:\*\*)?(?:step[ \t]{1,9}\d{1,9}"
    r"(?:(?:\*\*)?[ \t]{0,9}[:.)\u2013\u2014-]+(?:\*\*)?|\*\*|(?(heading)\b|(?=[ \t\r]*$)))|(?P<number>\d{1,2})[.)]\s)",
    re.IGNORECASE | re.MULTILINE,
)
_FENCED = re.compile(r"^[ \t]*(?:```|~~~).*?(?:^[ \t]*(?:```|~~~)|\Z)", re.DOTALL | re.MULTILINE)
_FRACTION = re.compile(r"\\[dt]?frac[ \t]{0,9}\{([^{}]{1,200})\}[ \t]{0,9}\{([^{}]{1,200})\}")
_SPELLING = {
    "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u2217": "*", "\u00f7": "/", "\u2212": "-", "\u2013": "-",
    "\u2264": "<=", "\u2265": ">=", "\u2260": "!=",
    r"\times": "*", r"\cdot": "*", r"\div": "/",
    r"\leq": "<=", r"\geq": ">=", r"\neq": "!=", r"\le": "<=", r"\ge": ">=",
    r"\left": "", r"\right": "", r"\quad": " ", r"\qquad": " ", "\\,": " ", "\\!": "", "\\;": " ", "\\:": " ",
    "$": " , ", r"\(": " , ", r"\)": " , ", r"\[": " , ", r"\]": " , ",
    "{,}": ",", "**": " ", "{": "(", "}": ")",
}  # fmt: skip
_RESPELL = re.compile("|".join(re.escape(mark) + ("(?![a-zA-Z])" if mark[-1].isalpha() else "") for mark in _SPELLING))
TOKEN = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|\\[a-zA-Z]+|[a-zA-Z]+|[<>!]=|[-+*/^=<>()]|\S")
OPERATORS = frozenset("+-*/^=<>") | {"<=", ">=", "!="}
_PARENTHESES = frozenset("()")
_RELATIONS = frozenset({"=", "<", ">", "<=", ">=", "!="})
_SIMPLE_GROUP = re.compile(r"\{([0-9a-zA-Z.]{1,20})\}")
_TEXT_COMMANDS = frozenset({r"\text", r"\textbf", r"\mathrm", r"\mathbf", r"\boxed", r"\fbox"})
_FRACTION_PASSES = 8  # levels of nested fractions to rewrite; deeper ones keep their LaTeX spelling


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers and expressions of a text.

    numbers: as strings without thousands separators; in order of appearance.
    expressions: runs of numbers, letters, operators and parentheses with at least one operator, as tokens separated by
        spaces: "50 - 25 = 25".
    running: all tokens of the text in that spelling, with a space at both ends, to search for expressions.
    """

    numbers: tuple[str, ...]
    expressions: tuple[str, ...]
    running: str

    def holds(self, expression: str) -> bool:
        """Whether an expression occurs in the text."""
        return f" {expression} " in self.running


@lru_cache(maxsize=4096)  # every thought is read again for each thought that follows it
def figures(text: str) -> Figures:
    """Read the figures of a text in time linear in its length. Labels such as "Step 3:" are not figures."""
    tokens = [_canonical(token) for token in TOKEN.findall(respelled(without_labels(text)))]
    numbers = tuple(token for token in tokens if token[0].isdigit())
    return Figures(numbers, tuple(_expressions(tokens)), f" {' '.join(tokens)} ")


def without_label(text: str) -> str:
    """The text without a label such as "Step 3:", "**Step 3:**" or "2." at its beginning."""
    label = _LABEL.match(text)
    if label is None:
        return text
    # A label may start a bold title, which continues as plain text.
    return text[label.end() :].replace("**", "", label[0].count("**") % 2)


def unlabelled(text: str) -> str:
    """The text without the labels of its lines. Code blocks stay.

    A numbered list under a sentence that announces it becomes a list of dashes, so that no line keeps a label that
    others lose.
    """
    starts_with_label = _LABEL.match(text) is not None
    numbers = [int(label["number"]) for label in _LABEL.finditer(_FENCED.sub("", text)) if label["number"]]
    is_list = numbers[:1] == [1] or any(after == before + 1 for before, after in pairwise(numbers))
    lines, in_code = [], False
    for line in text.splitlines(keepends=True):
        in_code ^= line.lstrip().startswith(("```", "~~~"))
        label = None if in_code else _LABEL.match(line)
        if label is None or (label["number"] and not (starts_with_label or is_list)):
            lines.append(line)
        elif starts_with_label or not label["number"]:
            lines.append(without_label(line).lstrip(" \t"))
        else:
            indent = line[: len(line) - len(line.lstrip(" \t"))]
            lines.append(f"{indent}- {without_label(line).lstrip(' ')}")
    return "".join(lines)


def without_labels(text: str) -> str:
    """The text without the labels at the start of its lines."""
    return _LABEL.sub(" ", text)


def sides(expression: str) -> list[str]:
    """The sides of the relations in an expression: "50 - 25" and "25" for "50 - 25 = 25"."""
    found: list[list[str]] = [[]]
    for token in expression.split():
        if token in _RELATIONS:
            found.append([])
        else:
            found[-1].append(token)
    return [" ".join(side) for side in found if side]


def respelled(text: str) -> str:
    """The text with one spelling for operators and fractions, and with parentheses instead of braces."""
    for _ in range(_FRACTION_PASSES):
        text, changed = _FRACTION.subn(lambda found: f" {_operand(found[1])}/{_operand(found[2])} ", text)
        if not changed:
            break
    text = _SIMPLE_GROUP.sub(r" \1 ", text)
    return _RESPELL.sub(lambda found: _SPELLING[found[0]], text)


def _operand(text: str) -> str:
    return text if text.strip().isalnum() else f"({text})"


def _canonical(token: str) -> str:
    return token.replace(",", "") if token[0].isdigit() else token


def _expressions(tokens: list[str]) -> list[str]:
    found: list[str] = []
    run: list[str] = []
    for token in [*tokens, "."]:
        if _is_mathematical(token):
            run.append(token)
            continue
        trimmed = _trimmed(run)
        if any(left not in OPERATORS and right in OPERATORS for left, right in pairwise(trimmed)):
            found.append(" ".join(trimmed))
        run = []
    return found


def _is_mathematical(token: str) -> bool:
    if token[0] == "\\":
        return token not in _TEXT_COMMANDS
    return token[0].isdigit() or token in OPERATORS or token in _PARENTHESES or (len(token) == 1 and token.isalpha())


def _trimmed(run: list[str]) -> list[str]:
    """The run without operators and unmatched parentheses at its ends, as in "(so 3 + 4)"."""
    start, end = 0, len(run)
    open_ = run.count("(") - run.count(")")
    while start < end:
        first, last = run[start], run[end - 1]
        if first in OPERATORS - {"-"} or first == ")" or (first == "(" and open_ > 0):
            start += 1
            open_ -= {"(": 1, ")": -1}.get(first, 0)
        elif last in OPERATORS or last == "(" or (last == ")" and open_ < 0):
            end -= 1
            open_ -= {"(": 1, ")": -1}.get(last, 0)
        else:
            break
    return run[start:end]
