"""The options of a multiple-choice question in the columns of a row, and the label that its answer names.

Data sets write options as a list, with or without labels; as {"text": [...], "label": [...]}; as {"A": ...}; as a list
of objects with a label and a text; as one text "A) 3 B) 4"; as a column for each (A, B, C; option_a; choice1; ending0);
or as one right and several wrong answers. They write the answer as a label, as the position of the option or as its
text.
"""

import hashlib
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from string import ascii_uppercase
from typing import Any

from astro.records.rejection import BadRowError, Reason
from astro.tasks.literals import structure
from astro.tasks.mcq import MCQ
from astro.tasks.row import ABSENT, NOTHING, Row
from astro.verify import Exercise
from astro.verify.forms.mcq import gold_labels
from astro.verify.options import options_in
from astro.verify.plain import plain_text

ANSWERS = (
    *(
        "answerkey",
        "answer_key",
        "answer_letter",
        "correct_option",
        "correct_choice",
        "correct_letter",
        "correct_label",
    ),
    *("correct", "answer_idx", "answer_index", "correct_index", "correct_answer_index", "label", "cop", "gold"),
    *("answer", "final_answer", "expected_answer", "target", "answer_value", "answer_text", "ground_truth"),
    *("reward_model.ground_truth", "correct_answer", "correct answer"),
)
"""The columns that can say which option is right; all that are present must agree."""

_SAYS_WHICH = ("label", "correct", "correct_option", "answer_index", "answer_idx")
_LABELS = ("label", "labels", "letter", "key", "id", "aoval")
_TEXTS = ("text", "texts", "content", "value", "option", "choice")
_FAMILY = re.compile(
    r"(?P<stem>option|choice|opt|op|ending|alternative|candidate|sol|answer|ans)[ _-]?(?P<label>[a-j]|\d{1,2})"
)
_DOUBTFUL = frozenset(("", "sol", "answer", "ans"))  # columns of these names are options only if the answer names one
_RIGHT = ("correct_answer", "correct answer", "right_answer", "right answer")
_WRONG = re.compile(r"(?:distractor|(?:incorrect|wrong)[ _]?(?:answer|option|choice)?)s?[ _]?\d{0,2}")
_LABELLED = re.compile(r"\s*[(\[]?\s?([A-Za-z]|\d{1,2})\s?[)\].:]\s*(.*)", re.DOTALL)
_MARK = re.compile(r"(?:^|(?<=[\s,;]))[(\[]?([A-Za-z]|\d{1,2})\s?[)\].:](?=\s|\S)")
_DIGITS = re.compile(r"-?\d{1,3}(?:\.0)?")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a question.

    texts: by label, in their order.
    columns: the columns they were read from.
    first: what the position of the first option is in a text: 1 for columns that count from 1, else 0.
    numbers: whether the options were numbers and not texts.
    right: the label of the right option, if its column says so.
    """

    texts: Mapping[str, str]
    columns: tuple[str, ...]
    first: int = 0
    numbers: bool = False
    right: str = ""

    def lines(self) -> str:
        """One option a line, "A. text"."""
        return "\n".join(f"{label}. {text}" for label, text in self.texts.items())

    def shown_in(self, prompt: str) -> bool:
        """Whether a prompt lists these options already."""
        wanted = [_folded(text) for text in self.texts.values()]
        if [_folded(text) for text in options_in(prompt).values()] == wanted:
            return True
        marks = {mark.upper() for mark in _MARK.findall(prompt)}
        folded = _folded(prompt)
        return marks >= set(self.texts) and all(text in folded for text in wanted)


def options_of(row: Row, question: str) -> Options | None:
    """The options of a row, or None if it has none. Raises BadRowError if they cannot be read.

    question: decides the order of options that are given as one right and several wrong answers.
    """
    column, content = row.find("options")
    if column and (found := _read(content, column)):
        return found
    answers = row.column("answers", "options")  # ReClor; other sets have accepted answers there, and no label
    answers = structure(answers) if isinstance(answers, str) else answers
    if isinstance(answers, list | tuple) and len(answers) > 1 and not row.fields.keys().isdisjoint(_SAYS_WHICH):
        return _listed(answers, "answers")
    return _in_columns(row) or _right_and_wrong(row, question)


def answer_label(row: Row, options: Options) -> tuple[str, tuple[str, ...]]:
    """The label of the right option, "A,C" for several, and the columns that say so. Raises BadRowError."""
    if options.right:
        return options.right, ()
    mapped = row.mapped("answer")
    said: dict[str, str] = {}
    given: dict[str, Any] = {}
    for column in (mapped.lower(),) if mapped else ANSWERS:
        content = row.column(column, "answer")
        if _is_nothing(content) or str(content).strip() == "-1":  # of a test set whose answers are hidden
            continue
        given[column] = content
        if label := _label(content, options):
            said[column] = label
    if not given:
        raise BadRowError(Reason.MISSING_ANSWER, row.missing("answer"))
    if not said:
        column, content = next(iter(given.items()))
        names = ", ".join(options.texts)
        detail = f"{column} is {content!r:.80}, which names none of the options {names}; an index counts from 0"
        raise BadRowError(Reason.UNVERIFIABLE, detail)
    if len(set(said.values())) > 1:
        differ = ", ".join(f"{column} means {label}" for column, label in said.items())
        raise BadRowError(Reason.UNVERIFIABLE, f"{differ}; name the right one: problems.columns.answer=NAME")
    return next(iter(said.values())), tuple(said)


def _read(content: Any, column: str) -> Options | None:
    """The options of one column; None if it is empty."""
    given = structure(content) if isinstance(content, str) else content
    if _is_nothing(given):
        return None
    if isinstance(given, str):
        return _in_text(given, column)
    if isinstance(given, Mapping):
        return _in_mapping(given, column)
    if isinstance(given, Sequence):
        entries = [entry[0] if isinstance(entry, list | tuple) and len(entry) == 1 else entry for entry in given]
        if len(entries) == 1 and isinstance(entries[0], list | tuple):
            return _read(entries[0], column)
        if all(isinstance(entry, Mapping) for entry in entries):
            return _in_mappings(entries, column)
        return _listed(entries, column)
    raise _unreadable(given, column)


def _listed(entries: Sequence[Any], column: str) -> Options:
    """A list of texts, perhaps with their own labels ("A) 21")."""
    if any(isinstance(entry, list | tuple | Mapping) or entry is None for entry in entries) or len(entries) < 2:
        raise _unreadable(entries, column)
    texts = [_text(entry) for entry in entries]
    labelled = [_LABELLED.fullmatch(text) for text in texts]
    marks = [found[1].upper() for found in labelled if found]
    letters = list(ascii_uppercase[: len(texts)])
    if marks in (letters, [str(n) for n in range(1, len(texts) + 1)]) and all(found and found[2] for found in labelled):
        texts = [found[2].strip() for found in labelled if found]
    return _of(dict(zip(_letters(len(texts), column), texts, strict=True)), column, entries)


def _in_mapping(given: Mapping[str, Any], column: str) -> Options:
    """{"text": [...], "label": [...]}, {"choices": [...], "labels": [0, 1]}, or texts by label."""
    named = {str(name).strip().lower(): content for name, content in given.items()}
    texts = next((named[name] for name in (*_TEXTS, "choices") if isinstance(named.get(name), list | tuple)), None)
    labels = next((named[name] for name in _LABELS if isinstance(named.get(name), list | tuple)), None)
    if texts is not None and labels is not None and len(texts) == len(labels):
        if set(labels) <= {0, 1} and sum(labels) == 1:  # which of them is true
            found = _listed(texts, column)
            return Options(found.texts, (column,), right=list(found.texts)[list(labels).index(1)])
        return _of({str(label): _text(text) for label, text in zip(labels, texts, strict=True)}, column, texts)
    if texts is not None and labels is None:
        return _listed(texts, column)
    if len(given) > 1 and all(re.fullmatch(r"[A-Za-z]|\d{1,2}", str(name).strip()) for name in given):
        present = {str(name).strip(): content for name, content in given.items() if not _is_nothing(content)}
        cased = {name.upper(): content for name, content in present.items()}
        return _of({name: _text(content) for name, content in cased.items()}, column, list(cased.values()))
    raise _unreadable(given, column)


def _in_mappings(entries: Sequence[Mapping[str, Any]], column: str) -> Options:
    """[{"label": "A", "text": ...}, ...], whatever the two are called."""
    texts: dict[str, str] = {}
    for position, entry in enumerate(entries):
        named = {str(name).strip().lower(): content for name, content in entry.items()}
        text = next((named[name] for name in _TEXTS if name in named), None)
        label = next((named[name] for name in _LABELS if name in named), ascii_uppercase[position % 26])
        if text is None or isinstance(text, list | dict):
            raise _unreadable(entries, column)
        texts[str(label).strip()] = _text(text)
    if len(texts) < len(entries):
        raise _unreadable(entries, column)
    return _of(texts, column, [])


def _in_text(text: str, column: str) -> Options:
    """A text like "A) 3 B) 4", "a ) 3 , b ) 4", or one option a line."""
    marks = list(_MARK.finditer(text))
    for first in "A1":
        run: list[re.Match[str]] = []
        for mark in marks:
            expected = (
                first if not run else str(int(first) + len(run)) if first == "1" else ascii_uppercase[len(run) % 26]
            )
            if mark[1].upper() == expected:
                run.append(mark)
        if len(run) > 1 and not text[: run[0].start()].strip():
            ends = [mark.start() for mark in run[1:]] + [len(text)]
            found = {
                mark[1].upper(): text[mark.end() : end].strip().rstrip(",;").strip()
                for mark, end in zip(run, ends, strict=True)
            }
            return _of(found, column, [])
    lines = [line.strip() for line in re.split(r"\n|\s\|\s|;", text) if line.strip()]
    if len(lines) > 1:
        return _listed(lines, column)
    raise _unreadable(text, column)


def _in_columns(row: Row) -> Options | None:
    """Options with a column each: A, B, C; option_a, option_b; choice1, choice2."""
    families: dict[str, dict[str, str]] = {}
    for column in row.fields:
        if len(column) == 1 and column in "abcdefghij":
            families.setdefault("", {})[column] = column
        elif found := _FAMILY.fullmatch(column):
            families.setdefault(found["stem"], {})[found["label"]] = column
    for stem, columns in families.items():
        labels = sorted(columns, key=lambda label: (len(label), label))
        start = "a" if labels[0].isalpha() else labels[0]
        present = [label for label in labels if not _is_nothing(row.fields[columns[label]])]
        if len(present) < 2 or start not in ("a", "0", "1") or not _follow(labels):
            continue
        contents = [row.fields[columns[label]] for label in present]
        if any(isinstance(content, list | tuple | Mapping) for content in contents):
            continue
        names = [label.upper() for label in present] if start == "a" else list(ascii_uppercase[: len(present)])
        texts = dict(zip(names, map(_text, contents), strict=True))
        # In texts, WinoGrande counts option1 and option2 from 1, and Social IQA answerA, answerB and answerC.
        counted = stem == "answer" or (stem, start) == ("option", "1")
        numbers = all(not isinstance(content, str) for content in contents)
        found_options = Options(texts, tuple(columns[label] for label in labels), int(counted), numbers)
        if stem not in _DOUBTFUL or (_names_one(row, found_options) and (stem or len(present) > 2)):
            return found_options
    return None


def _follow(labels: Sequence[str]) -> bool:
    """Whether labels follow each other without a gap."""
    codes = [ord(label) if label.isalpha() else int(label) for label in labels]
    return codes == list(range(codes[0], codes[0] + len(codes)))


def _names_one(row: Row, options: Options) -> bool:
    """Whether the answer names one of the options; without a stem (columns A, B, C), by its letter."""
    mapped = row.mapped("answer")
    columns = (mapped.lower(),) if mapped else ANSWERS
    contents = [row.column(column, "answer") for column in columns if column not in options.columns]
    if len(options.columns[0]) > 1:
        return any(_label(content, options) for content in contents if not _is_nothing(content))
    return any(isinstance(content, str) and content.strip(" ().").upper() in options.texts for content in contents)


def _right_and_wrong(row: Row, question: str) -> Options | None:
    """One right answer and several wrong ones, in an order that depends only on the question."""
    right = next((name for name in _RIGHT if not _is_nothing(row.fields.get(name))), None)
    wrong = sorted(name for name in row.fields if _WRONG.fullmatch(name) and not _is_nothing(row.fields[name]))
    if right is None or not wrong or isinstance(row.fields[right], list | tuple | Mapping):
        return None
    texts = [_text(row.fields[right])]
    for column in wrong:
        content = row.fields[column]
        given = structure(content) if isinstance(content, str) else content
        texts += map(_text, given) if isinstance(given, list | tuple) else [_text(given)]
    order = list(range(len(texts)))
    digest = hashlib.blake2b(question.encode(errors="replace"), digest_size=8).digest()
    random.Random(int.from_bytes(digest, "big")).shuffle(order)  # noqa: S311 - reproducible on purpose
    letters = _letters(len(texts), right)
    placed = {letter: texts[position] for letter, position in zip(letters, order, strict=True)}
    return Options(placed, (right, *wrong), right=letters[order.index(0)])


def _label(content: Any, options: Options) -> str:
    """The label that an answer names, "A,C" for several; empty if it names none. Raises BadRowError if in doubt."""
    given = structure(content) if isinstance(content, str) else content
    if isinstance(given, list | tuple):
        found = [_label(entry, options) for entry in given]
        return ",".join(dict.fromkeys(found)) if found and all(found) else ""
    if isinstance(given, bool) or not isinstance(given, str | int | float | Decimal):
        return ""
    labels = list(options.texts)
    text = _text(given)
    if text.upper() in labels:
        return text.upper()
    if not _DIGITS.fullmatch(text):
        exercise = Exercise("", "", text, MCQ.name, {"options": dict(options.texts)})
        folded = {label: _folded(option) for label, option in options.texts.items()}
        return ",".join(sorted(gold_labels(exercise, folded)))
    index = int(float(text)) - (options.first if isinstance(given, str) else 0)
    by_position = labels[index] if 0 <= index < len(labels) else ""
    by_text = [label for label, option in options.texts.items() if _folded(option) == _folded(text)]
    is_position = not isinstance(given, str) and not options.numbers
    if by_position and len(by_text) == 1 and by_text[0] != by_position and not is_position:
        detail = f"the answer {text} is the text of option {by_text[0]} and the position of option {by_position}"
        raise BadRowError(Reason.UNVERIFIABLE, f"{detail}; map a column with the letter: problems.columns.answer=NAME")
    return by_position or (by_text[0] if len(by_text) == 1 else "")


def _of(texts: Mapping[str, str], column: str, given: Sequence[Any]) -> Options:
    if len(texts) < 2 or not all(texts.values()):
        raise _unreadable(dict(texts), column)
    numbers = bool(given) and not any(isinstance(entry, str) for entry in given)
    return Options(texts, (column,), numbers=numbers)


def _letters(count: int, column: str) -> list[str]:
    if count > len(ascii_uppercase):
        raise BadRowError(Reason.WRONG_TYPE, f"{column} has {count} options; a question has at most 26")
    return list(ascii_uppercase[:count])


def _unreadable(content: Any, column: str) -> BadRowError:
    wanted = 'a list of two or more texts, {"text": [...], "label": [...]}, or a text like "A) 3 B) 4"'
    return BadRowError(Reason.WRONG_TYPE, f"the options in {column} must be {wanted}, not {content!r:.80}")


def _is_nothing(content: Any) -> bool:
    """Whether a cell is empty: None, NaN, a blank text, an empty list."""
    if content is None or content is ABSENT or (isinstance(content, float) and math.isnan(content)):
        return True
    if isinstance(content, str):
        return content.strip().lower() in NOTHING
    return isinstance(content, list | tuple | Mapping) and not content


def _text(content: Any) -> str:
    if isinstance(content, float) and content.is_integer():
        content = int(content)
    return str(content).strip()


def _folded(text: str) -> str:
    return plain_text(text).strip(" .,;").casefold()
