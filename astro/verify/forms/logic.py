"""Logic: a label, an assignment, a formula equivalent to the gold one, or a proof whose every step is checked.

The gold answer decides the kind: a JSON object with "premises" and "conclusion" asks for a proof, one with "formula"
whether that formula is valid; pairs such as "A=knight; B=knave" ask for an assignment; a word such as "True" or
"Invalid" for a label; anything else is a formula, which must have the same truth table, must not restate the problem's
own formula, and must keep to the form the problem asks for ("without implication", "using only negation and
conjunction", CNF, DNF).
"""

import json
import re
from dataclasses import dataclass
from functools import reduce
from operator import and_

from astro.verify.extraction import Extraction
from astro.verify.formula import (
    MAX_LENGTH,
    Connective,
    Formula,
    FormulaError,
    equivalent,
    is_normal,
    is_valid,
    parse,
    shape,
    truth_table,
    variables_of,
)
from astro.verify.plain import plain_text
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

_MAX_ANSWER = 20_000  # characters of a proof
_MAX_STEPS = 100
_MAX_GROUNDS = 40  # the latest lines that a step without citation may follow from
_LABELS = {
    **dict.fromkeys(("true", "t", "yes", "y", "valid", "correct", "holds", "tautology"), "true"),
    **dict.fromkeys(("false", "f", "no", "n", "invalid", "incorrect", "not valid", "not true"), "false"),
    **dict.fromkeys(("unknown", "uncertain", "undetermined", "cannot be determined", "neither"), "unknown"),
}
_OTHER_LABELS = frozenset(
    {"entailment", "contradiction", "neutral", "contingent", "satisfiable", "unsatisfiable", "equivalent"}
    | {"not equivalent", "consistent", "inconsistent", "knight", "knave", "proved", "disproved", "contingency"},
)
_SUBJECT = re.compile(r"(?:(?:the|this)\s)?(?:argument|statement|conclusion|claim|formula|answer|inference|it)\sis\s")
_PAIR = re.compile(
    r"\(?\s*([A-Za-z][\w ]{0,40}?)\s*(?:=|:|->|\bis\b|\bare\b)\s*(?:an?\s|the\s)?\s*"
    r"(-?\d+|[A-Za-z][\w-]*(?:\s(?!and\b|is\b)[A-Za-z][\w-]*){0,3})\s*\)?",
)
_PAIR_GAP = re.compile(r"\s*(?:[,;]\s*(?:and\b)?|\band\b|\n)?\s*")
_TRUTH = {**dict.fromkeys(("1", "true", "t"), "true"), **dict.fromkeys(("0", "false", "f"), "false")}


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:
    """Grade by the kind of the gold answer; always decided here."""
    answer = extraction.answer or ""
    if len(answer) > _MAX_ANSWER:
        return Verdict(Outcome.MALFORMED, answer[:80], "the answer is too long")
    goal = read_goal(problem.answer)
    if isinstance(goal, str):
        return Verdict(Outcome.ERROR, answer, goal)
    if extraction.parts and not isinstance(goal, _Assignment):
        return Verdict(Outcome.MALFORMED, answer, "several different answers")
    return goal.grade(answer, problem, config)


def check_gold(problem: Subject) -> str | None:
    """Why the gold answer cannot be used, or None."""
    goal = read_goal(problem.answer)
    return goal if isinstance(goal, str) else None


@dataclass(frozen=True, slots=True)
class _Label:
    label: str

    def grade(self, answer: str, problem: Subject, config: VerifyConfig) -> Verdict:  # noqa: ARG002 - one signature
        found = _read_label(answer)
        if found is None:
            return Verdict(Outcome.MALFORMED, answer, "not one label")
        if found == self.label:
            return Verdict(Outcome.CORRECT, answer, "the gold label", found)
        return Verdict(Outcome.INCORRECT, answer, f"says {found}", found)


@dataclass(frozen=True, slots=True)
class _Assignment:
    values: dict[str, str]

    def grade(self, answer: str, problem: Subject, config: VerifyConfig) -> Verdict:  # noqa: ARG002 - one signature
        found = _read_assignment(answer) or _read_assignment(self._with_signs(answer))
        if found is None:
            return Verdict(Outcome.MALFORMED, answer, "not a list of name = value without contradiction")
        canonical = ";".join(f"{name}={value}" for name, value in sorted(found.items()))
        if found == self.values:
            return Verdict(Outcome.CORRECT, answer, "the gold assignment", canonical)
        wrong = sorted(name for name in found.keys() | self.values if found.get(name) != self.values.get(name))
        return Verdict(Outcome.INCORRECT, answer, f"differs at {', '.join(wrong)[:100]}", canonical)

    def _with_signs(self, answer: str) -> str:
        """Write "A knight" and "(A, knight)" as "A = knight", for the names and values of the gold answer."""
        names, values = ("|".join(map(re.escape, words)) for words in (self.values, set(self.values.values())))
        return re.sub(rf"\b({names})[\s,]+(?=(?:{values})\b)", r"\1 = ", answer, flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Equivalent:
    gold: Formula

    def grade(self, answer: str, problem: Subject, config: VerifyConfig) -> Verdict:
        try:
            formula = parse(answer)
            same = equivalent(formula, self.gold)
        except FormulaError as error:
            return Verdict(Outcome.MALFORMED, answer, str(error))
        canonical = repr(shape(formula))
        if not same:
            return Verdict(Outcome.INCORRECT, answer, "another truth table", canonical)
        mistake = _wrong_form(formula, self.gold, problem.prompt, echo=config.echo)
        if mistake:
            return Verdict(Outcome.INCORRECT, answer, mistake, canonical)
        return Verdict(Outcome.CORRECT, answer, "the same truth table", canonical)


@dataclass(frozen=True, slots=True)
class _Proof:
    premises: tuple[Formula, ...]
    conclusion: Formula

    def grade(self, answer: str, problem: Subject, config: VerifyConfig) -> Verdict:  # noqa: ARG002 - one signature
        """Each line is a premise, or follows from the lines it cites, or from at most two before it."""
        lines = [line for line in plain_lines(answer) if line]
        if len(lines) > _MAX_STEPS:
            return Verdict(Outcome.MALFORMED, answer[:200], f"more than {_MAX_STEPS} steps")
        steps: list[tuple[Formula, tuple[int, ...] | None]] = []
        try:
            for line in lines:
                steps.append(_read_step(line, len(steps) + 1))
            names = variables_of([step for step, _ in steps], self.premises)
        except FormulaError as error:
            return Verdict(Outcome.MALFORMED, answer, f"step {len(steps) + 1}: {error}")
        everywhere = Formula(Connective.TRUE)
        given = [truth_table(formula, names) for formula in (everywhere, *self.premises)]
        known: list[int] = []  # truth tables of the steps so far
        for line, (step, cited) in zip(lines, steps, strict=True):
            table = truth_table(step, names)
            claimed = cited is None and _CLAIMED.search(line)
            if table not in given if claimed else not _follows(table, cited, given, known):
                return Verdict(Outcome.INCORRECT, answer, f"step {len(known) + 1} does not follow: {line[:80]}")
            known.append(table)
        if not steps or shape(steps[-1][0]) != shape(self.conclusion):
            return Verdict(Outcome.INCORRECT, answer, "the last step is not the conclusion")
        return Verdict(Outcome.CORRECT, answer, f"{len(known)} steps, each of them checked")


def _follows(table: int, cited: tuple[int, ...] | None, given: list[int], known: list[int]) -> bool:
    """Whether a step is given, or follows from the lines it cites, or from some two lines before it."""
    if table in given:
        return True
    if cited is not None:
        if any(not 0 < line <= len(known) for line in cited):
            return False
        return not reduce(and_, (known[line - 1] for line in cited)) & ~table
    grounds = [*given, *known][-_MAX_GROUNDS:]
    return any(not one & other & ~table for i, one in enumerate(grounds) for other in grounds[: i + 1])


def read_goal(gold: str) -> _Label | _Assignment | _Equivalent | _Proof | str:
    """What the gold answer asks for, or why the gold answer cannot be used."""
    text = gold.strip()
    label = _read_label(text)
    if label is not None:
        return _Label(label)
    try:
        if text.startswith("{") and '"premises"' in text:
            task = json.loads(text)
            return _Proof(tuple(map(parse, task["premises"])), parse(task["conclusion"]))
        if text.startswith("{") and '"formula"' in text:
            return _Label("true" if is_valid(parse(json.loads(text)["formula"])) else "false")
        values = _read_assignment(text)
        return _Assignment(values) if values else _Equivalent(parse(text))
    except (FormulaError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"the gold answer {text[:80]!r} is no label, assignment, formula or proof task: {error}"


def _read_label(answer: str) -> str | None:
    text = plain_text(answer).strip(" .!\"'{}()*").casefold()
    text = _SUBJECT.sub("", text, count=1) if _SUBJECT.match(text) else text
    return _LABELS.get(text) or (text if text in _OTHER_LABELS else None)


def _read_assignment(answer: str) -> dict[str, str] | None:
    """Values by name of "A = knight, B is a knave" or {"A": "knight"}, case folded; None for anything else."""
    text = plain_text(answer.replace("\\\\", "\n").replace("\n", ";")).strip(" .;{}[]()").replace('"', "")
    for truth, signs in (("true", ("\\top", "\u22a4")), ("false", ("\\bot", "\u22a5"))):
        for sign in signs:
            text = text.replace(sign, truth)
    text = text.replace("\\to", "->").replace("\\rightarrow", "->").replace("→", "->").replace("&", "").replace("'", "")
    values: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PAIR.match(text, position)
        if match is None:
            return None
        name, value = match.group(1).casefold(), match.group(2).casefold()
        name = name.removeprefix("and ").strip()
        value = _TRUTH.get(value, value)
        if values.setdefault(name, value) != value:
            return None  # one name, two values
        gap = _PAIR_GAP.match(text, match.end())
        position = gap.end() if gap else match.end()
        if position < len(text) and gap is not None and not gap.group().strip() and match.group()[-1] != ")":
            return None
    return values or None


def plain_lines(answer: str) -> list[str]:
    """The lines of a proof, split at LaTeX line breaks too."""
    return [line.strip() for line in answer.replace("\\\\", "\n").replace(";", "\n").split("\n")]


_NUMBERED = re.compile(r"\(?(\d{1,3})[.):]\s*")
_REASON = re.compile(
    r"(?:\[([^\]\[]*)\]|\(([^()]*\d[^()]*|premise|given|assumption)\)|,?\s?\b(?:by|from)\b(.*))\s*$",
    re.IGNORECASE,
)


_CLAIMED = re.compile(r"[\[(,]\s?(?:(?:a|the)\s)?(?:premise|given|assumption|hypothesis)\s?[\])]?\s*$", re.IGNORECASE)


def _read_step(line: str, number: int) -> tuple[Formula, tuple[int, ...] | None]:
    """The formula of a line such as "3. q (MP 1, 2)", and the lines it cites (None if it cites none)."""
    label = _NUMBERED.match(line)
    if label:
        if int(label.group(1)) != number:
            raise FormulaError(f"it is numbered {label.group(1)}, not {number}")
        line = line[label.end() :]
    if len(line) > MAX_LENGTH:
        raise FormulaError(f"a line of more than {MAX_LENGTH} characters")
    reason = _REASON.search(line)
    if reason is None:
        return parse(line), None
    text = next(group for group in reason.groups() if group is not None)
    cited = tuple(int(digits) for digits in re.findall(r"(?<![A-Za-z0-9])\d{1,3}(?![0-9])", text))
    return parse(line[: reason.start()]), cited or None


_NAMED: tuple[tuple[str, Connective], ...] = (
    (r"implications?|conditionals?|implies|arrows?|\\to\b|->|→", Connective.IMPLIES),
    (r"biconditionals?|equivalences?|iff|<->|↔", Connective.IFF),
    (r"disjunctions?|\bor\b|∨|\\lor\b|\\vee\b", Connective.OR),  # noqa: RUF001
    (r"conjunctions?|\band\b|∧|\\land\b|\\wedge\b", Connective.AND),
    (r"negations?|\bnot\b|¬|\\neg\b|\\lnot\b", Connective.NOT),
    (r"exclusive or|\bxor\b|⊕|\\oplus\b", Connective.XOR),
)
_WITHOUT = re.compile(r"\b(?:without|no|not use|avoid(?:ing)?|free of)\s([^.;\n]{1,40})", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:only|just)\b([^.;\n]{1,60})", re.IGNORECASE)
_CNF = re.compile(r"\bCNF\b|conjunctive normal form", re.IGNORECASE)
_DNF = re.compile(r"\bDNF\b|disjunctive normal form", re.IGNORECASE)


def _wrong_form(formula: Formula, gold: Formula, prompt: str, *, echo: bool) -> str | None:  # noqa: PLR0911 - a rule each
    """Why an equivalent formula is not in the form that the problem asks for, or None."""
    if shape(formula) == shape(gold):
        return None
    used = {part.connective for part in formula.walk()}
    without = _WITHOUT.search(prompt)
    if without and (banned := used & _connectives(without.group(1).split(" equivalent")[0])):
        return f"uses {', '.join(sorted(banned))}, which the problem excludes"
    if only := _ONLY.search(prompt):
        allowed = _connectives(only.group(1))
        extra = used - allowed - {Connective.VARIABLE}
        if allowed and extra:
            return f"uses {', '.join(sorted(extra))}, which the problem excludes"
    if _CNF.search(prompt) and not is_normal(formula, Connective.AND):
        return "not in conjunctive normal form"
    if _DNF.search(prompt) and not is_normal(formula, Connective.OR):
        return "not in disjunctive normal form"
    if echo and shape(formula) in {shape(stated) for stated in formulas_in(prompt)}:
        return "restates the formula of the problem"
    return None


def _connectives(words: str) -> set[Connective]:
    return {connective for pattern, connective in _NAMED if re.search(pattern, words, re.IGNORECASE)}


_WORD = re.compile(r"\\?[A-Za-z]{2,}|[.,;:?\"]")
_OF_FORMULAS = frozenset({"not", "and", "or", "xor", "implies", "iff"})
_EDGES = re.compile(r"^(?:\s*\b(?:and|or|a|A|I|implies|iff|xor)\b)+|(?:\b(?:and|or|not|a|A|I|implies|iff|xor)\b\s*)+$")


def formulas_in(prompt: str) -> list[Formula]:
    """Formulas with at least one connective in running text."""
    found = []
    for stretch in _WORD.sub(_word_or_break, prompt[:_MAX_ANSWER]).split("\n"):
        try:
            formula = parse(_EDGES.sub("", stretch.strip()))
        except FormulaError:
            continue
        if formula.parts:
            found.append(formula)
    return found


def _word_or_break(match: re.Match[str]) -> str:
    word = match.group()
    return word if word.startswith("\\") or word.lower() in _OF_FORMULAS else "\n"
