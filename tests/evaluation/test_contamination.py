from astro.evaluation.contamination import find_contamination
from astro.problems import Problem
from astro.tasks.countdown.generator import to_problem

LONG = (
    "A train leaves the station at nine in the morning and travels at sixty miles an hour towards a town that is "
    "three hundred miles away. When does it arrive there?"
)


def math(name, prompt):
    return Problem(name, prompt, "1", "math")


def test_countdown_is_compared_by_what_it_asks():
    """The same multiset and target is exact in any order, another target near, other numbers nothing."""
    training = [to_problem([3, 7, 25, 4], 72)]
    asked = [to_problem([25, 4, 3, 7], 72), to_problem([3, 4, 7, 25], 71), to_problem([3, 4, 7, 24], 72)]
    found = find_contamination(asked, training)
    assert (found.exact, found.near) == (1, 1)
    assert [leak.problem_id for leak in found.leaks] == [asked[0].id, asked[1].id]


def test_prompts_are_compared_without_their_dress():
    """Case and punctuation make no difference; a run of 13 words is near; a common phrase is nothing."""
    training = [math("t1", LONG), math("t2", "What is the sum of all positive integers less than ten?")]
    asked = [
        math("same", LONG.upper().replace(".", " ;")),
        math(
            "near", LONG.replace("When does it arrive there?", "At what hour will it reach the platform of that town?")
        ),
        math("phrase", "What is the sum of all positive integers n for which the fraction reduces to a square?"),
    ]
    found = find_contamination(asked, training)
    assert [(leak.problem_id, leak.training_id, leak.exact) for leak in found.leaks] == [
        ("same", "t1", True),
        ("near", "t1", False),
    ]


def test_a_problem_that_keeps_its_id_is_the_same():
    """Ids of one data set name the problem, however its prompt was edited."""
    assert find_contamination([math("aime-1", "Find x.")], [math("aime-1", "Determine the value of y.")]).exact == 1


def test_a_number_is_no_name():
    """Rows of two files that are counted alike have nothing to do with each other."""
    assert find_contamination([math("60", "Find x.")], [math("60", "Determine the value of y.")]).exact == 0


def test_short_prompts_that_differ_are_apart():
    """Fewer than 8 words have no run to share."""
    found = find_contamination([math("a", "What is 6 times 7?")], [math("b", "What is 6 times 8?")])
    assert found.as_json() == {"training": 1, "exact": 0, "near": 0, "examples": []}
