"""The English that the fidelity rules know: stems, what carries no content, judgements, units, and denials.

Words are given as they are read and compared by their stems, so "adding" covers "add", "adds" and "added".
"""

from functools import cache

from Stemmer import Stemmer

_STEMMER = Stemmer("english")
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
better:good best:good worse:bad worst:bad older:old oldest:old younger:young youngest:young longer:long longest:longest
shorter:short shortest:shortest larger:large largest:largest smaller:small smallest:smallest greater:great
greatest:greatest bigger:big biggest:biggest higher:great highest:highest lower:less lowest:lowest taller:tall
tallest:tall cheaper:cheap cheapest:cheap faster:fast fastest:fast slower:slow slowest:slow heavier:heavy
heaviest:heavy lighter:light lightest:light earlier:early later:late wider:wide narrower:narrow nearer:near
nearest:near farther:far further:further
"""
_IRREGULAR = dict(pair.split(":") for pair in _IRREGULAR_FORMS.split())
# Words that the stemmer takes for another one.
_KEPT = {
    word: stemmed
    for words, stemmed in (
        ("continuous continuously continuity", "continuous"), ("discontinuous", "discontinuous"),
        ("position positions", "position"), ("evening evenings", "evening"), ("odds", "odds"), ("taken", "taken"),
        ("universal universally", "universal"), ("numerator numerators", "numerator"),
        ("divisible divisibility", "divisible"),
        ("multiple multiples", "multiple"),
        ("means", "means"), ("factory factories", "factory"),
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


def stems_of(words: str) -> frozenset[str]:
    """The stems of some words."""
    return frozenset(map(stem, words.split()))


# Words that may come and go: articles, pronouns, auxiliaries, connectives, and verbs that only report a result.
NEUTRAL = stems_of("""
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

# Of these, the words that something else may not stand for.
FILLING = (NEUTRAL | stems_of("only single sole unique satisfy satisfies satisfying always just")) - stems_of(
    "sum add subtract multiply divide plus minus need want both other same start begin end last make come give"
)

# Judgements that a rewrite must not add.
JUDGEMENTS = stems_of("""
mistake mistaken mistakenly wrong wrongly incorrect incorrectly erroneous erroneously error faulty false falsely
correct correctly unfortunately sadly luckily fortunately great excellent perfect perfectly nice nicely
wonderful awesome bravo sure surprisingly surprising absurd nonsense silly stupid flawed flaw invalid inaccurate
oops sorry doubt doubtful suspicious impossible contradiction contradicts fail fails failed failure success
successful successfully accidentally valid carelessly
confuse confused misread miscalculate overlook overlooked forget forgot
""") - {stem("sure")}

UNITS = vocabulary(
    "dollar dollars cent cents euro euros buck bucks pound pounds lb lbs ounce ounces oz gram grams g kg kilogram "
    "kilograms mg ton tons meter meters metre metres m cm mm km kilometer kilometers centimeter centimeters mile "
    "miles inch inches foot feet ft yard yards hour hours hr hrs minute minutes min mins second seconds sec day "
    "days week weeks month months year years liter liters litre litres ml milliliter milliliters gallon gallons "
    "radian radians quart quarts pint pints cup cups degree degrees percent mph unit units square cubic page pages"
)
_UNIT_STEMS = frozenset(map(stem, UNITS))

NEGATIONS = frozenset(
    ("not", "no", "never", "neither", "none", "nobody", "nothing", "cannot", "without", "nor", "nowhere")
)


def denies(word: str) -> bool:
    """Whether a word denies: not, none, can't."""
    return word.lower() in NEGATIONS or word.lower().endswith("n't")


def is_unit(stemmed: str) -> bool:
    """Whether a stem is that of a unit, which a rewrite may leave out."""
    return stemmed in _UNIT_STEMS
