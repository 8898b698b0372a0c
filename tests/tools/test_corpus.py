import random
import re
from itertools import islice

import pytest

from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks import playing
from astro.tasks.countdown.generator import problem_text, split_of, to_problem
from astro.traces.fidelity import Around, Role, backtrack_fault, step_fault
from astro.verify import Verifier
from astro.verify.forms.countdown import Use
from tools.tiny_model.corpus import FIRST, RIGHT_TRACES, SECOND, THIRD, Example, Mix, examples
from tools.tiny_model.measure import Attempt, backtracks, solving

ASKED = re.compile(
    r"Using each of the numbers (?P<numbers>[\d, and]+) exactly once"
    r"(?P<ordered> in this order)?.* make (?P<target>\d+)\."
)
SOLUTION = re.compile(r"\nSolution: (.*)\nIs the solution right\?", re.DOTALL)
TRACE = re.compile(r"\nSolution: ((?:Let's|First|We can).*)\nIs the solution right\?", re.DOTALL)
STEP = re.compile(r"\d+ [-+*/] \d+ =(?= \d+, which leaves)")
CONCLUDED = re.compile(r"That \w+ (?P<value>\d+) and the target is (?P<target>\d+), so \w+ is (?P<no>not )?correct")
REQUEST = re.compile(r"\nThoughts:\n(?P<thoughts>.*?)\nStep: (?P<step>[^\n]*)\n(?P<task>Rewrite|Go back)", re.DOTALL)


@pytest.fixture(scope="module", params=[FIRST, SECOND, THIRD], ids=["first", "second", "third"])
def mix(request: pytest.FixtureRequest) -> Mix:
    return request.param


@pytest.fixture(scope="module")
def drawn(mix: Mix) -> list[Example]:
    return list(islice(examples(random.Random(4), mix), 3000))


def learned(example: Example) -> str:
    return "".join(example.prompt[start:end] for start, end in example.read)


def problem_of(example: Example) -> Problem:
    asked = ASKED.search(example.prompt)
    assert asked, example.prompt
    numbers = [int(number) for number in re.findall(r"\d+", asked["numbers"])]
    return to_problem(numbers, int(asked["target"]), use=Use.ORDERED if asked["ordered"] else Use.ALL)


def test_the_same_seed_gives_the_same_corpus(drawn: list[Example], mix: Mix) -> None:
    """Another generator with the same seed draws the same examples."""
    assert list(islice(examples(random.Random(4), mix), 200)) == drawn[:200]


def test_no_numbers_of_the_test_split_occur(drawn: list[Example]) -> None:
    """Every example is about a problem on the training side of the split, worded as problems are."""
    for example in drawn:
        problem = problem_of(example)
        numbers, target = problem.metadata["numbers"], problem.metadata["target"]
        assert split_of(numbers) is Split.TRAIN
        assert problem_text(numbers, target, use=Use(problem.metadata["use"])) in example.prompt


def test_solutions_judge_themselves_rightly_and_never_go_back(
    drawn: list[Example], mix: Mix, checker: Verifier
) -> None:
    """Most, not all, are right; each says what the verifier says; every step is legal; none backtracks."""
    solutions = [example for example in drawn if example.prompt.startswith("Using") and not example.unlearned]
    attempts = [
        Attempt(problem_of(one), one.completion, checker.verify(problem_of(one), one.completion).outcome)
        for one in solutions
    ]
    figures = solving([attempts])
    assert abs(len(solutions) / len(drawn) - mix.solutions * (1 - mix.in_thoughts)) < 0.05
    assert mix.right - 0.05 < figures["pass_at_1"] < mix.right + 0.1  # some others hit the target by chance
    assert [attempt.claims for attempt in attempts] == [attempt.correct for attempt in attempts]
    assert figures["honest_misses"] == figures["arithmetic"] == figures["bookkeeping"] == 1
    assert backtracks(attempts) == 0


def test_a_solution_in_the_words_of_thoughts_ends_with_its_conclusion(checker: Verifier) -> None:
    """It is one attempt, right or not; what is learned of it is the answer that follows a miss, and the end."""
    drawn = [one for one in islice(examples(random.Random(4), THIRD), 3000) if one.unlearned]
    assert 400 < len(drawn) < 650
    rights = 0
    for example in drawn:
        ((start, end),) = example.unlearned
        said, end_learned = example.completion[start:end], example.completion[end:]
        assert start == 0
        assert said.startswith(("Let's", "First", "We can"))
        (concluded,) = CONCLUDED.finditer(said)
        verdict = checker.verify(problem_of(example), example.completion)
        assert verdict.correct == (concluded["no"] is None) == (end_learned == "")
        assert verdict.correct or re.fullmatch(r" The answer is \\boxed\{.+\}\.", end_learned)
        assert "Let's go back" not in said
        assert "Let's restart" not in said
        rights += verdict.correct
    assert 0.45 < rights / len(drawn) < 0.6


def test_judgements_are_the_verifiers(drawn: list[Example], mix: Mix, checker: Verifier) -> None:
    """Yes where the verifier accepts the shown solution, No where it does not, and both are common."""
    judged = [example for example in drawn if example.prompt.endswith("Is the solution right?")]
    for example in judged:
        verdict = checker.verify(problem_of(example), SOLUTION.search(example.prompt)[1])
        assert example.completion == ("Yes." if verdict.correct else "No.")
    expected = (0.5 * mix.judged + RIGHT_TRACES * mix.traces) / (mix.judged + mix.traces)
    assert abs(sum(example.completion == "Yes." for example in judged) / len(judged) - expected) < 0.1


def test_only_true_thoughts_are_learned_as_text(drawn: list[Example]) -> None:
    """What is read in a prompt calls a value correct only where it is the target."""
    read = [
        line
        for example in drawn
        for line in "".join(example.prompt[slice(*part)] for part in example.read).splitlines()
    ]
    judged = [found for line in read if (found := CONCLUDED.match(line))]
    assert len(judged) > 100
    assert all((one["value"] == one["target"]) == (one["no"] is None) for one in judged)


def test_a_trace_that_is_read_teaches_what_came_of_a_missed_attempt_not_its_choices() -> None:
    """Results, tables, conclusions and doubts are learned of all attempts; the numbers combined, of the last alone."""
    traces = [one for one in islice(examples(random.Random(4), SECOND), 1000) if TRACE.search(one.prompt) and one.read]
    assert len(traces) > 100
    for example in traces:
        attempts = re.split(
            r"(?<=so it is not correct\.\n)|(?<=so this is not correct\.\n)", TRACE.search(example.prompt)[1]
        )
        missed = [STEP.sub(" =", attempt) for attempt in attempts[:-1]]
        assert learned(example) == "".join([*missed, attempts[-1]])


def test_every_rewrite_and_backtrack_passes_the_fidelity_checks(drawn: list[Example]) -> None:
    """The corpus teaches what the makers of traces accept; no answer stands before the conclusion."""
    tasks = {"Rewrite": 0, "Go back": 0}
    for example in drawn:
        asked = REQUEST.search(example.prompt)
        if asked is None:
            continue
        tasks[asked["task"]] += 1
        around = Around(problem_of(example), [] if asked["thoughts"] == playing.NO_THOUGHTS else [asked["thoughts"]])
        step = asked["step"]
        if asked["task"] == "Go back":
            assert backtrack_fault(example.completion, [] if step == playing.BEGINNING else [step], [], around) is None
            continue
        missed = "not correct" in step
        role = Role.STEP if "\\boxed" not in step else Role.WRONG_END if missed else Role.RIGHT_END
        assert step_fault(example.completion, step, role, around) is None, example
    assert min(tasks.values()) > 50
