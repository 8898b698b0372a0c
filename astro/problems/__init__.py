"""Verifiable problems: generated, or read from files and data sets, checked and deduplicated.

rejection -> layouts                            one row of any known data set into a Problem
readers, hub, bundled                           files, Hugging Face data sets, the sets that come along
quality -> load -> write                        duplicates and contamination; the configuration; files again
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
