"""What does a run do when the disk is full, in each of its stages?

    python benchmarks/full_disk.py [--stages search,traces,data,sft,grpo,evaluate,report] [--room 0.3] [--json]

Needs root, to mount a tmpfs of a few MB. A run without trouble is the reference and shows how much each stage writes.
Then the same run works in the tmpfs, stage by stage: first with room for a part of what a stage writes (--room), where
it has to end with status 2, one line that names the full disk and no traceback; then with enough, where it has to
finish. In the end, every table, weight and figure has to be that of the reference. Exits with status 1 otherwise.

2 CPU cores: about 5 minutes.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from kills import contents, settings

STAGES = ("search", "traces", "data", "sft", "grpo", "evaluate", "report")
_ENOUGH = 1 << 30
_BLOCK = 4096


def configuration() -> dict[str, Any]:
    """A run of the scripted player, whose trained models are evaluated by transformers."""
    content = settings(["search", "sft", "grpo", "evaluate"], "scripted", 24)
    content["evaluation"]["sets"]["held-out"]["countdown"]["count"] = 8
    content["sft"]["trainer"]["max_steps"], content["grpo"]["trainer"]["max_steps"] = 6, 4
    return {**content, "name": "full"}


def carry_out(config: Path, folder: Path, plan: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Carry out the stages of a plan; those that are done are left as they are."""
    command = [sys.executable, "-m", "astro", "run", str(config), f"output.folder={folder}"]
    return subprocess.run(
        [*command, f"plan=[{','.join(plan)}]"], capture_output=True, text=True, check=False, env={**os.environ}
    )


def size_of(folder: Path) -> int:
    """The blocks that the files of a folder take, in bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(-(-path.stat().st_size // _BLOCK) * _BLOCK for path in files) if folder.exists() else 0


@contextmanager
def disk(place: Path) -> Iterator[None]:
    """A file system of its own, at place."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_ENOUGH}", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def resize(place: Path, size: int) -> None:
    """Change the size of the file system."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


def fill(stages: Sequence[str], room: float, folder: Path) -> dict[str, str]:
    """What was wrong in each stage, "" where nothing was, and under "bytes" what differs from the reference."""
    config, reference, place = folder / "full.yaml", folder / "reference", folder / "disk"
    config.write_text(yaml.safe_dump(configuration()), encoding="utf-8")
    found = dict[str, str]()
    with disk(place):
        for number, stage in enumerate(STAGES, 1):
            before, plan = size_of(reference), STAGES[:number]
            done = carry_out(config, reference, plan)
            if done.returncode:
                raise SystemExit(f"the reference failed: {done.stdout}{done.stderr}")
            if stage in stages:
                # What the checkpoints of a training need meanwhile is more than what is left of them.
                writes = size_of(reference) - before
                resize(place, max(size_of(place) + int(room * writes), _BLOCK) // _BLOCK * _BLOCK)
                found[stage] = _wrong(carry_out(config, place, plan))
                resize(place, _ENOUGH)
            done = carry_out(config, place, plan)
            if done.returncode:
                found[stage] = f"did not go on: {done.stderr[-500:]}"
        expected, there = contents(reference / "full"), contents(place / "full")
    different = sorted(name for name in expected.keys() | there.keys() if expected.get(name) != there.get(name))
    return found | {"bytes": ", ".join(different)}


def _wrong(done: subprocess.CompletedProcess[str]) -> str:
    """Why the end of a run on a full disk is not a good one; "" if it is."""
    if done.returncode != 2:
        return f"status {done.returncode}: {done.stderr[-300:]}"
    if "Traceback" in done.stderr + done.stdout:
        return "a traceback"
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    if len(errors) != 1 or ("No space left" not in done.stderr and "inline_container" not in done.stderr):
        return f"no clear error: {done.stderr[-300:]}"
    return ""


def main() -> None:
    """Read the arguments, fill the disk and print a line for each stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", default=",".join(STAGES))
    parser.add_argument("--room", type=float, default=0.3, help="of what a stage writes (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = fill(arguments.stages.split(","), arguments.room, Path(folder))
    if arguments.json:
        print(json.dumps(found))
    else:
        for stage, wrong in found.items():
            name = "the same bytes after" if stage == "bytes" else f"full disk in {stage}"
            print(f"{name}: {wrong or 'as it should be'}")
    sys.exit(any(found.values()))


if __name__ == "__main__":
    main()
