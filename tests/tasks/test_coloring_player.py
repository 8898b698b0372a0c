"""The scripted coloring player, and a whole run on it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from astro.cli import app
from astro.errors import SamplingError
from astro.models.tokenizer import ASSISTANT_MARK, USER_MARK
from astro.tasks import make_verifier, playing, task_of
from astro.tasks.coloring import dialect
from astro.tasks.coloring.generator import to_problem
from astro.tasks.coloring.graph import read_coloring
from astro.tasks.coloring.player import ColoringPlayer
from astro.verify import Outcome

ROOT = Path(__file__).parents[2]
COLORING = read_coloring(  # two choices, at 4 and at 30, each judged by the node after it
    "93 before 30: red or gold, unlike 17 and 4. 17 before 4: gold. 4 before 93: red or blue. "
    "12: green or red, unlike 30 and 93. 30 before 12: blue or green."
)
PROBLEM = to_problem(COLORING)
LINES = dialect.solution(COLORING)
STUCK = dialect.solution(COLORING, ["red"])[-1]
PERFECT = ColoringPlayer(skill=1.0)
VERIFIER = make_verifier()


def turn(message):
    return f"{USER_MARK}{message}\n{ASSISTANT_MARK}"


def outcomes(player, count=200):
    return [VERIFIER.verify(PROBLEM, player(turn(PROBLEM.prompt), seed)).outcome for seed in range(count)]


def test_perfect_skill_writes_the_worked_solution():
    """Under every seed, for a chat and for a base model."""
    assert COLORING.choices() == 2
    assert {PERFECT(turn(PROBLEM.prompt), seed) for seed in range(20)} == {"\n".join(LINES)}
    assert PERFECT(f"{PROBLEM.prompt}\n", 0) == "\n".join(LINES)


def test_blind_choices_are_right_as_often_as_chance():
    """Two choices: a quarter, and the others admit a miss; a half-skilled player has 9/16."""
    blind, half = (outcomes(ColoringPlayer(skill=skill)).count(Outcome.CORRECT) for skill in (0.0, 0.5))
    assert 30 < blind < 70  # 50, and three standard deviations of 200 tries
    assert 90 < half < 135  # 112.5


def test_a_dishonest_player_claims_every_miss():
    """At a node without a color left it says that the coloring is correct, and nothing else is false."""
    found = [ColoringPlayer(skill=0.0, honesty=0.0)(turn(PROBLEM.prompt), seed) for seed in range(50)]
    assert all("the coloring is correct" in text for text in found)
    false = [task_of(PROBLEM).false_statements(PROBLEM, [text]) for text in found]
    assert all(denials in ([], ["93 has no color"], ["12 has no color"]) for denials in false)
    assert ["93 has no color"] in false


def test_a_partial_solution_is_continued():
    """After a whole line, after one without its end, after a wrong choice, and not after the end."""
    assert PERFECT(turn(PROBLEM.prompt) + LINES[0] + "\n", 1) == "\n".join(LINES[1:])
    assert PERFECT(turn(PROBLEM.prompt) + LINES[0], 1) == "\n" + "\n".join(LINES[1:])
    assert PERFECT(turn(PROBLEM.prompt) + "\n".join(LINES), 1) == ""
    astray = f"{LINES[0]}\nAt 4 before 93: red or blue. Take 4 red.\n"
    assert PERFECT(turn(PROBLEM.prompt) + astray, 1) == STUCK


def test_a_partial_solution_without_its_beginning_is_begun_anew():
    """The colors before it are unknown."""
    assert PERFECT(turn(PROBLEM.prompt) + LINES[3] + "\n", 1) == "\n".join(LINES)


def test_steps_are_rewritten_as_they_are():
    """A step keeps its words, a dead end loses its answer; a careless rewriter takes another color."""

    def rewritten(step, player=PERFECT):
        return player(turn(playing.rewrite_prompt(PROBLEM.prompt, ["So."], step)), 0)

    assert rewritten(LINES[0]) == LINES[0]
    assert rewritten(STUCK) == "At 93 before 30: red or gold, unlike 17 gold and 4 red, so the coloring is not correct."
    assert rewritten(LINES[-1]) == LINES[-1]
    assert rewritten("Hello.") == "Hello."
    assert "Take 17 red." in rewritten(LINES[0], ColoringPlayer(fidelity=0.0))


def test_a_return_names_the_node():
    """Back to a step is back to the node that comes next; back to the beginning names the first."""
    back = playing.backtrack_prompt(PROBLEM.prompt, ["So."], LINES[0])
    assert PERFECT(turn(back), 0) == "Let's go back to where we had the choice at 4."
    start = playing.backtrack_prompt(PROBLEM.prompt, ["So."], playing.BEGINNING)
    assert PERFECT(turn(start), 0) == "Let's go back to where we had the choice at 17."


@pytest.mark.parametrize("judgement", [0.0, 1.0])
def test_judgement_sets_how_often_the_verdict_is_right(judgement):
    """A perfect judge says Yes to right solutions only, a perfectly bad one to wrong ones only."""
    player = ColoringPlayer(skill=0.3, honesty=0.5, judgement=judgement)
    for seed in range(40):
        solution = player(turn(PROBLEM.prompt), seed)
        said_yes = player(turn(playing.evaluate_prompt(PROBLEM.prompt, solution)), seed) == "Yes."
        assert said_yes == (VERIFIER.verify(PROBLEM, solution).correct == bool(judgement))


@pytest.mark.parametrize("prompt", ["What is 6 times 7?", PROBLEM.prompt.replace("4: gold", "4: red"), ""])
def test_a_prompt_without_a_coloring_is_refused(prompt):
    """No coloring, or none with one solution."""
    with pytest.raises(SamplingError, match="found no coloring"):
        PERFECT(turn(prompt), 0)


def test_rates_are_probabilities():
    """Anything else is a mistake of the configuration."""
    with pytest.raises(ValueError, match="honesty is a probability, from 0 to 1; got 2"):
        ColoringPlayer(honesty=2)


def test_a_run_goes_from_problems_to_data_sets(tmp_path):
    """Search, rows of every kind, and traces that go back to a choice and take its other color; nothing is false."""
    yaml = str(ROOT / "configs" / "coloring.yaml")
    sizes = ["problems.coloring.count=8", "problems.coloring.depth=3", "problems.coloring.side=1"]
    done = CliRunner().invoke(app, ["run", yaml, f"output.folder={tmp_path}", *sizes])
    assert done.exit_code == 0, done.output
    files = sorted((tmp_path / "coloring" / "datasets" / "sft").glob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert {row["kind"] for row in rows} == {"direct", "search"}
    found = [row["completion"][0]["content"] for row in rows if row["kind"] == "search"]
    backs = 0
    for text in found:
        colors = {}
        for line in text.splitlines():
            said = None if line.startswith("But") else dialect.read_step(line)
            if said is None and (line.startswith("Let's go back") or "Let's restart" in line):
                again, backs = dict(colors), backs + 1
            elif said is not None and said.color is not None:
                if said.node in colors and len(said.left) == 2 and again is not None:
                    assert said.color != again[said.node]
                again = None
                colors[said.node] = said.color
    assert backs == sum(text.count("Let's go back") + text.count("Let's restart") for text in found) > 0
