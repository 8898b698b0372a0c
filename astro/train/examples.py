"""From rows of data sets to token ids: the prompt has exactly the tokens of the engine's requests.

TRL would render a conversation with the chat template alone, and tokenize prompt and solution together. The search and
the evaluation use PromptFormat.solve_ids (system turn, thinking prefix, few-shot examples, a fixed date). So the prompt
has those tokens here; the solution's tokens and the token that ends the model's turn (astro.train.ending) follow.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from astro.errors import ConfigError, NothingToTrainError, StoreError
from astro.models.prompting import PromptFormat
from astro.records.problem import Problem
from astro.store import RunDirectory
from astro.store.atomic import check, read_marker
from astro.store.stage import MARKER
from astro.train.ending import end_token
from astro.train.options import evaluates
from astro.train.trainer import Source, Training

E = TypeVar("E")

IGNORED = -100  # the label of a token that is not learned
_SPLITS = ("train", "test")


@dataclass(frozen=True, slots=True)
class Example:
    """One row to learn: all tokens, and the number of prompt tokens, which are not learned."""

    input_ids: list[int]
    prompt_tokens: int

    @property
    def labels(self) -> list[int]:
        """The label at each position; the prompt is not learned."""
        return [IGNORED] * self.prompt_tokens + self.input_ids[self.prompt_tokens :]


def find_source(run: Path, name: str) -> Source:
    """The data set of that name in the run, or a folder of Parquet files, or one Parquet file.

    Raises ConfigError if there is none, NothingToTrainError if the run's own is empty, StoreError if a file of another
    run is damaged.
    """
    folder, marker = run / "datasets" / name, run / "datasets" / MARKER
    made = read_marker(marker).get("recipes", ()) if marker.exists() else ()
    if name in made or (not Path(name).is_absolute() and folder.is_dir()):
        found = {split: tuple(sorted(folder.glob(f"{split}-*.parquet"))) for split in _SPLITS}
        if found["train"]:
            return Source(name, found["train"], found["test"], own=True)
        if marker.exists():
            raise NothingToTrainError(
                f"the data set {name} of {run} has no row to train on: its problems made no trace, or only test rows; "
                "search more problems, easier ones, or with more simulations"
            )
        raise ConfigError(f"{folder} has no train-*.parquet; make the data sets with `astro run` or `astro traces`")
    path = Path(name).expanduser()
    if path.is_file():
        return _checked(Source(name, (path,)))
    files = {split: tuple(sorted(path.glob(f"{split}*.parquet"))) for split in _SPLITS} if path.is_dir() else {}
    others = sorted(set(path.glob("*.parquet")).difference(files["test"])) if files else []
    train = files.get("train") or tuple(others)
    if not train:
        known = ", ".join(sorted(child.name for child in (run / "datasets").glob("*") if child.is_dir()))
        there = f"give one of {known}" if known else "make those of the run with `astro run` or `astro traces`; or give"
        raise ConfigError(f"there is no data set {name!r}: {there}, a folder or a file")
    return _checked(Source(name, train, files.get("test", ())))


def _checked(source: Source) -> Source:
    """The same. Raises StoreError if a file is one that another run has sealed, and was changed since."""
    for file in (*source.train, *source.test):
        marker = next((folder / MARKER for folder in file.absolute().parents if (folder / MARKER).is_file()), None)
        if marker is not None:
            expected = read_marker(marker)["files"].get(file.absolute().relative_to(marker.parent).as_posix())
            if expected is not None:
                check(file, expected)
    return source


def check_columns(run: Path, name: str, needed: Collection[str], made: Mapping[str, Collection[str]]) -> None:
    """Check the columns of a data set before training.

    made: the columns of the data sets that the run will make. Raises ConfigError if a file is missing, is not Parquet
    or lacks a required column.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    tables = {f"the data set {name}": made[name]} if name in made else {}
    for file in () if tables else find_source(run, name).train:
        try:
            tables[str(file)] = pq.read_schema(file).names
        except (OSError, pa.ArrowException) as error:
            raise ConfigError(f"{file} is not readable Parquet: {error}") from error
    for table, there in tables.items():
        if missing := [column for column in needed if column not in there]:
            raise ConfigError(f"{table} lacks the columns {', '.join(missing)}; it has {', '.join(there)}")


def read_rows(files: Sequence[Path]) -> list[dict[str, Any]]:
    """All rows of Parquet files. Raises StoreError if one cannot be read."""
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    rows: list[dict[str, Any]] = []
    for file in files:
        try:
            rows += pq.read_table(file).to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{file} cannot be read: {error}") from error
    return rows


def problem_texts(run: Path) -> dict[str, str]:
    """The texts of a run's problems by id; empty if the folder is not a run."""
    return {name: problem.prompt for name, problem in problems_of(run).items()}


def problems_of(run: Path) -> dict[str, Problem]:
    """The problems of a run by id; empty if the folder is not a run."""
    if not RunDirectory.has_begun(run):
        return {}
    with RunDirectory.read(run) as directory:
        return {problem.id: problem for problem in directory.problems()}


def check_evaluation(training: Training[Any], held_out: Sequence[Any]) -> None:
    """Raise ConfigError if the trainer is to evaluate and there are no rows to evaluate on."""
    if evaluates(training.arguments) and not held_out:
        raise ConfigError(
            f"{training.options_section}.eval_strategy is {training.arguments['eval_strategy']}, but "
            f"{training.source.name} has no test rows to evaluate on; make some with traces.test_share, or remove "
            "the option"
        )


def fitting(training: Training[Any], args: Any, examples: Sequence[E], length: Callable[[E], int]) -> list[E]:
    """The examples of at most trainer.max_length tokens: TRL would cut the others, which would teach never to stop.

    Raises NothingToTrainError if there are examples and none fits.
    """
    fit = [example for example in examples if args.max_length is None or length(example) <= args.max_length]
    if examples and not fit:
        raise NothingToTrainError(
            f"all {len(examples)} rows of {training.source.name} have more than {training.options_section}.max_length="
            f"{args.max_length} tokens, the shortest {min(map(length, examples))}; raise it, or leave it out"
        )
    return fit


def read_split(training: Training[Any], split: str) -> list[dict[str, Any]]:
    """The rows of a split, "train" or "test", of a training's data; test rows only if the trainer evaluates."""
    if split == "test":
        return read_rows(training.source.test) if evaluates(training.arguments) else []
    return read_rows(training.source.train)


def maker_for(training: Training[Any]) -> "ExampleMaker":
    """The tokenizer of a training's rows."""
    texts = problem_texts(training.setup.run) if training.source.own else {}
    return ExampleMaker(training.prompt_format, training.tokenizer, texts)


class ExampleMaker:
    """Tokenizes prompts and responses for one model."""

    def __init__(self, prompt_format: PromptFormat, tokenizer: Any, texts: Mapping[str, str]) -> None:
        """texts: problems by id; other problems use the row's own prompt."""
        self._format, self._tokenizer, self._texts = prompt_format, tokenizer, texts
        self._end = end_token(tokenizer, prompt_format.style)

    def examples(self, rows: Sequence[Mapping[str, Any]], where: str) -> Iterator[Example]:
        """Raises ConfigError for a row without prompt and completion."""
        for number, row in enumerate(rows):
            completion = row.get("completion")
            if row.get("prompt") is None or not completion:
                raise ConfigError(f"{where}, row {number}: SFT needs the columns prompt and completion")
            prompt = self.prompt_ids(row)
            yield Example([*prompt, *self.response_ids(prompt, completion)], len(prompt))

    def response_ids(self, prompt: Sequence[int], response: str | Sequence[Mapping[str, str]]) -> list[int]:
        """The tokens of a response (a text, or the last of a list of turns) and of the end of the model's turn."""
        text = response if isinstance(response, str) else response[-1]["content"]
        return [*self._format.continuation_ids(prompt, text), self._end]

    def prompt_ids(self, row: Mapping[str, Any]) -> list[int]:
        """The solve prompt of a row's problem, whose text is in the run, in the row or in its last turn."""
        text = self._texts.get(row.get("problem_id") or row.get("id") or "") or row.get("problem")
        if text is None and isinstance(row["prompt"], str):
            text = row["prompt"]
        return self._format.solve_ids_of(row["prompt"]) if text is None else self._format.solve_ids(text)
