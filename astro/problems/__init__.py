"""Verifiable problems: generated, or read from files and data sets, then checked and deduplicated.

choices -> questions -> layouts                 converts a row of any known data set into a Problem
unused                                          columns that look like a part of the question, and are not used
readers, hub, bundled                           read files, Hugging Face data sets, and the bundled sets
quality -> load -> write                        duplicates and contamination; loading by configuration; writing files
"""

from astro.problems.load import LoadedProblems, Outcome, ProblemsConfig, load_problems, stream_problems
from astro.records.problem import Problem
from astro.records.rejection import Reason, RejectedRow

__all__ = [
    "LoadedProblems",
    "Outcome",
    "Problem",
    "ProblemsConfig",
    "Reason",
    "RejectedRow",
    "load_problems",
    "stream_problems",
]
