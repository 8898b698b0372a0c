"""Evaluation of models on verifiable problems.

settings                                  the section of the configuration
statistics                                pass@k, maj@k, bootstrap intervals, paired differences, correlation
attempts, behaviours, contamination       read from the text of responses, and from the problems of a set
continuations                             the controls: nudge and ask_again
budget -> responses -> figures            sampling, grading and saving; the figures
judging                                   a model as judge of the behaviours
inputs -> evaluate                        a model on problem sets, and the two files that others read
"""

from astro.evaluation.evaluate import Arrangement, evaluate_model
from astro.evaluation.settings import BudgetForcing, EvaluationConfig, JudgeConfig
from astro.evaluation.statistics import Interval, bootstrap_mean, paired_difference, pearson

__all__ = [
    "Arrangement",
    "BudgetForcing",
    "EvaluationConfig",
    "Interval",
    "JudgeConfig",
    "bootstrap_mean",
    "evaluate_model",
    "paired_difference",
    "pearson",
]
