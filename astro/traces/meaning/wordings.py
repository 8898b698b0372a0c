"""Relations and operations in words, as sequences of tokens: "is at least" between two terms is >=."""

from typing import NamedTuple


class Wording(NamedTuple):
    """Words between two terms, and the signs that say the same; turned: the terms change places."""

    words: tuple[str, ...]
    sign: str
    turned: bool = False


def _wordings(table: str) -> list[Wording]:
    found: list[Wording] = []
    for line in table.strip().splitlines():
        sign, _, spelled = line.strip().partition("  ")
        turned = sign.startswith("~")
        found += [Wording(tuple(words.split()), sign.removeprefix("~"), turned) for words in spelled.split(",")]
    return sorted(found, key=lambda wording: -len(wording.words))


# "BE" is any form of "to be".
RELATIONS = _wordings(r"""
=  BE, equals, equal, BE equal to, BE the same as, BE also, BE now, BE just, BE simply, BE therefore, BE then
=  BE thus, BE given by, BE only, comes to, comes out to, comes out as, comes out to be, comes to be
=  works out to, works out to be, amounts to, adds up to, add up to, simplifies to, simplify to, reduces to
=  becomes, gives, gives us, give, yields, makes, makes it, totals, which BE, which equals, which gives
=  which gives us, which makes, which simplifies to, which becomes, which comes to, that BE, this BE, so it BE
=  and that BE, and that equals, and this equals, and this BE, and this gives, and this simplifies to
=  and this becomes, and that gives, and that makes, and that comes to, has the value, has value
=  takes the value, evaluates to, evaluate to, turns out to be, must be, has to be, needs to be, should be
!=  BE not, BE not equal to, does not equal, cannot be, cannot equal, differs from, BE different from
!=  BE unequal to, must not be, is never
>=  can be at least, has to be at least
>=  BE at least, BE no less than, BE not less than, BE greater than or equal to, BE more than or equal to
>=  BE no smaller than, BE not smaller than, must be at least, BE a minimum of, BE larger than or equal to
>=  BE bigger than or equal to
<=  can be at most, has to be at most
<=  BE at most, BE no more than, BE not more than, BE less than or equal to, BE smaller than or equal to
<=  BE no greater than, BE not greater than, must be at most, BE no larger than, BE fewer than or equal to
<=  does not exceed, cannot exceed
>  BE greater than, BE more than, BE larger than, BE bigger than, BE above, exceeds, BE strictly greater than
>  BE strictly more than, must be greater than, must be more than
<  BE less than, BE smaller than, BE fewer than, BE below, BE strictly less than, must be less than
<  BE strictly smaller than
\approx  BE about, BE approximately, BE roughly, BE around, BE nearly
\in  BE in, BE an element of, BE a member of, belongs to, lies in, BE contained in, BE an element in
\notin  BE not in, BE not an element of, BE not a member of, does not belong to, does not lie in, BE outside of
\mid  divides, divide, evenly divides, BE a divisor of, BE a factor of, BE divisors of, BE factors of
\nmid  does not divide, do not divide, BE not a divisor of, BE not a factor of
~\mid  BE divisible by, BE a multiple of, BE multiples of, BE evenly divisible by
~\nmid  BE not divisible by, BE not a multiple of
\parallel  BE parallel to, runs parallel to
\perp  BE perpendicular to, BE orthogonal to
\cong  BE congruent to
\sim  BE similar to
\subseteq  BE a subset of, BE included in
""")

OPERATIONS = _wordings(r"""
+  plus, added to, increased by
-  minus, decreased by, reduced by
*  times, multiplied by, lots of
/  divided by, over
^  to the power, to the power of, raised to, raised to the power, raised to the power of, raised to the power
""")

# A verb before two terms: "multiply A by B" is A * B, "subtract A from B" is B - A.
VERBS = {
    "multipli": ("*", ("by", "with", "and", "times"), False),
    "divid": ("/", ("by",), False),
    "add": ("+", ("and", "to", "plus", "with"), False),
    "subtract": ("-", ("from",), True),
    "take": ("-", ("from", "off", "away"), True),
    "deduct": ("-", ("from",), True),
    "remov": ("-", ("from",), True),
    "product": ("*", ("and", "times"), False),
    "sum": ("+", ("and", "plus"), False),
    "differ": ("-", ("and",), False),
    "quotient": ("/", ("and",), False),
}
# What two terms can be to each other: "AB and CD are parallel".
MUTUAL = {
    "parallel": r"\parallel", "perpendicular": r"\perp", "orthogonal": r"\perp", "similar": r"\sim",
    "congruent": r"\cong", "equal": "=",
}  # fmt: skip
# Nouns that a term may follow: "angle A", "triangle ABC".
LABELS = frozenset(
    [
        "angle",
        "angles",
        "triangle",
        "triangles",
        "line",
        "lines",
        "segment",
        "segments",
        "side",
        "sides",
        "ray",
        "rays",
        "point",
        "points",
        "vector",
        "vectors",
        "plane",
        "planes",
        "circle",
        "circles",
        "arc",
        "arcs",
        "chord",
        "chords",
    ]
)
BE = frozenset(("is", "are", "was", "were", "be", "being", "been", "am", "'s"))
