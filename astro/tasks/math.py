"""Mathematics with a closed answer: the default task of a row."""

import re

from astro.tasks.row import NOTHING, Gold
from astro.tasks.task import Task

# "No solution", "undefined" and "DNE" are not placeholders: they are answers of some problems.
_PLACEHOLDER = re.compile(
    r"proof|n/a|n\.a|(?-i:NA)|tb[ad]|to be (?:determined|added|announced)|to-?do|unknown|unspecified|missing|omitted|"
    r"pending|various(?: answers)?|open[- ]ended|no answer (?:given|provided|available)|"
    r"not (?:available|applicable|provided|given|specified|known|found)|"
    r"(?:see|refer to) (?:the )?(?:above|below|solutions?|explanation|proof|text|figure|answer key)\b.*|"
    r"(?:sample answer|answers? (?:(?:may|will|can|could) vary|var(?:y|ies)))\b.*",
    re.IGNORECASE | re.DOTALL,
)
# Python's None and NuminaMath's "none" mean no answer; a typeset \text{none} is an answer.
MATH = Task(
    "math", "astro.verify.forms.math", gold=Gold(nothing=NOTHING | {"none", "notfound"}, placeholder=_PLACEHOLDER)
)
