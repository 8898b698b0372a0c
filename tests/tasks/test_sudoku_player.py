"""The scripted Sudoku player, and a whole run on it."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from astro.cli import app
from astro.errors import SamplingError
from astro.models.tokenizer import ASSISTANT_MARK, USER_MARK
from astro.tasks import make_verifier, playing
from astro.tasks.sudoku import dialect
from astro.tasks.sudoku.generator import to_problem
from astro.tasks.sudoku.grid import read_grid
from astro.tasks.sudoku.player import SudokuPlayer
from astro.verify import Outcome

ROOT = Path(__file__).parents[2]
PUZZLE = read_grid("2 0 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0")
SOLVED = read_grid("2 1 3 4 / 3 4 2 1 / 4 2 1 3 / 1 3 4 2")
PROBLEM = to_problem(PUZZLE)
STEPS = dialect.solution(PUZZLE, SOLVED).splitlines()
STUCK = dialect.dead_end(read_grid("2 4 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0"))
PERFECT = SudokuPlayer(skill=1.0)
VERIFIER = make_verifier()


def turn(message):
    return f"{USER_MARK}{message}\n{ASSISTANT_MARK}"


def solutions(player, count=100):
    return [player(turn(PROBLEM.prompt), seed) for seed in range(count)]


def outcomes(player):
    return [VERIFIER.verify(PROBLEM, solution).outcome for solution in solutions(player)]


def test_perfect_skill_writes_the_worked_solution():
    """Under every seed, for a chat and for a base model."""
    assert set(solutions(PERFECT)) == {dialect.solution(PUZZLE, SOLVED)}
    assert PERFECT(f"{PROBLEM.prompt}\n", 0) == dialect.solution(PUZZLE, SOLVED)


def test_skill_sets_how_often_the_solution_is_found():
    """r1c2 alone has two options where it stands: half of the blind tries are right, the others admit a miss."""
    blind = outcomes(SudokuPlayer(skill=0.0))
    assert set(blind) == {Outcome.CORRECT, Outcome.INCORRECT}
    assert 35 < blind.count(Outcome.CORRECT) < 65  # 50, and three standard deviations of 100 tries
    wrong = [text for text in solutions(SudokuPlayer(skill=0.0)) if STEPS[0] not in text]
    assert {text.splitlines()[-1] for text in wrong} == {STUCK}


def test_a_dishonest_player_claims_every_miss():
    """It fills up the grid and says that it is correct."""
    found = solutions(SudokuPlayer(skill=0.0, honesty=0.0))
    assert all("the grid is correct" in text for text in found)
    assert Outcome.INCORRECT in outcomes(SudokuPlayer(skill=0.0, honesty=0.0))


def test_a_partial_solution_is_continued():
    """The next step goes on from the grid of the last, and after the end there is nothing to say."""
    assert PERFECT(turn(PROBLEM.prompt) + STEPS[0] + "\n", 1) == "\n".join(STEPS[1:])
    assert PERFECT(turn(PROBLEM.prompt) + STEPS[0], 1) == "\n" + "\n".join(STEPS[1:])
    assert PERFECT(turn(PROBLEM.prompt) + "\n".join(STEPS), 1) == ""


def test_steps_are_rewritten_in_context():
    """The first thought opens, a later one goes on, one after a return tries another digit, and both ends are there."""

    def rewritten(thoughts, step, player=PERFECT):
        return player(turn(playing.rewrite_prompt(PROBLEM.prompt, thoughts, step)), 0)

    rest = "r1c2, which sees 2 and 3 and can be 1 or 4. We take 1, which leaves 2 1 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."
    assert rewritten([], STEPS[0]) == f"Let's start with {rest}"
    assert rewritten(["So."], STEPS[0]) == f"Next is {rest}"
    assert rewritten(["Let's go back to where we had 2 0."], STEPS[0]) == f"Instead, let's try another digit at {rest}"
    assert rewritten(["So."], STUCK) == STUCK.partition(" The answer")[0]
    assert rewritten(["So."], STEPS[-1]) == STEPS[-1].replace("The answer", "So the answer")
    careless = rewritten([], STEPS[0], SudokuPlayer(fidelity=0.0))
    assert "We take 2, which leaves 2 2 3 0" in careless


def test_a_return_names_the_grid():
    """Back to a step is back to the grid it left; back to the beginning is a restart."""
    back = playing.backtrack_prompt(PROBLEM.prompt, ["So."], STEPS[0])
    assert PERFECT(turn(back), 0) == "Let's go back to where we had 2 1 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."
    start = playing.backtrack_prompt(PROBLEM.prompt, ["So."], playing.BEGINNING)
    assert PERFECT(turn(start), 0) == f"Let's restart our solution from the beginning with {PUZZLE}."


@pytest.mark.parametrize("judgement", [0.0, 1.0])
def test_judgement_sets_how_often_the_verdict_is_right(judgement):
    """A perfect judge says Yes to right solutions only, a perfectly bad one to wrong ones only."""
    player = SudokuPlayer(skill=0.0, honesty=0.5, judgement=judgement)
    for seed, solution in enumerate(solutions(player)):
        said_yes = player(turn(playing.evaluate_prompt(PROBLEM.prompt, solution)), seed) == "Yes."
        assert said_yes == (VERIFIER.verify(PROBLEM, solution).correct == bool(judgement))


@pytest.mark.parametrize("prompt", ["What is 6 times 7?", PROBLEM.prompt.replace("2 0 3 0", "2 2 3 0"), ""])
def test_a_prompt_without_a_puzzle_is_refused(prompt):
    """No Sudoku, or none that has a solution."""
    with pytest.raises(SamplingError, match="no Sudoku with a solution"):
        PERFECT(turn(prompt), 0)


def test_rates_are_probabilities():
    """Anything else is a mistake of the configuration."""
    with pytest.raises(ValueError, match="honesty is a probability, from 0 to 1; got 2"):
        SudokuPlayer(honesty=2)


def test_a_run_goes_from_problems_to_data_sets(tmp_path):
    """Search, traces that go back to a whole grid, and rows of every kind, with nothing kept in its own words."""
    yaml, small = str(ROOT / "configs" / "sudoku.yaml"), ["problems.sudoku.count=10", "problems.sudoku.blanks=10"]
    done = CliRunner().invoke(app, ["run", yaml, f"output.folder={tmp_path}", *small])
    assert done.exit_code == 0, done.output
    assert "100.0% passed at the first try, 0 kept as they were" in done.output
    files = sorted((tmp_path / "sudoku" / "datasets" / "sft").glob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert {row["kind"] for row in rows} == {"direct", "search"}
    found = [row["completion"][0]["content"] for row in rows if row["kind"] == "search"]
    grid = "[0-4]( [0-4]){3}( / [0-4]( [0-4]){3}){3}"
    assert all(re.search(rf"(had|with) {grid}\.\nInstead, let's try", text) for text in found)
    assert {read_grid(row["answer"]).blanks for row in rows} == {0}
