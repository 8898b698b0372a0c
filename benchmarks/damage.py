"""Does `astro check` name every damaged file of a run, and do training, evaluation and report refuse it?

    python benchmarks/damage.py RUN [--verbs] [--json]

RUN is a finished run; a copy of it is damaged. Each file, those of its rounds included, is damaged in turn: one bit is
flipped, the file is removed, it is replaced by a valid file of other content, and, if it is sealed JSON, it is changed
and sealed again. After each, the faults that `astro check` prints have to name the file, and what training, evaluation
and report call first has to refuse the run. With --verbs, `astro check`, each trainer's verb, `astro eval` and `astro
report` themselves run on one file of each kind. Exits with status 1 if anything was missed.

2 CPU cores: 1.5 minutes for a run of 70 files; --verbs takes about 3 seconds more for each kind of file and damage.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.store.atomic import read_sealed
from astro.store.seals import find_faults, refuse_damaged

Damage = Callable[[Path, list[Path]], bool]
"""Damages a file, given all files of the run; False if the file cannot be damaged so."""


def files_of(run: Path) -> list[Path]:
    """The files of a run with content, without locks and what an earlier repair has set aside."""
    return [
        path
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name != ".lock" and "set-aside" not in path.parts and path.stat().st_size
    ]


def kind_of(name: str) -> str:
    """The kind of a file: its path without names of arms, sets and rounds, numbers and hashes."""
    name = re.sub(r"^rounds/\d+/", "", name)
    name = re.sub(r"^(checkpoints)/[^/]+/", r"\1/ARM/", name)
    name = re.sub(r"^(evaluations)/[^/]+/[^/]+/", r"\1/MODEL/SET/", name)
    name = re.sub(r"^(datasets)/(?!\.asked|README|complete)[^/]+/", r"\1/NAME/", name)
    name = re.sub(r"tfevents.*", "tfevents", name)
    return re.sub(r"[0-9a-f]{16}|\d+", "N", name)


def flip(path: Path, _files: list[Path]) -> bool:
    """Flip one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return True


def remove(path: Path, _files: list[Path]) -> bool:
    """Delete the file."""
    path.unlink()
    return True


def replace(path: Path, files: list[Path]) -> bool:
    """Put a valid file of other content in its place."""
    before = path.read_bytes()
    if path.suffix == ".parquet" and (table := pq.read_table(path)).num_rows > 1:
        pq.write_table(pa.Table.from_batches(table.slice(table.num_rows // 2).to_batches(), table.schema), path)
        return True
    alike = [other for other in files if other.name == path.name] + [
        other for other in files if other.suffix == path.suffix
    ]
    other = next((other for other in alike if other != path and other.read_bytes() != before), None)
    if other is None:
        return False
    path.write_bytes(other.read_bytes())
    return True


def resealed(path: Path, _files: list[Path]) -> bool:
    """Change a sealed JSON file and give it a seal that fits: only the run's ledger can notice."""
    if path.suffix != ".json":
        return False
    try:
        content = read_sealed(path)
    except StoreError:
        return False
    changed = {**content, "changed": True}
    digest = hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({**changed, "seal": digest}, indent=1) + "\n", encoding="utf-8")
    read_sealed(path)  # the forged seal fits
    return True


DAMAGES: dict[str, Damage] = {"flipped": flip, "missing": remove, "other content": replace, "resealed": resealed}


def misses(run: Path, *, verbs: bool) -> Iterator[tuple[str, str, str]]:
    """Damage every file in every way; yields the file, the damage, and what did not notice it, or "".

    verbs: run the verbs themselves, on one file of each kind.
    """
    files, seen = files_of(run), set[tuple[str, str]]()
    for path in files:
        name, before = path.relative_to(run).as_posix(), path.read_bytes()
        for how, damage in DAMAGES.items():
            if not damage(path, files):
                continue
            yield name, how, _missed_by(run, name)
            if verbs and (kind_of(name), how) not in seen:
                seen.add((kind_of(name), how))
                yield from ((name, how, verb) for verb in _careless_verbs(run, name))
            path.write_bytes(before)


def _missed_by(run: Path, name: str) -> str:
    if name not in {fault.file for fault in find_faults(run)}:
        return "check"
    for what, but in (("training and evaluation", ""), ("report", "reports/")):
        try:
            refuse_damaged(run, but)
        except StoreError as error:
            if name in str(error):
                continue
        if but and name.startswith(but):  # the report is about to be written again
            continue
        return what
    return ""


def _careless_verbs(run: Path, name: str) -> Iterator[str]:
    """The verbs that do not end with an error that names a file."""
    from typer.testing import CliRunner

    from astro.cli import app

    model = next((str(path.parent) for path in sorted(run.rglob("checkpoints/*/*/done.json"))), "CountdownPlayer")
    verbs = [["check", str(run)], ["eval", model, str(run), "--out", str(run.parent / "out")]]
    verbs += [[trainer, str(run)] for trainer in ("sft", "grpo")]
    verbs += [] if name.startswith("reports/") else [["report", str(run)]]
    for verb in verbs:
        done = CliRunner().invoke(app, verb)
        if done.exit_code not in {1, 2} or not isinstance(done.exception, SystemExit) or "Traceback" in done.output:
            yield f"astro {verb[0]} (status {done.exit_code})"


def main() -> None:
    """Read the arguments, damage, and print what was missed by kind of file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--verbs", action="store_true", help="also run the verbs, on one file of each kind")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if found := find_faults(arguments.run):
        raise SystemExit(f"{arguments.run} is damaged to begin with: {found[0]}")
    done, missed, kinds = Counter[str](), list[str](), set[str]()
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w")  # a verb that cannot write closes standard output
    with TemporaryDirectory() as folder:
        run = Path(shutil.copytree(arguments.run, Path(folder, arguments.run.name)))
        for name, how, by in misses(run, verbs=arguments.verbs):
            kinds.add(kind_of(name))
            done[how] += 1
            if by:
                missed.append(f"{name}, {how}: not noticed by {by}")
    if arguments.json:
        print(json.dumps({"kinds": sorted(kinds), "damages": done, "missed": missed}), file=output)
    else:
        each = ", ".join(f"{count} {how}" for how, count in done.items())
        print(f"{done.total()} damages ({each}) of {len(kinds)} kinds of file: {len(missed)} missed", file=output)
        for line in missed:
            print(f"  {line}", file=output)
    output.close()
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
