"""The README's own commands, run as a reader would, on a small share of the problems."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line]
LIMIT = "problems.limit=4"  # also where the README gives another one: the last one holds
SMALL = [LIMIT, "search.simulations=3", "search.live_trees=4"]
SMALL += ["grpo.trainer.max_steps=2", "sft.trainer.num_train_epochs=1", "evaluation.samples=2"]
SMALL += ["evaluation.continuations=[]", "sft.arms={astro: sft}", "grpo.arms=[astro]"]  # other tests have more
SMALL += [f"evaluation.sets.{name}.countdown.count=4" for name in ("four-numbers", "in-order")]
# The runs after the first, which has the real engine, trains and evaluates. The scripted engine counts bytes.
PLAYER = "engine={kind: scripted, model: CountdownPlayer, options: {skill: 0.6}}"
ONLY_DATA = ["sft=null", "grpo=null", "evaluation=null", PLAYER]
ONLY_DATA += ["search.max_step_tokens=200", "search.max_rollout_tokens=600"]


def test_every_kind_of_command_is_shown():
    """The verbs a newcomer needs are in the README."""
    shown = {shlex.split(command)[1] for command in COMMANDS}
    assert shown >= {"doctor", "run", "inspect", "problems", "verify"}


@pytest.mark.engine
def test_the_commands_work_in_the_order_shown(tmp_path):
    """Every command ends well; runs are made small, kept out of the source tree, and only the first of them trains."""
    for folder in ("configs", "examples", "data"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    runs = 0
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        assert program == "astro"
        if arguments[0] == "run" and "--dry-run" not in arguments:
            given = {argument.partition("=")[0] for argument in arguments}
            size = SMALL if not runs else [*SMALL[:3], *ONLY_DATA]
            arguments += [setting for setting in size if setting is LIMIT or setting.partition("=")[0] not in given]
            runs += 1
        if arguments[-1] == "--dry-run":
            arguments += ["problems.source=word-problems", "problems.split=null", "problems.exclude=[]"]
        done = subprocess.run(
            [str(Path(sys.executable).with_name("astro")), *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip(), command
        assert "leaked" not in done.stderr, command


def test_the_tree_of_folders_is_the_one_there_is():
    """Each folder and file that the README lists exists, and no package is left out."""
    block = re.search(r"```\n(astro/\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    lines = block[1].splitlines()
    listed = {line.split()[0].rstrip("/") for line in lines if line.startswith("  ")}
    there = {path.name for path in (ROOT / "astro").iterdir() if (path / "__init__.py").exists()}
    assert there <= listed
    assert all((ROOT / "astro" / name).exists() for name in listed)
    assert all((ROOT / line.split()[0]).exists() for line in lines if not line.startswith(" "))
