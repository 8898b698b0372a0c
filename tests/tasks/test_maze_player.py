"""The scripted maze player, and a whole run on it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from astro.cli import app
from astro.errors import SamplingError
from astro.models.tokenizer import ASSISTANT_MARK, USER_MARK
from astro.tasks import make_verifier, playing
from astro.tasks.maze import dialect
from astro.tasks.maze.generator import to_problem
from astro.tasks.maze.graph import read_maze
from astro.tasks.maze.player import MazePlayer
from astro.verify import Outcome

ROOT = Path(__file__).parents[2]
MAZE = read_maze("8: 5 or 22. 17: 4 or 93. 22: exit. 4: none. 93 > 8. 5: none.")
PROBLEM = to_problem(MAZE)
LINES = dialect.solution(MAZE, (93, 22))
STUCK = dialect.solution(MAZE, (4,))[-1]
PERFECT = MazePlayer(skill=1.0)
VERIFIER = make_verifier()


def turn(message):
    return f"{USER_MARK}{message}\n{ASSISTANT_MARK}"


def outcomes(player, count=200):
    return [VERIFIER.verify(PROBLEM, player(turn(PROBLEM.prompt), seed)).outcome for seed in range(count)]


def test_perfect_skill_writes_the_worked_solution():
    """Under every seed, for a chat and for a base model."""
    assert {PERFECT(turn(PROBLEM.prompt), seed) for seed in range(20)} == {"\n".join(LINES)}
    assert PERFECT(f"{PROBLEM.prompt}\n", 0) == "\n".join(LINES)


def test_blind_turns_are_right_as_often_as_chance():
    """Two junctions: a quarter, and the others admit a miss; a half-skilled player has 9/16."""
    blind, half = (outcomes(MazePlayer(skill=skill)).count(Outcome.CORRECT) for skill in (0.0, 0.5))
    assert 30 < blind < 70  # 50, and three standard deviations of 200 tries
    assert 90 < half < 135  # 112.5


def test_a_dishonest_player_claims_every_miss():
    """At a dead end it says that the way is correct."""
    found = [MazePlayer(skill=0.0, honesty=0.0)(turn(PROBLEM.prompt), seed) for seed in range(50)]
    assert all("the way is correct" in text for text in found)
    assert any(": none, so the way is correct" in text for text in found)


def test_a_partial_solution_is_continued():
    """After a whole line, after one without its end, and not after the end."""
    assert PERFECT(turn(PROBLEM.prompt) + LINES[0] + "\n", 1) == "\n".join(LINES[1:])
    assert PERFECT(turn(PROBLEM.prompt) + LINES[0], 1) == "\n" + "\n".join(LINES[1:])
    assert PERFECT(turn(PROBLEM.prompt) + "\n".join(LINES), 1) == ""
    astray = "At 17: 4 or 93. Leave 17 by the first, 17 > 4.\n"
    assert PERFECT(turn(PROBLEM.prompt) + astray, 1) == STUCK


def test_steps_are_rewritten_as_they_are():
    """A step keeps its words, a dead end loses its answer; a careless rewriter takes another room."""

    def rewritten(step, player=PERFECT):
        return player(turn(playing.rewrite_prompt(PROBLEM.prompt, ["So."], step)), 0)

    assert rewritten(LINES[0]) == LINES[0]
    assert rewritten(STUCK) == "At 4: none, so the way is not correct."
    assert rewritten(LINES[-1]) == LINES[-1]
    assert "Leave 17 by the second, 17 > 94 > 8." in rewritten(LINES[0], MazePlayer(fidelity=0.0))


def test_a_return_names_the_room():
    """Back to a step is back to the room where it led; back to the beginning names the first."""
    back = playing.backtrack_prompt(PROBLEM.prompt, ["So."], LINES[0])
    assert PERFECT(turn(back), 0) == "Let's go back to where we had the choice at 8."
    start = playing.backtrack_prompt(PROBLEM.prompt, ["So."], playing.BEGINNING)
    assert PERFECT(turn(start), 0) == "Let's go back to where we had the choice at 17."


@pytest.mark.parametrize("judgement", [0.0, 1.0])
def test_judgement_sets_how_often_the_verdict_is_right(judgement):
    """A perfect judge says Yes to right solutions only, a perfectly bad one to wrong ones only."""
    player = MazePlayer(skill=0.3, honesty=0.5, judgement=judgement)
    for seed in range(40):
        solution = player(turn(PROBLEM.prompt), seed)
        said_yes = player(turn(playing.evaluate_prompt(PROBLEM.prompt, solution)), seed) == "Yes."
        assert said_yes == (VERIFIER.verify(PROBLEM, solution).correct == bool(judgement))


@pytest.mark.parametrize("prompt", ["What is 6 times 7?", PROBLEM.prompt.replace("22: exit", "22: none"), ""])
def test_a_prompt_without_a_maze_is_refused(prompt):
    """No maze, or none with an exit."""
    with pytest.raises(SamplingError, match="found no maze"):
        PERFECT(turn(prompt), 0)


def test_rates_are_probabilities():
    """Anything else is a mistake of the configuration."""
    with pytest.raises(ValueError, match="honesty is a probability, from 0 to 1; got 2"):
        MazePlayer(honesty=2)


def test_a_run_goes_from_problems_to_data_sets(tmp_path):
    """Search, rows of every kind, and traces that go back to the last junction alone and take its other way."""
    yaml = str(ROOT / "configs" / "maze.yaml")
    done = CliRunner().invoke(app, ["run", yaml, f"output.folder={tmp_path}", "problems.maze.count=8"])
    assert done.exit_code == 0, done.output
    files = sorted((tmp_path / "maze" / "datasets" / "sft").glob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert {row["kind"] for row in rows} == {"direct", "search"}
    found = [row["completion"][0]["content"] for row in rows if row["kind"] == "search"]
    said = [[dialect.read_step(line) for line in text.splitlines() if not line.startswith("But")] for text in found]
    backs = 0
    for steps in said:
        for erred, missed, gap, retried in zip(steps, steps[1:], steps[2:], steps[3:], strict=False):
            if gap is None and erred is not None and missed is not None and retried is not None:
                assert not missed.rooms
                assert retried.room == erred.room
                assert retried.rooms[0] != erred.rooms[0]
                backs += 1
    assert backs == sum(text.count("Let's go back") + text.count("Let's restart") for text in found) > 0
