"""Joins the parts of a question that a row has in several columns: the text before it, the question, the options.

A template in problems.columns.prompt, such as "{Body} {Question}", replaces the usual parts.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from astro.problems.choices import answer_label, options_of
from astro.records.rejection import BadRowError, Reason
from astro.tasks.literals import structure
from astro.tasks.row import ABSENT, Row

CONTEXTS = (
    *("context", "contexts", "passage", "body", "article", "paragraph", "paragraphs", "story", "support", "background"),
    *("scenario", "premise", "table", "starter_code"),
)
"""Columns whose text belongs to the question; those present are put before it, in the order of the row."""

_AFTER = frozenset(("starter_code",))  # these stand behind the question
_SAME_LINE = frozenset(("body",))  # of word problems, whose question is their last sentence
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_PICTURES = re.compile(
    r"(?:decoded[ _])?(?:image|picture|figure|diagram|img|photo)s?(?:[ _]?\d{1,2}|[ _](?:path|bytes|url|file))?"
)
_PICTURE_FILE = re.compile(r"\S+\.(?:png|jpe?g|gif|webp|svg|bmp)|data:image/\S+|https?://\S+", re.IGNORECASE)
_SLOT = re.compile(r"\b(?:N_|[Nn]umber_?)(\d{1,2})\b")  # MAWPS: N_00 and N_01 stand for the numbers in another column
_NUMBERS = re.compile(r"-?\d+(?:\.\d+)?(?:/\d+)?")


def is_template(column: str | None) -> bool:
    """Whether problems.columns.prompt joins columns, such as "{Body} {Question}", instead of naming one."""
    return column is not None and _PLACEHOLDER.search(column) is not None


def join_question(row: Row, *, must_choose: bool) -> str:
    """Put the whole question of a row into its prompt, and the letter of a multiple-choice answer into its answer.

    must_choose: whether an answer that names none of the options is a fault. Returns the template that joins the same
    parts without the options; empty for a row without a question. Raises BadRowError if a part cannot be read.
    """
    _refuse_pictures(row)
    template = row.mapped("prompt")
    if template is not None and is_template(template):
        row.put("prompt", _filled(row, template))
    else:
        column, _ = row.find("prompt")
        if column is None:
            return ""
        question = row.prompt()
        text, template = _with_contexts(row, _with_slots(row, question), column)
        if text != question:
            row.put("prompt", text)
    _add_options(row, must_choose=must_choose)
    return template


def _add_options(row: Row, *, must_choose: bool) -> None:
    """The options behind the question, unless it lists them, and their texts among the metadata."""
    question = row.prompt()
    options = options_of(row, question)
    if options is None:
        return
    try:
        label, said_by = answer_label(row, options)
    except BadRowError:
        if must_choose:
            raise
        label, said_by = "", ()
    for column in (*options.columns, *said_by):
        row.use(column)
    if not options.shown_in(question):
        row.put("prompt", f"{question}\n{options.lines()}")
    if label:
        row.put("answer", label)
    row.metadata["options"] = dict(options.texts)


def _with_contexts(row: Row, question: str, asked: str) -> tuple[str, str]:
    """The question with the other parts of it, and the template that joins them."""
    text, template = question, f"{{{row.name_of(asked)}}}"
    for column in reversed(row.fields):
        if column not in CONTEXTS or column == asked:
            continue
        part = text_of(row.fields[column], column)
        row.use(column)
        if not part or part in text:
            continue
        named = f"{{{row.name_of(column)}}}"
        gap = " " if column in _SAME_LINE else "\n\n"
        if column in _AFTER:
            text, template = f"{text}{gap}{part}", f"{template}{gap}{named}"
        else:
            text, template = f"{part}{gap}{text}", f"{named}{gap}{template}"
    return text, template


def _filled(row: Row, template: str) -> str:
    """A template with the content of its columns."""

    def content(found: re.Match[str]) -> str:
        name = found[1].strip()
        held = row.column(name.lower(), "prompt")
        if held is ABSENT:
            raise BadRowError(Reason.MISSING_PROMPT, row.missing("prompt", name))
        row.use(name.lower())
        return text_of(held, name)

    text = _PLACEHOLDER.sub(content, template.replace("\\n", "\n")).strip()
    if not text:
        raise BadRowError(Reason.MISSING_PROMPT, "all columns of the prompt are empty")
    return text


def text_of(content: Any, column: str) -> str:
    """A part of a question as text: lines for a list, cells for a table. Raises BadRowError for other structures."""
    given = structure(content) if isinstance(content, str) else content
    if given is None or (isinstance(given, float) and math.isnan(given)):
        return ""
    if isinstance(given, str):
        return given.strip()
    if isinstance(given, int | float):
        return str(int(given) if given == int(given) else given)
    if isinstance(given, Mapping):
        given = _of_mapping(given)
    if isinstance(given, Sequence) and not isinstance(given, bytes):
        return "\n".join(_line(entry, column) for entry in given).strip()
    kind = type(content).__name__
    detail = f"{column} is a {kind}, not a text or a list of texts: {content!r:.80}; name its texts in a template"
    raise BadRowError(Reason.WRONG_TYPE, f'{detail}: problems.columns.prompt="{{{column}.NAME}} {{question}}"')


def _of_mapping(given: Mapping[str, Any]) -> Any:
    """The texts of {"contexts": [...]}; or of titles with their sentences, as HotpotQA has them."""
    named = {str(name).lower(): content for name, content in given.items()}
    texts = next(
        (named[name] for name in ("contexts", "sentences", "paragraphs", "text", "texts") if name in named), None
    )
    titles = named.get("title", named.get("titles"))
    if isinstance(texts, list | tuple) and isinstance(titles, list | tuple) and len(titles) == len(texts):
        return [f"{title}: {text if isinstance(text, str) else ''.join(map(str, text))}"
                for title, text in zip(titles, texts, strict=True)]  # fmt: skip
    return texts


def _line(entry: Any, column: str) -> str:
    if isinstance(entry, list | tuple) and not any(isinstance(cell, list | tuple | Mapping) for cell in entry):
        return " | ".join("" if cell is None else str(cell) for cell in entry)
    return text_of(entry, column)


def _refuse_pictures(row: Row) -> None:
    """A question with a picture is not whole without it."""
    for column, content in row.fields.items():
        if not _PICTURES.fullmatch(column) or content is None or isinstance(content, bool | int | float):
            continue
        if isinstance(content, str) and not _PICTURE_FILE.fullmatch(content.strip()):
            continue
        if content:
            detail = f"the question has a picture ({column}), which a language model does not see"
            raise BadRowError(Reason.INCOMPLETE, detail)


def _with_slots(row: Row, question: str) -> str:
    """The question of MAWPS with its numbers in their places."""
    slots = {int(slot) for slot in _SLOT.findall(question)} if "N_" in question or "umber" in question else set()
    if not slots:
        return question
    content = row.fields.get("numbers")
    numbers = _NUMBERS.findall(text_of(content, "numbers")) if content is not None else []
    if max(slots) >= len(numbers):
        if "N_" not in question:
            return question
        detail = "the question has places for numbers (N_00), and no column numbers with as many"
        raise BadRowError(Reason.INCOMPLETE, detail)
    row.use("numbers")
    return _SLOT.sub(lambda found: numbers[int(found[1])].removesuffix(".0"), question)
