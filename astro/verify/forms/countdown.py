r"""Countdown: an expression over the given numbers, each used once, that is exactly the target.

A tokenizer and an operator stack read the answer; Python never evaluates any part of it. Accepted are
`expression`, `expression = target` and `target = expression` over plain decimal integers, + - * /, the brackets
() [] and LaTeX's {}; the usual other signs (x, Unicode's operators, full-width characters, \times, \cdot, \div, \frac)
are mapped first. Not accepted: signs in front of a number, juxtaposition, powers, decimals, any other function.
Arithmetic is exact, in rational numbers.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from astro.verify.errors import VerifierError
from astro.verify.extraction import Extraction
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

MAX_LENGTH = 2000  # characters of an answer
MAX_DIGITS = 30  # of one number
MAX_DEPTH = 100  # of nested brackets


class Use(StrEnum):
    """How a solution uses the numbers: each exactly once, any at most once, or each exactly once in the order given.

    The last is the puzzle of inserting operators: only the operations and brackets can be chosen.
    """

    ALL = "all"
    ANY = "any"
    ORDERED = "ordered"


_TOKEN = re.compile(r"0[xXoObB]|\d+|\\[A-Za-z]+|\S")
_RULES = {Use.ALL: "each exactly once", Use.ANY: "each at most once", Use.ORDERED: "each exactly once in this order"}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
_OPERATIONS = frozenset(_PRECEDENCE)
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_OPENERS = frozenset(_CLOSERS.values())
_SIGNS = str.maketrans({
    **dict.fromkeys("×✕✖⨉∗⋅·•∙＊", "*"),  # noqa: RUF001 - what models write
    **dict.fromkeys("÷∕⁄➗／", "/"),  # noqa: RUF001
    **dict.fromkeys("−–—﹣－‒", "-"),  # noqa: RUF001
    **dict(zip("＋➕（）［］＝", "++()[]=", strict=True)),  # noqa: RUF001
})  # fmt: skip
_COMMANDS = {
    "\\times": "*", "\\cdot": "*", "\\ast": "*", "\\div": "/", "\\left": "", "\\right": "", "\\quad": "", "\\qquad": "",
    "\\bigl": "", "\\bigr": "", "\\big": "", "\\Big": "", "\\displaystyle": "", "\\lparen": "(", "\\rparen": ")",
}  # fmt: skip
_FRACTIONS = frozenset({"\\frac", "\\dfrac", "\\tfrac", "\\cfrac"})
_LATEX_SPACE = re.compile(r"\\[,;:!> ]|~")


@dataclass(frozen=True, slots=True)
class Task:
    """What one Countdown problem asks.

    numbers: with repetitions; ascending, unless their order is part of the task.
    operations: those allowed, of + - * /.
    """

    numbers: tuple[int, ...]
    target: Fraction
    operations: frozenset[str] = _OPERATIONS
    use: Use = Use.ALL


class _UnreadableError(Exception):
    """The answer is not an expression; the message says where."""


_recent: dict[str, tuple[Subject, Task]] = {}  # tasks of the latest problems, by problem id
_RECENT = 10_000


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:  # noqa: ARG001 - the convention
    """Grade the extracted expression; always decided here."""
    answer = extraction.answer or ""
    if extraction.parts:
        return Verdict(Outcome.MALFORMED, answer, "several different answers")
    known = _recent.get(problem.id)
    if known is None or known[0] is not problem:
        try:
            known = (problem, read_task(problem))
        except VerifierError as error:
            return Verdict(Outcome.ERROR, answer, str(error))
        if len(_recent) >= _RECENT:
            _recent.clear()
        _recent[problem.id] = known
    return grade(answer, known[1])


def check_gold(problem: Subject) -> str | None:
    """Why the problem's metadata cannot be used, or None."""
    try:
        read_task(problem)
    except VerifierError as error:
        return str(error)
    return None


def read_task(problem: Subject) -> Task:
    """Read numbers, target (default: the gold answer), operations and use ("all" or "any") from a problem.

    Raises VerifierError if they are missing or make no sense.
    """
    facts: Mapping[str, Any] = problem.metadata
    numbers = facts.get("numbers", facts.get("nums"))
    if not isinstance(numbers, Sequence) or not numbers or any(type(n) is not int or n < 0 for n in numbers):
        raise VerifierError(f"problem {problem.id}: metadata.numbers must be a list of integers >= 0, not {numbers!r}")
    target = facts.get("target", problem.answer)
    try:
        goal = Fraction(str(target))
    except (ValueError, ZeroDivisionError) as error:
        raise VerifierError(f"problem {problem.id}: the target must be a number, not {target!r}") from error
    operations = frozenset("".join(facts.get("operations", "+-*/")).translate(_SIGNS).replace("x", "*"))
    if not operations or operations - _PRECEDENCE.keys():
        raise VerifierError(f"problem {problem.id}: operations must be among + - * /, not {facts['operations']!r}")
    use = facts.get("use", Use.ALL)
    if use not in set(Use):
        raise VerifierError(f'problem {problem.id}: use must be "all", "any" or "ordered", not {use!r}')
    return Task(tuple(numbers if use == Use.ORDERED else sorted(numbers)), goal, operations, Use(use))


def grade(answer: str, task: Task) -> Verdict:
    """Grade an extracted answer. The canonical form is the value reached, so that equal wrong answers compare equal."""
    if len(answer) > MAX_LENGTH:
        return Verdict(Outcome.MALFORMED, answer[:80], f"the expression is longer than {MAX_LENGTH} characters")
    try:
        tokens, claimed = _split(_tokenize(answer), task.target)
        value, used = _evaluate(tokens)
    except _UnreadableError as error:
        return Verdict(Outcome.MALFORMED, answer, str(error))
    except ZeroDivisionError:
        return Verdict(Outcome.INCORRECT, answer, "divides by zero")
    canonical = str(value)
    mistake = _misuse(tokens, used, task)
    if mistake is None and value != task.target:
        mistake = f"reaches {canonical}, not {task.target}"
    if mistake is None and not claimed:
        mistake = "states an equality with another number"
    if mistake is not None:
        return Verdict(Outcome.INCORRECT, answer, mistake, canonical)
    return Verdict(Outcome.CORRECT, answer, "reaches the target", canonical)


def _tokenize(answer: str) -> list[str]:
    text = answer.strip().rstrip(".").strip()
    if not text.isascii():
        text = "".join(_plain(character) for character in text.translate(_SIGNS))
    in_latex = "\\" in text or "$" in text  # outside of LaTeX, ~ is an operator, not a space
    if "$" in text or "`" in text:
        text = text.strip("$` ")
    if text.startswith("**") and text.endswith("**"):  # bold
        text = text.strip("*")
    tokens = _from_latex(text) if in_latex else _TOKEN.findall(text)
    if not tokens:
        raise _UnreadableError("an empty answer")
    return tokens


def _plain(character: str) -> str:
    """Decimal digits of any script as ASCII, no invisible format characters; a superscript stays a superscript."""
    if unicodedata.category(character) == "Cf":
        return ""
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _from_latex(text: str) -> list[str]:
    for opening, closing in (("\\(", "\\)"), ("\\[", "\\]")):
        if text.startswith(opening) and text.endswith(closing):
            text = text[2:-2]
    tokens = _TOKEN.findall(_LATEX_SPACE.sub(" ", text))
    tokens = [_COMMANDS.get(token, token) for token in tokens]
    return _expand_fractions([token for token in tokens if token])


def _expand_fractions(tokens: list[str]) -> list[str]:
    r"""Write \frac{a}{b} as {{a}/{b}}."""
    if _FRACTIONS.isdisjoint(tokens):
        return tokens
    expanded: list[str] = []
    open_groups: list[str] = []  # what each open brace is: numerator, denominator or plain
    expected = "plain"  # what the next opening brace is
    for sign in tokens:
        if expected != "plain" and sign != "{":
            raise _UnreadableError("\\frac without its two arguments in braces")
        if sign in _FRACTIONS:
            expanded.append("{")
            expected = "numerator"
        elif sign == "{":
            expanded.append("{")
            open_groups.append(expected)
            expected = "plain"
        elif sign == "}":
            group = open_groups.pop() if open_groups else "plain"
            expanded += {"numerator": ["}", "/"], "denominator": ["}", "}"], "plain": ["}"]}[group]
            expected = "denominator" if group == "numerator" else "plain"
        else:
            expanded.append(sign)
    return expanded


def _split(tokens: list[str], target: Fraction) -> tuple[list[str], bool]:
    """The expression of `e`, `e = t` or `t = e`, and whether t, if there, is the target."""
    equalities = tokens.count("=")
    if equalities == 0:
        return tokens, True
    if equalities > 1:
        raise _UnreadableError("more than one equals sign")
    at = tokens.index("=")
    left, right = tokens[:at], tokens[at + 1 :]
    left_value, right_value = _plain_number(left), _plain_number(right)
    if right_value == target:
        return left, True
    if left_value == target:
        return right, True
    if right_value is not None:
        return left, False
    if left_value is not None:
        return right, False
    raise _UnreadableError("an equality of which neither side is a plain number")


def _plain_number(tokens: list[str]) -> Fraction | None:
    sign = -1 if tokens[:1] == ["-"] else 1
    digits = tokens[1:] if sign < 0 else tokens
    if len(digits) in {1, 3} and digits[1:2] in ([], ["/"]):
        parts = digits[::2]
        if all(part.isdecimal() and len(part) <= MAX_DIGITS for part in parts) and int(parts[-1] if parts[1:] else 1):
            return sign * Fraction(int(parts[0]), int(parts[1]) if parts[1:] else 1)
    return None


def _evaluate(tokens: list[str]) -> tuple[int | Fraction, list[int]]:
    """Value of an infix expression by an operator stack, and its numbers as they come.

    Raises _UnreadableError or ZeroDivisionError.
    """
    values: list[int | Fraction] = []
    used: list[int] = []
    stack: list[str] = []  # open brackets, and operators without their right side so far
    want_operand = True
    for token in tokens:
        if not want_operand:
            want_operand = _after_operand("*" if token in {"x", "X"} else token, stack, values)
        elif token.isdecimal() and len(token) <= MAX_DIGITS:
            number = int(token)
            values.append(number)
            used.append(number)
            want_operand = False
        elif token in _OPENERS and len(stack) <= 2 * MAX_DEPTH:
            stack.append(token)
        else:
            raise _UnreadableError(f"{token[:40]!r} where a number is expected, or too many digits or brackets")
    if want_operand:
        raise _UnreadableError("the expression ends where a number is expected")
    while stack:
        if stack[-1] in _OPENERS:
            raise _UnreadableError(f"an unmatched {stack[-1]!r}")
        _apply(stack.pop(), values)
    return values[0], used


def _after_operand(token: str, stack: list[str], values: list[int | Fraction]) -> bool:
    """Take an operator or a closing bracket; True if an operand must follow."""
    precedence = _PRECEDENCE.get(token)
    if precedence is not None:
        while stack and _PRECEDENCE.get(stack[-1], 0) >= precedence:
            _apply(stack.pop(), values)
        stack.append(token)
        return True
    if token not in _CLOSERS:
        raise _UnreadableError(f"{token[:40]!r} where an operation is expected")
    while stack and stack[-1] in _PRECEDENCE:
        _apply(stack.pop(), values)
    if not stack or stack.pop() != _CLOSERS[token]:
        raise _UnreadableError(f"an unmatched {token!r}")
    return False


def _apply(operator: str, values: list[int | Fraction]) -> None:
    right, left = values.pop(), values.pop()
    if operator == "+":
        values.append(left + right)
    elif operator == "-":
        values.append(left - right)
    elif operator == "*":
        values.append(left * right)
    else:
        values.append(Fraction(left) / right if left % right else left // right)


def _misuse(tokens: list[str], used: list[int], task: Task) -> str | None:
    """How the expression breaks the rules about numbers and operations, or None."""
    if task.use is not Use.ORDERED:
        used.sort()
    fits = not Counter(used) - Counter(task.numbers) if task.use is Use.ANY else used == list(task.numbers)
    if not fits:
        rule = _RULES[task.use]
        given, found = ", ".join(map(str, task.numbers)), ", ".join(map(str, used))
        return f"uses {found} where {given} are given, {rule}"
    forbidden = _OPERATIONS - task.operations
    if forbidden:
        forbidden &= {"*" if token in {"x", "X"} else token for token in tokens}
    if forbidden:
        return f"uses {' '.join(sorted(forbidden))}, which is not allowed"
    return None
