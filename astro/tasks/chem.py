"""Molecules, correct if they are the same molecule."""

from astro.tasks.row import Gold
from astro.tasks.task import Task

CHEM = Task("chem", "astro.verify.forms.chem", gold=Gold(structured=True))
