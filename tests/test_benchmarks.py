import importlib
import io
import json
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from rich.console import Console

from astro.config import validate
from astro.records.tree import NO_PARENT, Rollout, Terminal, Tree
from astro.run import RunConfig, Stages, carry_out
from astro.search.strategies import Puct, Uct
from astro.tasks.maze.graph import read_maze
from astro.verify import Outcome

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
MODEL = ROOT / "data" / "models" / "tiny-countdown"
SCRIPTED = {
    "name": "scripted",
    "problems": {"countdown": {"count": 4, "sizes": [3]}},
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {
        "k": 4,
        "rollouts": 4,
        "simulations": 4,
        "max_step_tokens": 200,
        "max_rollout_tokens": 600,
        "reuse_rollouts": True,
        "early_rollouts": 2,
        "goal_correct": 4,
        "goal_wrong": 2,
    },
    "traces": {"prompts": "tiny/v1", "votes": 1},
}
CASES = [
    {"id": "1", "task": "math", "problem": "1+1?", "gold": "2", "response": r"\boxed{2}", "expected": "correct"},
    {"id": "2", "task": "math", "problem": "1+1?", "gold": "2", "response": r"\boxed{3}", "expected": "incorrect"},
]


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module(name)


def printed(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> str:
    monkeypatch.setattr(sys, "argv", ["benchmark", *arguments])
    benchmark.main()
    return capsys.readouterr().out


def test_cost_prints_one_object_with_the_ratio_and_every_mode(tmp_path, monkeypatch, capsys) -> None:
    """--json prints token_ratio, and it is the ratio of the two modes' tokens per trace."""
    (tmp_path / "scripted.yaml").write_text(yaml.safe_dump(SCRIPTED), encoding="utf-8")
    output = printed(load("cost", monkeypatch), monkeypatch, capsys, str(tmp_path / "scripted.yaml"), "--json")
    figures = json.loads(output)
    paper, savings = figures["modes"]["paper"], figures["modes"]["savings"]
    assert paper["problems"] == savings["problems"] == 4
    assert paper["traces"] > 0
    assert figures["token_ratio"] == pytest.approx(paper["tokens_per_trace"] / savings["tokens_per_trace"], abs=0.01)


def test_cost_prints_a_markdown_table_with_a_line_a_mode(tmp_path, monkeypatch, capsys) -> None:
    """The table that docs/cost.md holds: a heading, a rule, one line for each mode that was asked for."""
    (tmp_path / "scripted.yaml").write_text(yaml.safe_dump(SCRIPTED), encoding="utf-8")
    arguments = (str(tmp_path / "scripted.yaml"), "--modes", "reuse,early,goal,three")
    lines = printed(load("cost", monkeypatch), monkeypatch, capsys, *arguments).splitlines()
    assert [line.split("|")[1].strip() for line in lines] == ["mode", "---", "reuse", "early", "goal", "three"]


def test_cost_says_below_the_table_what_is_asked_of_the_savings(tmp_path, monkeypatch, capsys) -> None:
    """With both modes the ratio and the two figures that must not drop follow as items of a list."""
    (tmp_path / "scripted.yaml").write_text(yaml.safe_dump(SCRIPTED), encoding="utf-8")
    lines = printed(load("cost", monkeypatch), monkeypatch, capsys, str(tmp_path / "scripted.yaml")).splitlines()
    assert [line.split("|")[1].strip() for line in lines[:4]] == ["mode", "---", "paper", "savings"]
    assert [line.partition(":")[0] for line in lines[5:]][1] == "- no loss asked for"
    assert lines[5].startswith("- `token_ratio` ")


STRATEGY_OVERRIDES = (
    "engine={kind: scripted, model: CountdownPlayer, options: {skill: 0.5}}",
    "problems.countdown={count: 2, sizes: [3]}",
    "search.max_step_tokens=200",
    "search.max_rollout_tokens=600",
)


def test_strategies_prints_a_line_a_strategy(tmp_path, monkeypatch, capsys) -> None:
    """--json has the figures of each strategy that was asked for, and solved is a share with its interval."""
    arguments = (*STRATEGY_OVERRIDES, f"output.folder={tmp_path}", "--only", "dfs,samples", "--json")
    lines = json.loads(printed(load("strategies", monkeypatch), monkeypatch, capsys, *arguments))
    assert list(lines) == ["dfs", "samples"]
    assert all(line["problems"] == 2 and line["solutions"] > 0 for line in lines.values())
    assert lines["samples"]["solved"].startswith("1.000 [")


def test_strategies_counts_a_solution_once(monkeypatch) -> None:
    """A solution that is a rollout and a path counts once; a sampled end, which is not grafted, counts beside them."""
    tree = Tree("p", (), 0)
    root = tree.add(NO_PARENT, "", ())
    for answer, outcome in (("7", Outcome.CORRECT), ("1", Outcome.INCORRECT), ("2", Outcome.TIMED_OUT)):
        tree.rollouts[root].append(Rollout(answer, 1, outcome, answer, None))
        end = tree.add(root, answer, (), prior=0.0, terminal=Terminal.ANSWER)
        tree.outcome[end], tree.answer[end], tree.grafted[end] = outcome, answer, True
    sampled = tree.add(root, "8", (), terminal=Terminal.ANSWER)
    tree.outcome[sampled], tree.answer[sampled] = Outcome.INCORRECT, "8"
    found = load("strategies", monkeypatch).Found.of(tree)
    assert [outcome.value for outcome in found.graded] == ["correct", "incorrect", "incorrect"]
    assert (found.wrong, found.solved) == (2, True)


def test_paper_mode_is_the_papers_search_with_the_models_limits(tmp_path, monkeypatch) -> None:
    """Paper mode takes k, M and the number of simulations from configs/paper.yaml and no saving from anywhere."""
    cost = load("cost", monkeypatch)
    config = cost.load_config(cost.RunConfig, ROOT / "configs" / "tiny.yaml")
    paper, ours = cost.searches(config)["paper"], config.search
    assert (paper.k, paper.rollouts, paper.simulations) == (8, 16, 32)
    assert (paper.reuse_rollouts, paper.early_rollouts, paper.goal_correct, paper.goal_wrong) == (False, 0, 0, 0)
    assert (paper.max_step_tokens, paper.max_rollout_tokens) == (ours.max_step_tokens, ours.max_rollout_tokens)


def test_orchestration_measures_the_named_figures(monkeypatch) -> None:
    """Speed, growth and occupancy come under the names that its description gives."""
    orchestration = load("orchestration", monkeypatch)
    figures = orchestration.measure_speed(1) | orchestration.measure_growth(1, 32) | orchestration.measure_occupancy(8)
    assert {"nodes_per_second", "growth", "occupancy"} <= figures.keys()
    assert figures["nodes"] > 0
    assert 0 < figures["occupancy"] <= 1


def test_values_finds_no_bias_but_that_of_v(monkeypatch) -> None:
    """Grafts change no value; the pass rates of few trees are within five standard errors of the truth."""
    values = load("values", monkeypatch)
    monkeypatch.setattr(values, "Strategies", Puct | Uct)
    figures = values.measure(8)
    assert figures["graft_shift"] == 0.0
    assert figures["pass_rate_bias"] < 5 * figures["pass_rate_error"]
    assert 1 < figures["leaves_in_flight"] <= 8


def test_verifiers_prints_agreement(tmp_path, monkeypatch, capsys) -> None:
    """The share of the labelled cases that the verifiers agree with is one figure of a JSON object."""
    pytest.importorskip("math_verify")
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, CASES)), encoding="utf-8")
    arguments = (str(tmp_path / "cases.jsonl"), "--parts", "agreement", "--json")
    figures = json.loads(printed(load("verifiers", monkeypatch), monkeypatch, capsys, *arguments))
    assert figures["agreement"] == 1


@pytest.mark.engine
@pytest.mark.skipif(not MODEL.is_dir(), reason="the embedded model is not in this checkout")
def test_saturation_gives_both_sides_the_same_requests(monkeypatch, capsys) -> None:
    """Search and bare engine answer as many requests with as many tokens, since seeds and prompts are the same."""
    pytest.importorskip("vllm")
    monkeypatch.chdir(ROOT)
    arguments = ("search.simulations=2", "--problems", "2", "--rounds", "1", "--json")
    figures = json.loads(printed(load("saturation", monkeypatch), monkeypatch, capsys, *arguments))
    assert figures["saturation"] > 0
    assert figures["search"]["requests"] == figures["bare"]["requests"]
    assert figures["search"]["tokens"] == pytest.approx(figures["bare"]["tokens"], rel=0.1)


def test_against_compares_two_versions_repeat_by_repeat(monkeypatch) -> None:
    """The ratio is the median of the ratios of the pairs: 2, 1.5 and 1; a figure of one side alone is left out."""
    against = load("against", monkeypatch)
    pairs = [
        ({"speed": 1.0, "old": 1.0}, {"speed": 2.0}),
        ({"speed": 2.0}, {"speed": 3.0}),
        ({"speed": 4.0}, {"speed": 4.0}),
    ]
    assert against.compare(pairs) == {"speed": {"before": 2.0, "now": 3.0, "ratio": 1.5, "low": 1.0, "high": 2.0}}


def test_against_finds_the_figures_of_both_versions(monkeypatch) -> None:
    """The benchmark of a version prints numbers under the path of their keys; texts and flags are no figures."""
    against = load("against", monkeypatch)
    nested = {"modes": {"paper": {"tokens": 3}}, "name": "paper", "exact": True, "growth": 1.5}
    assert dict(against._numbers(nested, "")) == {"modes.paper.tokens": 3.0, "growth": 1.5}


def test_steps_by_blank_lines_and_by_structure(monkeypatch, tmp_path, capsys) -> None:
    """A lead-in, its display and a list: three paragraphs by blank lines, with one colon; two steps by structure."""
    text = "The total of all the eggs is:\n\n\\[ 3 + 4 = 7 \\]\n\nSo Ann has 7 eggs in the end, and that is all."
    (tmp_path / "responses.jsonl").write_text(json.dumps({"response": text}) + "\n", encoding="utf-8")
    module = load("steps", monkeypatch)
    monkeypatch.setattr(sys, "argv", ["steps.py", str(tmp_path / "responses.jsonl"), "--content", "10", "--json"])
    assert module.main() == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["blank lines"]["steps"], found["blank lines"]["colons"]) == (3, 1)
    assert (found["structure"]["steps"], found["structure"]["colons"]) == (2, 0)


def test_fidelity_counts_both_kinds_of_errors(monkeypatch) -> None:
    """Two faithful pairs, of which a judge must tell one, and two unfaithful ones, of which one has a wrong grade."""
    fidelity = load("fidelity", monkeypatch)
    case = {"role": "step", "problem": "Solve it.", "thoughts": [], "step": "So $x = 5$."}
    cases = [
        case | {"rewrite": "So x is 5.", "faithful": True},
        case | {"rewrite": "So x is 6.", "faithful": False},
        case | {"rewrite": "So x equals 5.", "faithful": False},
        case
        | {"step": "The shed in the garden is green.", "rewrite": "The shed in the garden is tidy.", "faithful": True},
    ]
    found = fidelity.report([fidelity.check(each) for each in cases])
    assert (found["false_rejects"], found["false_accepts"]) == (0.5, 0.5)
    assert (found["faithful"], found["unfaithful"]) == (2, 2)
    assert (found["undecided_faithful"], found["undecided_unfaithful"]) == (1, 0)


def test_rewriting_measures_each_mode_on_the_trees_of_a_run(tmp_path, monkeypatch, capsys) -> None:
    """A scripted rewriter that keeps every figure passes at the first try."""
    config = validate(RunConfig, {**SCRIPTED, "output": {"folder": str(tmp_path)}}, "test", [])
    carry_out(config, Stages(traces=False, data=False), Console(file=io.StringIO()))
    rewriting = load("rewriting", monkeypatch)
    arguments = [str(tmp_path / "scripted"), "--prompts", "tiny/v1", "--texts", "8", "--json"]
    monkeypatch.setattr("sys.argv", ["rewriting", *arguments])
    rewriting.main()
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["mode"] for each in found] == ["all", "bridges"]
    assert all(each["first_try"] > 0.9 for each in found if each["texts"])


def test_replayed_responses_fall_into_the_steps_of_rollouts(monkeypatch, tmp_path, capsys) -> None:
    """Expansions with the tokens of a model and the cut of a whole rollout give the same steps."""
    text = "Ann has these eggs.\n\n- 3 brown ones\n\n- 4 white ones\n\nThe total of all the eggs is:\n\n3 + 4 = 7"
    (tmp_path / "responses.jsonl").write_text(json.dumps({"response": text}) + "\n", encoding="utf-8")
    module = load("steps", monkeypatch)
    arguments = ["steps.py", str(tmp_path / "responses.jsonl"), "--content", "10", "--tokenizer", str(MODEL)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert module.main() == 0
    assert capsys.readouterr().out.startswith("1 of 1 responses fall into the same steps")


def test_maze_policies_are_what_chance_says(monkeypatch) -> None:
    """One junction: half of the first walks are right, and who remembers has the other turn left; a large budget."""
    policies = load("maze_policies", monkeypatch)
    maze = read_maze("17: 4 or 93. 4: none. 93: exit.")
    step, doubt = policies.tokens("At 17: 4 or 93. Leave 17 by the first, 17 > 4."), policies.tokens(policies._DOUBT)
    assert step == 12  # At; 17; : 4; or 93; .; Leave; 17; by the first,; 17; > 4; .; and the end of the line
    right = step + policies.tokens("At 93: exit, so the way is correct. The answer is \\boxed{ 17 > 93 }.")
    wrong = step + policies.tokens("At 4: none, so the way is not correct.")
    back = doubt + policies.tokens("Let's go back to where we had the choice at 17.")
    found = [policies.spent(maze, "remembers", random.Random(seed), 10_000) for seed in range(200)]
    assert set(found) == {right, wrong + back + right}
    assert 70 < found.count(right) < 130
    again = [policies.spent(maze, "restarts", random.Random(seed), 10_000) for seed in range(200)]
    assert len(set(again)) > 2  # a restart takes the same turn again
    assert policies.spent(maze, "restarts", random.Random(0), right - 1) is None


def test_maze_policies_print_a_line_a_shape(monkeypatch, capsys) -> None:
    """Who remembers solves every maze of corridors that who restarts solves in the same tokens, and more."""
    rows = json.loads(printed(load("maze_policies", monkeypatch), monkeypatch, capsys, "--problems=10", "--json"))
    solved = {(row["side"], row["depth"], row["policy"]): row["solved"] for row in rows}
    assert len(solved) == 4 * 3 * 4
    assert all(solved[side, depth, "remembers"] > 0.9 for side in (1, 3, 5) for depth in (6, 8))
    assert all(solved[side, 10, "restarts"] < 0.3 for side in (1, 3, 5))
