"""The corpus of the colorings' base has no search, and what it says is true; the synthetic traces search truly."""

import random
import re
from itertools import islice, permutations

import pytest

from astro.records.split import Split
from astro.tasks import make_verifier, task_of
from astro.tasks.coloring import dialect
from astro.tasks.coloring.generator import draw, split_of, to_problem
from astro.tasks.coloring.graph import COLORS, Coloring, read_coloring
from astro.traces.backtracks import count_backtracks
from tools.coloring_model.corpus import (
    COPYING,
    MARKS,
    NODES,
    PIECES,
    READING,
    RECALLING,
    SHAPES,
    VOCABULARY,
    WALKING,
    asked_often,
    judged,
    listed,
    recolored,
    solved,
    vocabulary,
)
from tools.coloring_model.traces import astro, direct, rows
from tools.tiny_model.corpus import Example
from tools.tiny_model.pretrain import train_tokenizer
from tools.worlds.study import DOUBT

ASKED = re.compile(r"starting at \d+\. ((?:\d[^.:]*: [^.]*\. ?)+)")
SEARCH = re.compile(
    r"back|wait|again|restart|instead|sure|let's|let us|hmm|another|other|beginning|doubt|try", re.IGNORECASE
)


def coloring_of(example: Example) -> Coloring:
    asked = ASKED.search(example.prompt)
    assert asked, example.prompt
    coloring = read_coloring(asked[1])
    assert isinstance(coloring, Coloring), coloring
    return coloring


@pytest.fixture(scope="module")
def drawn() -> list[Example]:
    """200 examples of each phase."""
    return [one for phase in (COPYING, READING, WALKING, RECALLING) for one in islice(phase(random.Random(5)), 200)]


def test_the_corpus_has_no_way_back_and_no_thought(drawn: list[Example]) -> None:
    """No word of doubt or return, and no node takes a color twice in a solution; what it took may be asked."""
    for example in drawn:
        assert not SEARCH.search(example.completion), example.completion
        if ASKED.search(example.prompt) and example.completion.startswith("At "):
            nodes = re.findall(r"^At (\d+).* Take \d+", example.completion, re.MULTILINE)
            assert len(nodes) == len(set(nodes))


def test_no_coloring_of_the_corpus_is_in_the_test_split(drawn: list[Example]) -> None:
    """Under any names of nodes and colors."""
    asked = [coloring_of(one) for one in drawn if ASKED.search(one.prompt)]
    assert len(asked) > 100
    assert {split_of(coloring) for coloring in asked} == {Split.TRAIN}


def test_what_solutions_say_is_true_and_half_of_them_are_right() -> None:
    """Ends are honest, also where no color is left; choices of a right solution are not learned."""
    rng, verifier, right = random.Random(6), make_verifier(), 0
    for _ in range(100):
        example = solved(rng)
        coloring = coloring_of(example)
        problem = to_problem(coloring)
        correct = verifier.verify(problem, example.completion).correct
        right += correct
        assert task_of(problem).false_statements(problem, [example.completion]) == []
        assert correct == ("so the coloring is correct" in example.completion)
        spans = [example.completion[begin:end] for begin, end in example.unlearned]
        hidden = [span for span in spans if not span.endswith("\n")]  # without the remarks
        assert hidden in ([], [f" {coloring.solved()[node]}" for node in free(coloring)])
    assert 50 <= right <= 75


def free(coloring: Coloring) -> list[int]:
    colors = coloring.solved()
    return [node for node in coloring.order if len(coloring.left(node, colors)) == 2]


def test_judgements_are_true() -> None:
    """Yes to right solutions alone, also where a wrong one claims to be right."""
    rng, verifier, said = random.Random(7), make_verifier(), set()
    for _ in range(60):
        example = judged(rng)
        solution = example.prompt.partition("Solution: ")[2]
        right = verifier.verify(to_problem(coloring_of(example)), solution).correct
        assert example.completion == ("Yes." if right else "No.")
        said.add(("so the coloring is correct" in solution, example.completion))
    assert said == {(True, "Yes."), (True, "No."), (False, "No.")}


def test_neighbors_have_the_colors_that_they_took_last() -> None:
    """In the drill, a step names the last color of each neighbor, takes one that is left, or says that none is."""
    rng, asked = random.Random(10), 0
    for _ in range(50):
        now: dict[int, str] = {}
        chosen: int | None = None
        for line in recolored(rng).completion.splitlines():
            if line.startswith("The last choice"):
                assert line == f"The last choice was at {chosen}."
            if took := re.search(r"\. Took (\d+) (\w+)\.", line):
                assert now[int(took[1])] == took[2]
                asked += 1
                continue
            step = dialect.read_step(line)
            if step is None:
                continue
            chosen = step.node if len(step.left) == 2 and step.color else chosen
            assert dict(step.unlike).items() <= now.items()
            assert (step.color is None) == (not step.left)
            if step.color is not None:
                assert step.color in step.left
                now[step.node] = step.color
    assert asked > 50


def test_what_is_listed_was_taken_last() -> None:
    """A node that took two colors has the later one."""
    rng = random.Random(12)
    for _ in range(50):
        drill = listed(rng)
        taken = dict(re.findall(r"Take (\d+) (\w+)\.", drill.prompt))
        assert dict(re.findall(r"(\d+) ([a-z]+)", drill.completion)) == taken


def test_lines_that_are_looked_up_are_those_of_the_prompt() -> None:
    """Each answer is a line of the prompt; its node and the colors of its neighbors are not learned."""
    rng = random.Random(9)
    for _ in range(50):
        often = asked_often(rng)
        lines = re.findall(r"\d[^.]*: [^.]*\.", often.prompt)
        answers = re.findall(r"\d[^.]*: [^.]*\.", often.completion)
        given = [often.completion[start:end].strip() for start, end in often.unlearned]
        nodes = [each for each in given if each not in COLORS]
        assert {re.sub(rf"(\d) (?:{'|'.join(COLORS)})", r"\1", answer) for answer in answers} <= set(lines)
        assert nodes == [re.split("[: ]", answer)[0] for answer in answers]


def test_the_tokenizer_knows_nodes_colors_and_the_words_of_doubt() -> None:
    """One token each, with what is before it, so that a search costs no more tokens than its words."""
    tokenizer = train_tokenizer(0, vocabulary, sample=1000, pieces=PIECES, size=VOCABULARY)
    nodes = [f"{mark} {node}" for node in range(1, NODES + 1) for mark in ("", *MARKS)]
    lists = [f": {' or '.join(each)}" for count in (1, 2) for each in permutations(COLORS, count)]
    for word in [*nodes, *lists, *(f" {color}" for color in COLORS), "At", " wait", " beginning", " choice"]:
        assert len(tokenizer.encode(word)) == 1, word
    assert len(tokenizer.encode(DOUBT)) < 30


@pytest.mark.parametrize("shape", SHAPES[::3])
def test_synthetic_traces_search_truly(shape: tuple[int, int]) -> None:
    """Both arms end right on the same problems; ASTRO's says nothing false, and every return takes the other color."""
    verifier = make_verifier()
    for seed in range(6):
        coloring = draw(*shape, NODES, random.Random(seed))
        problem = to_problem(coloring)
        plain, search = direct(coloring, random.Random(seed)), astro(coloring, random.Random(seed))
        assert plain.prompt == search.prompt == problem.prompt
        for row in (plain, search):
            assert verifier.verify(problem, row.completion).correct
            assert task_of(problem).false_statements(problem, [row.completion]) == []
        assert count_backtracks(search.completion) == search.completion.count("not correct") <= shape[0]
        assert plain.completion.splitlines()[-1] == search.completion.splitlines()[-1]


def test_both_arms_have_the_same_problems() -> None:
    """Row by row."""
    assert [one.prompt for one in rows(direct, 3, (2, 3), 10, 1)] == [
        one.prompt for one in rows(astro, 3, (2, 3), 10, 1)
    ]
