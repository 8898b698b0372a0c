"""The page as one file: the app, and the data of one or several runs, opened from disk without a server.

What every problem needs is plain JSON in a script element that is not run; trees, traces and responses are packed
(gzip, base64) in groups and unpacked when they are first shown.
"""

import base64
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from astro import __version__
from astro.errors import StoreError
from astro.records.columns import Row
from astro.store.atomic import write_text, writing
from astro.viewer.labels import read_labels
from astro.viewer.opened import OpenedRun, as_json
from astro.viewer.packing import Pack

_GROUP_BYTES = 400_000  # of documents packed together
_SET_PROBLEMS = 60  # of each evaluated set, with their responses
_COMPRESSION = 9


def write_page(file: Path, runs: Sequence[OpenedRun], most: int) -> int:
    """Write the page of some runs and return its size in bytes.

    most: problems of each run whose trees are in the file; a larger run gives an even share of its searched problems.
    """
    kept = [shared_problems(run, most) for run in runs]
    scripts = [script for number, run in enumerate(runs) for script in _packed(number, run, kept[number])]
    boot = {
        "mode": "file",
        "version": __version__,
        "runs": [_file_run(run, chunks) for run, chunks in zip(runs, _chunks_of(scripts, len(runs)), strict=True)],
    }
    text = page_text(boot, "'none'", [(name, packed) for name, packed, _ in scripts])
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, text)
    return len(text.encode())


def page_text(boot: Mapping[str, Any], connect: str, scripts: Sequence[tuple[str, str]] = ()) -> str:
    """The page with its data. connect: the addresses it may ask. scripts: packed data by the id of their element."""
    elements = [f'<script type="application/json" id="boot">{as_json(boot)}</script>']
    elements += [f'<script type="text/plain" id="{name}">{packed}</script>' for name, packed in scripts]
    before, _, after = template().replace("{{connect}}", connect).partition("{{data}}")
    return "".join([before, "\n".join(elements), after])


def template() -> str:
    """The built app. Raises StoreError if the package was made without it."""
    asset = files("astro.viewer").joinpath("assets", "page.html")
    if not asset.is_file():
        raise StoreError(f"{asset} is missing: run `make page`, or install a released package")
    return asset.read_text(encoding="utf-8")


def shared_problems(run: OpenedRun, most: int) -> list[str]:
    """The problems of a run whose trees a file holds: all, or an even share of those searched."""
    searched = [name for name in run.problems if name in run.searched]
    if len(searched) <= most:
        return searched
    return [searched[index * len(searched) // most] for index in range(most)]


def _file_run(run: OpenedRun, chunks: Mapping[str, int]) -> Row:
    rows = run.every_row()
    return {
        "facts": run.facts,
        "columns": list(rows[0]) if rows else [],
        "rows": [list(row.values()) for row in rows],
        "distributions": run.distributions,
        "evaluations": run.evaluations,
        "labels": [asdict(label) for label in read_labels(run.path).values()],
        "chunks": chunks,
        "sets": {each["set"]: run.evaluated_problems(each["set"])[:_SET_PROBLEMS] for each in run.evaluations},
    }


_Script = tuple[str, str, tuple[int, list[str]]]
"""The id of an element, its packed text, and the run and problems that it holds."""


def _packed(number: int, run: OpenedRun, kept: Sequence[str]) -> Iterator[_Script]:
    held: list[tuple[str, bytes]] = []
    group = 0
    for name in kept:
        held.append((name, run.document(name, rollouts=True)))
        if sum(len(document) for _, document in held) >= _GROUP_BYTES or name == kept[-1]:
            yield f"chunk-{number}-{group}", _pack(_joined(held)), (number, [each for each, _ in held])
            held, group = [], group + 1
    responses = {
        each["set"]: {
            row["id"]: run.responses(each["set"], row["id"])
            for row in run.evaluated_problems(each["set"])[:_SET_PROBLEMS]
        }
        for each in run.evaluations
    }
    if responses:
        yield f"responses-{number}", _pack(as_json(responses).encode()), (number, [])


def _joined(documents: Sequence[tuple[str, bytes]]) -> bytes:
    """Several documents as one, in which each is a part, by the id of its problem."""
    pack = Pack()
    return pack.document({name: pack.packed(document) for name, document in documents})


def _chunks_of(scripts: Sequence[_Script], runs: int) -> list[dict[str, int]]:
    """For each run, the group that holds each of its problems."""
    chunks: list[dict[str, int]] = [{} for _ in range(runs)]
    for name, _, (number, problems) in scripts:
        chunks[number].update(dict.fromkeys(problems, int(name.rpartition("-")[2])))
    return chunks


def _pack(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, _COMPRESSION, mtime=0)).decode()
