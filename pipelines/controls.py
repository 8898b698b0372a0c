"""Data sets for controls, selected from existing data sets."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.store.atomic import PARTIAL, publish, writing


@dataclass(frozen=True, slots=True)
class Selected:
    """The size of a selection: rows, different rows among them, and tokens of their completions."""

    rows: int
    distinct: int
    tokens: int


def completion_tokens(files: Sequence[Path]) -> int:
    """Tokens of all completions of a data set. Raises StoreError without files."""
    if not files:
        raise StoreError("the data set to measure has no files; make it with `astro run` or `astro traces`")
    return sum(sum(pq.read_table(file, columns=["completion_tokens"])[0].to_pylist()) for file in files)


def select_tokens(pool: Sequence[Path], tokens: int, out: Path, seed: int) -> Selected:
    """Write rows of a pool to a Parquet file, in random order, until their completions have this many tokens.

    No row repeats before all rows have occurred: with a pool of fewer tokens this is training on it for longer.
    pool: Parquet files in the columns of sft. Raises StoreError without rows.
    """
    table = pa.concat_tables([pq.read_table(file) for file in pool]) if pool else None
    lengths = table["completion_tokens"].to_pylist() if table is not None else []
    if table is None or not any(lengths):
        raise StoreError(f"there is nothing to select from in {[str(file) for file in pool]}")
    order = random.Random(seed).sample(range(len(lengths)), k=len(lengths))  # noqa: S311 - not secrets
    chosen: list[int] = []
    found = 0
    for index in cycle(order):
        if found >= tokens:
            break
        chosen.append(index)
        found += lengths[index]
    partial = out.with_name(out.name + PARTIAL)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.take(pa.array(chosen, pa.int64())), partial)
        publish({partial: out})
    return Selected(len(chosen), len(set(chosen)), found)
