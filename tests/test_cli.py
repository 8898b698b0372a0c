import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from astro.cli import app
from astro.store import RunDirectory
from astro.train.examples import find_source, read_rows

SETTINGS = {
    "name": "r",
    "problems": {"countdown": {"count": 30, "sizes": [3, 4]}},
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {
        "k": 4,
        "rollouts": 4,
        "simulations": 8,
        "max_step_tokens": 200,
        "max_rollout_tokens": 600,
        "live_trees": 4,
    },
    "traces": {"prompts": "tiny/v1", "votes": 2, "test_share": 0.3},
}
TABLES = ("trees/trees", "trees/nodes", "traces/traces", "traces/rejects", "traces/counts", "traces/rl")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file in a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
    return Path("c.yaml")


def astro(*arguments: object) -> tuple[int, str]:
    """Exit code and everything printed."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The command in a process of its own, which Ctrl-C reaches even where the tests run in a shell's background."""
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", f"{listen}from astro.__main__ import main; main()", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def size_of(paths: list[Path]) -> int:
    """Bytes of the files that exist."""
    return sum(path.stat().st_size for path in paths if path.exists())


def tables(run: Path) -> dict[str, object]:
    """The tables of a finished run that do not depend on the clock."""
    return {name: pq.read_table(run / f"{name}-00000-of-00001.parquet") for name in TABLES}


def test_the_first_line_of_help_says_what_it_is_for() -> None:
    """--help of the command and of every verb exits with status 0 and shows an example."""
    code, out = astro("--help")
    assert code == 0
    assert "Search problems with a language model and turn the trees into training data." in out
    for verb in ("run", "search", "traces", "inspect", "problems", "verify"):
        code, out = astro(verb, "--help")
        assert code == 0
        assert f"astro {verb}" in out.partition("Examples:")[2]


def test_help_loads_no_heavy_library() -> None:
    """`astro --help` is quick because nothing heavy is imported for it."""
    heavy = ("torch", "vllm", "transformers", "datasets", "pyarrow", "sympy", "numpy")
    script = f"import sys, astro.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_is_carried_out_and_not_done_again(config: Path) -> None:
    """The same command again changes nothing that the first one wrote."""
    code, out = astro("run", config)
    assert code == 0, out
    assert "30 problems" in out
    before = {path: path.read_bytes() for path in Path("runs").rglob("*.parquet")}
    code, out = astro("run", config)
    assert code == 0
    assert "everything was done before" in out
    assert {path: path.read_bytes() for path in Path("runs").rglob("*.parquet")} == before


def test_two_runs_of_one_seed_are_equal_byte_for_byte(config: Path) -> None:
    """Trees and traces as Parquet files do not depend on the name, the moment, or how many trees grow at once."""
    for name in ("one", "two"):
        assert astro("run", config, f"name={name}", *(["search.live_trees=64"] if name == "two" else []))[0] == 0
    for table in TABLES:
        one, two = (Path("runs") / name / f"{table}-00000-of-00001.parquet" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes(), table


def test_search_and_traces_apart_make_what_run_makes(config: Path) -> None:
    """With files between them the stages give the same tables."""
    assert astro("run", config, "name=together")[0] == 0
    assert astro("search", config, "name=apart")[0] == 0
    assert not (Path("runs/apart/datasets")).exists()
    code, out = astro("traces", config, "name=apart")
    assert code == 0, out
    assert tables(Path("runs/together")) == tables(Path("runs/apart"))


def test_other_traces_from_the_trees_of_another_run(config: Path) -> None:
    """--trees-of copies the trees and makes traces by the new settings; other search settings are refused."""
    assert astro("search", config, "name=first")[0] == 0
    code, out = astro("traces", config, "name=second", "traces.searches=1", "--trees-of", "runs/first")
    assert code == 0, out
    assert tables(Path("runs/second"))["trees/nodes"] == pq.read_table("runs/first/trees/nodes-00000-of-00001.parquet")
    kinds = pq.read_table("runs/second/traces/traces-00000-of-00001.parquet").column("kind").to_pylist()
    assert kinds.count("search") <= 30
    code, out = astro("traces", config, "name=third", "search.k=2", "--trees-of", "runs/first")
    assert code == 2
    assert "search.k: 4 before, 2 now" in out
    assert not Path("runs/third").exists()


def test_shards_that_were_searched_apart_become_the_whole_run(config: Path) -> None:
    """The same tables as of one search, with the seconds of all; what is not the whole is refused, nothing begun."""
    assert astro("run", config, "name=whole")[0] == 0
    parts = [f"runs/part-{part}" for part in (1, 2, 3)]
    for part in (1, 2, 3):
        assert astro("search", config, f"name=part-{part}", f"problems.shard={part}/3")[0] == 0
    of = {part: ["--trees-of", part] for part in parts}
    for given, expected in (
        ([*of[parts[0]], *of[parts[2]]], "none of the runs of --trees-of searched"),
        ([*of[parts[0]], *of[parts[1]], *of[parts[2]], *of[parts[0]]], "runs/part-1 and runs/part-1 both searched"),
        ([*of[parts[0]], *of["runs/part-1"][:1], "runs/whole"], "runs/part-1 and runs/whole both searched"),
        ([*of[parts[0]]], 'problems.shard: "1/3" before, "1/1" now'),
        (["problems.limit=20", *of[parts[0]], *of[parts[1]]], "problems.limit: null before, 20 now"),
    ):
        for rehearsal in (["--dry-run"], []):
            code, out = astro("traces", config, "name=gathered", *given, *rehearsal)
            assert code == 2, out
            assert expected in out
            assert not Path("runs/gathered").exists()
    every = [word for part in parts for word in of[part]]
    code, out = astro("traces", config, "name=gathered", *every, "--dry-run")
    assert code == 0, out
    assert "Estimate for 30 problems" in out
    code, out = astro("traces", config, "name=gathered", *every)
    assert code == 0, out
    assert tables(Path("runs/gathered")) == tables(Path("runs/whole"))
    with RunDirectory.read(Path("runs/gathered")) as run:
        assert run.seconds_at_work().keys() == {"search", "traces"}
    for again in ([], every):
        code, out = astro("traces", config, "name=gathered", *again)
        assert code == 0, out
        assert "everything was done before" in out
    code, out = astro("traces", config, "name=gathered", *of[parts[0]])
    assert code == 2
    assert "runs/gathered has its own trees, those of runs/part-1, runs/part-2, runs/part-3; leave" in out


def test_shards_of_problems_that_say_something_else_now_are_refused(config: Path) -> None:
    """The trees are of the problems as they were."""
    own = ["problems.countdown=null", "problems.source=own.jsonl"]
    rows = [{"id": f"p{i}", "numbers": [1, 2, 3 + i], "target": 6 + i} for i in range(4)]
    for changed in (0, 1):
        rows[0]["target"] = 6 - 5 * changed
        Path("own.jsonl").write_text("\n".join(map(json.dumps, rows)))
        for part in (1, 2) if not changed else ():
            assert astro("search", config, *own, f"name=part-{part}", f"problems.shard={part}/2")[0] == 0
        every = [word for part in (1, 2) for word in ("--trees-of", f"runs/part-{part}")]
        code, out = astro("traces", config, *own, f"name=gathered-{changed}", *every)
        assert code == 2 * changed, out
    assert "the source says something else of 1 problem (p0) than when it was searched" in out


def test_a_narrow_terminal_loses_no_column(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of the listing are longer than it; every figure is there."""
    assert astro("run", config)[0] == 0
    monkeypatch.setenv("COLUMNS", "30")
    code, out = astro("inspect", "runs/r", "--rows", "1")
    assert code == 0
    assert re.search(r"problem +nodes +stop +solved +value +traces +backtracks", out)


def test_a_terminal_that_lacks_a_character_is_shown_another(tmp_path: Path) -> None:
    """As ASCII and Latin-1 do of most."""
    (tmp_path / "own.jsonl").write_text(json.dumps({"id": "é😀", "question": "1 + 1?", "answer": "2"}))
    done = subprocess.run(
        [sys.executable, "-m", "astro", "problems", str(tmp_path / "own.jsonl")],
        capture_output=True, check=False, env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, b"1 problems" in done.stdout) == (0, True), done.stderr


def test_data_sets_load_by_the_hub_library(config: Path) -> None:
    """datasets.load_dataset reads every configuration, split by problem."""
    import datasets

    assert astro("run", config)[0] == 0
    sets = {
        name: datasets.load_dataset("runs/r/datasets", name, cache_dir="cache")
        for name in ("sft", "messages", "direct", "rl")
    }
    assert len(sets["sft"]["train"]) == len(sets["messages"]["train"]) == len(sets["direct"]["train"]) > 0
    assert sum(len(split) for split in sets["rl"].values()) == 30
    sides = [{row["problem_id"] for row in sets["sft"][side]} for side in ("train", "test")]
    assert not sides[0] & sides[1]
    assert sets["sft"]["train"][0]["prompt"][-1]["role"] == "user"
    code, out = astro("traces", config, "name=other", "traces.searches=1", "--trees-of", "runs/r")
    assert code == 0, out
    other = datasets.load_dataset("runs/other/datasets", "sft", cache_dir="cache")  # not from the cache of the first
    stored = pq.read_table("runs/other/datasets/sft/train-00000-of-00001.parquet").column("id").to_pylist()
    assert other["train"]["id"] == stored != sets["sft"]["train"]["id"]


def test_the_data_of_shards_is_read_as_one(config: Path) -> None:
    """Each shard is a run of its own; together they have the rows of the whole, in one file that an arm can name."""
    import datasets

    assert astro("run", config, "name=whole")[0] == 0
    for part in (1, 2):
        assert astro("run", config, f"name=part-{part}", f"problems.shard={part}/2")[0] == 0
    files = "runs/part-?/datasets/sft/train-*.parquet"
    shards = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir="cache")
    shards.to_parquet("sft.parquet")
    whole = read_rows(find_source(Path("runs/whole"), "sft").train)
    rows = read_rows(find_source(Path("runs/part-1"), "sft.parquet").train)
    assert sorted(row["id"] for row in rows) == sorted(row["id"] for row in whole)
    conversations = {row["id"]: (row["prompt"], row["completion"]) for row in whole}
    assert {row["id"]: (row["prompt"], row["completion"]) for row in rows} == conversations


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["search.kk=3"], "search.kk: unknown key; did you mean 'k'?"),
        (["traces.wrong_terminals=[5]", "search.goal_correct=1"], "set search.goal_wrong to 5 or more"),
        (["name=../escape"], "name must be letters"),
        (["engine.kind=vllm", "engine.model=no/such/folder"], "folder no/such/folder not found"),
        (["traces.prompts=none"], "no rewrite.jinja"),
        (["problems.countdown=null", "problems.source=missing.jsonl"], "missing.jsonl"),
        (["engine.options={skil: 1}"], "did you mean 'skill'?"),
        (["engine.kind=vllm", "engine.model=a/b", "engine.options={foo: 1}"], "engine.options.foo: vllm.EngineArgs"),
        (["prompt.template=nowhere.jinja"], "file nowhere.jinja not found"),
        (["prompt.template=c.yaml"], "must contain the problem once"),
        (["evaluation={sets: {far: {source: nowhere.jsonl}}}"], "evaluation.sets.far: no file"),
        (["sft={model: no/such/folder}"], "sft.model: folder no/such/folder not found"),
        (["problems.shard=1/9999"], "holds none of the 30 problems"),
        (["output.folder=c.yaml"], "cannot write c.yaml/r"),
        (["output.folder=/proc/no"], "cannot write /proc/no/r"),
    ],
)
def test_mistakes_are_one_message_and_exit_code_2(config: Path, overrides: list[str], expected: str) -> None:
    """What a user can mend is said without a traceback, by a rehearsal and by a run, which begins nothing."""
    for rehearsal in (["--dry-run"], []):
        code, out = astro("run", config, *overrides, *rehearsal)
        assert code == 2, out
        assert expected in out
        assert "Traceback" not in out
        assert not Path("runs").exists()


def test_a_broken_row_is_listed_and_the_run_goes_on(config: Path) -> None:
    """A file of one's own with a broken line: the good problems are searched, the bad one is in rejected.parquet."""
    good = [
        {"id": "a", "numbers": [2, 3, 4], "target": 24, "task": "countdown"},
        {"id": "b", "numbers": [1, 5, 5], "target": 11, "task": "countdown"},
    ]
    lines = [json.dumps(good[0]), '{"id": "broken", ', json.dumps(good[1])]
    Path("mine.jsonl").write_text("\n".join(lines), encoding="utf-8")
    code, out = astro("run", config, "problems.countdown=null", "problems.source=mine.jsonl")
    assert code == 0, out
    assert "left out: mine.jsonl, line 2: unreadable" in out
    rejected = pq.read_table("runs/r/rejected.parquet").to_pylist()
    assert [(row["source"], row["line"], row["reason"]) for row in rejected] == [("mine.jsonl", 2, "unreadable")]
    assert pq.read_table("runs/r/problems.parquet").column("id").to_pylist() == ["a", "b"]
    code, out = astro("problems", "mine.jsonl")
    assert code == 0
    assert "2 problems" in out
    assert "line 2" in out


def test_problems_take_settings_as_a_message_writes_them(config: Path) -> None:
    """What is said of a row without a known column can be typed as it stands; a setting alone asks for its source."""
    Path("mine.jsonl").write_text('{"y": "What is 1 + 1?", "answer": 2}\n', encoding="utf-8")
    code, out = astro("problems", "mine.jsonl")
    assert code == 2
    hint = re.search(r"problems\.columns\.prompt=", out)
    assert hint, out
    code, out = astro("problems", "mine.jsonl", f"{hint[0]}y")
    assert code == 0, out
    assert "1 problems" in out
    assert astro("problems", "problems.countdown.count=2")[0] == 0
    code, out = astro("problems", "limit=2")
    assert code == 2
    assert "astro problems SOURCE limit=2" in out


def test_a_file_with_an_equals_sign_in_its_path_is_no_setting(config: Path) -> None:
    """Folders such as split=train, as partitioned data has them, are a source like any other."""
    Path("split=train").mkdir()
    Path("split=train/mine.jsonl").write_text('{"question": "What is 1 + 1?", "answer": 2}\n', encoding="utf-8")
    code, out = astro("problems", "split=train/mine.jsonl")
    assert code == 0, out
    assert "1 problems" in out


@pytest.mark.parametrize("verb", ["problems", "verify", "sft", "grpo"])
def test_the_help_on_settings_is_that_of_the_verb(verb: str) -> None:
    """Each names the section whose settings it takes."""
    assert f"Settings of the section {verb}: " in " ".join(astro(verb, "--help")[1].split())


def test_a_dry_run_writes_nothing_and_estimates(config: Path) -> None:
    """--dry-run prints the resolved settings and an estimate, and leaves no run behind."""
    code, out = astro("run", config, "--dry-run")
    assert code == 0, out
    assert "c_puct" in out  # a default, resolved
    assert "problems: 30" in out
    assert "Estimate for 30 problems" in out
    assert not Path("runs").exists()


def test_a_dry_run_refuses_the_start_that_a_run_would(config: Path) -> None:
    """Another configuration's run, and traces of trees that are not there."""
    for trees in ([], ["--trees-of", "runs/none"]):
        real, rehearsal = astro("traces", config, *trees), astro("traces", config, *trees, "--dry-run")
        assert (real[0], rehearsal[0]) == (2, 2)
        assert real[1].strip() in rehearsal[1]
    assert astro("search", config)[0] == 0
    code, out = astro("run", config, "seed=5", "--dry-run")
    assert code == 2
    assert "seed: 0 before, 5 now" in out
    code, out = astro("traces", config, "name=other", "traces.searches=1", "--trees-of", "runs/r", "--dry-run")
    assert code == 0, out
    assert "Estimate for 30 problems" in out


def test_a_dry_run_goes_to_no_hub(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be fetched is named, be it asked, left out or evaluated; what is here is looked into all the same."""
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a dry run went to the network"))
    far = "evaluation={sets: {far: {source: no-one/nothing}}}"
    code, out = astro("run", config, "problems.exclude=[no-one/nothing]", far, "--dry-run")
    assert code == 0, out
    assert "no-one/nothing would be fetched" in out
    assert "Estimate for 30 problems" in out
    code, out = astro("run", config, "problems.exclude=[nowhere.jsonl, no-one/nothing]", "--dry-run")
    assert code == 2
    assert "nowhere.jsonl" in out


def test_a_run_without_one_tree_fails_and_is_done_anew(config: Path) -> None:
    """The reason is said, shown and kept; the same command tries again, and one that mends it has the same name."""
    Path("mine.jsonl").write_text('{"id": "sum", "problem": "What is 1 + 1?", "answer": 2}\n', encoding="utf-8")
    mine = ["problems.countdown=null", "problems.source=mine.jsonl"]
    for _ in range(2):
        code, out = astro("run", config, *mine)
        assert code == 2, out
        assert re.search(r"failed +1 \(the scripted Countdown player found no Countdown problem", out)
        assert "none of the 1 trees of runs/r could be started: the scripted Countdown player" in out
        assert "from earlier" not in out
    assert "[failed: the scripted Countdown player" in astro("inspect", "runs/r", "sum")[1]
    code, out = astro("run", config)
    assert code == 0, out
    assert "30 problems" in out


def test_one_failed_tree_is_named_and_the_others_count(config: Path) -> None:
    """The summary says how many failed and why the first did."""
    rows = [
        {"id": "a", "numbers": [2, 3, 4], "target": 24, "task": "countdown"},
        {"id": "b", "problem": "?", "answer": 2, "task": "math"},
    ]
    Path("mine.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    code, out = astro("run", config, "problems.countdown=null", "problems.source=mine.jsonl")
    assert code == 0, out
    assert re.search(r"failed +1 \(the scripted Countdown player", out)


def test_inspect_shows_runs_and_problems(config: Path) -> None:
    """The summary with a line a problem; a tree with its traces; a near name for one that is not there."""
    assert astro("run", config)[0] == 0
    code, out = astro("inspect", "runs/r", "--rows", "3")
    assert code == 0
    assert "... 27 more" in out
    problem = pq.read_table("runs/r/problems.parquet").column("id").to_pylist()[0]
    code, out = astro("inspect", "runs/r", problem)
    assert code == 0
    assert re.search(r"#0 V [01]\.\d\d N \d+", out)
    assert "advance" in out
    assert "(control):" not in out
    (nodes,) = Path("runs/r/trees").glob("nodes-*.parquet")
    rows = pq.read_table(nodes, filters=[("problem_id", "=", problem)]).to_pylist()
    longest = max((row["text"].strip() for row in rows), key=len)
    assert len(longest) > 80
    assert longest in out  # not cut at a width that a pipe has not
    code, out = astro("inspect", "runs/r", problem, "--controls")
    assert "(control):" in out
    code, out = astro("inspect", "runs/r", problem[:-1] + "x")
    assert code == 2
    assert "near it" in out
    code, out = astro("inspect", "nowhere")
    assert code == 2
    assert "not a run" in out


def test_the_documented_ways_out_of_a_tree_work(config: Path) -> None:
    """The page on the run directory has the code: a graph in memory, GraphML and DOT, all of one tree."""
    assert astro("run", config, "name=tiny", "problems.countdown.count=1", "output.folder=runs")[0] == 0
    page = (Path(__file__).parents[1] / "docs" / "run-directory.md").read_text(encoding="utf-8")
    scope: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], scope)
    assert len(scope["graph"]) == len(scope["tree"]) > 1
    assert len(nx.read_graphml("tree.graphml")) == len(scope["tree"])
    assert Path("tree.dot").read_text(encoding="utf-8").count(" -> ") == len(scope["tree"]) - 1


def test_report_is_written_for_any_run(config: Path) -> None:
    """Of a run without training it says what is missing; what is no run is one message."""
    assert astro("run", config, "problems.countdown.count=3")[0] == 0
    code, out = astro("report", "runs/r")
    assert code == 0
    assert "runs/r/reports/report.html" in out
    assert "No SFT has been run yet" in Path("runs/r/reports/report.html").read_text(encoding="utf-8")
    code, out = astro("report", "nowhere")
    assert code == 2
    assert "is not a run" in out


def test_doctor_names_the_engine() -> None:
    """The last line says which engine a run would use."""
    code, out = astro("doctor")
    assert code in (0, 1)
    assert out.strip().splitlines()[-1].startswith("engine")


def test_verify_writes_a_verdict_a_line(config: Path) -> None:
    """Verdicts in the order of the lines, a summary by class, and a line that cannot be read named by its number."""
    cases = [
        {"id": "m/half/1", "task": "math", "problem": "?", "gold": "1/2", "response": "\\boxed{0.5}", "expected": True},
        {"id": "m/half/2", "task": "math", "problem": "?", "gold": "1/2", "response": "\\boxed{2}", "expected": False},
    ]
    lines = [json.dumps(cases[0]), "{", json.dumps(cases[1])]
    Path("cases.jsonl").write_text("\n".join(lines), encoding="utf-8")
    code, out = astro("verify", "cases.jsonl", "--out", "verdicts.jsonl")
    assert code == 0, out
    rows = [json.loads(line) for line in Path("verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["verdict"]) for row in rows] == [
        ("m/half/1", "correct"),
        (None, "rejected"),
        ("m/half/2", "incorrect"),
    ]
    assert re.search(r"m/half +2 +1 +1 +100\.0%", out)
    assert "line 2 could not be read" in out
    code, out = astro("verify", "nowhere.jsonl")
    assert code == 2
    assert "cannot read nowhere.jsonl" in out


def test_sigkill_at_random_moments_and_the_same_command_again(config: Path) -> None:
    """Killed again and again, the run ends as the one that was never interrupted, nothing lost and nothing twice."""
    assert astro("run", config, "name=whole")[0] == 0
    rng, interrupted = random.Random(5), 0
    journals = [Path("runs/killed/trees/journal.astj"), Path("runs/killed/traces/journal.astj")]
    for _ in range(3):
        process = start("run", str(config), "name=killed")
        written, more = size_of(journals), rng.randrange(1, 100_000)
        while process.poll() is None and size_of(journals) < written + more:
            time.sleep(0.001)
        process.kill()
        process.communicate()
        interrupted += process.returncode == -signal.SIGKILL and not Path("runs/killed/traces/complete.json").exists()
    process = start("run", str(config), "name=killed")
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert interrupted >= 2, "the test must catch the run in the middle"
    assert tables(Path("runs/killed")) == tables(Path("runs/whole"))
    assert not list(Path("runs/killed").rglob("*.partial"))


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(config: Path) -> None:
    """SIGINT ends the command with 130 and a line that says how to continue; continuing gives the whole run."""
    doubt = "traces.doubt=But wait; is it?"
    process = start("run", str(config), "problems.countdown.count=3000", "search.simulations=32", doubt)
    journal = Path("runs/r/trees/journal.astj")
    while not journal.exists() or journal.stat().st_size == 0:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130, out
    assert "Traceback" not in out
    assert f"search.simulations=32 '{doubt}'` resumes here" in out
    code, out = astro("inspect", "runs/r", "--rows", "1")
    assert code == 0
    assert int(re.search(r"trees +(\d+)", out)[1]) > 0
