"""From rows of data sets to token ids: a solution is trained after exactly the tokens that the engine is asked with.

TRL would render a conversation by the chat template alone, and tokenize prompt and solution together. The search and
the evaluation ask with PromptFormat.solve_ids (system turn, thinking prefix, few-shot examples, a fixed date), so here
the prompt's tokens are those, the solution's tokens follow, and what ends the model's turn comes last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astro.errors import ConfigError, NothingToTrainError, StoreError
from astro.models.prompting import PromptFormat, PromptStyle
from astro.store import RunDirectory
from astro.store.atomic import read_marker
from astro.store.stage import MARKER

IGNORED = -100  # the label of a token that is not learned
_SPLITS = ("train", "test")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of an arm come from: Parquet files of the train split, and of the test split if there is one.

    own: whether it is a data set of the run, whose ids are those of the run's problems; elsewhere they may be anything.
    """

    name: str
    train: tuple[Path, ...]
    test: tuple[Path, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """One row to learn: all tokens, and how many of them are the prompt, which is not learned."""

    input_ids: list[int]
    prompt_tokens: int

    @property
    def labels(self) -> list[int]:
        """What to predict at each position; the prompt is left out."""
        return [IGNORED] * self.prompt_tokens + self.input_ids[self.prompt_tokens :]


def find_source(run: Path, name: str) -> Source:
    """The data set of that name in the run, or a folder of Parquet files, or one Parquet file.

    Raises ConfigError where there is none, NothingToTrainError where the run's own is empty.
    """
    folder, marker = run / "datasets" / name, run / "datasets" / MARKER
    made = read_marker(marker).get("recipes", ()) if marker.exists() else ()
    if name in made or (not Path(name).is_absolute() and folder.is_dir()):
        found = {split: tuple(sorted(folder.glob(f"{split}-*.parquet"))) for split in _SPLITS}
        if found["train"]:
            return Source(name, found["train"], found["test"], own=True)
        if marker.exists():
            raise NothingToTrainError(
                f"the data set {name} of {run} has no row to train on: its problems came to no trace, or to test rows "
                "alone; search more problems or easier ones, or with more simulations"
            )
        raise ConfigError(f"{folder} has no train-*.parquet; make the data sets with `astro run` or `astro traces`")
    path = Path(name).expanduser()
    if path.is_file():
        return Source(name, (path,))
    files = {split: tuple(sorted(path.glob(f"{split}*.parquet"))) for split in _SPLITS} if path.is_dir() else {}
    others = sorted(set(path.glob("*.parquet")).difference(files["test"])) if files else []
    train = files.get("train") or tuple(others)
    if not train:
        known = ", ".join(sorted(child.name for child in (run / "datasets").glob("*") if child.is_dir()))
        there = f"give one of {known}" if known else "make those of the run with `astro run` or `astro traces`; or give"
        raise ConfigError(f"there is no data set {name!r}: {there}, a folder or a file")
    return Source(name, train, files.get("test", ()))


def read_rows(files: Sequence[Path]) -> list[dict[str, Any]]:
    """All rows of Parquet files. Raises StoreError where one cannot be read."""
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
    """The problems of a run as a person would read them, by id; empty where the folder is no run."""
    if not RunDirectory.has_begun(run):
        return {}
    with RunDirectory.read(run) as directory:
        return {problem.id: problem.prompt for problem in directory.problems()}


class ExampleMaker:
    """Tokenizes rows of prompt and completion for one model."""

    def __init__(self, prompt_format: PromptFormat, tokenizer: Any, texts: Mapping[str, str]) -> None:
        """texts: problems by id; rows of other problems are asked in the words of their own prompt."""
        self._format, self._tokenizer, self._texts = prompt_format, tokenizer, texts
        self._end = end_ids(tokenizer, prompt_format.style)

    def examples(self, rows: Sequence[Mapping[str, Any]], where: str) -> Iterator[Example]:
        """Raises ConfigError for a row without prompt and completion."""
        for number, row in enumerate(rows):
            completion = row.get("completion")
            if row.get("prompt") is None or not completion:
                raise ConfigError(f"{where}, row {number}: SFT needs the columns prompt and completion")
            prompt = self.prompt_ids(row)
            text = completion if isinstance(completion, str) else completion[-1]["content"]
            yield Example([*prompt, *self._format.continuation_ids(prompt, text), *self._end], len(prompt))

    def prompt_ids(self, row: Mapping[str, Any]) -> list[int]:
        """The prompt of a row: the solve prompt of its problem, which the run, the row or its last turn tells."""
        text = self._texts.get(row.get("problem_id") or row.get("id") or "") or row.get("problem")
        if text is None and isinstance(row["prompt"], str):
            text = row["prompt"]
        return self._format.solve_ids_of(row["prompt"]) if text is None else self._format.solve_ids(text)


def end_ids(tokenizer: Any, style: PromptStyle) -> list[int]:
    """What ends the model's turn: the token that the chat template puts after it, or the end-of-sequence token.

    Raises ConfigError where neither is there: a model that is never taught to stop never stops.
    """
    if style is PromptStyle.CHAT:
        mark = "The answer is here."
        turns = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": mark}]
        after = str(tokenizer.apply_chat_template(turns, tokenize=False)).rpartition(mark)[2]
        for token in tokenizer.encode(after, add_special_tokens=False):
            if token in tokenizer.all_special_ids:
                return [token]
    if tokenizer.eos_token_id is None:
        raise ConfigError("the model's tokenizer has no end-of-sequence token, so it could not be taught to stop")
    return [tokenizer.eos_token_id]
