"""Countdown: every problem made can be solved, none is made twice, and the split holds whatever the settings."""

import json
import random
from collections import Counter
from fractions import Fraction
from itertools import combinations, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.config import ConfigError, validate
from astro.errors import ProblemsError
from astro.problems import ProblemsConfig, load_problems
from astro.problems.bundled import bundled_sets
from astro.records.split import Split
from astro.tasks.countdown.generator import (
    CountdownConfig,
    Difficulty,
    difficulty,
    generate,
    problem_text,
    random_path,
    split_of,
    to_problem,
)
from astro.tasks.countdown.solver import count_solutions
from astro.verify.forms.countdown import Use


def reachable(numbers, operations, cap, *, any_subset=False):
    """Every value of every play, by plain recursion over ordered pairs: slow, and unlike the solver under test."""
    found = set()
    if len(numbers) == 1 or any_subset:
        found |= set(numbers)
    for i, j in permutations(range(len(numbers)), 2):
        rest = [number for k, number in enumerate(numbers) if k not in (i, j)]
        values = {"+": numbers[i] + numbers[j], "-": numbers[i] - numbers[j], "*": numbers[i] * numbers[j]}
        values["/"] = Fraction(numbers[i], numbers[j])
        for symbol in operations:
            if values[symbol] in range(1, cap + 1):
                found |= reachable([*rest, int(values[symbol])], operations, cap, any_subset=any_subset)
    return found


configs = st.builds(
    CountdownConfig,
    count=st.integers(1, 12),
    sizes=st.lists(st.integers(3, 4), min_size=1, max_size=3).map(tuple),  # two numbers make few problems
    numbers=st.tuples(st.integers(1, 5), st.integers(15, 40)),
    target=st.tuples(st.integers(1, 5), st.integers(50, 100)),
    operations=st.sampled_from(["+-*/", "+-", "+*", "-+/"]),
    use=st.sampled_from(Use),
    split=st.sampled_from(Split),
    seed=st.integers(0, 2**32),
)


@settings(max_examples=60, deadline=None)
@given(configs)
def test_every_problem_is_solvable_within_its_limits(config):
    """An independent exhaustive search reaches each target with the operations and values allowed."""
    for problem in generate(config):
        numbers, target = problem.metadata["numbers"], problem.metadata["target"]
        any_subset = config.use is Use.ANY
        assert target in reachable(numbers, config.operations, config.max_intermediate, any_subset=any_subset)
        assert config.target[0] <= target <= config.target[1]
        assert all(config.numbers[0] <= number <= config.numbers[1] for number in numbers)
        assert not (any_subset and target in numbers)


@settings(max_examples=60, deadline=None)
@given(configs)
def test_no_problem_is_made_twice(config):
    """The exact count comes out, sizes take turns, and numbers and target differ beyond the order of the numbers."""
    problems = generate(config)
    keys = {(tuple(sorted(p.metadata["numbers"])), p.metadata["target"]) for p in problems}
    assert len(problems) == len(keys) == len({p.id for p in problems}) == config.count
    turns = [config.sizes[position % len(config.sizes)] for position in range(config.count)]
    assert [len(p.metadata["numbers"]) for p in problems] == turns


@settings(max_examples=40, deadline=None)
@given(configs, configs)
def test_train_and_test_share_no_multiset(one, other):
    """Sets made separately, with any counts and seeds, are disjoint by their numbers in any order."""
    sides = [
        {tuple(sorted(p.metadata["numbers"])) for p in generate(config.model_copy(update={"split": split}))}
        for config, split in ((one, Split.TRAIN), (other, Split.TEST))
    ]
    assert not sides[0] & sides[1]


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=8), st.randoms())
def test_the_split_ignores_the_order(numbers, rng):
    """A multiset is on one side, however it is written."""
    shuffled = list(numbers)
    rng.shuffle(shuffled)
    assert split_of(numbers) is split_of(shuffled)


def test_the_split_is_frozen():
    """About a fifth is for tests; a hash that changed would move problems from training to evaluation."""
    triples = [(a, b, c) for a in range(1, 16) for b in range(a, 16) for c in range(b, 16)]
    assert Counter(split_of(triple) for triple in triples) == {Split.TRAIN: 524, Split.TEST: 156}


def test_a_larger_count_begins_with_the_same_problems():
    """The seed alone decides, problem by problem."""
    assert generate(CountdownConfig(count=40, seed=3))[:15] == generate(CountdownConfig(count=15, seed=3))
    assert generate(CountdownConfig(count=5, seed=3)) != generate(CountdownConfig(count=5, seed=4))


def test_the_wording_and_metadata_are_those_the_model_knows():
    """The exact prompt and metadata, for all four operations and for fewer."""
    problem = to_problem([3, 7, 25, 50], 24)
    assert problem.prompt == "Using each of the numbers 3, 7, 25 and 50 exactly once, with +, -, * and /, make 24."
    assert problem.metadata == {"numbers": [3, 7, 25, 50], "target": 24, "operations": "+-*/", "use": "all"}
    assert (problem.answer, problem.task, problem.id) == ("24", "countdown", "countdown-3-7-25-50-to-24")
    assert problem_text([2, 5], 10, "*", Use.ANY) == "Using each of the numbers 2 and 5 at most once, with *, make 10."


def test_ordered_problems_work_from_left_to_right():
    """Some choice of operations from left to right makes the target, and the order is part of the problem."""
    problems = generate(CountdownConfig(count=60, sizes=(3, 4), use=Use.ORDERED, seed=2))
    for problem in problems:
        first, *others = problem.metadata["numbers"]
        values = {Fraction(first)}
        for number in others:
            values = {f(value) for value in values for f in (lambda v, n=number: v + n, lambda v, n=number: v - n,
                      lambda v, n=number: v * n, lambda v, n=number: v / n)}  # fmt: skip
        assert problem.metadata["target"] in values
        assert " exactly once in this order, " in problem.prompt
    assert to_problem([7, 3], 4, use=Use.ORDERED).id == "countdown-7-3-to-4-ordered"


def test_rules_are_part_of_the_id():
    """The same numbers under other rules are another problem."""
    ids = {to_problem([2, 5, 6], 10, ops, use).id for ops in ("+-*/", "+-", "*/") for use in Use}
    assert len(ids) == 9
    assert to_problem([2, 5, 6], 10).id == to_problem([6, 2, 5], 10).id


@pytest.mark.parametrize(
    ("numbers", "target", "solutions"),
    [
        ((1, 2, 3), 6, 3),  # 1 + 2 + 3, 1 * 2 * 3, 2 * 3 / 1
        ((2, 2), 4, 2),  # 2 + 2, 2 * 2
        ((5, 5), 1, 1),  # 5 / 5
        ((3, 7), 22, 0),
        ((2, 3, 4), 24, 1),  # 2 * 3 * 4, however grouped
        ((4, 6, 8), 10, 1),  # 6 + 8 - 4, in whatever order
        ((1, 1, 8), 8, 4),  # 8 * 1 * 1, 8 / 1 / 1, 8 * 1 / 1, 8 + 1 - 1
    ],
)
def test_solutions_are_counted_up_to_order_and_grouping(numbers, target, solutions):
    """Counts done by hand."""
    assert count_solutions(numbers, target) == solutions


def test_a_solution_beyond_the_largest_value_does_not_count():
    """50 * 40 / 20 = 100 needs either 2000 or 40 / 20 = 2; only the second stays below 1000, and it is enough."""
    assert count_solutions((50, 40, 20), 100, max_intermediate=1000) == 1
    assert count_solutions((4, 6, 10), 15, "*/", max_intermediate=59) == 0  # 6 * 10 / 4 passes through 60
    assert count_solutions((4, 6, 10), 15, "*/", max_intermediate=60) == 1


def test_a_subset_counts_where_any_may_be_used():
    """One number, or some of them, may be a solution by itself."""
    assert count_solutions((4, 6), 10, "+", any_subset=True) == 1
    assert count_solutions((4, 6, 10), 10, "+", any_subset=True) == 2  # 10, and 4 + 6


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=4), st.integers(1, 60), st.sampled_from(["+-*/", "+-", "*/"]))
def test_the_solver_agrees_with_exhaustive_search(numbers, target, operations):
    """There is a solution for the solver exactly when plain recursion finds one."""
    assert (count_solutions(numbers, target, operations) > 0) == (target in reachable(numbers, operations, 100))


def test_the_number_of_expressions_is_the_known_one():
    """With sums and products alone, 2, 3 and 4 numbers make 2, 8 and 52 expressions: OEIS A006351."""
    for numbers, expressions in (((3, 50), 2), ((3, 50, 7_000), 8), ((3, 50, 7_000, 90_001), 52)):
        values = {target: count_solutions(numbers, target, "+*", 10**30) for target in reachable(numbers, "+*", 10**30)}
        assert sum(values.values()) == expressions


def different_values(numbers):
    """The values of all expressions of some numbers, negative and broken ones included."""
    if len(numbers) == 1:
        return set(numbers)
    found = set()
    for size in range(1, len(numbers)):
        for left in combinations(numbers, size):
            right = tuple(number for number in numbers if number not in left)
            for one, other in product(different_values(left), different_values(right)):
                found |= {one + other, one - other, one * other, one / other}
    return found


def test_grades_rest_on_the_number_of_expressions():
    """Numbers without any relation between them give each different expression another value: 6, 68, 1170."""
    unrelated = [Fraction(number) for number in (1_009, 50_021, 3_000_017, 700_000_001)]
    for size in (2, 3, 4):
        expressions = len(different_values(tuple(unrelated[:size])))
        assert difficulty(size, -(-expressions // 100)) is Difficulty.EASY
        assert difficulty(size, (expressions - 1) // 100) is not Difficulty.EASY


@pytest.mark.parametrize(
    ("size", "solutions", "grade"),
    [(3, 1, "easy"), (4, 12, "easy"), (4, 2, "medium"), (4, 1, "hard"), (5, 28, "medium"), (5, 27, "hard")],
)
def test_the_grade_is_the_odds_of_a_blind_guess(size, solutions, grade):
    """68, 1170 and 27142 expressions; up to 100 a solution is easy, up to 1000 medium."""
    assert difficulty(size, solutions) is Difficulty(grade)


def test_a_path_plays_by_the_rules():
    """Each operation takes two numbers in hand, is exact, and leaves the last value as the outcome of all of them."""
    rng = random.Random(5)
    for _ in range(200):
        hand = Counter(numbers := [rng.randint(1, 15) for _ in range(4)])
        path = random_path(numbers, 3, "+-*/", 100, rng)
        for step in path:
            hand.subtract([step.left, step.right])
            assert min(hand.values()) >= 0
            exact = {"+": step.left + step.right, "-": step.left - step.right, "*": step.left * step.right}
            exact["/"] = Fraction(step.left, step.right)
            assert step.value == exact[step.symbol]
            assert 1 <= step.value <= 100
            hand[step.value] += 1
        assert not path or +hand == Counter([path[-1].value])


@pytest.mark.parametrize(
    "impossible",
    [
        {"numbers": (1, 1), "target": (50, 60)},
        {"operations": "/", "target": (97, 97)},
        {"numbers": (1, 2), "count": 1000},
        {"numbers": (50, 60), "operations": "*"},
    ],
)
def test_impossible_settings_end_in_an_error(impossible):
    """The message gives how many could be made and what to change."""
    with pytest.raises(ProblemsError, match=r"only \d+ of \d+ Countdown problems .* widen numbers or target"):
        generate(CountdownConfig(**({"count": 10} | impossible)))


@pytest.mark.parametrize(
    ("settings_given", "complaint"),
    [
        ({"count": 0}, "count"),
        ({"count": 5, "sizes": [1]}, "sizes: sizes must hold"),
        ({"count": 5, "sizes": []}, "sizes: sizes must hold"),
        ({"count": 5, "numbers": [9, 3]}, "numbers: a range is"),
        ({"count": 5, "operations": "+^"}, "operations must be some of"),
        ({"count": 5, "target": [1, 500]}, "raise max_intermediate or lower target"),
        ({"count": 5, "uses": "any"}, "did you mean 'use'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings_given, complaint):
    """Before anything is generated, in words."""
    with pytest.raises(ConfigError) as error:
        validate(CountdownConfig, settings_given, "here")
    assert complaint in str(error.value)


def test_the_bundled_set_is_what_its_command_makes():
    """300 problems, graded, within the ranges of the embedded model, all on the train side, as the card says."""
    problems = load_problems(ProblemsConfig(source="countdown")).problems
    expected = generate(CountdownConfig(count=300, sizes=(3, 4, 3, 4, 4, 5), seed=2025))
    assert problems == expected
    assert all(split_of(problem.metadata["numbers"]) is Split.TRAIN for problem in problems)
    card = bundled_sets()["countdown"].with_name("README.md").read_text()
    grades = Counter((len(p.metadata["numbers"]), p.metadata["difficulty"]) for p in problems)
    for size in (3, 4, 5):
        cells = [str(grades[size, grade] or "-") for grade in ("easy", "medium", "hard")]
        assert f"| {size} | {' | '.join(cells)} |" in card


def test_a_problem_survives_json():
    """Metadata holds nothing that JSON changes."""
    for problem in generate(CountdownConfig(count=10)):
        assert json.loads(json.dumps(dict(problem.metadata))) == problem.metadata
