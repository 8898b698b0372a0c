"""`astro slurm`: an array job for the Slurm queue whose tasks are workers of one run (`astro work`)."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from astro.errors import ConfigError, JobError
from astro.inspect.plain import plain
from astro.run.opening import Stages, check_settings
from astro.run.plan import making_of
from astro.run.settings import load_run
from astro.store.atomic import write_text, writing

_OPTION = re.compile(r"[a-z][a-z0-9-]*(=[^\n]*)?")
_OURS = ("array", "job-name", "output", "requeue", "open-mode", "signal")
_RESTARTS = 50  # of one task; more mean that it cannot work at all

_SCRIPT = """\
#!/bin/bash
# {what}
# Written by `astro slurm`; submit it with: sbatch {script}
#SBATCH --job-name={job}
#SBATCH --array=0-{last}
#SBATCH --output={logs}/%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
{options}
cd {cwd} || exit 1

stopped=0
{command} &
worker=$!
# Before the time limit or a preemption, Slurm sends TERM: the worker stops, and its work so far is kept.
trap 'stopped=1; kill -TERM "$worker" 2>/dev/null' TERM
wait "$worker"
status=$?
while kill -0 "$worker" 2>/dev/null; do wait "$worker"; status=$?; done

# 75: the worker asks to be started again. Above 128: a signal killed it, for example for memory.
if [ "$stopped" -eq 1 ] || [ "$status" -eq 75 ] || {{ [ "$status" -gt 128 ] && [ "$status" -ne 130 ]; }}; then
    if [ "${{SLURM_RESTART_COUNT:-0}}" -lt {restarts} ]; then
        exec scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
    fi
    echo "started {restarts} times; giving up" >&2
fi
exit "$status"
"""


def slurm(
    path: Path, settings: Sequence[str], console: Console, *, workers: int, options: Sequence[str], submit: bool
) -> Path:
    """Write the script of an array job, and submit it if asked to. Returns the script.

    workers: tasks of the array. options: further options of sbatch, such as gpus-per-task=1.
    Raises ConfigError (settings, options), and JobError if sbatch fails.
    """
    config = load_run(path, settings)
    if config.rounds or not Stages.of(config.stages).search:
        raise ConfigError(f"{path}: workers divide the search of a single run; it has rounds, or a plan without search")
    check_settings(making_of(config))
    _check_options(options)
    folder = Path(config.output.folder).resolve() / f"{config.name}-slurm"
    command = [sys.executable, "-m", "astro", "work", str(path.resolve() if path.is_file() else path), *settings]
    script = folder / "job.sh"
    text = _SCRIPT.format(
        what=f"{workers} workers of the run {config.name}",
        script=shlex.quote(str(script)),
        job=f"astro-{config.name}",
        last=workers - 1,
        logs=folder,
        options="".join(f"#SBATCH --{option}\n" for option in options),
        cwd=shlex.quote(str(Path.cwd())),
        command=shlex.join(command),
        restarts=_RESTARTS,
    )
    with writing(script):
        folder.mkdir(parents=True, exist_ok=True)  # Slurm does not create the folder of its logs
        write_text(script, text)
    console.print(f"{script}: {workers} workers", markup=False, soft_wrap=True)
    if submit:
        _submit(script, console)
    else:
        console.print(f"submit it with: sbatch {shlex.quote(str(script))}", markup=False)
    return script


def _check_options(options: Sequence[str]) -> None:
    """Raise ConfigError naming every option that is not of sbatch's form, or that the script sets itself."""
    lines = []
    for option in options:
        name = option.partition("=")[0]
        if not _OPTION.fullmatch(option):
            lines.append(f"--sbatch {option!r}: an option has the form gpus-per-task=1, without the dashes")
        elif name in _OURS:
            lines.append(f"--sbatch {option}: the script sets {name} itself; leave it out")
    if lines:
        raise ConfigError("\n".join(lines))


def _submit(script: Path, console: Console) -> None:
    if shutil.which("sbatch") is None:
        raise ConfigError(f"there is no sbatch on this machine; submit {script} where Slurm is installed")
    done = subprocess.run(["sbatch", str(script)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise JobError(f"sbatch {script} failed with status {done.returncode}: {done.stderr.strip()}")
    console.print(Text(plain(done.stdout.strip())))
