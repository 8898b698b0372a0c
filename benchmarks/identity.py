"""Does this version make the same trees, traces and data sets as another one, under the same seed?

    python benchmarks/identity.py --parent REVISION [--config tiny|paper|both] [--problems 16] [--json]

The script checks REVISION out into a temporary worktree, runs the same configuration with both versions on the real
engine, one after the other, and compares every Parquet file of the two runs column by column. Values must be equal,
floats to the last bit. `paper` is configs/paper.yaml with the embedded model and its prompts in place of the 70B model.

What may differ is listed here and nowhere else: columns and JSON keys in RENAMED, measured times and cache hits in
OF_THE_MACHINE, and in JSON columns the keys of OF_THE_CODE, which name the version and hash the settings. The output
names every column that only one side has. Exits with status 1 if a column of both sides differs.

2 CPU cores: about 3 minutes for 16 problems of tiny.yaml, 6 for 6 problems of paper.yaml.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
# Old name -> new name, of columns, of keys in JSON columns, and of the names in the table counts.
RENAMED = {
    "told_calls": "rewrite_calls",
    "told_prompt_tokens": "rewrite_prompt_tokens",
    "told_generated_tokens": "rewrite_generated_tokens",
    "told": "rewrite",
    "told.checked": "rewrite.checked",
    "told.first_try": "rewrite.first_try",
    "told.retries": "rewrite.retries",
    "told.fallbacks": "rewrite.fallbacks",
}
OF_THE_MACHINE = frozenset({"seconds", "cached_tokens"})
OF_THE_CODE = frozenset({"config_hash", "code_version"})
JSON_COLUMNS = frozenset({"metadata", "origin", "provenance"})
UNORDERED = frozenset({"counts"})  # sorted by names, which may have been renamed

TINY = ("configs/tiny.yaml",)
PAPER = (
    "configs/paper.yaml",
    "problems.source=countdown",
    "problems.exclude=[]",
    "engine.model=data/models/tiny-countdown",
    "engine.dtype=auto",
    "engine.tensor_parallel_size=1",
    "engine.max_model_len=null",
    "engine.max_num_seqs=256",
    "engine.kv_cache_gib=0.5",
    "prompt.template=tiny",
    "prompt.step=newline",
    "search.max_depth=6",
    "search.max_step_tokens=48",
    "search.max_rollout_tokens=160",
    "traces.prompts=tiny/v1",
    'traces.separator="\\n"',
    "traces.evaluation_max_tokens=8",
    "traces.rewrite_max_tokens=64",
)
CONFIGS = {"tiny": TINY, "paper": PAPER}


@dataclass(slots=True)
class Comparison:
    """What the comparison of two runs found; entries are TABLE.COLUMN.

    equal: columns with the same values. different: with other values, and the first row that differs.
    only_before, only_now: columns and tables that one side lacks.
    """

    rows: int = 0
    equal: list[str] = field(default_factory=list)
    different: dict[str, str] = field(default_factory=dict)
    only_before: list[str] = field(default_factory=list)
    only_now: list[str] = field(default_factory=list)


def main() -> int:
    """Run both versions, compare, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parent", required=True, help="the revision to compare with")
    parser.add_argument("--config", choices=[*CONFIGS, "both"], default="both")
    parser.add_argument("--problems", type=int, default=16, help="problems of tiny; paper takes a third of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    names = list(CONFIGS) if arguments.config == "both" else [arguments.config]
    found: dict[str, Comparison] = {}
    with TemporaryDirectory() as scratch, checkout(arguments.parent, Path(scratch) / "parent") as parent:
        for name in names:
            problems = arguments.problems if name == "tiny" else max(1, arguments.problems // 3)
            before = _run(parent, CONFIGS[name], f"{name}-before", Path(scratch), problems)
            now = _run(ROOT, CONFIGS[name], f"{name}-now", Path(scratch), problems)
            found[name] = compare_runs(before, now)
    if arguments.json:
        sys.stdout.write(
            json.dumps({name: _as_json(comparison) for name, comparison in found.items()}, indent=1) + "\n"
        )
    else:
        for name, comparison in found.items():
            _show(name, comparison)
    return 1 if any(comparison.different for comparison in found.values()) else 0


def compare_runs(before: Path, now: Path) -> Comparison:
    """Compare every table of two run directories."""
    comparison, tables = Comparison(), (_tables(before), _tables(now))
    for name in sorted(tables[0].keys() | tables[1].keys()):
        if name not in tables[1]:
            comparison.only_before.append(name)
        elif name not in tables[0]:
            comparison.only_now.append(name)
        else:
            _compare_tables(name, tables[0][name], tables[1][name], comparison)
    return comparison


@contextmanager
def checkout(revision: str, folder: Path) -> Iterator[Path]:
    """A worktree of revision in folder, removed at the end."""
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), revision], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def environment_of(code: Path) -> dict[str, str]:
    """The environment in which Python imports ASTRO from the folder code."""
    return {"OMP_NUM_THREADS": "1"} | os.environ | {"PYTHONPATH": str(code)}


def _run(code: Path, config: Sequence[str], name: str, runs: Path, problems: int) -> Path:
    """One run by the version whose source is code, of search, traces and data sets alone."""
    settings = [f"name={name}", f"output.folder={runs}", f"problems.limit={problems}"]
    settings += ["sft=null", "grpo=null", "evaluation=null"]
    command = [sys.executable, "-m", "astro", "run", *config, *settings]
    done = subprocess.run(command, cwd=code, env=environment_of(code), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed in {code}:\n{(done.stdout + done.stderr)[-2000:]}")
    return runs / name


def _tables(run: Path) -> dict[str, pa.Table]:
    """The tables of a run by folder and name, such as trees/nodes; shards are joined."""
    shards: dict[str, list[Path]] = {}
    for path in sorted(run.rglob("*.parquet")):
        stem = path.stem.rpartition("-of-")[0].rpartition("-")[0] or path.stem
        shards.setdefault((path.parent.relative_to(run) / stem).as_posix(), []).append(path)
    return {name: pa.concat_tables([pq.read_table(path) for path in paths]) for name, paths in shards.items()}


def _compare_tables(name: str, before: pa.Table, now: pa.Table, comparison: Comparison) -> None:
    rows = [[_with_new_names(row) for row in table.to_pylist()] for table in (before, now)]
    if name.rpartition("/")[2] in UNORDERED:
        rows = [sorted(side, key=lambda row: json.dumps(row, sort_keys=True)) for side in rows]
    comparison.rows += len(rows[1])
    columns = [[RENAMED.get(column, column) for column in table.column_names] for table in (before, now)]
    comparison.only_before += [f"{name}.{column}" for column in columns[0] if column not in columns[1]]
    comparison.only_now += [f"{name}.{column}" for column in columns[1] if column not in columns[0]]
    for column in columns[0]:
        if column in columns[1] and column not in OF_THE_MACHINE:
            values = [[row[column] for row in side] for side in rows]
            _compare_values(f"{name}.{column}", values[0], values[1], comparison)


def _compare_values(place: str, before: Sequence[Any], now: Sequence[Any], comparison: Comparison) -> None:
    """Compare a column; of mappings, the keys that both sides have."""
    if any(isinstance(value, dict) for value in [*before, *now]) and len(before) == len(now):
        keys = [sorted({key for value in side if value is not None for key in value}) for side in (before, now)]
        comparison.only_before += [f"{place}.{key}" for key in keys[0] if key not in keys[1]]
        comparison.only_now += [f"{place}.{key}" for key in keys[1] if key not in keys[0]]
        both = [key for key in keys[0] if key in keys[1] and key not in OF_THE_CODE]
        before, now = ([value and {key: value.get(key) for key in both} for value in side] for side in (before, now))
    if before == now:
        comparison.equal.append(place)
    else:
        comparison.different[place] = _first_difference(before, now)


def _with_new_names(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with the new names of its columns, keys and counts; its JSON columns as values."""
    parsed = {key: json.loads(value) if key in JSON_COLUMNS else value for key, value in row.items()}
    return {RENAMED.get(key, key): _renamed(value) for key, value in parsed.items()}


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {RENAMED.get(key, key): part for key, part in value.items()}
    return RENAMED.get(value, value) if isinstance(value, str) else value


def _first_difference(before: Sequence[Any], now: Sequence[Any]) -> str:
    if len(before) != len(now):
        return f"{len(before)} rows before, {len(now)} now"
    index = next(index for index, pair in enumerate(zip(before, now, strict=True)) if pair[0] != pair[1])
    return f"row {index}: {before[index]!r:.200} before, {now[index]!r:.200} now"


def _as_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "rows": comparison.rows,
        "equal_columns": len(comparison.equal),
        "different": comparison.different,
        "only_before": comparison.only_before,
        "only_now": comparison.only_now,
    }


def _show(name: str, comparison: Comparison) -> None:
    print(f"{name}: {len(comparison.equal)} columns with {comparison.rows} rows in all are equal")
    for place, why in comparison.different.items():
        print(f"  DIFFERENT {place}: {why}")
    for when, places in (("before", comparison.only_before), ("now", comparison.only_now)):
        if places:
            print(f"  only {when}: {', '.join(places)}")


if __name__ == "__main__":
    sys.exit(main())
