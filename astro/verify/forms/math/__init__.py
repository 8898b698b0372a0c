"""Answers to mathematics problems, compared exactly and without ever evaluating text.

characters -> lexer -> parser -> reader (which kind of answer) -> compare (is it the gold one) -> grading (the verdict)
"""

from astro.verify.forms.math.golds import check_gold, gold_caveat
from astro.verify.forms.math.grading import read_response as read
from astro.verify.forms.math.grading import second_opinion, settle, verify, warm

__all__ = ["check_gold", "gold_caveat", "read", "second_opinion", "settle", "verify", "warm"]
