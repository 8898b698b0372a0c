"""A local stand-in for Slurm: `sbatch` starts the tasks of an array job as processes, `scontrol requeue` repeats one.

install() writes both commands to a folder for PATH. sbatch returns at once; when all tasks have ended for good, the
file `ended` beside the script has a line for each start of a task: task, restarts, exit status.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path


def install(folder: Path) -> None:
    """Write the commands sbatch and scontrol."""
    folder.mkdir()
    for command in ("sbatch", "scontrol"):
        path = folder / command
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {command} "$@"\n', encoding="utf-8")
        path.chmod(0o755)


def sbatch(script: Path) -> None:
    """Start the tasks in the background."""
    subprocess.Popen(
        [sys.executable, __file__, "supervise", str(script)], start_new_session=True, stdout=subprocess.DEVNULL
    )
    sys.stdout.write("Submitted batch job 7\n")


def scontrol(verb: str, task: str) -> None:
    """Ask for a task to be started again."""
    assert verb == "requeue"
    Path(os.environ["FAKE_SLURM_REQUEUE"]).touch()
    assert task == f"7_{os.environ['SLURM_ARRAY_TASK_ID']}"


def supervise(script: Path) -> None:
    """Run all tasks of the array at once until each has ended without being queued again."""
    text = script.read_text(encoding="utf-8")
    array, output = re.search(r"--array=0-(\d+)", text), re.search(r"--output=(\S+)", text)
    assert array is not None
    assert output is not None
    ended = []
    running = {task: start(script, task, 0, output[1]) for task in range(int(array[1]) + 1)}
    restarts = dict.fromkeys(running, 0)
    while running:
        time.sleep(0.05)
        for task, process in list(running.items()):
            status = process.poll()
            if status is None:
                continue
            ended.append(f"{task} {restarts[task]} {status}\n")
            requeue = script.parent / f"requeue-{task}"
            if requeue.exists():
                requeue.unlink()
                restarts[task] += 1
                running[task] = start(script, task, restarts[task], output[1])
            else:
                del running[task]
    (script.parent / "ended.partial").write_text("".join(ended), encoding="utf-8")
    (script.parent / "ended.partial").replace(script.parent / "ended")


def start(script: Path, task: int, restarts: int, output: str) -> "subprocess.Popen[bytes]":
    """One task, as Slurm starts it."""
    environment = os.environ | {
        "SLURM_ARRAY_JOB_ID": "7",
        "SLURM_ARRAY_TASK_ID": str(task),
        "SLURM_RESTART_COUNT": str(restarts),
        "FAKE_SLURM_REQUEUE": str(script.parent / f"requeue-{task}"),
    }
    with Path(output.replace("%a", str(task))).open("ab") as log:
        return subprocess.Popen(["bash", str(script)], env=environment, stdout=log, stderr=log)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "scontrol":
        scontrol(*arguments)
    elif command == "sbatch":
        sbatch(Path(arguments[0]))
    else:
        supervise(Path(arguments[0]))
