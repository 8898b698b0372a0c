"""Finds columns that look like a part of the question and were not used, with the setting that would use them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from astro.records.problem import Problem

_WORDS = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])")
_PART = re.compile(
    r"context|passage|body|article|paragraph|story|background|premise|scenario|text|description|instruction|input|table"
    r"|given|condition|constraint|assumption|definition|question|problem|stem|statement|query|prefix|preamble|setup|note"
    r"|format|dialogue|conversation|document|sentence|narrative|fact|data|figure|diagram|caption|introduction|requirement"
)
_OPTION = re.compile(r"option|choice|candidate|alternative|ending|distractor")
_NO_PART = re.compile(
    r"id|type|level|category|domain|source|url|link|index|number|count|length|hash|difficulty|rate|language|lang|concept"
    r"|valid|i|topic|subject|split|version|original|revision|revised|rephrased|augmented|concat|translated|author|date"
    r"|year|name|score|solution|answer|rationale|explanation|output|response|generation|reasoning|correct|label|key"
    r"|metadata|tag|usage|license|model|file|path|title|unit|code|message|template|embedding|quality|hint"
)
_LEAST = 12  # characters; a shorter text is hardly a part of a question


@dataclass(slots=True)
class UnusedColumn:
    """A column that looks like a part of the question, and that no problem uses.

    source: the file or data set. template: joins the columns that are used. example: the start of one content.
    options: whether it looks like the options of a multiple-choice question. rows: how many rows have it.
    """

    source: str
    column: str
    template: str
    example: str
    options: bool
    rows: int = 0

    def __str__(self) -> str:
        kind = "options" if self.options else "a part of the question"
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        return (
            f"{self.source}: the column {self.column!r} looks like {kind} and is not used ({rows}; {self.example!r}). "
            f"To use it:\n{self.mapping()}"
        )

    def mapping(self) -> str:
        """The configuration that uses the column, as YAML."""
        if self.options:
            return f"problems:\n  columns:\n    options: {_quoted(self.column)}"
        template = f"{{{self.column}}}\n\n{self.template}"
        return f"problems:\n  columns:\n    prompt: {json.dumps(template, ensure_ascii=False)}"


@dataclass(slots=True)
class UnusedColumns:
    """Collects the unused columns of one source."""

    source: str
    found: dict[str, UnusedColumn] = field(default_factory=dict)
    _looks: dict[str, str] = field(default_factory=dict)

    def add(self, problem: Problem, template: str, unused: Mapping[str, Any]) -> None:
        """Note the columns of one row. template: joins the columns of its prompt; unused: what was not read."""
        for column, content in unused.items():
            look = self._looks.get(column)
            if look is None:
                look = self._looks[column] = _look_of(column)
            if look and _is_missing_from(problem.prompt, content, options=look == "options"):
                if column not in self.found:
                    example = " ".join(str(content).split())[:60]
                    self.found[column] = UnusedColumn(self.source, column, template, example, look == "options")
                self.found[column].rows += 1


def _look_of(column: str) -> str:
    """What a column's name says that it holds: "options", "part" of the question, or neither ("")."""
    words = [word.lower().removesuffix("s") for word in _WORDS.findall(column)]
    if any(map(_NO_PART.fullmatch, words)):
        return ""
    return "options" if any(map(_OPTION.fullmatch, words)) else "part" if any(map(_PART.fullmatch, words)) else ""


def _is_missing_from(prompt: str, content: Any, *, options: bool) -> bool:
    """Whether a prompt lacks what a column holds."""
    if isinstance(content, list | tuple):
        texts = [entry for entry in content if isinstance(entry, str)]
        return bool(content) and not (texts and all(text.strip() in prompt for text in texts))
    if isinstance(content, Mapping):
        return any(value is not None and value not in ("", [], {}) for value in content.values())
    if not isinstance(content, str) or len(content.strip()) < (2 if options else _LEAST):
        return False
    return " ".join(content.split()) not in " ".join(prompt.split())


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z_][\w.]*", column) else json.dumps(column, ensure_ascii=False)
