"""The name in an answer: whether x = 3 answers a question about y, and f(t) = 2t one about f(x)."""

from astro.verify.forms.math.answers import Answer, Named, Ordered, Relation, Scalar, Values
from astro.verify.forms.math.equality import renamed
from astro.verify.forms.math.expressions import Var, variables
from astro.verify.forms.math.packing import pack
from astro.verify.forms.math.question import Question
from astro.verify.forms.math.shapes import asked_for

_OPPOSITES = (("maximum", "minimum"), ("minimum", "maximum"), ("max", "minimum"), ("min", "maximum"))


def unnamed(question: Question, gold: Answer, answer: Answer) -> Answer:
    """Drop the name of x = 3 when the gold answer has none and the name is not another unknown."""
    if not isinstance(answer, Named) or isinstance(gold, Named | Relation | Values):
        return answer
    if question.equation and isinstance(gold, Scalar) and variables(gold.expression):
        return answer
    name, asked = answer.name, question.unknowns
    of_another = (
        (len(name) == 1 and asked and name not in asked)
        or (isinstance(gold, Scalar) and not variables(gold.expression) and _is_another(question, name))
        or _is_of_another_kind(question, name)
        or _is_opposite(question, name)
    )
    if of_another:
        return answer
    if name.startswith("(") and isinstance(answer.value, Scalar):
        return answer
    if name.startswith("(") and isinstance(answer.value, Ordered) and name not in question.packed:
        names = name.strip("()").split(",")
        if len(names) == len(answer.value.entries):
            return Values(tuple(zip(names, answer.value.entries, strict=True)))
    return answer.value


def _is_opposite(question: Question, name: str) -> bool:
    """Whether a maximum answers a question about a minimum only, or the reverse."""
    words = question.words
    return any(name.lower() == one and other in words and one not in words for one, other in _OPPOSITES)


def _is_of_another_kind(question: Question, name: str) -> bool:
    """Whether just one of the name and the function asked for is a derivative or an inverse."""
    asked = pack(question.asked)
    if not asked.endswith(")") or asked[:1] != name[:1] or not is_applied(asked.replace("'", "")):
        return False
    return any((mark in name) != (mark in asked) for mark in ("'", "^-1"))


def _is_another(question: Question, name: str) -> bool:
    """Whether a name is not the expression asked for: x for x + y, f(2) for f(3), a_4 for a_5."""
    wanted, packed = asked_for(question.asked), question.asked.replace(" ", "").strip("{}")
    if wanted is None or sorted(name) == sorted(packed):
        return False
    if isinstance(wanted, Var):
        return "_" in name and wanted.name != name and wanted.name.partition("_")[0] == name.partition("_")[0]
    applied = is_applied(packed) and packed.endswith(")")
    if is_applied(name):
        return applied or name in packed
    return set(name) <= variables(wanted) - ({packed[0]} if applied else set()) or name in variables(wanted)


def is_applied(name: str) -> bool:
    """Whether a name is that of a function with its argument, f(x)."""
    return len(name) > 2 and name[1:].removeprefix("^-1")[:1] == "("


def in_argument_of(name: str, answer: Named) -> Answer:
    """Rename the variable: f(t) = 2t becomes 2x where the problem asks for f(x)."""
    wanted, found = (each.partition("(")[2].removesuffix(")") for each in (name, answer.name))
    if not (len(wanted) == len(found) == 1 and name[0] == answer.name[0] and isinstance(answer.value, Scalar)):
        return answer.value
    if wanted in variables(answer.value.expression):
        return answer.value
    return Scalar(renamed(answer.value.expression, found, wanted))


def compatible(one: str, other: str) -> bool:
    """f(x) and y name one function; so do f(x) and g(x) if the problem asks for one only; f(x) and g(t) do not."""
    bare = {name for name in (one, other) if not is_applied(name)}
    arguments = {name.partition("(")[2] for name in (one, other)}
    letters = one[0] == other[0] and all(len(argument) == 2 and argument[0].isalpha() for argument in arguments)
    return bool(bare) or letters or len(arguments) == 1


def as_relation(answer: Answer) -> Relation | None:
    """The equation that an answer is, y = ... for f(x) = ...; None for any other."""
    match answer:
        case Relation():
            return answer
        case Named(name, Scalar(expression, None, False, False)):
            name = "y" if is_applied(name) else name
            return Relation("=", Var(name), expression) if not name.startswith("(") else None
        case _:
            return None
