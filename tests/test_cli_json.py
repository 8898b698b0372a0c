import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from astro.cli import app
from astro.cli.reporting import EXIT_AGAIN, EXIT_MISTAKE
from astro.errors import EngineDeadError

SETTINGS = {
    "name": "r",
    "seed": 3,
    "problems": {"countdown": {"count": 4, "sizes": [3, 4]}},
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {"k": 4, "rollouts": 4, "simulations": 4, "max_step_tokens": 200, "max_rollout_tokens": 600},
    "traces": {"prompts": "tiny/v1", "votes": 2},
}


@dataclass(frozen=True)
class Dying:
    """A scripted model whose engine is gone."""

    def __call__(self, prompt: str, seed: int) -> str:
        raise EngineDeadError("gone")


def config(folder: Path, **others: object) -> str:
    """A configuration file in a folder."""
    content = {**SETTINGS, "output": {"folder": str(folder)}, **others}
    (folder / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(folder / "config.yaml")


def astro(*arguments: str, status: int = 0) -> str:
    """What a command writes to standard output."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == status, done.output
    return done.stdout


def test_verbs_print_one_object_that_says_what_the_tables_say(tmp_path: Path) -> None:
    """A run, its list and a problem, a source, an export: each is one line of JSON, and nothing else."""
    path, run = config(tmp_path), str(tmp_path / "r")
    made = json.loads(astro("run", path, "--json"))
    assert (made["problems"], made["trees"], made["failed"]) == (4, 4, 0)
    assert sum(made["traces"].values()) > 0
    assert json.loads(astro("data", path, "--json"))["traces"] == made["traces"]
    listed = json.loads(astro("inspect", run, "--json"))["listed"]
    assert len(listed) == 4
    assert sum(row["solved"] for row in listed) == made["solved"]
    problem = json.loads(astro("inspect", run, listed[0]["problem_id"], "--json"))
    assert problem["problem"]["id"] == listed[0]["problem_id"]
    assert len(problem["nodes"]) == listed[0]["nodes"]
    assert {trace["problem_id"] for trace in problem["traces"]} <= {listed[0]["problem_id"]}
    source = json.loads(astro("problems", "countdown.count=3", "--json"))
    assert (source["problems"], len(source["first"])) == (3, 3)
    assert json.loads(astro("export", run, "--to", "sharegpt", "--json"))["folder"].endswith("sharegpt")


def test_the_exit_status_says_whether_to_start_again(tmp_path: Path) -> None:
    """75 for a dead engine, 2 for a mistake."""
    dead = {"kind": "scripted", "model": f"{Dying.__module__}:{Dying.__name__}"}
    astro("search", config(tmp_path, engine=dead), status=EXIT_AGAIN)
    astro("search", config(tmp_path, engine=dead), "search.kk=3", status=EXIT_MISTAKE)


@pytest.mark.parametrize("verb", ["inspect", "export"])
def test_an_error_prints_no_object(tmp_path: Path, verb: str) -> None:
    """Standard output stays empty, so that a script sees the status alone."""
    assert astro(verb, str(tmp_path), "--json", status=EXIT_MISTAKE) == ""


def test_the_shell_completes_verbs_and_options() -> None:
    """As bash asks: what begins with these letters."""
    for words, place, expected in (("astro insp", "1", "inspect"), ("astro inspect --jso", "2", "--json")):
        asked = {"_ASTRO_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": place}
        assert CliRunner().invoke(app, [], prog_name="astro", env=asked).stdout.split() == [expected]
