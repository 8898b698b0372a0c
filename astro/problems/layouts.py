r"""One row of somebody's data set into a Problem, whatever its columns are called.

Known without configuration, by the columns a row has (capitals make no difference):

    ASTRO               id, prompt, answer, task, metadata; prompt may be a list of chat messages
    GSM8K               question, answer ending in "#### 18"
    MATH, NuminaMath    problem, solution with the answer in the last \boxed
    MATH-500, AMC, ...  problem, answer; the solution is not read
    AIME                Problem or Question, Answer, which may be a whole number
    verl                prompt as chat messages, reward_model.ground_truth
    Countdown           nums, target

Everything else needs a column mapping. Short fields that are not used are kept in the problem's metadata.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from astro.problems.rejection import BadRowError, Reason
from astro.records.problem import Problem
from astro.tasks.countdown.generator import to_problem
from astro.verify import FORMS
from astro.verify.forms.countdown import Use

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "unique_id", "problem_id"),
    "prompt": ("prompt", "problem", "question"),
    "answer": ("answer", "final_answer", "expected_answer", "reward_model.ground_truth", "ground_truth"),
    "task": ("task",),
    "numbers": ("numbers", "nums"),
    "target": ("target",),
}
"""Our fields, and the columns each is looked for in, first found first served. Dots lead into nested fields."""

_NOTHING = {"", "nan", "null", "<na>"}  # how spreadsheets and data frames write nothing at all
_NOTHING_IN_MATH = {"none", "notfound"}  # Python's None and NuminaMath's; a typeset \text{none} is an answer
# What stands in for an answer. "No solution", "undefined" and "DNE" are none of these: problems have such answers.
_PLACEHOLDER = re.compile(
    r"proof|n/a|n\.a|(?-i:NA)|tb[ad]|to be (?:determined|added|announced)|to-?do|unknown|unspecified|missing|omitted|"
    r"pending|various(?: answers)?|open[- ]ended|no answer (?:given|provided|available)|"
    r"not (?:available|applicable|provided|given|specified|known|found)|"
    r"(?:see|refer to) (?:the )?(?:above|below|solutions?|explanation|proof|text|figure|answer key)\b.*|"
    r"(?:sample answer|answers? (?:(?:may|will|can|could) vary|var(?:y|ies)))\b.*",
    re.IGNORECASE | re.DOTALL,
)
_LACKING = {"prompt": Reason.MISSING_PROMPT, "answer": Reason.MISSING_ANSWER}
_STRUCTURED_TASKS = {"qa", "code", "logic", "chem", "bio"}  # their gold answer may be a list or a mapping
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_LETTERS = re.compile(r"[A-Z](?:, ?[A-Z]){0,25}")
_LONGEST_ID = 200
_LONGEST_KEPT = 1_000  # characters of an unused field; reference solutions are mostly longer


def read_problem(row: Mapping[str, Any], columns: Mapping[str, str], task: str | None, source: str) -> Problem:
    """Read one row; columns maps our fields to its columns, task is that of rows which don't name one of FORMS.

    Without a task, rows with numbers and a target are countdown, multiple choice rows are mcq, the rest are math.
    Raises BadRowError.
    """
    reader = _Row(row, columns)
    for field in columns:
        if reader.find(field)[0] is None:
            raise BadRowError(_LACKING.get(field, Reason.MISSING_COLUMN), reader.missing(field))
    own_task = reader.take("task")
    if isinstance(own_task, str) and own_task in FORMS:
        task = own_task
    elif own_task and task is None:
        detail = f"the task {own_task!r:.80} is none of {', '.join(FORMS)}; set problems.task to read the rows as one"
        raise BadRowError(Reason.WRONG_TYPE, detail)
    kept = reader.fields.get("metadata")
    kept = _object(kept) if isinstance(kept, str) else kept
    metadata = dict(kept) if isinstance(kept, Mapping) else {}
    numbers = metadata.get("numbers", reader.take("numbers"))
    target = metadata.get("target", reader.take("target"))
    if task == "countdown" or (task is None and numbers is not None and target is not None):
        problem = _countdown(reader, numbers, target, metadata, source)
    else:
        prompt = _prompt(reader)
        answer = _answer(reader, task or "math")
        task = task or ("mcq" if _is_multiple_choice(reader, answer) else "math")
        problem = Problem(
            id=_own_id(reader) or _derived_id(task, prompt, answer),
            prompt=prompt,
            answer=answer,
            task=task,
            source=reader.origin(source),
            metadata={**reader.unused(), **metadata},
        )
    _check_unicode(problem)
    return problem


class _Row:
    """A row seen through the column mapping; it remembers which columns were taken."""

    def __init__(self, row: Mapping[str, Any], columns: Mapping[str, str]) -> None:
        self.fields = _by_name(row)
        self.row = row
        self.twins = Counter(str(name).strip().lower() for name in row)
        self.names = {str(name).strip().lower(): str(name).strip() for name in row}
        self.columns = columns
        self.taken: set[str] = set()

    def take(self, field: str) -> Any:
        """The content of the first column there is for a field, or None."""
        column, content = self.find(field)
        if column:
            self.taken.add(column.split(".")[0])
        return content

    def find(self, field: str) -> tuple[str | None, Any]:
        """The first column there is for a field and its content; (None, None) without one."""
        mapped = self.columns.get(field)
        if mapped is not None and mapped in self.row:
            return mapped.lower(), self.row[mapped]
        for column in (mapped.lower(),) if mapped else COLUMNS[field]:
            # A column whose own name has dots comes before a nested field.
            first, *deeper = [column] if column in self.fields else column.split(".")
            content: Any = self.fields.get(first, _ABSENT)
            if self.twins[first] > 1:
                same = " and ".join(repr(name) for name in self.row if str(name).strip().lower() == first)
                detail = f"the columns {same} differ in capitals only; name one: problems.columns.{field}=NAME"
                raise BadRowError(Reason.UNREADABLE, detail)
            for part in deeper:
                content = _by_name(content).get(part, _ABSENT)
            if content is not _ABSENT:
                return column, content
        return None, None

    def missing(self, field: str) -> str:
        """Say that there is no column for a field, and what to do."""
        wanted = f"no column {self.columns[field]!r}" if field in self.columns else f"no column for the {field}"
        return f"{wanted} among {', '.join(self.names.values()) or 'none'}; map one: problems.columns.{field}=NAME"

    def origin(self, source: str) -> str:
        """Where the problem comes from: ASTRO's own rows say it themselves."""
        own = self.fields.get("source")
        return own if isinstance(own, str) and own and {"task", "metadata"} <= self.fields.keys() else source

    def unused(self) -> dict[str, Any]:
        """The short texts and numbers of columns that were not taken."""
        own = {"metadata", "source"} if {"task", "metadata"} <= self.fields.keys() else {"metadata"}
        return {
            self.names[column]: content
            for column, content in self.fields.items()
            if column not in self.taken | own and _is_short(content)
        }


_ABSENT = object()


def _by_name(fields: Any) -> dict[str, Any]:
    """The fields of a mapping by their names without regard to capitals; none of anything else."""
    return {str(name).strip().lower(): field for name, field in fields.items()} if isinstance(fields, Mapping) else {}


def _countdown(reader: _Row, numbers: Any, target: Any, metadata: dict[str, Any], source: str) -> Problem:
    raw = numbers, target
    numbers, target = _whole_numbers(numbers), _whole_number(target)
    if numbers is None or target is None:
        detail = "a countdown problem needs numbers (two or more positive whole numbers) and a whole target"
        raise BadRowError(Reason.WRONG_TYPE, f"{detail}; got numbers = {raw[0]!r:.80}, target = {raw[1]!r:.80}")
    column, content = reader.find("answer")
    if column:
        answer = _answer(reader, "countdown")
        if _whole_number(content) not in (None, target):
            raise BadRowError(Reason.UNVERIFIABLE, f"the answer {answer} is not the target {target}")
    operations, use = metadata.get("operations", "+-*/"), metadata.get("use", Use.ALL.value)
    if not isinstance(operations, str) or not operations or set(operations) - set("+-*/") or use not in list(Use):
        raise BadRowError(Reason.WRONG_TYPE, f"operations = {operations!r} or use = {use!r} is not known")
    worded = to_problem(numbers, target, operations, Use(use))
    return Problem(
        id=_own_id(reader) or worded.id,
        prompt=worded.prompt if reader.find("prompt")[0] is None else _prompt(reader),
        answer=worded.answer,
        task="countdown",
        source=reader.origin(source),
        metadata={**reader.unused(), **metadata, **worded.metadata},
    )


def _prompt(reader: _Row) -> str:
    prompt = reader.take("prompt")
    if reader.find("prompt")[0] is None:
        raise BadRowError(Reason.MISSING_PROMPT, reader.missing("prompt"))
    if isinstance(prompt, list | tuple):
        prompt = _user_message(prompt)
    if prompt is None or (isinstance(prompt, float) and math.isnan(prompt)):
        raise BadRowError(Reason.MISSING_PROMPT, "the prompt is empty")
    if not isinstance(prompt, str):
        raise BadRowError(Reason.WRONG_TYPE, f"the prompt is a {type(prompt).__name__}, not a text: {prompt!r:.80}")
    if not prompt.strip():
        raise BadRowError(Reason.MISSING_PROMPT, "the prompt is empty")
    return prompt.strip()


def _user_message(messages: list[Any] | tuple[Any, ...]) -> Any:
    """The one user message of a chat prompt; a system message is the business of the sampling settings."""
    turns = [turn for turn in messages if isinstance(turn, Mapping) and turn.get("role") != "system"]
    if len(turns) != 1 or turns[0].get("role") != "user":
        raise BadRowError(Reason.WRONG_TYPE, "a prompt as a list must hold one user message, besides system messages")
    return turns[0].get("content")


def _answer(reader: _Row, task: str) -> str:
    answer = reader.take("answer")
    text = _final(_answer_text(answer, task), task)
    if text.lower() in _NOTHING or (task == "math" and text.lower() in _NOTHING_IN_MATH):
        text = _boxed_solution(reader)
    if task == "math" and _PLACEHOLDER.fullmatch(text.strip(" .")):
        raise BadRowError(Reason.MISSING_ANSWER, f"the answer is {text!r:.80}, which stands in for one")
    return text


def _final(text: str, task: str) -> str:
    """The answer of a text that ends in GSM8K's or in a box; the text itself where it has neither."""
    if task in _STRUCTURED_TASKS:
        return text
    if "####" in text:
        return _THOUSANDS.sub("", text.rpartition("####")[2].strip())
    return (last_boxed(text) or "") if "\\boxed" in text or "\\fbox" in text else text


def _boxed_solution(reader: _Row) -> str:
    """The answer in the box of the solution, for a row that gives none beside it."""
    column, answer = reader.find("answer")
    solution = reader.fields.get("solution")
    boxed = last_boxed(solution) if isinstance(solution, str) else None
    if boxed is not None:
        reader.taken.add("solution")
        return boxed
    if column is None and not isinstance(solution, str):
        raise BadRowError(Reason.MISSING_ANSWER, reader.missing("answer"))
    said = "there is no answer column" if column is None else f"the answer is {answer!r:.80}"
    unread = ", and the solution has no \\boxed answer" if isinstance(solution, str) else ""
    raise BadRowError(Reason.MISSING_ANSWER, said + unread)


def _answer_text(answer: Any, task: str) -> str:
    if isinstance(answer, str):
        return answer.strip()
    if isinstance(answer, list | tuple) and len(answer) == 1 and task not in _STRUCTURED_TASKS:
        return _answer_text(answer[0], task)
    if isinstance(answer, list | tuple | Mapping) and answer and task in _STRUCTURED_TASKS:
        return json.dumps(answer, ensure_ascii=False)
    if answer is None or answer != answer:  # noqa: PLR0124 - NaN, of any kind
        return ""
    if isinstance(answer, bool) or not isinstance(answer, int | float | Decimal) or abs(answer) == math.inf:
        detail = f"the answer is a {type(answer).__name__}, not a text or a number: {answer!r:.80}"
        raise BadRowError(Reason.WRONG_TYPE, detail)
    return str(int(answer) if answer == int(answer) else answer)


def last_boxed(text: str) -> str | None:
    r"""The content of the last \boxed{...} or \fbox{...}, or of "\boxed 5"; None without one or if it stays open."""
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


def _is_multiple_choice(reader: _Row, answer: str) -> bool:
    return reader.fields.get("question_type") == "MCQ" and _LETTERS.fullmatch(answer) is not None


def _own_id(reader: _Row) -> str | None:
    own = reader.take("id")
    if isinstance(own, float) and (math.isnan(own) or own.is_integer()):  # a column of whole numbers with gaps
        own = None if math.isnan(own) else int(own)
    if own is None or own == "":
        return None
    text = str(own).strip()
    if isinstance(own, bool) or not isinstance(own, int | str) or not text.isprintable() or len(text) > _LONGEST_ID:
        detail = (
            f"the id must be a whole number or a printable text of at most {_LONGEST_ID} characters, not {own!r:.80}"
        )
        raise BadRowError(Reason.WRONG_TYPE, detail)
    return text or None


def _derived_id(task: str, prompt: str, answer: str) -> str:
    """Name a problem after its content, so that moving its row does not rename it."""
    content = f"{prompt}\0{answer}".encode(errors="replace")
    return f"{task}-{hashlib.blake2b(content, digest_size=8).hexdigest()}"


def _whole_numbers(numbers: Any) -> list[int] | None:
    if isinstance(numbers, str):
        try:
            numbers = json.loads(numbers)
        except ValueError:
            return None
    if not isinstance(numbers, list | tuple) or len(numbers) < 2:
        return None
    whole = [number for number in map(_whole_number, numbers) if number is not None and number > 0]
    return whole if len(whole) == len(numbers) else None


def _whole_number(number: Any) -> int | None:
    if isinstance(number, str) and number.strip().isdecimal() and len(number) < 20:
        return int(number)
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_short(content: Any) -> bool:
    if isinstance(content, str):
        return 0 < len(content) <= _LONGEST_KEPT
    return isinstance(content, bool | int) or (isinstance(content, float) and math.isfinite(content))


def _check_unicode(problem: Problem) -> None:
    """Half a surrogate pair can be written in JSON, but no file can hold it as UTF-8."""
    try:
        content = [problem.id, problem.prompt, problem.answer, problem.task, dict(problem.metadata)]
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError as error:
        raise BadRowError(Reason.UNREADABLE, f"a field is not valid Unicode ({error.reason})") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRowError(Reason.WRONG_TYPE, f"the metadata cannot be written as JSON: {error}") from error
