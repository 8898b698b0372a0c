"""Labels that a person gives to traces and visits: good, bad or a note, in RUN/labels.jsonl.

The file only grows: the last line about a trace or a visit counts. A label of a visit names its index in the trace.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from astro.errors import ConfigError, StoreError
from astro.store.atomic import writing

FILE = "labels.jsonl"
_LONGEST_NOTE = 10_000  # characters


class Mark(StrEnum):
    """What a label says of its trace or visit."""

    GOOD = "good"
    BAD = "bad"
    NONE = ""  # only a note, or a label taken back


@dataclass(frozen=True, slots=True)
class Label:
    """A person's judgement of a trace, or of one visit of it; visit is None for the whole trace."""

    problem_id: str
    trace_id: str
    visit: int | None
    mark: Mark
    note: str
    time: float

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Label":
        """Read a label. Raises ConfigError that names every mistake."""
        mistakes = [
            f"{name} is a text, not {content.get(name)!r}"
            for name in ("problem_id", "trace_id")
            if not isinstance(content.get(name), str) or not content[name]
        ]
        visit, mark, note = content.get("visit"), content.get("mark", ""), content.get("note", "")
        if visit is not None and (not isinstance(visit, int) or isinstance(visit, bool) or visit < 0):
            mistakes.append(f"visit is null or a number from 0, not {visit!r}")
        if mark not in list(Mark):
            mistakes.append(f"mark is good, bad or empty, not {mark!r}")
        if not isinstance(note, str) or len(note) > _LONGEST_NOTE:
            mistakes.append(f"note is a text of at most {_LONGEST_NOTE:,} characters")
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        when = content.get("time")
        stamp = float(when) if isinstance(when, int | float) else round(time.time(), 3)
        return cls(content["problem_id"], content["trace_id"], visit, Mark(mark), note, stamp)


Labels = dict[tuple[str, int | None], Label]
"""The labels that count, by trace and visit."""


def read_labels(run: Path) -> Labels:
    """The labels of a run. A line cut short by a kill is left out; one that is no label raises StoreError."""
    path = run / FILE
    found: Labels = {}
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            content = json.loads(line)
        except ValueError:
            continue
        try:
            label = Label.from_json(content if isinstance(content, dict) else {})
        except ConfigError as error:
            raise StoreError(f"{path}, line {number} is not a label: {error}; correct or delete the line") from error
        key = (label.trace_id, label.visit)
        found.pop(key, None)
        if label.mark or label.note:
            found[key] = label
    return found


def add_label(run: Path, label: Label) -> None:
    """Append a label. Raises StoreError if the file cannot be written."""
    path = run / FILE
    line = json.dumps(asdict(label), ensure_ascii=False).encode("utf-8", "replace")
    with writing(path), path.open("a+b") as stream:
        torn = stream.seek(0, 2) > 0 and stream.seek(-1, 2) >= 0 and stream.read(1) != b"\n"
        stream.write((b"\n" if torn else b"") + line + b"\n")


def by_problem(labels: Labels) -> dict[str, str]:
    """One word for each labelled problem: bad if any of its labels is, else good, else note."""
    words: dict[str, str] = {}
    rank = {"note": 0, "good": 1, "bad": 2}
    for label in labels.values():
        word = label.mark.value or "note"
        if rank[word] >= rank.get(words.get(label.problem_id, "note"), 0):
            words[label.problem_id] = word
    return words
