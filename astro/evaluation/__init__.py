"""How good a model is at verifiable problems, and how it gets there.

settings                                  the section of the configuration
statistics                                pass@k, maj@k, bootstrap intervals, paired differences, correlation
attempts, behaviours, contamination       what is read from a response's text, and from a set's problems
budget -> responses -> figures            sampling, grading and keeping; what it comes to
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
