"""Words that exclude each other, deny each other, or see one relation from its two sides."""

from collections.abc import Mapping

from astro.traces.meaning.kinds import EXCLUSIVE
from astro.traces.meaning.synonyms import CANONICAL, DENYING, akin, groups

# Opposites of a property. A pair may also be one word with its negative prefix; see opposite().
_OPPOSITE = """
even odd
increase decrease
increase down
increase fall
increase drop
increase reduce
decrease up
decrease rise
decrease grow
rise down
rise drop
fall up
grow down
drop up
reduce grow
increasing decreasing
rise fall
grow shrink
positive negative
max min
maximum minimum
greatest smallest
largest smallest
large small
big small
long short
tall short
high low
longest shortest
above below
over under
up down
upward downward
upper lower
inside outside
interior exterior
left right
open closed
add subtract
plus minus
multiply divide
sum difference
profit loss
gain lose
win lose
deposit withdraw
save spend
with without
always never
all none
all some
every some
many few
more few
more less
most few
first last
start end
start finish
start stop
begin end
begin finish
finish open
open close
give keep
keep lose
fill empty
eat leave
come go
arrive leave
include exclude
include except
inclusive exclusive
adjacent opposite
free taken
free occupied
early late
before after
earlier later
old young
old new
fast slow
heavy light
hot cold
full empty
near far
wide narrow
deep shallow
strong weak
rich poor
cheap expensive
front back
top bottom
parallel perpendicular
vertical horizontal
prime composite
finite infinite
independent dependent
convex concave
converge diverge
minor major
numerator denominator
divisor multiple
am pm
clockwise counterclockwise
possible impossible
true false
equal unequal
known unknown
real imaginary
similar different
same different
subset superset
union intersection
injective surjective
still already
necessary sufficient
half double
half twice
give receive
buy sell
lend borrow
arrive depart
enter leave
append remove
push pop
concave convex
increment decrement
ascend descend
find lose
remain spend
remain eat
remain sell
earn spend
earn lose
earn owe
gain drop
pass fail
accept reject
allow forbid
push pull
good bad
best worst
easy hard
present absent
income expense
credit debit
forward backward
inward outward
upstream downstream
uphill downhill
indoor outdoor
gross net
inverse direct
import export
employer employee
wet dry
thick thin
alive dead
inscribe circumscribe
maximize minimize
most least
best least
occupied vacant
occupied empty
hire fire
attach detach
"""

# Markers with two sides: the opposite marker with the sides exchanged says the same.
_TURNED = """
before after
earlier later
give receive
sell buy
lend borrow
more less
more few
great less
large small
big small
tall short
old young
long short
heavy light
fast slow
high low
above below
left right
north south
east west
inside outside
precede follow
parent child
divisor multiple
"""


def _partners(table: str) -> Mapping[str, frozenset[str]]:
    """For each stem, and for the stem that stands for it, the other stems of its lines."""
    found: dict[str, set[str]] = {}
    for line in groups(table):
        for one in line:
            others = {other for other in line if other != one}
            others |= {CANONICAL.get(other, other) for other in others}
            for name in (one, CANONICAL.get(one, one)):
                found.setdefault(name, set()).update(others - {name})
    return {name: frozenset(others) for name, others in found.items()}


_EXCLUDING, _OPPOSING, _TURNING = map(_partners, (EXCLUSIVE, _OPPOSITE, _TURNED))
_SHORTEST_DENIED = 3  # letters of a word that a prefix can deny


def _related(table: Mapping[str, frozenset[str]], one: str, other: str) -> bool:
    """Whether two stems, or those that stand for them, are partners in a table."""
    partners = table.get(one, frozenset()) | table.get(CANONICAL.get(one, one), frozenset())
    return bool(partners) and (other in partners or CANONICAL.get(other, other) in partners)


def opposite(one: str, other: str) -> bool:
    """Whether two stems deny each other: even and odd, dependent and independent."""
    if _related(_OPPOSING, one, other):
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST_DENIED and long.endswith(short) and long.removesuffix(short) in DENYING


def excludes(one: str, other: str) -> bool:
    """Whether two stems are different things of one kind: Monday and Tuesday, area and perimeter."""
    return _related(_EXCLUDING, one, other) and not akin(one, other)


def turned(one: str, other: str) -> bool:
    """Whether two stems are the same relation seen from its two sides: before and after, give and receive."""
    return _related(_TURNING, one, other)


def may_contrast(stemmed: str) -> bool:
    """Whether a stem may have a partner in opposite(), excludes() or turned()."""
    names = {stemmed, CANONICAL.get(stemmed, stemmed)}
    known = any(name in table for name in names for table in (_EXCLUDING, _OPPOSING, _TURNING))
    return known or stemmed.startswith(DENYING)
