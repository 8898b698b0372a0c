"""The English that the fidelity rules know: what carries no content, what means the same, and what excludes what.

Words are given as they are read and compared by their stems, so "adding" covers "add", "adds" and "added".
"""

from collections.abc import Iterable, Mapping
from functools import cache

import snowballstemmer

_STEMMER = snowballstemmer.stemmer("english")
# FORM:BASE; the stemmer knows the regular ones.
_IRREGULAR_FORMS = """
ate:eat eaten:eat bought:buy brought:bring came:come cost:cost did:do done:do drew:draw drawn:draw drank:drink
drove:drive driven:drive fell:fall fallen:fall felt:feel found:find gave:give given:give gone:go went:go
grew:grow grown:grow got:get gotten:get had:have held:hold kept:keep knew:know known:know laid:lay led:lead
lent:lend lost:lose made:make meant:mean met:meet paid:pay read:read ran:run said:say saw:see seen:see sold:sell
sent:send shown:show sat:sit slept:sleep spent:spend stood:stand swam:swim took:take taught:teach told:tell
thought:think threw:throw wore:wear won:win wrote:write written:write rose:rise risen:rise chose:choose
chosen:choose began:begin begun:begin broke:break broken:break built:build caught:catch children:child men:man
women:woman people:person feet:foot geese:goose teeth:tooth mice:mouse halves:half vertices:vertex indices:index
matrices:matrix radii:radius data:datum bases:base axes:axis fewer:few less:less more:more most:most least:least
better:good best:good worse:bad worst:bad older:old oldest:old younger:young youngest:young longer:long
longest:long shorter:short shortest:short larger:large largest:large smaller:small smallest:small greater:great
greatest:greatest bigger:big biggest:big higher:high highest:high lower:low lowest:low taller:tall tallest:tall
cheaper:cheap cheapest:cheap faster:fast fastest:fast slower:slow slowest:slow heavier:heavy heaviest:heavy
lighter:light lightest:light earlier:early later:late wider:wide narrower:narrow nearer:near nearest:near
farther:far further:further
"""
_IRREGULAR = dict(pair.split(":") for pair in _IRREGULAR_FORMS.split())
# Words that the stemmer takes for another one.
_KEPT = {
    word: stemmed
    for words, stemmed in (
        ("continuous continuously continuity", "continuous"), ("discontinuous", "discontinuous"),
        ("position positions", "position"), ("evening evenings", "evening"), ("odds", "odds"), ("taken", "taken"),
        ("universal universally", "universal"), ("numerator numerators", "numerator"), ("factory factories", "factory"),
    )
    for word in words.split()
}  # fmt: skip


def vocabulary(words: str) -> frozenset[str]:
    """A set of words."""
    return frozenset(words.split())


@cache
def stem(word: str) -> str:
    """The stem of a word, in lower case: of "dividing" and "divides", "divid"."""
    word = word.lower().removesuffix("'s").removesuffix("'")
    if word in _KEPT:
        return _KEPT[word]
    return str(_STEMMER.stemWord(_IRREGULAR.get(word, word)))


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(stem, words.split()))


# Words that may come and go: articles, pronouns, auxiliaries, connectives, and verbs that only report a result.
NEUTRAL = _stems("""
a an the this that these those it its itself he him his she her hers they them their theirs we us our ours i me
my mine you your let let's lets i'll we'll i'm we're i've we've that's it's here's there's what's he's she's
they're who's be is am are was were been being do does did has have had having can could will would shall should
may might must need and or but nor so then thus hence therefore thereby consequently accordingly because since
as for if when where whereby which who whom whose what how why while whereas although though however also too
well just now next first firstly finally lastly last again still yet already here there hmm ok okay right
alright let sure simply actually really indeed basically essentially namely clearly obviously of course
evidently note notice observe recall remember consider to of in on at by with from into onto out up off over
upon through via per about around along under among within during get got gives give giving gave obtain find
found finding see know say call write rewrite have hold mean means come comes arrive reach end turn turns works
result results leave leaves lead leads follow follows yield yields show tell tells make makes equal equals
become becomes amount amounts bring take takes use uses using used apply applying go goes going work out figure
compute calculate calculating calculation evaluate determine simplify simplifies simplified look looking start
begin set put want wants try trying think break move moving proceed continue substitute substituting plug
plugging proceed express expressing can able help helps way thing together altogether total totals in all all-
in-all sum number value amount quantity answer result question problem solution expression equation formula step
part case side following above respectively accordingly instead both side each every per any some certain
particular such same one ones two themselves other others another else ahead further directly immediately easily
quickly carefully overall exact more most least less few fewer many much ask asked asks question occur occurs
attain attained happen happens okay fine given giving gives back down away whole entire case cases time times
exactly then than like please denote define let suppose assume since plus minus equal equals multiply times add
subtract divide adding means implies imply thereby conclude deduce infer would-be side sides what whatever
that'll there'll need needs
""")

# Content that a rewrite may put in another word. The first word of a line stands for all of them.
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
distance length
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
"""

# Words of one line exclude each other: to put one for another changes the meaning.
_EXCLUSIVE = """
area perimeter circumference volume surface diagonal
radius diameter chord
length width height depth
triangle square rectangle circle pentagon hexagon octagon trapezoid rhombus parallelogram cube sphere cylinder cone
isosceles equilateral scalene
acute obtuse
sine cosine tangent secant cosecant cotangent
mean median mode range
sum difference product quotient ratio
add subtract multiply divide
numerator denominator
median altitude bisector
vertical horizontal
row column
rational irrational
real imaginary complex
linear quadratic cubic exponential
monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun
january february march april june july august september october november december
morning afternoon evening night
spring summer autumn winter
red blue green yellow black white orange purple brown pink
north south east west
hour minute second day week month year
dollar cent euro pound
meter centimeter kilometer millimeter mile inch foot yard
gram kilogram ounce pound
liter milliliter gallon quart pint cup
celsius fahrenheit kelvin
boy girl man woman father mother brother sister son daughter uncle aunt husband wife
permutation combination
head tail
mode
vertex focus
hypotenuse leg
slope intercept
domain range
true false
yesterday today tomorrow
breakfast lunch dinner
apple pear banana orange peach cherry grape plum
cat dog bird horse cow
car bus train bicycle plane
pen pencil book notebook
union intersection
lcm gcd
"""

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

# Judgements that a rewrite must not add.
JUDGEMENTS = _stems("""
mistake mistaken mistakenly wrong wrongly incorrect incorrectly erroneous erroneously error faulty false falsely
correct correctly unfortunately sadly luckily fortunately great excellent perfect perfectly nice nicely
wonderful awesome bravo sure surprisingly surprising absurd nonsense silly stupid flawed flaw invalid inaccurate
oops sorry doubt doubtful suspicious impossible contradiction contradicts fail fails failed failure success
successful successfully accidentally check checks verify verified confirm confirms confirmed valid carelessly
confuse confused misread miscalculate overlook overlooked forget forgot
""") - {stem("sure")}

UNITS = vocabulary(
    "dollar dollars cent cents euro euros buck bucks pound pounds lb lbs ounce ounces oz gram grams g kg kilogram "
    "kilograms mg ton tons meter meters metre metres m cm mm km kilometer kilometers centimeter centimeters mile "
    "miles inch inches foot feet ft yard yards hour hours hr hrs minute minutes min mins second seconds sec day "
    "days week weeks month months year years liter liters litre litres ml milliliter milliliters gallon gallons "
    "quart quarts pint pints cup cups degree degrees percent mph unit units square cubic page pages"
)
_UNIT_STEMS = frozenset(map(stem, UNITS))

NEGATIONS = frozenset(
    ("not", "no", "never", "neither", "none", "nobody", "nothing", "cannot", "without", "nor", "nowhere")
)


def denies(word: str) -> bool:
    """Whether a word denies: not, none, can't."""
    return word.lower() in NEGATIONS or word.lower().endswith("n't")


def _groups(table: str) -> list[list[str]]:
    return [list(map(stem, line.split())) for line in table.strip().splitlines()]


def _canonical() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for first, *rest in _groups(_SYNONYMS):
        for other in rest:
            found.setdefault(other, found.get(first, first))
    return found


_CANONICAL = _canonical()


def concept(word: str) -> str:
    """The stem that stands for a word and for its synonyms."""
    return _CANONICAL.get(stem(word), stem(word))


def _partners(table: str) -> Mapping[str, frozenset[str]]:
    """For each stem, and for the stem that stands for it, the other stems of its lines."""
    found: dict[str, set[str]] = {}
    for line in _groups(table):
        for one in line:
            others = {other for other in line if other != one}
            others |= {_CANONICAL.get(other, other) for other in others}
            for name in (one, _CANONICAL.get(one, one)):
                found.setdefault(name, set()).update(others - {name})
    return {name: frozenset(others) for name, others in found.items()}


_EXCLUDING, _OPPOSING, _TURNING = map(_partners, (_EXCLUSIVE, _OPPOSITE, _TURNED))
_PREFIXES = ("un", "in", "im", "ir", "il", "non", "dis", "anti", "counter")
_SHORTEST_DENIED = 3  # letters of a word that a prefix can deny
_FAMILY = 5  # letters that two words of one family have in common


def _related(table: Mapping[str, frozenset[str]], one: str, other: str) -> bool:
    """Whether two stems, or those that stand for them, are partners in a table."""
    partners = table.get(one, frozenset()) | table.get(_CANONICAL.get(one, one), frozenset())
    return bool(partners) and (other in partners or _CANONICAL.get(other, other) in partners)


def is_unit(stemmed: str) -> bool:
    """Whether a stem is that of a unit, which a rewrite may leave out."""
    return stemmed in _UNIT_STEMS


def opposite(one: str, other: str) -> bool:
    """Whether two stems deny each other: even and odd, dependent and independent."""
    if _related(_OPPOSING, one, other):
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST_DENIED and long.endswith(short) and long.removesuffix(short) in _PREFIXES


def excludes(one: str, other: str) -> bool:
    """Whether two stems are different things of one kind: Monday and Tuesday, area and perimeter."""
    return _related(_EXCLUDING, one, other) and not akin(one, other)


def turned(one: str, other: str) -> bool:
    """Whether two stems are the same relation seen from its two sides: before and after, give and receive."""
    return _related(_TURNING, one, other)


def may_contrast(stemmed: str) -> bool:
    """Whether a stem may have a partner in opposite(), excludes() or turned()."""
    names = {stemmed, _CANONICAL.get(stemmed, stemmed)}
    known = any(name in table for name in names for table in (_EXCLUDING, _OPPOSING, _TURNING))
    return known or stemmed.startswith(_PREFIXES)


def akin(one: str, other: str) -> bool:
    """Whether two stems are the same word or of one family: increas and increasingli."""
    if one == other or _CANONICAL.get(one, one) == _CANONICAL.get(other, other):
        return True
    return len(one) >= _FAMILY and len(other) >= _FAMILY and one[:_FAMILY] == other[:_FAMILY]


class Stems:
    """A set of stems that contains every stem akin to one of them."""

    def __init__(self, stems: Iterable[str]) -> None:
        kept = set(stems)
        self._concepts = {_CANONICAL.get(stemmed, stemmed) for stemmed in kept} | kept
        self._families = {stemmed[:_FAMILY] for stemmed in kept if len(stemmed) >= _FAMILY}

    def __contains__(self, stemmed: str) -> bool:
        if stemmed in self._concepts or _CANONICAL.get(stemmed, stemmed) in self._concepts:
            return True
        return len(stemmed) >= _FAMILY and stemmed[:_FAMILY] in self._families
