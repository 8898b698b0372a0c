"""Load the problems of a run from the configured source, and list the rows that were rejected."""

import difflib
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import Field, create_model, field_validator, model_validator

from astro.config import Section
from astro.errors import ProblemsError
from astro.problems.bundled import bundled_sets
from astro.problems.hub import hub_rows, refuse_parts
from astro.problems.layouts import COLUMNS, read_problem
from astro.problems.quality import Contamination, fingerprint
from astro.problems.readers import SUFFIXES, Row, read_rows
from astro.problems.unused import UnusedColumn, UnusedColumns
from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason, RejectedRow
from astro.tasks import Generator, all_tasks

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")
_SHARD = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})")


if TYPE_CHECKING:

    class _Generators(Section):
        """One optional section, by name, for each task that generates problems."""

else:
    _Generators = create_model(
        "_Generators",
        __base__=Section,
        **{task.name: (task.generator.section | None, None) for task in all_tasks().values() if task.generator},
    )


class ProblemsConfig(_Generators):
    """Where the problems come from: either source or a generator.

    source: one or several of
        a bundled set       countdown, word-problems
        a file              mine.jsonl, .json, .csv, .tsv (each also .gz) or .parquet
        a folder            in the Hugging Face layout, or written by save_to_disk
        a set on the hub    openai/gsm8k, or openai/gsm8k@REVISION
        The columns of GSM8K, MATH, NuminaMath, AIME, AMC, Countdown and similar sets are known; see columns.
        With several sources, each id starts with the name of its source.
    NAME: the settings of the generator of task NAME, which then makes the problems; for countdown, only count is
        required.
    columns: our field -> your column, for files with other columns: {prompt: task_text, answer: gold.value}.
        Fields: id, prompt, options, answer, task, and those of a task, such as numbers and target. Dots lead into
        nested fields. A prompt of several columns is a template: {prompt: "{Body} {Question}"}.
    task: of rows that do not name one. The default is the task that recognizes the row, or math.
    subset, split: of a data set. The defaults are the only subset, and train or the only split. A single file, a
        bundled set and a table written by save_to_disk have neither.
    limit: keep at most this many good problems.
    shard: "i/n", i from 1 to n: this process's part of the problems within limit. The n parts are disjoint and
        complete, and a problem's part depends only on its id.
    exclude: sources, usually evaluation sets. A problem that shares a run of 13 words with one of them is rejected. Of
        a data set, the test split counts.
    """

    source: str | tuple[str, ...] | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    task: str | None = None
    subset: str | None = None
    split: str | None = None
    limit: int | None = Field(default=None, ge=1)
    shard: str = "1/1"
    exclude: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources, as a tuple even if there is only one."""
        return (self.source,) if isinstance(self.source, str) else self.source or ()

    @property
    def generators(self) -> list[tuple[Generator, Section]]:
        """The generators that have settings here, with these settings; at most one in a valid section."""
        made = [(task.generator, getattr(self, task.name)) for task in all_tasks().values() if task.generator]
        return [(generator, settings) for generator, settings in made if settings is not None]

    @field_validator("columns")
    @classmethod
    def _columns_map_known_fields(cls, columns: dict[str, str]) -> dict[str, str]:
        for name in columns:
            if name not in COLUMNS:
                near = difflib.get_close_matches(name, COLUMNS, n=1) or [", ".join(COLUMNS)]
                raise ValueError(f"columns maps our fields to your columns, and {name!r} is not a field ({near[0]}?)")
        return columns

    @field_validator("source", "exclude")
    @classmethod
    def _sources_have_names(cls, source: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if source is not None and "" in ([source] if isinstance(source, str) else source):
            raise ValueError("a source is a bundled set, a file, a folder or a set on the hub, not an empty string")
        return source

    @field_validator("task")
    @classmethod
    def _task_is_known(cls, task: str | None) -> str | None:
        known = all_tasks()
        if task is not None and task not in known:
            near = difflib.get_close_matches(task, known, n=1)
            raise ValueError(f"did you mean {near[0]!r}?" if near else f"a task is one of {', '.join(known)}")
        return task

    @field_validator("shard")
    @classmethod
    def _shard_is_a_part(cls, shard: str) -> str:
        part = _SHARD.fullmatch(shard)
        if not part or int(part[1]) > int(part[2]):
            raise ValueError("a shard has the form i/n with 1 <= i <= n, such as 1/4")
        return shard

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        names = " or ".join(name for name, task in all_tasks().items() if task.generator)
        if bool(self.sources) + len(self.generators) != 1:
            raise ValueError(f"give either source (a file, folder, data set or bundled set) or {names} (to generate)")
        if self.generators and (self.split or self.subset):
            raise ValueError("split and subset are for sources; a generator has its own, such as countdown.split")
        return self


@dataclass(frozen=True, slots=True)
class LoadedProblems:
    """The problems of a run, in the order of their source, and what was left out.

    rejected: the rows that did not become problems. unused: columns that look like parts of the question, and that no
    prompt contains.
    """

    problems: list[Problem]
    rejected: list[RejectedRow]
    unused: list[UnusedColumn] = field(default_factory=list)


Outcome = Problem | RejectedRow | UnusedColumn
"""What becomes of a row, and a warning about a column of its source."""

_HOPELESS = 10_000  # bad rows at the start of a source, after which nobody waits for a good one

Check = Callable[[Problem], str | None]
"""Judges a problem's gold answer: returns a reason, or None."""


def load_problems(config: ProblemsConfig, check: Check | None = None, caveat: Check | None = None) -> LoadedProblems:
    """Read, check and deduplicate the problems that config names.

    check: why a gold answer cannot be used; the row is rejected. caveat: why only an answer written like it can be
    graded; kept in Problem.caveat.
    Raises ProblemsError if a source is missing, unreadable or without a good row, or if the shard has no problem.
    """
    loaded = LoadedProblems([], [])
    for outcome in stream_problems(config, check, caveat):
        if isinstance(outcome, Problem):
            loaded.problems.append(outcome)
        elif isinstance(outcome, UnusedColumn):
            loaded.unused.append(outcome)
        else:
            loaded.rejected.append(outcome)
    return loaded


def stream_problems(
    config: ProblemsConfig, check: Check | None = None, caveat: Check | None = None
) -> Iterator[Outcome]:
    """Like load_problems, but one by one: only a hash, the id and the answer of each problem stay in memory.

    Every shard yields all rejected rows. Rows beyond the limit are not read. Unused columns come after the rows of
    their source.
    """
    gate = _Gate(check, caveat, config.exclude)
    good = kept = 0
    for source, label in _labelled(config.sources) or [(generator.source, "") for generator, _ in config.generators]:
        refused: list[RejectedRow] = []
        good_before = good
        unused = UnusedColumns(source)
        for row, candidate in _candidates(config, source, label, unused):
            outcome = gate.judge(candidate)
            if isinstance(outcome, Problem):
                good += 1
                if in_shard(outcome.id, config.shard):
                    kept += 1
                    yield outcome
                if good == config.limit:
                    break
            else:
                refused.append(_refusal(source, row, outcome))
                yield refused[-1]
                if len(refused) == _HOPELESS and good == good_before:
                    raise ProblemsError(f"{_no_good_row(source, refused)}\nThe rest was not read.")
        if good == good_before:
            raise ProblemsError(_no_good_row(source, refused))
        yield from unused.found.values()
        if good == config.limit:
            break
    if not kept:
        raise ProblemsError(f"problems.shard={config.shard} holds none of the {good} problems; use fewer shards")


def is_on_hub(source: str) -> bool:
    """Whether a source can only be a data set on the hub: OWNER/NAME, with no similar local file or folder."""
    path = Path(source).expanduser()
    looks_like_file = path.suffix in (*SUFFIXES, ".gz")
    return bool(_HUB_NAME.fullmatch(source)) and not looks_like_file and not path.exists() and not path.parent.is_dir()


def without_hub(config: ProblemsConfig) -> tuple[ProblemsConfig | None, list[str]]:
    """The section without sources on the hub, or None if no source is left; and the sources removed."""
    remote = [source for source in (*config.sources, *config.exclude) if is_on_hub(source)]
    sources, exclude = (
        tuple(source for source in given if source not in remote) for given in (config.sources, config.exclude)
    )
    local = config.model_copy(update={"source": sources, "exclude": exclude})
    return (local if sources or config.generators else None), remote


def in_shard(problem_id: str, shard: str) -> bool:
    """Whether a problem belongs to part i of n, written "i/n"."""
    part, parts = (int(number) for number in shard.split("/"))
    digest = hashlib.blake2b(problem_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % parts == part - 1


class _Gate:
    """Checks each problem against those accepted before it."""

    def __init__(self, check: Check | None, caveat: Check | None, exclude: tuple[str, ...]) -> None:
        self._check, self._caveat = check, caveat
        self._apart = Contamination(problem for source in exclude for problem in _excluded(source)) if exclude else None
        self._ids: set[str] = set()
        self._asked: dict[bytes, tuple[str, str]] = {}  # id and answer, by the hash of the question

    def judge(self, candidate: Problem | BadRowError) -> Problem | BadRowError:
        if isinstance(candidate, BadRowError):
            return candidate
        key = hashlib.blake2b(fingerprint(candidate).encode(), digest_size=16).digest()
        if key in self._asked:
            first, answer = self._asked[key]
            conflict = "" if answer == candidate.answer else f", which has the answer {answer!r:.80}"
            return BadRowError(Reason.DUPLICATE_PROMPT, f"the same question as {first}{conflict}")
        if candidate.id in self._ids:
            return BadRowError(Reason.DUPLICATE_ID, f"the id {candidate.id} was used before, for another question")
        if self._apart and (overlap := self._apart.find(candidate)):
            return BadRowError(Reason.CONTAMINATED, f"shares {overlap.shared!r} with {overlap.other_id}")
        if self._check and (fault := self._check(candidate)):
            return BadRowError(Reason.UNVERIFIABLE, fault)
        self._ids.add(candidate.id)
        self._asked[key] = (candidate.id, candidate.answer)
        caveat = self._caveat(candidate) if self._caveat else None
        return replace(candidate, caveat=caveat) if caveat else candidate


def _candidates(
    config: ProblemsConfig, source: str, label: str, unused: UnusedColumns
) -> Iterator[tuple[Row, Problem | BadRowError]]:
    if config.generators:
        [(generator, settings)] = config.generators
        for number, problem in enumerate(generator.make(settings), 1):
            yield Row(number, {}, problem.prompt), problem
        return
    for row in _open_source(source, config.subset, config.split):
        if isinstance(row.content, BadRowError):
            yield row, row.content
            continue
        try:
            problem = read_problem(row.content, config.columns, config.task, source, unused)
        except BadRowError as error:
            yield row, error
        else:
            yield row, replace(problem, id=f"{label}:{problem.id}") if label else problem


def _excluded(source: str) -> Iterator[Problem]:
    """The problems of an evaluation set: of its test split, if it has splits."""
    empty = True
    for row in _open_source(source, None, None, "test"):
        if isinstance(row.content, BadRowError):
            continue
        try:
            problem = read_problem(row.content, {}, None, source)
        except BadRowError:
            continue
        empty = False
        yield problem
    if empty:
        raise ProblemsError(f"problems.exclude: {source} has no readable row")


def _labelled(sources: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each source with the prefix of its ids: none for a single source, else its name, numbered if it repeats."""
    if len(sources) == 1:
        return [(sources[0], "")]
    names = [Path(source.partition("@")[0]).name.partition(".")[0] for source in sources]
    return [
        (source, name if names.count(name) == 1 else f"{name}-{names[: position + 1].count(name)}")
        for position, (source, name) in enumerate(zip(sources, names, strict=True))
    ]


def _open_source(source: str, subset: str | None, split: str | None, usual_split: str = "train") -> Iterator[Row]:
    bundled = bundled_sets()
    path = Path(source).expanduser()
    if source in bundled or path.is_file():
        refuse_parts(source, subset, split)
        return read_rows(bundled.get(source, path))
    if path.is_dir() or is_on_hub(source):
        return hub_rows(str(path), subset, split, usual_split)
    siblings = [child.name for child in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, [*siblings, *bundled], n=3)
    raise ProblemsError(
        f"no file, folder or bundled set is named {source!r}"
        + (f"; did you mean {' or '.join(near)}?" if near else ".")
        + f" Bundled sets: {', '.join(bundled) or 'none in this installation'}. A set on the hub is named owner/name."
    )


def _refusal(source: str, row: Row, fault: BadRowError) -> RejectedRow:
    text = row.text or ("" if isinstance(row.content, BadRowError) else str(row.content))
    # A broken row may hold lone surrogates, which UTF-8 cannot encode.
    detail, excerpt = (part.encode(errors="replace").decode() for part in (fault.detail, text.strip()[:200]))
    return RejectedRow(row.file or source, row.line, fault.reason, detail, excerpt)


def _no_good_row(source: str, refused: list[RejectedRow]) -> str:
    if not refused:
        return f"{source} has no rows"
    reasons = "".join(
        f"\n  {'' if row.source == source else f'{row.source}, '}line {row.line}: {row.reason.value} ({row.detail})"
        for row in refused[:3]
    )
    more = f"\n  and {len(refused) - 3} more" if len(refused) > 3 else ""
    return f"{source} has no good row among {len(refused)}:{reasons}{more}"
