r"""Units in equations between numbers: removed where the numbers alone decide whether the equation holds.

"5 apples + 3 apples = 9 apples" and "60 \text{ meters} \times 3 = 150 \text{ meters}" are false whatever a meter is.
"1 hour + 30 minutes = 90 minutes" and "2 \times 3 \text{ feet} = 2 \text{ yards}" convert units, so they stay as they
are and nobody judges them.
"""

import re
from itertools import pairwise

from astro.verify.forms.math.words import vocabulary

_NUMBER = r"\d+(?:,\d{3}(?!\d))*(?:\.\d+)?"
_WORD = r"[A-Za-z]{2,20}"
_TYPESET = r"[ ~]?\\(?:text|mathrm|textrm)\{[^{}\n]{1,40}\}"
_SPELLED = rf" ?{_WORD}(?:(?: per | ?/ ?| ){_WORD}){{0,2}}"
_OPERATOR = r"[-+*/=\u00d7\u00f7\u00b7\u2212]|\\(?:times|cdot|div)(?![a-zA-Z])"
# A number with its unit, between operators or at the end of the equation.
_QUANTITY = re.compile(
    rf"(?P<before>(?:{_OPERATOR})[ \t]*\(?|[(]|^[^\w\n]*|[.:,;$\[(][ \t]*|\b(?:is|are|was|gives|get|have|has)[ \t]+)"
    rf"(?P<dollar>\\\$)?(?P<number>{_NUMBER})(?P<unit>{_TYPESET}|{_SPELLED})?"
    rf"(?=[ \t]*(?:\)?[ \t]*(?:{_OPERATOR})|\)|\\[\])]|\$|[.,;](?:\s|$)|$))",
    re.MULTILINE,
)
_EQUATION = re.compile(r"[^\n=]{1,200}(?:=[^\n=]{1,200})+")
_SUM = re.compile(r"[-+\u2212]")
_NO_UNITS = vocabulary(
    "and or of is are was times plus minus percent hundred thousand million billion dozen dozens half quarter over mod "
    "remainder each the then so for with from than squared cubed degrees hence thus therefore which where"
)


def without_units(text: str) -> str:
    """The text with the units of each equation removed, if they leave the equation's numbers alone."""
    return _EQUATION.sub(lambda found: _bare(found[0]), text) if "=" in text else text


def _bare(equation: str) -> str:
    quantities = list(_QUANTITY.finditer(equation))
    units = [_unit(found) for found in quantities]
    if not any(units) or any(unit is None for unit in units):
        return equation
    places = [found.start("number") for found in quantities]
    bounds = [0, *(match.start() for match in re.finditer("=", equation)), len(equation)]
    sides = [
        [unit or "" for unit, place in zip(units, places, strict=True) if start <= place < end]
        for start, end in pairwise(bounds)
    ]
    is_sum = [_SUM.search(equation[start:end]) is not None for start, end in pairwise(bounds)]
    for (left, right), sums in zip(pairwise(sides), pairwise(is_sum), strict=True):
        if not _keep_numbers(left, right, has_sum=any(sums)):
            return equation
    return _QUANTITY.sub(lambda found: f"{found['before']}{found['number']}", equation)


def _unit(found: re.Match[str]) -> str | None:
    """The unit of a quantity in one spelling, "" without one; None if its words change the number."""
    if found["dollar"] and not found["unit"]:
        return "dollar"
    words = re.findall(r"[A-Za-z]+|/", re.sub(r"\\[a-z]+", " ", found["unit"] or ""))
    if any(word.lower() in _NO_UNITS for word in words):
        return None
    return " ".join("per" if word == "/" else word.lower().removesuffix("s") for word in words)


def _keep_numbers(left: list[str], right: list[str], *, has_sum: bool) -> bool:
    """Whether an equation of quantities holds exactly if it holds for their numbers."""
    named = {unit for unit in (*left, *right) if unit}
    if len(named) <= 1:
        return True
    if has_sum:
        return False  # a sum of different units converts them
    rates = [unit for unit in named if "per" in unit.split()]
    of_rates = {word for unit in rates for word in unit.split()}
    if rates and any(of_rates.isdisjoint(unit.split()) for unit in named):
        return False  # miles per hour times minutes
    heads = {unit.split()[0] for unit in left if unit}
    return all(not unit or unit.split()[0] in heads for unit in right)
