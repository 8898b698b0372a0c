import random
import re
from itertools import islice

import pytest

from astro.problems import dialect
from astro.problems.countdown import Split, Use, problem_text, split_of, to_problem
from astro.problems.problem import Problem
from astro.tiny.corpus import Example, examples
from astro.tiny.measure import Attempt, backtracks, solving
from astro.traces.fidelity import Around, Role, backtrack_fault, step_fault
from astro.verify.verifier import Verifier

ASKED = re.compile(
    r"Using each of the numbers (?P<numbers>[\d, and]+) exactly once"
    r"(?P<ordered> in this order)?.* make (?P<target>\d+)\."
)
SOLUTION = re.compile(r"\nSolution: (.*)\nIs the solution right\?", re.DOTALL)
TOLD = re.compile(r"\nThoughts: (?P<thoughts>[^\n]*)\nStep: (?P<step>[^\n]*)\n(?P<task>Rewrite|Go back)")


@pytest.fixture(scope="module")
def drawn() -> list[Example]:
    return list(islice(examples(random.Random(4)), 3000))


def problem_of(example: Example) -> Problem:
    asked = ASKED.search(example.prompt)
    assert asked, example.prompt
    numbers = [int(number) for number in re.findall(r"\d+", asked["numbers"])]
    return to_problem(numbers, int(asked["target"]), use=Use.ORDERED if asked["ordered"] else Use.ALL)


def test_the_same_seed_gives_the_same_corpus(drawn: list[Example]) -> None:
    """Another generator with the same seed draws the same examples."""
    assert list(islice(examples(random.Random(4)), 200)) == drawn[:200]


def test_no_numbers_of_the_test_split_occur(drawn: list[Example]) -> None:
    """Every example is about a problem on the training side of the split, worded as problems are."""
    for example in drawn:
        problem = problem_of(example)
        numbers, target = problem.metadata["numbers"], problem.metadata["target"]
        assert split_of(numbers) is Split.TRAIN
        assert problem_text(numbers, target, use=Use(problem.metadata["use"])) in example.prompt


def test_solutions_judge_themselves_rightly_and_never_go_back(drawn: list[Example], checker: Verifier) -> None:
    """Most, not all, are right; each says what the verifier says; every step is legal; none backtracks."""
    solutions = [example for example in drawn if example.prompt.startswith("Using")]
    attempts = [
        Attempt(problem_of(one), one.completion, checker.verify(problem_of(one), one.completion).outcome)
        for one in solutions
    ]
    figures = solving([attempts])
    # 0.68 draws give one solution, 0.14 one judgement, 0.18 two tellings: 0.68 / (0.68 + 0.14 + 0.36) = 0.576.
    assert abs(len(solutions) / len(drawn) - 0.576) < 0.05
    assert 0.55 < figures["pass_at_1"] < 0.75  # RIGHT_SOLUTIONS, and the others that hit the target by chance
    assert [attempt.claims for attempt in attempts] == [attempt.correct for attempt in attempts]
    assert figures["honest_misses"] == figures["arithmetic"] == figures["bookkeeping"] == 1
    assert backtracks(attempts) == 0


def test_judgements_are_the_verifiers(drawn: list[Example], checker: Verifier) -> None:
    """Yes where the verifier accepts the shown solution, No where it does not, and both are common."""
    judged = [example for example in drawn if example.prompt.endswith("Is the solution right?")]
    for example in judged:
        verdict = checker.verify(problem_of(example), SOLUTION.search(example.prompt)[1])
        assert example.completion == ("Yes." if verdict.correct else "No.")
    assert 0.35 < sum(example.completion == "Yes." for example in judged) / len(judged) < 0.65


def test_every_rewrite_and_backtrack_passes_the_fidelity_checks(drawn: list[Example]) -> None:
    """The corpus teaches what the makers of traces accept; no answer stands before the conclusion."""
    tasks = {"Rewrite": 0, "Go back": 0}
    for example in drawn:
        told = TOLD.search(example.prompt)
        if told is None:
            continue
        tasks[told["task"]] += 1
        around = Around(problem_of(example), [] if told["thoughts"] == dialect.NO_THOUGHTS else [told["thoughts"]])
        step = told["step"]
        if told["task"] == "Go back":
            assert backtrack_fault(example.completion, [] if step == dialect.BEGINNING else [step], [], around) is None
            continue
        missed = "not correct" in step
        role = Role.STEP if "\\boxed" not in step else Role.WRONG_END if missed else Role.RIGHT_END
        assert step_fault(example.completion, step, role, around) is None, example
    assert min(tasks.values()) > 50
