"""The corpus of the mazes' base has no search, and what it says is true; the synthetic traces search truly."""

import random
import re
from itertools import islice, pairwise

import pytest

from astro.records.split import Split
from astro.tasks import make_verifier, playing, task_of
from astro.tasks.maze import dialect
from astro.tasks.maze.generator import draw, split_of, to_problem
from astro.tasks.maze.graph import Maze, read_maze
from astro.traces.backtracks import count_backtracks
from tools.maze_model.corpus import (
    COPYING,
    MARKS,
    PIECES,
    READING,
    RECALLING,
    REMEMBERING,
    ROOMS,
    SETTLING,
    SHAPES,
    VOCABULARY,
    WALKING,
    asked_often,
    judged,
    single_steps,
    taken_last,
    vocabulary,
    walked,
)
from tools.maze_model.traces import astro, direct, rows
from tools.measure_maze import kind_of
from tools.tiny_model.corpus import Example
from tools.tiny_model.pretrain import train_tokenizer
from tools.worlds.drills import examples, said_plainly, said_twice
from tools.worlds.study import DOUBT, again_and_again

ASKED = re.compile(r"Find the way from \d+ to the exit\. ((?:\d+(?: > \d+|: (?:none|exit|\d+ or \d+))\. ?)+)")
SEARCH = re.compile(
    r"back|wait|again|restart|instead|sure|let's|let us|hmm|another|other|beginning|doubt|try", re.IGNORECASE
)


def maze_of(example: Example) -> Maze:
    asked = ASKED.search(example.prompt)
    assert asked, example.prompt
    maze = read_maze(asked[1])
    assert isinstance(maze, Maze), maze
    return maze


@pytest.fixture(scope="module")
def drawn() -> list[Example]:
    """400 examples of each phase."""
    return [
        one
        for phase in (COPYING, READING, WALKING, REMEMBERING, SETTLING, RECALLING)
        for one in islice(phase(random.Random(5)), 400)
    ]


def test_the_corpus_has_no_way_back_and_no_thought(drawn: list[Example]) -> None:
    """No word of doubt or return, and no room left twice in a solution."""
    for example in drawn:
        text = example.prompt.replace(playing.evaluate_prompt("", "").strip(), "") + example.completion
        assert not SEARCH.search(text), text
        assert count_backtracks(text) == 0
    for example in islice(examples(random.Random(6), ((walked, 1.0),)), 200):
        steps = [step for line in example.completion.splitlines() if (step := dialect.read_step(line))]
        assert len({step.room for step in steps}) == len(steps)
        assert all(one.end == following.room for one, following in pairwise(steps))


def test_no_maze_of_the_test_split_occurs(drawn: list[Example]) -> None:
    """Every maze of the corpus is on the training side."""
    mazes = [maze_of(example) for example in drawn if ASKED.search(example.prompt)]
    assert len(mazes) > 300  # the first phase has none, the second has some
    assert {split_of(maze) for maze in mazes} == {Split.TRAIN}


def test_what_the_corpus_says_is_true() -> None:
    """Walks and steps state nothing false; walks say correct if and only if the verifier does; judgements are right."""
    verifier = make_verifier()
    rng = random.Random(7)
    right = 0
    for _ in range(200):
        example = walked(rng)
        problem = to_problem(maze_of(example))
        assert task_of(problem).false_statements(problem, [example.completion, single_steps(rng).prompt]) == []
        correct = verifier.verify(problem, example.completion).correct
        assert correct == ("so the way is correct" in example.completion)
        right += correct
        verdict = judged(rng)
        problem = to_problem(maze_of(verdict))
        solution = verdict.prompt.partition("Solution: ")[2]
        assert verifier.verify(problem, solution).correct == (verdict.completion == "Yes.")
    assert 90 < right < 150  # half, and those of the others that come right by chance


def test_only_free_turns_are_learned() -> None:
    """A walk that was made to lead to the exit hides its turns from the loss, a random one hides nothing."""
    rng = random.Random(8)
    for _ in range(100):
        example = walked(rng)
        spans = [example.completion[start:end] for start, end in example.unlearned]
        hidden = [span for span in spans if not span.endswith("\n")]  # without the remarks
        maze = maze_of(example)
        right = [f" by the {step.which}," for step in dialect.steps(maze, maze.turns())]
        assert hidden in ([], right)


def test_what_was_taken_last_is_what_the_steps_say() -> None:
    """A room that was left twice has its last turn."""
    rng = random.Random(10)
    for _ in range(50):
        drill = taken_last(rng)
        taken = dict(re.findall(r"by the \w+, (\d+) > (\d+)", drill.prompt))
        assert dict(re.findall(r"> (\d+) > (\d+)\.", drill.completion)) == taken


def test_the_first_drills_can_be_answered_from_their_prompts() -> None:
    """What is said twice has no number twice; what is looked up is a line of the prompt, its room not learned."""
    rng = random.Random(9)
    for _ in range(100):
        twice = said_twice(rng, marks=MARKS)
        rooms = re.findall(r"\d+", twice.prompt)
        assert twice.prompt == twice.completion
        assert len(rooms) == len(set(rooms))
        plainly = said_plainly(rng, marks=MARKS)
        assert re.findall(r"\d+", plainly.completion) == re.findall(r"\d+", plainly.prompt)
        often = asked_often(rng)
        lines = re.findall(r"\d+[ :][^.]*\.", often.prompt)
        answers = re.findall(r"\d+[ :][^.]*\.", often.completion)
        assert set(answers) <= set(lines)
        assert len(often.unlearned) == len(answers)
        assert all(often.completion[start:end].strip().isdigit() for start, end in often.unlearned)


def test_the_tokenizer_knows_rooms_and_the_words_of_doubt() -> None:
    """One token each, a room with what is before it, so that a search costs no more tokens than its words."""
    tokenizer = train_tokenizer(0, vocabulary, sample=1000, pieces=PIECES, size=VOCABULARY)
    rooms = [f"{mark} {room}" for room in range(1, ROOMS + 1) for mark in ("", " >", ":", " or")]
    turns = [" by the first,", " by the second,", ": exit", ": none"]
    for word in [*rooms, *turns, "At", " wait", " beginning", " choice"]:
        assert len(tokenizer.encode(word)) == 1, word
    assert len(tokenizer.encode(DOUBT)) < 30


@pytest.mark.parametrize("shape", SHAPES[::3])
def test_synthetic_traces_search_truly(shape: tuple[int, int]) -> None:
    """Both arms end right on the same mazes; ASTRO's says nothing false, and every return takes the other way."""
    verifier = make_verifier()
    for seed in range(10):
        maze = draw(*shape, ROOMS, random.Random(seed))
        problem = to_problem(maze)
        plain, search = direct(maze, random.Random(seed)), astro(maze, random.Random(seed))
        assert plain.prompt == search.prompt == problem.prompt
        for row in (plain, search):
            assert verifier.verify(problem, row.completion).correct
            assert task_of(problem).false_statements(problem, [row.completion]) == []
        assert count_backtracks(search.completion) == search.completion.count("not correct") <= shape[0]
        assert plain.completion.splitlines()[-1] == search.completion.splitlines()[-1]


def test_rows_repeat_and_both_arms_have_the_same_mazes() -> None:
    """A corpus of ten rows has the same ten in every pass, in another order."""
    made = {arm: rows(arm, 3, (2, 3), 10, 1) for arm in (direct, astro)}
    corpus = again_and_again(made[direct])(random.Random(0))
    for _ in range(2):
        assert sorted(map(str, islice(corpus, 10))) == sorted(map(str, made[direct]))
    assert [one.prompt for one in made[direct]] == [one.prompt for one in made[astro]]


def test_tokens_are_measured_by_kind() -> None:
    """Each token of a walk that has a choice belongs to a kind; words have none, and a judgement is its first token."""
    step, end = "At 44: 8 or 9. Leave 44 by the second, 44 > 9 > 61.", "At 61: none, so the way is not correct."
    text = f"{step}\n{end} The answer is \\boxed{{ 44 > 9 > 61 }}."
    expected = {
        " 44:": "place", ": 8": "options", " or 9": "options", " 44 by": "place", " by": "turn",
        " 44 >": "place", " > 9": "second", " > 61": "passage",
        ": none": "options", " not": "verdict", " 44 > 9 > 61 }": "way", " 61 }": "way",
    }  # fmt: skip
    for token, kind in expected.items():
        assert kind_of(text, text.index(token)) == kind, token
    assert kind_of(text, text.index("At")) is None
    assert kind_of("Yes.", 0) == "judgement"
    assert kind_of("Yes.", 3) is None
