"""Propositional formulas, correct if they are equivalent."""

from astro.tasks.row import Gold
from astro.tasks.task import Task

LOGIC = Task("logic", "astro.verify.forms.logic", gold=Gold(structured=True))
