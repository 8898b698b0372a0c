"""`astro export`: the data sets of a run in the layouts of other trainers, with the files that these ask for."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from astro.errors import ConfigError, StoreError
from astro.store.atomic import PARTIAL, publish, write_text, writing

Row = dict[str, Any]
Turns = Sequence[Mapping[str, str]]


class Shape(StrEnum):
    """What a row of a data set is for, by its columns."""

    SOLUTION = "solution"  # a conversation that ends with a solution
    PREFERENCE = "preference"  # a better and a worse solution
    LABELLED = "labelled"  # a solution with its label
    PROMPT = "prompt"  # a prompt with its gold answer, for reinforcement learning


_COLUMNS: Mapping[Shape, tuple[str, ...]] = {
    Shape.PREFERENCE: ("prompt", "chosen", "rejected"),
    Shape.LABELLED: ("prompt", "completion", "label"),
    Shape.SOLUTION: ("prompt", "completion"),
    Shape.PROMPT: ("prompt", "answer", "task"),
}

_SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}  # its names of the roles


@dataclass(frozen=True, slots=True)
class Format:
    """One layout. rows: how a row of each shape is written; shapes that are missing are left out.

    parquet: Parquet instead of JSON Lines. companions: the text of further files, from the shapes of the exported ones.
    """

    rows: Mapping[Shape, Callable[[Row], Row]]
    parquet: bool = False
    companions: Callable[[Mapping[str, Shape]], Mapping[str, str]] = lambda _: {}


def export(run: Path, to: str, console: Console, out: Path | None = None) -> Path:
    """Write every data set of a run that the format can hold, and return the folder.

    out: the folder; the default is RUN/exports/FORMAT. Raises ConfigError for an unknown format, StoreError (no data
    sets, a disk that refuses).
    """
    if to not in FORMATS:
        raise ConfigError(f"--to {to}: a format is one of {', '.join(FORMATS)}")
    chosen, folder = FORMATS[to], out or run / "exports" / to
    found = sorted((run / "datasets").glob("*/*.parquet"))
    if not found:
        raise StoreError(f"{run} has no data sets; make them with `astro run` or `astro data`")
    written: dict[str, Shape] = {}
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for (name, split), shards in _parts(found).items():
            shape = shape_of(pq.read_schema(shards[0]).names)
            if shape is None or shape not in chosen.rows:
                console.print(f"{name}, {split}: left out, {to} has no layout for it", markup=False)
                continue
            file = folder / f"{name}-{split}.{'parquet' if chosen.parquet else 'jsonl'}"
            rows = (chosen.rows[shape](row | {"split": split}) for row in _rows(shards))
            count = (_write_parquet if chosen.parquet else _write_lines)(file, rows)
            written[file.name] = shape
            console.print(f"{file}: {count} rows", markup=False, soft_wrap=True)
        for name, text in chosen.companions(written).items():
            write_text(folder / name, text)
    if not written:
        raise StoreError(f"none of the data sets of {run} can be written for {to}")
    return folder


def shape_of(columns: Sequence[str]) -> Shape | None:
    """The shape of a data set's rows; None for rows of another kind, such as steps with labels."""
    if "messages" in columns:
        return Shape.SOLUTION
    return next((shape for shape, needed in _COLUMNS.items() if set(needed) <= set(columns)), None)


def _parts(files: Sequence[Path]) -> dict[tuple[str, str], list[Path]]:
    """The shards of each data set and split."""
    parts: dict[tuple[str, str], list[Path]] = {}
    for file in files:
        parts.setdefault((file.parent.name, file.name.partition("-")[0]), []).append(file)
    return parts


def _rows(shards: Sequence[Path]) -> Iterator[Row]:
    for shard in shards:
        with pq.ParquetFile(shard) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()


def _write_lines(path: Path, rows: Iterator[Row]) -> int:
    partial, count = path.with_name(path.name + PARTIAL), 0
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        for count, row in enumerate(rows, 1):  # noqa: B007 - the count is returned
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    publish({partial: path})
    return count


def _write_parquet(path: Path, rows: Iterator[Row]) -> int:
    partial, table = path.with_name(path.name + PARTIAL), pa.Table.from_pylist(list(rows))
    pq.write_table(table, partial, compression="zstd")
    publish({partial: path})
    return int(table.num_rows)


def _conversation(row: Row) -> list[dict[str, str]]:
    """A solution's turns, the last one of the assistant."""
    turns = row["messages"] if "messages" in row else [*row["prompt"], *row["completion"]]
    return [dict(turn) for turn in turns]


def _verl_prompt(row: Row) -> Row:
    known = json.loads(row["provenance"])
    facts = {"split": row["split"], "index": row["id"], "task": row["task"], "metadata": row["metadata"]}
    return {
        "data_source": known.get("source") or row["task"],
        "prompt": row["prompt"],
        "ability": row["task"],
        "reward_model": {"style": "rule", "ground_truth": row["answer"]},
        "extra_info": facts | {"pass_rate": row["pass_rate"]},
    }


def _sharegpt(row: Row) -> Row:
    turns = [{"from": _SHAREGPT[turn["role"]], "value": turn["content"]} for turn in _conversation(row)]
    return {"id": row["id"], "conversations": turns}


def _alpaca(row: Row) -> Row:
    """The last question is the instruction; earlier turns, as of worked examples, are the history."""
    *before, question, solution = _conversation(row)
    system = "\n\n".join(turn["content"] for turn in before if turn["role"] == "system")
    talk = [turn["content"] for turn in before if turn["role"] != "system"]
    return {
        "id": row["id"],
        "instruction": question["content"],
        "input": "",
        "output": solution["content"],
        "system": system,
        "history": [list(pair) for pair in zip(talk[::2], talk[1::2], strict=True)],
    }


def _messages(row: Row) -> Row:
    return {"id": row["id"], "messages": _conversation(row)}


def _factory_preference(row: Row) -> Row:
    return {"id": row["id"], "messages": row["prompt"], "chosen": row["chosen"][-1], "rejected": row["rejected"][-1]}


def _factory_labelled(row: Row) -> Row:
    return {"id": row["id"], "messages": _conversation(row), "label": row["label"]}


def _rlhf_solution(row: Row) -> Row:
    *prompt, solution = _conversation(row)
    return {"id": row["id"], "input": prompt, "output": [solution]}


def _rlhf_labelled(row: Row) -> Row:
    return {"id": row["id"], "input": row["prompt"], "output": row["completion"], "label": row["label"]}


def _rlhf_preference(row: Row) -> Row:
    return {"id": row["id"], "prompt": row["prompt"], "chosen": row["chosen"], "rejected": row["rejected"]}


def _rlhf_prompt(row: Row) -> Row:
    return {"id": row["id"], "input": row["prompt"], "label": row["answer"]}


def _dataset_info(files: Mapping[str, Shape]) -> dict[str, str]:
    """LLaMA-Factory's list of data sets, to be named by its setting dataset_dir."""
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    listed: dict[str, Any] = {}
    for name, shape in files.items():
        columns = {"messages": "messages"}
        if shape is Shape.PREFERENCE:
            columns |= {"chosen": "chosen", "rejected": "rejected"}
        if shape is Shape.LABELLED:
            columns |= {"kto_tag": "label"}
        about = {"file_name": name, "formatting": "sharegpt", "columns": columns, "tags": tags}
        listed[name.removesuffix(".jsonl")] = about | ({"ranking": True} if shape is Shape.PREFERENCE else {})
    return {"dataset_info.json": json.dumps(listed, indent=2) + "\n"}


_REWARD = '''"""The reward of these problems for verl, by ASTRO's verifiers: 1 for a correct response, else 0.

    custom_reward_function.path=reward.py custom_reward_function.name=compute_score
"""

import json

from astro.records.problem import Problem
from astro.tasks import make_verifier

_verifier = make_verifier()


def compute_score(data_source, solution_str, ground_truth, extra_info):
    facts = json.loads(extra_info["metadata"])
    problem = Problem(extra_info["index"], "", ground_truth, extra_info["task"], data_source, facts)
    return float(_verifier.verify(problem, solution_str).correct)
'''


def _reward(files: Mapping[str, Shape]) -> dict[str, str]:
    return {"reward.py": _REWARD} if Shape.PROMPT in files.values() else {}


FORMATS: Mapping[str, Format] = {
    "verl": Format({Shape.SOLUTION: _messages, Shape.PROMPT: _verl_prompt}, parquet=True, companions=_reward),
    "sharegpt": Format({Shape.SOLUTION: _sharegpt}),
    "llamafactory": Format(
        {Shape.SOLUTION: _messages, Shape.PREFERENCE: _factory_preference, Shape.LABELLED: _factory_labelled},
        companions=_dataset_info,
    ),
    "openrlhf": Format(
        {
            Shape.SOLUTION: _rlhf_solution,
            Shape.PREFERENCE: _rlhf_preference,
            Shape.LABELLED: _rlhf_labelled,
            Shape.PROMPT: _rlhf_prompt,
        }
    ),
    "alpaca": Format({Shape.SOLUTION: _alpaca}),
}
"""All formats by name."""
