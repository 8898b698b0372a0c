"""Multiple choice."""

import re

from astro.records.rejection import BadRowError
from astro.tasks.math import MATH
from astro.tasks.row import Row
from astro.tasks.task import Task

_LETTERS = re.compile(r"[A-Z](?:, ?[A-Z]){0,25}")


class _MultipleChoice(Task):
    def recognizes(self, row: Row) -> bool:
        if row.metadata.get("options"):  # astro.problems.layouts found them
            return True
        if row.fields.get("question_type") != "MCQ":
            return False
        try:
            return _LETTERS.fullmatch(row.answer(MATH.gold)) is not None
        except BadRowError:
            return False


MCQ = _MultipleChoice("mcq", "astro.verify.forms.mcq")
