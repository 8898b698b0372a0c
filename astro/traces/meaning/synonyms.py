"""Words that mean the same, or belong to one family: what a rewrite may say in another word."""

from collections.abc import Iterable, Mapping

from astro.traces.meaning.lexicon import stem

# Content that a rewrite may put in another word. A word with several senses is on several lines; the first word of its
# first line stands for it where a word must be one thing.
_SYNONYMS = """
total sum altogether overall combined entire whole
add plus adding addition sum together
subtract minus subtraction difference deduct remove
multiply times product multiplication
divide quotient division split share
half halve halves halved
double twice doubled doubles
triple thrice
percent percentage
buy purchase acquire
sell sale
need require necessary
cost price charge pay
earn make paid wage salary income
remain rest leftover left
start begin initial initially beginning originally original
end finish final finally
take duration
show demonstrate prove
big large great
small little
error mistake
child kid
hour hr hrs h
minute min mins
second sec secs
day daily
week weekly
month monthly
year yearly annual annually
dollar dollars buck usd
cent cents
percent percentage
meter metre m
centimeter centimetre cm
millimeter millimetre mm
kilometer kilometre km
gram gramme g
kilogram kilo kg
liter litre l
milliliter millilitre ml
mile mi
inch inches in.
foot ft
yard yd
pound lb lbs
ounce oz
mph
pythagorean pythagoras
vieta vietas
unit ones units
digit figure
last units
choose select pick choice selection draw
arrange arrangement order ordering permutation
way possibility option
outcome result
probability chance likelihood
equation equality
solve solution root
zero nought
constant fixed
variable unknown
formula rule
use apply employ
factor factorize factorization factoring
expand multiply distribute expansion
simplify reduce simplification
replace substitute substitution
isolate solve
compute calculate work
average mean
speed rate velocity
distance length long
width wide
height tall
depth deep
far distance
age old
sit seat
need goal aim
travel drive go cover ride journey trip
walk
fast quick
number count quantity amount
person people everyone everybody
grow growth
get obtain
give hand pass
divisor factor
divisible multiple
point coordinate
origin
center centre middle midpoint
side edge leg
corner vertex
line segment
angle
figure shape
area
perimeter
box
both
remainder rest
greatest largest biggest highest maximum maximal max
smallest least lowest minimum minimal min
integer whole
same identical
discard reject eliminate exclude throw dismiss ignore drop
prime
even
odd
positive
negative
interior inside inner within
exterior outside outer
list array
loop iterate iteration
return returns
go traverse
function
element item entry member
empty
work job
combine join merge
decide determine
break split separate
check verify test
each every per
next following subsequent
previous earlier preceding before prior
after later afterwards subsequently
bake make
weigh weight
option choice possibility alternative selection
distinct different
lose drop shed
spend pay
meet hit touch intersect cross
midpoint bisect half
repeat periodic cycle period recur
satisfy solution root solve
after once
when once
last final
previous last
now currently presently today
produce make create yield generate
receive collect gain
occupied taken
function operate
house home
job task
customer client
student pupil
shop store
present gift
plant grow
raise lift increase
cut reduce
rise climb increase
fall drop decrease sink
carry hold contain
fit hold
pick gather collect harvest
finish complete
consume eat use
contribute donate give
hire employ
near close
left remain
lay place put
plan intend
also too
stay remain
several many
about approximately roughly
amount quantity number
bill charge fee
fee charge
owe due
tell say state inform
look view watch
see watch
construct build
inscribed inside
pass cross
hence therefore
vanish zero disappear
nonzero zero
exceed greater more over
below under less
own have possess
belong own
require take
cycle loop
correspond match equal
match equal
direction way
pay cost
worth cost value
empty vacant unoccupied
full occupied
pair couple
"""


def groups(table: str) -> list[list[str]]:
    """The lines of a table of words, as stems."""
    return [list(map(stem, line.split())) for line in table.strip().splitlines()]


def _canonical() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for first, *rest in groups(_SYNONYMS):
        for other in set(rest) - {first}:
            found.setdefault(other, found.get(first, first))
    return found


def _senses() -> Mapping[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, line in enumerate(groups(_SYNONYMS)):
        for word in line:
            found.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


CANONICAL = _canonical()
_SENSES = _senses()
_NO_SENSES: frozenset[int] = frozenset()


def concept(word: str) -> str:
    """The stem that stands for a word and for its synonyms."""
    return CANONICAL.get(stem(word), stem(word))


DENYING = ("un", "in", "im", "ir", "il", "non", "dis", "anti", "counter")  # prefixes
_FAMILY = 5  # letters that two words of one family have in common


def akin(one: str, other: str) -> bool:
    """Whether two stems are the same word or of one family: increas and increasingli."""
    if one == other or CANONICAL.get(one, one) == CANONICAL.get(other, other):
        return True
    if _SENSES.get(one, _NO_SENSES) & _SENSES.get(other, _NO_SENSES):
        return True
    return len(one) >= _FAMILY and len(other) >= _FAMILY and one[:_FAMILY] == other[:_FAMILY]


class Stems:
    """A set of stems that contains every stem akin to one of them."""

    def __init__(self, stems: Iterable[str]) -> None:
        kept = set(stems)
        self._concepts = {CANONICAL.get(stemmed, stemmed) for stemmed in kept} | kept
        self._senses = frozenset(sense for stemmed in kept for sense in _SENSES.get(stemmed, _NO_SENSES))
        self._families = {stemmed[:_FAMILY] for stemmed in kept if len(stemmed) >= _FAMILY}

    def __contains__(self, stemmed: str) -> bool:
        if stemmed in self._concepts or CANONICAL.get(stemmed, stemmed) in self._concepts:
            return True
        if _SENSES.get(stemmed, _NO_SENSES) & self._senses:
            return True
        return len(stemmed) >= _FAMILY and stemmed[:_FAMILY] in self._families
