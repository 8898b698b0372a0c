"""A row of a data set, read by field through its column names."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks.literals import structure

_Read = TypeVar("_Read")

NOTHING = frozenset({"", "nan", "null", "<na>"})
"""How spreadsheets and data frames write an empty cell."""

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_LONGEST_ID = 200
_LONGEST_KEPT = 1_000  # characters of an unused field; reference solutions are mostly longer
ABSENT = object()
"""The content of a column that a row does not have."""


@dataclass(frozen=True, slots=True)
class Gold:
    """How data sets write the gold answers of a task.

    structured: an answer may be a list or a mapping, kept as JSON text; boxes and "####" have no meaning in it.
    nothing: texts, in lower case, that mean no answer; then the box of the solution is read instead.
    placeholder: matches a whole answer that replaces the real one, such as "see above"; the row is rejected.
    """

    structured: bool = False
    nothing: frozenset[str] = NOTHING
    placeholder: re.Pattern[str] | None = None


class Row:
    """A row read through a column mapping. It records which columns were taken.

    fields: content by lower-case column name. metadata: the content of ASTRO's metadata column.
    """

    def __init__(
        self, row: Mapping[str, Any], columns: Mapping[str, str], known: Mapping[str, tuple[str, ...]]
    ) -> None:
        """columns: the columns of this set by field. known: the usual column names of each field."""
        self.fields = _by_name(row)
        self._row, self._columns, self._known = row, columns, known
        self._twins = Counter(str(name).strip().lower() for name in row)
        self._names = {str(name).strip().lower(): str(name).strip() for name in row}
        self._taken: set[str] = set()
        self._put: dict[str, Any] = {}
        kept = self.fields.get("metadata")
        kept = _object(kept) if isinstance(kept, str) else kept
        self.metadata: dict[str, Any] = dict(kept) if isinstance(kept, Mapping) else {}

    def take(self, field: str) -> Any:
        """The content of the first column present for a field, or None."""
        column, content = self.find(field)
        if column:
            self.use(column)
        return content

    def find(self, field: str) -> tuple[str | None, Any]:
        """The first column present for a field and its content; (None, None) if there is none."""
        if field in self._put:
            return field, self._put[field]
        mapped = self._columns.get(field)
        if mapped is not None and mapped in self._row:
            return mapped.lower(), self._row[mapped]
        for column in (mapped.lower(),) if mapped else self._known.get(field, ()):
            content = self.column(column, field)
            if content is not ABSENT:
                return column, content
        return None, None

    def column(self, name: str, field: str) -> Any:
        """The content of the column of this lower-case name, or ABSENT; dots lead into nested fields.

        field: what it is read for. Raises BadRowError if two columns have the name.
        """
        # A column whose name contains dots takes precedence over a nested field.
        first, *deeper = [name] if name in self.fields else name.split(".")
        if self._twins[first] > 1:
            same = " and ".join(repr(twin) for twin in self._row if str(twin).strip().lower() == first)
            detail = f"the columns {same} differ in capitals only; name one: problems.columns.{field}=NAME"
            raise BadRowError(Reason.UNREADABLE, detail)
        content: Any = self.fields.get(first, ABSENT)
        for part in deeper:
            content = _by_name(structure(content) if isinstance(content, str) else content).get(part, ABSENT)
        return content

    def mapped(self, field: str) -> str | None:
        """The column that the configuration names for a field."""
        return self._columns.get(field)

    def put(self, field: str, content: Any) -> None:
        """Set the content of a field that was made of several columns."""
        self._put[field] = content

    def use(self, column: str) -> None:
        """Record that a column was read, so that it is not kept as metadata."""
        self._taken.add(column if column in self.fields else column.partition(".")[0])

    def unused(self) -> Mapping[str, Any]:
        """The columns that nothing has read so far, by their names in the set, with their content."""
        own = {"metadata", "source"} if {"task", "metadata"} <= self.fields.keys() else {"metadata"}
        return {self._names[name]: held for name, held in self.fields.items() if name not in self._taken | own}

    def missing(self, field: str, column: str | None = None) -> str:
        """The message for a field without a column, and what to do; column: the one that was looked for."""
        column = column or self._columns.get(field)
        wanted = f"no column for the {field}" if column is None else f"no column {column!r}"
        return f"{wanted} among {', '.join(self._names.values()) or 'none'}; map one: problems.columns.{field}=NAME"

    def name_of(self, column: str) -> str:
        """A column's name as the set writes it."""
        first, dot, rest = (column, "", "") if column in self.fields else column.partition(".")
        return self._names.get(first, first) + dot + rest

    def origin(self, source: str) -> str:
        """The problem's source: as ASTRO's own rows record it, otherwise source."""
        own = self.fields.get("source")
        return own if isinstance(own, str) and own and {"task", "metadata"} <= self.fields.keys() else source

    def kept(self) -> dict[str, Any]:
        """The metadata, plus the short texts and numbers of columns that were not taken."""
        return {name: held for name, held in self.unused().items() if _is_short(held)} | self.metadata

    def read_lines(self, field: str, like: str, read: Callable[[str], _Read | str]) -> _Read | str:
        """What read() makes of the lines in a field, or why they are nothing; like: such a line, for the message."""
        text = self.metadata.get(field, self.take(field))
        if not isinstance(text, str):
            return f"a {field} is a text of lines such as {like}; got {field} = {text!r:.80}"
        return read(text)

    def filled(self, worded: Problem, source: str) -> Problem:
        """A problem worded by its generator, with the id, the prompt and the metadata that the row has of its own."""
        return replace(
            worded,
            id=self.own_id() or worded.id,
            prompt=worded.prompt if self.find("prompt")[0] is None else self.prompt(),
            source=self.origin(source),
            metadata={**self.kept(), **worded.metadata},
        )

    def prompt(self) -> str:
        """The question: a text, or the only user message of a chat. Raises BadRowError."""
        prompt = self.take("prompt")
        if self.find("prompt")[0] is None:
            raise BadRowError(Reason.MISSING_PROMPT, self.missing("prompt"))
        if isinstance(prompt, list | tuple):
            prompt = _user_message(prompt)
        if prompt is None or (isinstance(prompt, float) and math.isnan(prompt)):
            raise BadRowError(Reason.MISSING_PROMPT, "the prompt is empty")
        if not isinstance(prompt, str):
            raise BadRowError(Reason.WRONG_TYPE, f"the prompt is a {type(prompt).__name__}, not a text: {prompt!r:.80}")
        if not prompt.strip():
            raise BadRowError(Reason.MISSING_PROMPT, "the prompt is empty")
        return prompt.strip()

    def answer(self, gold: Gold) -> str:
        """The final answer, extracted from a text that ends in one or from a boxed solution. Raises BadRowError."""
        text = _final(_answer_text(self.take("answer"), gold), gold)
        if text.lower() in gold.nothing:
            text = self._boxed_solution()
        if gold.placeholder is not None and gold.placeholder.fullmatch(text.strip(" .")):
            raise BadRowError(Reason.MISSING_ANSWER, f"the answer is {text!r:.80}, which stands in for one")
        return text

    def own_id(self) -> str | None:
        """The row's id, if it has one. Raises BadRowError."""
        own = self.take("id")
        if isinstance(own, float) and (
            math.isnan(own) or own.is_integer()
        ):  # from a column of integers with missing values
            own = None if math.isnan(own) else int(own)
        if own is None or own == "":
            return None
        text = str(own).strip()
        if isinstance(own, bool) or not isinstance(own, int | str) or not text.isprintable() or len(text) > _LONGEST_ID:
            wanted = f"a whole number or a printable text of at most {_LONGEST_ID} characters"
            detail = f"the id must be {wanted}, not {own!r:.80}"
            raise BadRowError(Reason.WRONG_TYPE, detail)
        return text or None

    def _boxed_solution(self) -> str:
        """The boxed answer of the solution, for a row without an answer column."""
        column, answer = self.find("answer")
        solution = self.fields.get("solution")
        boxed = last_boxed(solution) if isinstance(solution, str) else None
        if boxed is not None:
            self._taken.add("solution")
            return boxed
        if column is None and not isinstance(solution, str):
            raise BadRowError(Reason.MISSING_ANSWER, self.missing("answer"))
        said = "there is no answer column" if column is None else f"the answer is {answer!r:.80}"
        unread = ", and the solution has no \\boxed answer" if isinstance(solution, str) else ""
        raise BadRowError(Reason.MISSING_ANSWER, said + unread)


def last_boxed(text: str) -> str | None:
    r"""The content of the last \boxed{...}, \fbox{...} or "\boxed 5"; None without one, or if it is not closed."""
    start = max(text.rfind("\\boxed"), text.rfind("\\fbox"))
    if start < 0:
        return None
    opening = start + (6 if text.startswith("\\boxed", start) else 5)
    rest = text[opening:].lstrip()
    if not rest.startswith("{"):
        return rest.split("$")[0].strip().rstrip(".") or None
    depth = position = 0
    while position < len(rest):
        if rest[position] == "\\":
            position += 2  # an escaped brace is not a brace
            continue
        depth += {"{": 1, "}": -1}.get(rest[position], 0)
        if depth == 0:
            return rest[1:position].strip() or None
        position += 1
    return None


def derived_id(task: str, prompt: str, answer: str) -> str:
    """An id derived from the problem's content, so that moving its row does not change it."""
    content = f"{prompt}\0{answer}".encode(errors="replace")
    return f"{task}-{hashlib.blake2b(content, digest_size=8).hexdigest()}"


def _by_name(fields: Any) -> dict[str, Any]:
    """The fields of a mapping by lower-case name; empty for anything else."""
    return {str(name).strip().lower(): field for name, field in fields.items()} if isinstance(fields, Mapping) else {}


def _user_message(messages: list[Any] | tuple[Any, ...]) -> Any:
    """The only user message of a chat prompt. The system message is ignored: the prompt settings define it."""
    turns = [turn for turn in messages if isinstance(turn, Mapping) and turn.get("role") != "system"]
    if len(turns) != 1 or turns[0].get("role") != "user":
        raise BadRowError(Reason.WRONG_TYPE, "a prompt as a list must hold one user message, besides system messages")
    return turns[0].get("content")


def _final(text: str, gold: Gold) -> str:
    """The answer of a text that ends with a GSM8K answer or a box; otherwise the text itself."""
    if gold.structured:
        return text
    if "####" in text:
        return _THOUSANDS.sub("", text.rpartition("####")[2].strip())
    return (last_boxed(text) or "") if "\\boxed" in text or "\\fbox" in text else text


def _answer_text(answer: Any, gold: Gold) -> str:
    if isinstance(answer, str):
        listed = structure(answer) if not gold.structured and answer.startswith(("['", '["')) else answer
        return answer.strip() if isinstance(listed, str) else _answer_text(listed, gold)
    if isinstance(answer, list | tuple) and len(answer) == 1 and not gold.structured:
        return _answer_text(answer[0], gold)
    if isinstance(answer, list | tuple | Mapping) and answer and gold.structured:
        return json.dumps(answer, ensure_ascii=False)
    if answer is None or answer != answer:  # noqa: PLR0124 - NaN, of any kind
        return ""
    if isinstance(answer, bool) or not isinstance(answer, int | float | Decimal) or abs(answer) == math.inf:
        detail = f"the answer is a {type(answer).__name__}, not a text or a number: {answer!r:.80}"
        raise BadRowError(Reason.WRONG_TYPE, detail)
    return str(int(answer) if answer == int(answer) else answer)


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_short(content: Any) -> bool:
    if isinstance(content, str):
        return 0 < len(content) <= _LONGEST_KEPT
    return isinstance(content, bool | int) or (isinstance(content, float) and math.isfinite(content))
