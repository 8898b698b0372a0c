"""Molecules, right where they are the same."""

from astro.tasks.row import Gold
from astro.tasks.task import Task

CHEM = Task("chem", "astro.verify.forms.chem", gold=Gold(structured=True))
