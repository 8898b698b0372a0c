from pathlib import Path

from astro.records.cost import Cost
from astro.records.problem import PROBLEMS, Problem
from astro.records.tree import NO_PARENT, ROOT, Rollout, Stop, Terminal, Tree
from astro.store import RunDirectory
from astro.store.entries import tree_entry, tree_from
from astro.verify import Outcome


def tree(problem_id: str = "p", stop: Stop | None = Stop.EXHAUSTED) -> Tree:
    """A root with one correct child, and every kind of field in use."""
    made = Tree(problem_id, prompt_ids=(1, 2), seed=2**61, stop=stop, cost=Cost(3, 10, 4, 20, 1.5))
    made.add(NO_PARENT, "", ())
    made.add(ROOT, "Schließlich \\boxed{2}\n", (7, 8), logprob=-0.5, terminal=Terminal.ANSWER, simulation=1)
    made.rollouts[ROOT] = [
        Rollout("a", 2, Outcome.CORRECT, "2", "2"),
        Rollout("b", 1, Outcome.UNANSWERED, None, None),
        Rollout("c", 1, Outcome.TIMED_OUT, "((", None),
    ]
    made.reward, made.visits, made.value, made.total = [0.5, 1.0], [2, 1], [0.75, 1.0], [1.5, 1.0]
    made.outcome[1], made.answer[1], made.canonical[1] = Outcome.CORRECT, "2", "2"
    made.exhausted = [True, True]
    made.failure[1] = "lost one sample"
    made.asked = {ROOT: Cost(2, 6, 2, 14), 1: Cost(1, 4, 2, 6)}
    return made


def test_a_tree_survives_the_store(tmp_path: Path) -> None:
    """Written, compacted and read back, a tree is equal to what it was, costs included."""
    with RunDirectory.create(tmp_path / "r", {"name": "r"}) as run:
        run.trees.append([tree_entry(tree())])
        assert tree_from(run.trees.read("p")) == tree()
        assert tree_from(run.trees.read("p")).asked == tree().asked
        run.trees.finish(["p"])
    with RunDirectory.read(tmp_path / "r") as run:
        assert [tree_from(entry) for entry in run.trees.entries(["p"])] == [tree()]


def test_the_row_of_a_tree_counts_its_verdicts() -> None:
    """Rollouts and ends of solutions are counted by outcome, ungraded ones apart."""
    row = tree_entry(tree()).tables["trees"].to_pylist()[0]
    assert row["solved"]
    assert {outcome.value: row[outcome.value] for outcome in Outcome} == {
        "correct": 2,
        "incorrect": 0,
        "unanswered": 1,
        "malformed": 0,
        "timed_out": 1,
        "error": 0,
    }
    assert (row["nodes"], row["simulations"], row["stop"], row["root_reward"]) == (2, 1, "exhausted", 0.5)


def test_what_depends_on_the_clock_is_in_the_costs_alone() -> None:
    """Two searches that differ in seconds and cache hits have equal rows everywhere else."""
    slow = tree()
    slow.cost = Cost(3, 10, 0, 20, 99.0)
    fast, slower = tree_entry(tree()).tables, tree_entry(slow).tables
    assert fast["nodes"].equals(slower["nodes"])
    assert fast["trees"].equals(slower["trees"])
    assert not fast["costs"].equals(slower["costs"])


def test_problems_survive_with_metadata() -> None:
    """Nested metadata and non-ASCII text come back."""
    problems = [Problem("1", "数?", "x", "qa", "f", {"accepted": ["x", "y"], "deep": {"a": None}})]
    assert [Problem.from_row(row) for row in PROBLEMS.write(problems).to_pylist()] == problems


def test_lone_surrogates_become_replacement_characters() -> None:
    """Text that no file can hold is stored with U+FFFD in its place, at any depth."""
    broken = tree()
    broken.text[1] = "x\ud800y 🙂"
    broken.rollouts[0][0] = broken.rollouts[0][0]._replace(text="\udfff")
    rows = tree_entry(broken).tables["nodes"].to_pylist()
    assert rows[1]["text"] == "x\ufffdy 🙂"
    assert rows[0]["rollouts"][0]["text"] == "\ufffd"
