"""Verifiable problems: generated, or read from files and data sets, then checked and deduplicated.

layouts                                         converts a row of any known data set into a Problem
readers, hub, bundled                           read files, Hugging Face data sets, and the bundled sets
quality -> load -> write                        duplicates and contamination; loading by configuration; writing files
"""

from astro.problems.load import LoadedProblems, ProblemsConfig, load_problems, stream_problems
from astro.records.problem import Problem
from astro.records.rejection import Reason, RejectedRow

__all__ = [
    "LoadedProblems",
    "Problem",
    "ProblemsConfig",
    "Reason",
    "RejectedRow",
    "load_problems",
    "stream_problems",
]
