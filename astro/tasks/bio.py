"""Coordinates of a structure, correct within a distance."""

from astro.tasks.row import Gold
from astro.tasks.task import Task

BIO = Task("bio", "astro.verify.forms.bio", gold=Gold(structured=True))
