"""Runs on disk: schemas, durable stages, resume."""

from astro.store.directory import RunDirectory
from astro.store.frames import Entry
from astro.store.stage import Stage

__all__ = ["Entry", "RunDirectory", "Stage"]
