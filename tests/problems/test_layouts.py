"""Rows of other people's data sets become the right problems without configuration."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.problems.layouts import COLUMNS, read_problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks.row import last_boxed

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["5", "user", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "numbers", "target", "use", "ground_truth"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
KNOWN_COLUMNS = [column.partition(".")[0] for columns in COLUMNS.values() for column in columns]
COLUMN_NAMES = st.sampled_from([*KNOWN_COLUMNS, "Answer", "metadata", "solution", "source", "question_type"])


def read(row, columns=None, task=None):
    return read_problem(row, columns or {}, task, "somewhere")


def refused(row, columns=None, task=None):
    with pytest.raises(BadRowError) as error:
        read(row, columns, task)
    return error.value.reason, error.value.detail


@pytest.mark.parametrize(
    ("layout", "row", "prompt", "answer", "task"),
    [
        ("GSM8K", {"question": "Two and two?", "answer": "2 + 2 = <<2+2=4>>4\n#### 4"}, "Two and two?", "4", "math"),
        ("GSM8K, large", {"question": "Q", "answer": "so\n#### 1,234,567"}, "Q", "1234567", "math"),
        ("GSM8K, negative", {"question": "Q", "answer": "so\n#### -3"}, "Q", "-3", "math"),
        (
            "MATH",
            {"problem": "P", "level": "Level 5", "type": "Algebra", "solution": r"Thus $\boxed{\frac{1}{\sqrt{2}}}$."},
            "P",
            r"\frac{1}{\sqrt{2}}",
            "math",
        ),
        (
            "MATH-500",
            {
                "problem": "P",
                "solution": r"\boxed{9}",
                "answer": "(3, 4]",
                "level": 2,
                "unique_id": "test/algebra/1.json",
            },
            "P",
            "(3, 4]",
            "math",
        ),
        ("NuminaMath CoT", {"source": "olympiads", "problem": "P", "solution": r"\boxed{ 7 }"}, "P", "7", "math"),
        (
            "NuminaMath 1.5",
            {"problem": "P", "solution": "...", "answer": "B", "question_type": "MCQ", "problem_is_valid": "Yes"},
            "P",
            "B",
            "mcq",
        ),
        ("AIME", {"ID": "2024-I-1", "Problem": "P", "Solution": "S", "Answer": 204}, "P", "204", "math"),
        ("AIME by year", {"ID": "x", "Year": 1983, "Question": "Q", "Answer": "60"}, "Q", "60", "math"),
        ("AIME, text", {"id": 61, "problem": "P", "answer": "033", "url": "https://x"}, "P", "033", "math"),
        ("AMC", {"id": 0, "problem": "P", "answer": 142.0, "url": "https://x"}, "P", "142", "math"),
        ("AMC, fraction", {"problem": "P", "answer": 0.25}, "P", "0.25", "math"),
        ("boxed answer", {"problem": "P", "answer": r"$\boxed{x^{2}}$"}, "P", "x^{2}", "math"),
        ("DeepMath", {"question": "Q", "final_answer": r"\pi"}, "Q", r"\pi", "math"),
        ("one-element list", {"question": "Q", "final_answer": ["12"]}, "Q", "12", "math"),
        ("decimal", {"question": "Q", "answer": Decimal("2.50")}, "Q", "2.50", "math"),
        (
            "verl",
            {
                "prompt": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}],
                "reward_model": {"style": "rule", "ground_truth": "42"},
                "data_source": "dapo",
            },
            "Q",
            "42",
            "math",
        ),
        (
            "Countdown",
            {"nums": [44, 19, 35], "target": 98},
            "Using each of the numbers 44, 19 and 35 exactly once, with +, -, * and /, make 98.",
            "98",
            "countdown",
        ),
        (
            "Countdown in CSV",
            {"nums": "[44, 19, 35]", "target": "98"},
            "Using each of the numbers 44, 19 and 35 exactly once, with +, -, * and /, make 98.",
            "98",
            "countdown",
        ),
        (
            "Countdown with an expression as its answer",
            {"question": "Q", "answer": "(44 + 19) + 35", "metadata": {"numbers": [44, 19, 35], "target": 98}},
            "Q",
            "98",
            "countdown",
        ),
        ("ASTRO", {"id": "a", "prompt": "P", "answer": "x", "task": "logic", "metadata": "{}"}, "P", "x", "logic"),
    ],
)
def test_a_known_layout_needs_no_configuration(layout, row, prompt, answer, task):
    """Prompt, answer and verifier come out as the layout means them."""
    problem = read(row)
    assert (problem.prompt, problem.answer, problem.task) == (prompt, answer, task), layout


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"question": "Q", "answer": None}, Reason.MISSING_ANSWER),
        ({"question": "Q", "answer": "  "}, Reason.MISSING_ANSWER),
        ({"question": "Q", "answer": float("nan")}, Reason.MISSING_ANSWER),
        ({"question": "Q", "answer": "NaN"}, Reason.MISSING_ANSWER),
        ({"question": "Q", "answer": "proof"}, Reason.MISSING_ANSWER),
        ({"question": "Q", "answer": "so it is\n#### "}, Reason.MISSING_ANSWER),
        ({"question": "Q", "answer": r"cut off \boxed{\frac{1"}, Reason.MISSING_ANSWER),
        ({"problem": "P", "solution": "left to the reader"}, Reason.MISSING_ANSWER),
        ({"question": "Q"}, Reason.MISSING_ANSWER),
        ({"answer": "4"}, Reason.MISSING_PROMPT),
        ({"question": "", "answer": "4"}, Reason.MISSING_PROMPT),
        ({"question": None, "answer": "4"}, Reason.MISSING_PROMPT),
        ({"question": 7, "answer": "4"}, Reason.WRONG_TYPE),
        ({"question": "Q", "answer": ["1", "2"]}, Reason.WRONG_TYPE),
        ({"question": "Q", "answer": True}, Reason.WRONG_TYPE),
        ({"question": "Q", "answer": {"value": 4}}, Reason.WRONG_TYPE),
        ({"question": "Q", "answer": float("inf")}, Reason.WRONG_TYPE),
        ({"question": "Q", "answer": "4", "id": ["a"]}, Reason.WRONG_TYPE),
        ({"question": "Q", "answer": "4", "id": "two\nlines"}, Reason.WRONG_TYPE),
        ({"question": "Q", "answer": "4", "task": 3}, Reason.WRONG_TYPE),
        ({"question": "Q", "answer": "4", "task": "maths"}, Reason.WRONG_TYPE),
        ({"prompt": [{"role": "user", "content": "Q"}] * 2, "answer": "4"}, Reason.WRONG_TYPE),
        ({"question": "half a pair: \ud800", "answer": "4"}, Reason.UNREADABLE),
        ({"nums": [1, "two"], "target": 3}, Reason.WRONG_TYPE),
        ({"nums": [1, 0], "target": 1}, Reason.WRONG_TYPE),
        ({"nums": [1, 2], "target": 1.5}, Reason.WRONG_TYPE),
        ({"nums": [1, 2], "target": 3, "answer": ""}, Reason.MISSING_ANSWER),
        ({"nums": [1, 2], "target": 3, "answer": "4"}, Reason.UNVERIFIABLE),
        ({"prompt": "P", "answer": "3", "task": "countdown"}, Reason.WRONG_TYPE),
    ],
)
def test_a_bad_row_says_what_is_wrong_with_it(row, reason):
    """Each kind of fault has its reason."""
    assert refused(row)[0] is reason


@pytest.mark.parametrize("numbers", [[1], "1 2 3", [1, "two"], {"a": 1}])
def test_numbers_that_cannot_be_read_are_shown_as_they_are(numbers):
    """Who has to mend the file sees what stands in it."""
    assert f"got numbers = {numbers!r}, target = '4.5'" in refused({"nums": numbers, "target": "4.5"})[1]


@pytest.mark.parametrize(
    "answer",
    [
        *("N/A", "n/a", "NA", "TBD", "unknown", "None", "Not available", "See solution.", "see the explanation below"),
        *(r"\boxed{N/A}", "so\n#### TBD", "Answers may vary.", "Answers will vary, e.g. 5"),
    ],
)
def test_what_stands_in_for_an_answer_is_no_gold_answer(answer):
    """Mathematics has no such answers, and a verifier would hold every response against it."""
    assert refused({"question": "Q", "answer": answer})[0] is Reason.MISSING_ANSWER


@pytest.mark.parametrize(
    "answer", ["undefined", "no solution", "DNE", r"\text{none}", "na", "the empty set", "impossible", "various values"]
)
def test_answers_of_mathematics_in_words_are_kept(answer):
    """That there is nothing to be found is an answer, as is n times a."""
    assert read({"question": "Q", "answer": answer}).answer == answer


@pytest.mark.parametrize("nothing", [None, "", " ", float("nan"), "null", "None", r"cut \boxed{"])
def test_the_box_of_the_solution_stands_in_for_an_empty_answer(nothing):
    """Answer columns have gaps where the solution still says it; a row that says something else keeps it."""
    assert read({"problem": "P", "answer": nothing, "solution": r"So $\boxed{\frac12}$."}).answer == r"\frac12"
    assert refused({"problem": "P", "answer": nothing, "solution": "So a half."})[0] is Reason.MISSING_ANSWER
    assert refused({"problem": "P", "answer": "proof", "solution": r"\boxed{1}"})[0] is Reason.MISSING_ANSWER


def test_a_column_mapping_comes_first():
    """Mapped columns win over known names, lead into nested fields, and may hold the numbers of a countdown."""
    row = {"question": "not this", "text": "this", "gold": {"value": "5"}, "answer": "not this"}
    problem = read(row, {"prompt": "text", "answer": "gold.value"})
    assert (problem.prompt, problem.answer) == ("this", "5")
    assert problem.metadata == {"question": "not this", "answer": "not this"}
    countdown = read({"ns": [1, 2], "t": 3}, {"numbers": "ns", "target": "t"})
    assert countdown.metadata["numbers"] == [1, 2]


def test_columns_that_differ_in_capitals_only_must_be_named():
    """Neither is taken in silence; the exact name in the mapping takes one."""
    row = {"Question": "Q", "Answer": "1", "answer": "2"}
    with pytest.raises(BadRowError, match="'Answer' and 'answer' differ in capitals only"):
        read(row)
    assert read(row, {"answer": "Answer"}).answer == "1"
    assert read(row, {"answer": "answer"}).answer == "2"
    assert read({"Note": "a", "note": "b", "question": "Q", "answer": "1"}).answer == "1"


def test_a_nested_column_is_found_without_regard_to_capitals():
    """As a column at the top is, written as in the file or not."""
    row = {"question": "Q", "Meta": {"Gold Answer": "5"}}
    assert read(row, {"answer": "Meta.Gold Answer"}).answer == "5"
    assert read(row, {"answer": "meta.gold answer"}).answer == "5"


@pytest.mark.parametrize("field", ["id", "prompt", "answer", "task", "numbers", "target"])
def test_a_mapped_column_that_is_not_there_is_never_passed_over(field):
    """The row could be read without it, by another column, by the box of its solution or with an id of its content."""
    row = {"question": "Q", "answer": "3", "solution": r"\boxed{3}", "nums": [1, 2], "target": 3}
    assert read(row)
    own = {"prompt": Reason.MISSING_PROMPT, "answer": Reason.MISSING_ANSWER}
    reason, detail = refused(row, {field: "misspelt"})
    assert reason is own.get(field, Reason.MISSING_COLUMN)
    assert "no column 'misspelt' among question" in detail


def test_a_missing_column_is_named_with_those_there_are():
    """The message shows the columns and the setting that maps one."""
    assert refused({"text": "Q", "answer": "4"}) == (
        Reason.MISSING_PROMPT,
        "no column for the prompt among text, answer; map one: problems.columns.prompt=NAME",
    )
    assert "no column 'gold'" in refused({"question": "Q", "answer": "4"}, {"answer": "gold"})[1]


def test_a_structured_gold_answer_is_kept_as_json():
    """Lists of accepted answers are for tasks whose verifier reads them."""
    assert read({"question": "Q", "answer": ["a", "b"]}, task="qa").answer == '["a", "b"]'


def test_somebody_elses_task_column_does_not_matter_where_the_task_is_set():
    """Rows may call their task what they like; a task of ours in a row comes before the setting."""
    assert read({"question": "Q", "answer": "4", "task": "arithmetic"}, task="math").task == "math"
    assert read({"question": "Q", "answer": "4", "task": "qa"}, task="math").task == "qa"


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(COLUMN_NAMES, JSON_VALUES, max_size=6), st.sampled_from([None, "math", "countdown", "qa"]))
def test_any_row_is_a_problem_or_says_why_not(row, task):
    """Whatever JSON a row holds, what comes out can be written as UTF-8 JSON, and nothing else escapes."""
    try:
        problem = read({"problem": "P", "final_answer": "1"} | row, task=task)
    except BadRowError:
        return
    assert all(isinstance(field, str) and field for field in (problem.id, problem.prompt, problem.answer))
    json.dumps([problem.id, problem.prompt, problem.answer, dict(problem.metadata)], ensure_ascii=False).encode()


def test_an_own_id_is_kept_and_another_is_derived_from_the_content():
    """Whole numbers become text; without an id, the same content has the same id wherever it stands."""
    assert read({"id": 7, "question": "Q", "answer": "4"}).id == "7"
    assert read({"id": 7.0, "question": "Q", "answer": "4"}).id == "7"
    assert read({"unique_id": "test/1.json", "problem": "P", "answer": "4"}).id == "test/1.json"
    derived = read({"question": "Q", "answer": "4"}).id
    assert derived == read({"extra": 1, "answer": "4", "question": "Q"}).id
    assert derived.startswith("math-")
    assert derived != read({"question": "Q", "answer": "5"}).id


def test_short_fields_are_kept_and_long_ones_left():
    """What a report may group by stays; reference solutions and nested fields don't travel."""
    row = {
        "problem": "P",
        "answer": "4",
        "Level": 5,
        "source": "amc",
        "solution": "x" * 5000,
        "messages": [1],
        "nil": None,
    }
    assert read(row).metadata == {"Level": 5, "source": "amc"}


def test_own_rows_keep_their_source():
    """A set that ASTRO wrote says itself where its problems come from."""
    row = {"id": "a", "prompt": "P", "answer": "4", "task": "math", "source": "gsm8k", "metadata": '{"level": 2}'}
    assert (read(row).source, read(row).metadata) == ("gsm8k", {"level": 2})
    assert read({"question": "Q", "answer": "4"}).source == "somewhere"


@pytest.mark.parametrize(
    ("text", "boxed"),
    [
        (r"\boxed{1} and \boxed{2}", "2"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\left\{ x \right.}", r"\left\{ x \right."),
        (r"\fbox{3}", "3"),
        (r"$\boxed 5$", "5"),
        (r"\boxed{}", None),
        (r"\boxed{\frac{1}{2}", None),
        ("nothing", None),
        (r"\boxed{" + "{" * 50_000, None),
    ],
)
def test_the_last_box_is_read_by_its_braces(text, boxed):
    """Nested and escaped braces count as LaTeX counts them, in linear time."""
    assert last_boxed(text) == boxed
