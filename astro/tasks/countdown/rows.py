"""Read Countdown problems from data set rows: numbers and a target, worded here if the row has no prompt."""

import json
from typing import Any

from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks.countdown.generator import to_problem
from astro.tasks.row import Gold, Row
from astro.verify.forms.countdown import Use

COLUMNS = {"numbers": ("numbers", "nums"), "target": ("target",)}
_GOLD = Gold()


def given(row: Row) -> tuple[Any, Any]:
    """The row's numbers and target, unchecked; None for each that is absent."""
    numbers = row.metadata.get("numbers", row.take("numbers"))
    return numbers, row.metadata.get("target", row.take("target"))


def read_row(row: Row, source: str) -> Problem:
    """Build a Countdown problem. Raises BadRowError if the row does not describe one."""
    raw = given(row)
    numbers, target = _whole_numbers(raw[0]), _whole_number(raw[1])
    if numbers is None or target is None:
        detail = "a countdown problem needs numbers (two or more positive whole numbers) and a whole target"
        raise BadRowError(Reason.WRONG_TYPE, f"{detail}; got numbers = {raw[0]!r:.80}, target = {raw[1]!r:.80}")
    column, content = row.find("answer")
    if column:
        answer = row.answer(_GOLD)
        if _whole_number(content) not in (None, target):
            raise BadRowError(Reason.UNVERIFIABLE, f"the answer {answer} is not the target {target}")
    operations, use = row.metadata.get("operations", "+-*/"), row.metadata.get("use", Use.ALL.value)
    if not isinstance(operations, str) or not operations or set(operations) - set("+-*/") or use not in list(Use):
        raise BadRowError(Reason.WRONG_TYPE, f"operations = {operations!r} or use = {use!r} is not known")
    worded = to_problem(numbers, target, operations, Use(use))
    return Problem(
        id=row.own_id() or worded.id,
        prompt=worded.prompt if row.find("prompt")[0] is None else row.prompt(),
        answer=worded.answer,
        task="countdown",
        source=row.origin(source),
        metadata={**row.kept(), **worded.metadata},
    )


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
