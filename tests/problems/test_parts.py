"""No part of a question is dropped in silence: layouts with several columns, in every format, and warnings."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from astro.errors import ProblemsError
from astro.problems import ProblemsConfig, Reason, load_problems
from astro.problems.layouts import read_problem
from astro.records.rejection import BadRowError
from astro.tasks import check_gold, gold_caveat
from astro.tasks.literals import structure

LAYOUTS = [json.loads(line) for line in (Path(__file__).parent / "layouts.jsonl").read_text().splitlines()]
FORMATS = (".jsonl", ".csv", ".parquet")


def write(path, row):
    """One row as a file. In CSV, lists and mappings are texts, as data frames print them."""
    match path.suffix:
        case ".jsonl":
            path.write_text(json.dumps(row) + "\n")
        case ".csv":
            with path.open("w", newline="") as stream:
                table = csv.DictWriter(stream, list(row))
                table.writeheader()
                table.writerow({name: "" if cell is None else cell for name, cell in row.items()})
        case ".parquet":
            pq.write_table(pa.Table.from_pylist([row]), path)
    return str(path)


def load(path, row, **settings):
    return load_problems(ProblemsConfig(source=write(path, row), **settings), check_gold, gold_caveat)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout["layout"])
def test_every_part_of_a_known_layout_is_in_the_prompt(layout, suffix, tmp_path):
    """The question is whole, the answer is the one that the set means, and nothing is warned of."""
    loaded = load(tmp_path / f"rows{suffix}", layout["row"])
    [problem] = loaded.problems
    for part in layout["parts"]:
        assert part in problem.prompt, layout["layout"]
    answer = problem.answer.removesuffix(".0")  # CSV has no numbers
    assert (problem.task, answer) == (layout["task"], layout["answer"].removesuffix(".0"))
    assert loaded.unused == []


@pytest.mark.parametrize("layout", [each for each in LAYOUTS if each["task"] == "mcq"], ids=lambda each: each["layout"])
def test_the_label_of_a_multiple_choice_question_is_that_of_the_right_text(layout):
    """Whether the set gives a letter, a position or a text: the option with that label is the right one."""
    problem = read_problem(layout["row"], {}, None, "somewhere")
    assert problem.metadata["options"][problem.answer] == layout["right"]


def read(row, columns=None, task=None):
    return read_problem(row, columns or {}, task, "somewhere")


def refused(row, columns=None, task=None):
    with pytest.raises(BadRowError) as error:
        read(row, columns, task)
    return error.value.reason, error.value.detail


@pytest.mark.parametrize(
    ("row", "reason", "says"),
    [
        ({"question": "Q", "final_answer": ["2"], "image_1": {"bytes": "x"}}, Reason.INCOMPLETE, "image_1"),
        ({"question": "Q", "image": "img/3.png", "answer": "2"}, Reason.INCOMPLETE, "picture"),
        ({"Question": "Ann has N_00 cups.", "Answer": 3}, Reason.INCOMPLETE, "N_00"),
        ({"Question": "Ann has N_01 cups.", "Numbers": "8.0", "Answer": 3}, Reason.INCOMPLETE, "N_00"),
        ({"question": "Q", "choices": ["a", "b"], "answer": 2}, Reason.UNVERIFIABLE, "none of the options A, B"),
        ({"question": "Q", "choices": ["a", "b"], "answer": "d"}, Reason.UNVERIFIABLE, "none of the options A, B"),
        ({"question": "Q", "choices": ["a", "b"], "answer": -1}, Reason.MISSING_ANSWER, "answer"),
        ({"question": "Q", "choices": ["a", "b"], "answerKey": ""}, Reason.MISSING_ANSWER, "answer"),
        ({"question": "Q", "choices": ["a"], "answer": "A"}, Reason.WRONG_TYPE, "options"),
        ({"question": "Q", "choices": "no list", "answer": "A"}, Reason.WRONG_TYPE, "options"),
        ({"question": "Q", "choices": ["x", None], "answer": "A"}, Reason.WRONG_TYPE, "options"),
        ({"question": "Q", "options": ["x"] * 27, "answer": "A"}, Reason.WRONG_TYPE, "at most 26"),
        ({"question": "Q", "options": ["1", "2", "3"], "answer": "2"}, Reason.UNVERIFIABLE, "position of option C"),
        ({"question": "Q", "options": ["x", "y"], "answer": "A", "answer_index": 1}, Reason.UNVERIFIABLE, "means"),
        ({"question": "Q", "context": {"deep": {"er": 1}}, "answer": "2"}, Reason.WRONG_TYPE, "{context.NAME}"),
    ],
)
def test_a_question_that_cannot_be_whole_is_refused_with_the_reason(row, reason, says):
    """Pictures, empty places, options and answers that do not fit: none of them becomes a problem."""
    found, detail = refused(row)
    assert found is reason
    assert says in detail


@pytest.mark.parametrize(
    ("column", "content", "uses"),
    [
        ("Notes", "All coins are fair.", 'prompt: "{Notes}\\n\\n{problem}"'),
        ("given_conditions", "x is greater than 3", 'prompt: "{given_conditions}\\n\\n{problem}"'),
        ("inputText", "a text of some length", 'prompt: "{inputText}\\n\\n{problem}"'),
        ("dialogue", ["A: Hello there", "B: Good day"], 'prompt: "{dialogue}\\n\\n{problem}"'),
        ("dialogue", None, None),
        ("my_choices", ["red", "blue"], "options: my_choices"),
        ("Choice list", "red or blue", 'options: "Choice list"'),
    ],
)
def test_an_unknown_column_that_looks_like_a_part_is_a_warning_with_its_mapping(column, content, uses, tmp_path):
    """The warning counts the rows and holds the YAML that uses the column; the YAML does what it says."""
    row = {"problem": "What is asked?", column: content, "answer": "red"}
    loaded = load(tmp_path / "rows.jsonl", row)
    assert len(loaded.problems) == 1
    if uses is None:
        assert loaded.unused == []
        return
    [warning] = loaded.unused
    assert str(warning).endswith(f"To use it:\nproblems:\n  columns:\n    {uses}")
    name, _, value = uses.partition(": ")
    mapped = json.loads(value) if value.startswith('"') else value
    if name == "options" and isinstance(content, str):
        return  # it looks like options and is none
    again = load(tmp_path / "rows.jsonl", row, columns={name: mapped})
    assert again.unused == []
    [problem] = again.problems
    for part in content if isinstance(content, list) else [content]:
        assert part in problem.prompt
    assert "What is asked?" in problem.prompt


@pytest.mark.parametrize(
    "column",
    [
        "solution",
        "problem_type",
        "question_id",
        "source",
        "level",
        "cot_content",
        "question_concept",
        "rationale",
        "url",
    ],
)
def test_columns_of_other_kinds_are_no_parts(column, tmp_path):
    """What nearly every data set has beside its questions is not worth a warning."""
    row = {"problem": "What is asked?", column: "a text that is no part of it", "answer": "3"}
    assert load(tmp_path / "rows.jsonl", row).unused == []


def test_a_column_that_the_prompt_contains_is_no_lost_part(tmp_path):
    """Sets often repeat a part of the question in a column of its own."""
    row = {"problem": "All coins are fair. How many?", "notes": "All coins  are fair.", "answer": "3"}
    assert load(tmp_path / "rows.jsonl", row).unused == []


def test_a_template_joins_columns_and_replaces_the_usual_parts():
    """Dots lead into nested fields, lists are lines, and a part that is empty in a row is left out of it."""
    row = {"question": "Q?", "Meta": {"Story": "S."}, "rules": ["R1", "R2"], "context": "C", "answer": "1"}
    assert read(row, {"prompt": "{Meta.Story} {question}"}).prompt == "S. Q?"
    assert read(row, {"prompt": "{rules}\n{question}"}).prompt == "R1\nR2\nQ?"
    assert read(row | {"rules": None}, {"prompt": "{rules}\n\n{question}"}).prompt == "Q?"
    assert read(row, {"prompt": "question"}).prompt == "C\n\nQ?"
    assert refused(row, {"prompt": "{misspelt} {question}"})[0] is Reason.MISSING_PROMPT
    assert "no column 'misspelt' among question" in refused(row, {"prompt": "{misspelt} {question}"})[1]
    assert refused({"question": "", "answer": "1"}, {"prompt": "{question}"})[0] is Reason.MISSING_PROMPT


def test_options_stand_in_the_prompt_once(tmp_path):
    """A question that lists its options already keeps its own list."""
    row = {"question": "Which? A) red B) blue", "options": ["red", "blue"], "answer": "B"}
    assert read(row).prompt == "Which? A) red B) blue"
    assert read({"question": "Which is red?", "options": ["red", "blue"], "answer": 0}).prompt.endswith(
        "\nA. red\nB. blue"
    )


def test_a_task_that_the_row_names_keeps_its_answer_and_gets_the_options():
    """Mathematics with options compares the letter; an answer that is none of the options is left as it is."""
    row = {"question": "Which?", "options": ["7", "8"], "answer": "B"}
    assert (read(row, task="math").task, read(row, task="math").answer) == ("math", "B")
    assert read({**row, "answer": "nine"}, task="qa").answer == "nine"
    assert "A. 7\nB. 8" in read(row, task="math").prompt


def test_the_order_of_right_and_wrong_answers_depends_on_the_question_alone():
    """The right answer stands at every place in some question, and at the same one whenever the row is read."""
    rows = [
        {"question": f"Q{n}", "correct_answer": "r", "distractor1": "a", "distractor2": "b", "distractor3": "c"}
        for n in range(40)
    ]
    answers = [read(row).answer for row in rows]
    assert set(answers) == set("ABCD")
    assert answers == [read(row).answer for row in rows]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('["a", "b"]', ["a", "b"]),
        ("['a', \"b's\"]", ["a", "b's"]),
        ("['a' 'b'\n 'c']", ["a", "b", "c"]),
        (r"['a\'s', 'b\n']", ["a's", "b\n"]),
        ("{'text': array(['a', 'b'], dtype=object), 'label': array(['A', 'B'], dtype=object)}",
         {"text": ["a", "b"], "label": ["A", "B"]}),
        ("[1, 2.5, -3, None]", [1, 2.5, -3, None]),
        ("[('a', 1)]", [["a", 1]]),
        ("plain", "plain"),
        ("[not a list", "[not a list"),
        ("[0, 5)", "[0, 5)"),
        ("['a'].pop()", "['a'].pop()"),
        ("[" * 500, "[" * 500),
    ],
)  # fmt: skip
def test_printed_lists_and_mappings_are_read_without_evaluation(text, value):
    """JSON, Python's and NumPy's notation; everything else stays a text."""
    assert structure(text) == value


def test_a_gold_that_cannot_be_compared_is_kept_with_a_caveat(tmp_path):
    """The reason stands on the problem; an ordinary gold answer has none."""
    rows = [
        {"question": "Write the equation of the two matrices.", "answer": "\\begin{pmatrix}1\\end{pmatrix} @ 3"},
        {"question": "How many?", "answer": "4"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first, second = load_problems(ProblemsConfig(source=str(path)), check_gold, gold_caveat).problems
    assert "cannot be read" in (first.caveat or "")
    assert second.caveat is None


def test_a_set_whose_rows_all_lack_a_part_says_so(tmp_path):
    """If every row is refused, the error names the reason."""
    with pytest.raises(ProblemsError, match="picture"):
        load(tmp_path / "rows.jsonl", {"question": "Q", "image": "a.png", "answer": "1"})
