"""Files of every kind load, bad rows are listed with their place and reason, and the rest goes on."""

import csv
import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.config import ConfigError, validate
from astro.errors import ProblemsError
from astro.problems import ProblemsConfig, Reason, load_problems, stream_problems
from astro.problems.bundled import bundled_sets
from astro.problems.load import in_shard
from astro.problems.readers import read_rows
from astro.tasks.countdown.generator import CountdownConfig

ROWS = [{"question": f"What is {n} + {n}?", "answer": f"{n} + {n} = {2 * n}\n#### {2 * n}"} for n in range(1, 21)]


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def write_csv(path, rows, delimiter=","):
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
        table.writeheader()
        table.writerows(rows)


def write(path, rows):
    """Write rows in the format of the suffix."""
    match "".join(path.suffixes):
        case ".jsonl" | ".ndjson":
            write_lines(path, rows)
        case ".jsonl.gz":
            path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
        case ".json":
            path.write_text(json.dumps(rows, indent=1))
        case ".csv":
            write_csv(path, rows)
        case ".tsv":
            write_csv(path, rows, "\t")
        case ".csv.gz":
            write_csv(path.with_suffix(""), rows)
            path.write_bytes(gzip.compress(path.with_suffix("").read_bytes()))
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)
    return str(path)


def load(source, check=None, **settings_given):
    return load_problems(ProblemsConfig(source=source, **settings_given), check)


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".jsonl.gz", ".json", ".csv", ".tsv", ".csv.gz", ".parquet"])
def test_every_format_gives_the_same_problems(tmp_path, suffix):
    """Twenty GSM8K rows, real files."""
    loaded = load(write(tmp_path / f"gsm{suffix}", ROWS))
    assert [(problem.prompt, problem.answer) for problem in loaded.problems] == [
        (f"What is {n} + {n}?", str(2 * n)) for n in range(1, 21)
    ]
    assert loaded.rejected == []


BAD_LINES = [
    ('{"id": "good-1", "problem": "One?", "answer": "1"}', None),
    ('{"id": "a", "problem": "P", "answer": ""}', Reason.MISSING_ANSWER),
    ('{"id": "b", "problem": "P"}', Reason.MISSING_ANSWER),
    ('{"id": "c", "problem": "P", "answer": NaN}', Reason.MISSING_ANSWER),
    ('{"id": "d", "problem": "P", "answer": [1, 2]}', Reason.WRONG_TYPE),
    ('{"id": "e", "problem": 5, "answer": "1"}', Reason.WRONG_TYPE),
    ('{"id": "f", "answer": "1"}', Reason.MISSING_PROMPT),
    ('{"id": "good-1", "problem": "Two?", "answer": "2"}', Reason.DUPLICATE_ID),
    ('{"id": "g", "problem": " ONE ", "answer": "1"}', Reason.DUPLICATE_PROMPT),
    ('{"id": "h", "problem": "cut', Reason.UNREADABLE),
    ('["a", "list"]', Reason.WRONG_TYPE),
    ("[" * 100_000, Reason.UNREADABLE),
    ('{"problem": "P", "answer": ' + "9" * 5_000 + "}", Reason.UNREADABLE),
    ('{"problem": "\\ud800", "answer": "1"}', Reason.UNREADABLE),
    ('{"id": "bad-gold", "problem": "Three?", "answer": "three and a bit"}', Reason.UNVERIFIABLE),
    ('{"id": "good-2", "problem": "Four?", "answer": 4}', None),
]


def test_all_kinds_of_bad_rows_are_listed_and_the_rest_goes_on(tmp_path):
    """One file with every fault: each is listed with its line, its reason and how it begins."""
    path = tmp_path / "mixed.jsonl"
    lines = [line.encode() for line, _ in BAD_LINES] + [b'{"problem": "caf\xe9", "answer": "1"}']
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join([*lines, b"", b"   "]))

    loaded = load(str(path), check=lambda problem: "not a number" if "bit" in problem.answer else None)

    expected = [(line, reason) for line, (_, reason) in enumerate(BAD_LINES, 1) if reason]
    assert [(row.line, row.reason) for row in loaded.rejected] == [*expected, (len(lines), Reason.UNREADABLE)]
    assert [problem.id for problem in loaded.problems] == ["good-1", "good-2"]
    assert {row.source for row in loaded.rejected} == {str(path)}
    assert loaded.rejected[0].excerpt == BAD_LINES[1][0]
    assert all(len(row.excerpt) <= 200 for row in loaded.rejected)
    assert "not a number" in loaded.rejected[-2].detail


def test_bad_rows_of_a_csv_are_listed(tmp_path):
    """NaN as data frames write it, a missing field, broken bytes and an open quote each spoil one row."""
    path = tmp_path / "mixed.csv"
    path.write_bytes(
        b'problem,answer\r\n"two\nlines",2\r\nempty,\r\npandas,nan\r\nshort\r\ncaf\xe9,1\r\ngood,1\r\n"open,1\r\n'
    )
    loaded = load(str(path))
    assert [problem.prompt for problem in loaded.problems] == ["two\nlines", "good"]
    assert [(row.line, row.reason) for row in loaded.rejected] == [
        (4, Reason.MISSING_ANSWER),
        (5, Reason.MISSING_ANSWER),
        (6, Reason.UNREADABLE),
        (7, Reason.UNREADABLE),
        (9, Reason.UNREADABLE),
    ]


def test_a_csv_may_hold_long_texts_blank_lines_and_spaces(tmp_path):
    """A solution of 150,000 characters in many lines, blank lines around the header, a space before a quote."""
    path = tmp_path / "odd.csv"
    solution = 'a line of it, and "words"\n'.replace('"', '""') * 6_000
    path.write_text(f'\n\nproblem, solution, answer\n\nlong,"{solution}",1\n"one, two", "short", "2"\n')
    loaded = load(str(path))
    assert [(problem.prompt, problem.answer) for problem in loaded.problems] == [("long", "1"), ("one, two", "2")]
    assert not loaded.rejected


def test_an_open_quote_costs_its_own_line_only(tmp_path):
    """The lines up to the next quote, or to the end of the file, are read for themselves; fields of many lines too."""
    lines = ["problem,answer", *(f"early {n},{n}" for n in range(5)), '"oops unclosed,7']
    lines += [*(f"between {n},{n}" for n in range(20)), '"quoted, fine",3', '"two', 'lines ""of"" it",4']
    lines += [*(f"late {n},{n}" for n in range(5)), '"open at the end,8', "last,1"]
    path = tmp_path / "quotes.csv"
    path.write_text("\n".join(lines))
    loaded = load(str(path))
    prompts = [problem.prompt for problem in loaded.problems]
    assert [prompt for prompt in prompts if " " not in prompt] == ["last"]
    assert len(prompts) == 5 + 20 + 2 + 5 + 1
    assert {"quoted, fine", 'two\nlines "of" it'} < set(prompts)
    assert [(row.line, row.reason, row.excerpt) for row in loaded.rejected] == [
        (7, Reason.UNREADABLE, '"oops unclosed,7'),
        (36, Reason.UNREADABLE, '"open at the end,8'),
    ]


@given(st.lists(st.lists(st.sampled_from(['"', ",", "a", "7"]), max_size=6).map("".join), max_size=12))
@settings(max_examples=300)
def test_every_line_of_a_csv_is_in_a_row_or_rejected(tmp_path_factory, lines):
    """Whatever the quotes do: the lines of the rows, good and bad, are those of the file that are not blank."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text("\n".join(["problem,answer", *lines]))
    position = 0  # of the next line that no row has accounted for
    for row in read_rows(path):
        text = row.text.removesuffix("\n").split("\n")
        start = row.line - 1 - len(text)  # line 1 is the header
        assert not any(lines[position:start])
        assert text == lines[start : row.line - 1]
        position = row.line - 1
    assert not any(lines[position:])


def test_bad_rows_of_a_parquet_table_are_listed(tmp_path):
    """Nulls and NaN are missing answers; whole numbers stored as floats are whole again."""
    table = pa.table({"problem": ["a", "b", "c", None], "answer": [1.0, None, float("nan"), 4.0]})
    pq.write_table(table, tmp_path / "t.parquet")
    loaded = load(str(tmp_path / "t.parquet"))
    assert [problem.answer for problem in loaded.problems] == ["1"]
    assert [(row.line, row.reason) for row in loaded.rejected] == [
        (2, Reason.MISSING_ANSWER),
        (3, Reason.MISSING_ANSWER),
        (4, Reason.MISSING_PROMPT),
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('[{"problem": "P", "answer": "1"}, 7]', 1),
        ('{"version": 1, "examples": [{"problem": "P", "answer": "1"}, {"problem": "R", "answer": "1"}]}', 2),
        ('{"problem": "P", "solution": "\\\\boxed{3}"}', 1),
        ('{"problem": "P", "answer": "1"}\n{"problem": "R", "answer": "1"}\n{"cut', 2),
        ('{"prompt": [{"role": "user", "content": "P"}], "answer": "1"}', 1),
    ],
)
def test_json_comes_in_several_shapes(tmp_path, text, count):
    """A list, an object around it, one problem a file as MATH was published, and lines under the name .json."""
    (tmp_path / "p.json").write_text(text)
    assert len(load(str(tmp_path / "p.json")).problems) == count


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.json", b'["\\ud800", {"\\ud800": 1}, {"problem": "P", "answer": "1"}]'),
        ("p.jsonl", b'"\\ud800"\n{"\\ud800": 1}\n{"problem": "P", "answer": "1"}'),
        ("p.csv", b"problem,answer,x\n,1,\xff\nQ,,\xff\nP,1,x\n"),
    ],
)
def test_what_is_said_of_a_bad_row_can_be_written(tmp_path, name, content):
    """A table of rejected rows is UTF-8, whatever the rows held."""
    (tmp_path / name).write_bytes(content)
    loaded = load(str(tmp_path / name))
    assert [len(loaded.problems), len(loaded.rejected)] == [1, 2]
    pa.table({"detail": [row.detail for row in loaded.rejected], "excerpt": [row.excerpt for row in loaded.rejected]})


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("empty.jsonl", b"", "has no rows"),
        ("bad.jsonl", b'{"problem": "P"}\n{"problem": "R"}\nx\ny\nz', "no good row among 5:\n  line 1: missing answer"),
        ("columns.csv", b"text,gold\nP,1\n", "among text, gold; map one: problems.columns.prompt=NAME"),
        ("twice.csv", b"question,answer,answer\nQ,1,2\n", "two columns named 'answer'"),
        ("broken.json", b'[{"problem": ', "is not valid JSON"),
        ("number.json", b"7", "must hold a list of rows, not int"),
        ("broken.parquet", b"PAR1 no", "is not readable Parquet"),
        ("broken.jsonl.gz", gzip.compress(b"{}" * 1000, mtime=0)[:20], "cannot read"),
        ("damaged.jsonl.gz", gzip.compress(b"{}" * 1000, mtime=0)[:10] + b"\xff" * 40, "cannot read"),
        ("mine.xlsx", b"PK", "unknown format; readable are .jsonl"),
    ],
)
def test_a_file_without_a_good_row_is_an_error(tmp_path, name, content, complaint):
    """The message has the file and the first reasons."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ProblemsError) as error:
        load(str(tmp_path / name))
    assert complaint in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize(("wrong", "right"), [("problms.jsonl", "problems.jsonl"), ("countdwn", "countdown")])
def test_a_missing_file_names_its_near_matches(tmp_path, monkeypatch, wrong, right):
    """A slip of the keyboard is answered with what is there, files and bundled sets alike."""
    write(tmp_path / "problems.jsonl", ROWS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProblemsError, match=f"no file, folder or bundled set is named '{wrong}'; did you mean {right}"):
        load(wrong)


def test_limit_counts_good_problems_and_reads_no_further(tmp_path):
    """The broken end of a file is never reached."""
    path = tmp_path / "p.jsonl"
    write_lines(path, [{"problem": "no answer"}, *ROWS])
    path.write_text(path.read_text() + "broken")
    loaded = load(str(path), limit=5)
    assert [problem.answer for problem in loaded.problems] == ["2", "4", "6", "8", "10"]
    assert len(loaded.rejected) == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(0, 2**16), st.sampled_from([None, 7, 40]))
def test_shards_part_the_problems_and_never_change(tmp_path_factory, parts, seed, limit):
    """The parts are disjoint, together they are the whole, and a problem keeps its part when others come or go."""
    path = tmp_path_factory.mktemp("shards") / "p.jsonl"
    rows = [{"problem": f"What is {n} squared?", "answer": n * n} for n in range(50)]
    random.Random(seed).shuffle(rows)
    source = write_lines(path, rows)
    whole = load(source, limit=limit).problems
    shards = [shard_of(source, f"{part}/{parts}", limit) for part in range(1, parts + 1)]
    assert sorted(p.id for shard in shards for p in shard) == sorted(p.id for p in whole)
    for part, shard in enumerate(shards, 1):
        assert all(in_shard(problem.id, f"{part}/{parts}") for problem in shard)


def shard_of(source, shard, limit):
    """The problems of a shard; none where it is refused as empty."""
    try:
        return load(source, limit=limit, shard=shard).problems
    except ProblemsError:
        return []


def test_a_shard_without_a_problem_is_refused(tmp_path):
    """A run of nothing would look like a success; the message says of how many problems the shard has none."""
    source = write_lines(tmp_path / "p.jsonl", ROWS[:2])
    with pytest.raises(ProblemsError, match=r"shard=1/999 holds none of the 2 problems"):
        load(source, shard="1/999")


def test_shuffling_a_file_changes_no_id(tmp_path):
    """Ids come from the content, not the place."""
    ids = {problem.prompt: problem.id for problem in load(write(tmp_path / "a.jsonl", ROWS)).problems}
    assert {p.prompt: p.id for p in load(write(tmp_path / "b.csv", ROWS[::-1])).problems} == ids


def test_a_rejected_row_does_not_block_a_good_one(tmp_path):
    """The same question with a gold answer that can be read is taken after one that cannot."""
    source = write_lines(tmp_path / "p.jsonl", [{"problem": "P", "answer": "?"}, {"problem": "P", "answer": "5"}])
    loaded = load(source, check=lambda problem: "unreadable" if problem.answer == "?" else None)
    assert [problem.answer for problem in loaded.problems] == ["5"]


def test_a_duplicate_with_another_answer_says_so(tmp_path):
    """One of the two gold answers is wrong, and only a person can say which."""
    rows = [
        {"id": "one", "problem": "P", "answer": "5"},
        {"problem": "P", "answer": "6"},
        {"problem": "P", "answer": 5},
    ]
    details = [row.detail for row in load(write_lines(tmp_path / "p.jsonl", rows)).rejected]
    assert details == ["the same question as one, which has the answer '5'", "the same question as one"]


def test_countdown_duplicates_are_found_in_any_order(tmp_path):
    """The same numbers in another order, with the same target, are the same problem."""
    rows = [{"nums": [1, 2, 3], "target": 6}, {"nums": [3, 2, 1], "target": 6}, {"nums": [3, 2, 1], "target": 7}]
    loaded = load(write_lines(tmp_path / "p.jsonl", rows))
    assert [problem.answer for problem in loaded.problems] == ["6", "7"]
    assert [row.reason for row in loaded.rejected] == [Reason.DUPLICATE_PROMPT]


def test_countdown_problems_in_another_given_order_are_kept(tmp_path):
    """Other orders of the same numbers are other problems, and the same order twice is one."""
    ordered = {"target": 67, "metadata": {"use": "ordered"}}
    rows = [{"nums": numbers} | ordered for numbers in ([13, 6, 11], [11, 6, 13], [13, 6, 11])]
    loaded = load(write_lines(tmp_path / "p.jsonl", rows))
    assert [problem.metadata["numbers"] for problem in loaded.problems] == [[13, 6, 11], [11, 6, 13]]
    assert [row.line for row in loaded.rejected] == [3]


def test_several_sources_keep_their_ids_apart(tmp_path):
    """Row 0 of two sets are two problems; equal names are numbered; questions in both are taken once."""
    (tmp_path / "x").mkdir()
    one = write_lines(tmp_path / "set.jsonl", [{"id": 0, "problem": "P", "answer": "1"}])
    other = write_lines(
        tmp_path / "x" / "set.jsonl",
        [{"id": 0, "problem": "Q", "answer": "1"}, {"id": 1, "problem": "P", "answer": "1"}],
    )
    loaded = load((one, other))
    assert [problem.id for problem in loaded.problems] == ["set-1:0", "set-2:0"]
    assert [(row.source, row.reason) for row in loaded.rejected] == [(other, Reason.DUPLICATE_PROMPT)]


def test_excluded_sets_are_kept_out(tmp_path):
    """A training row that repeats 13 words of an evaluation row is listed, whatever its answer."""
    text = (
        "A train leaves the station at noon and travels north at a speed of sixty miles an hour. How far is it at {}?"
    )
    held_out = write_lines(tmp_path / "test.jsonl", [{"problem": text.format("two"), "answer": "120"}])
    train = [{"problem": text.format("four"), "answer": "240"}, *ROWS]
    loaded = load(write_lines(tmp_path / "train.jsonl", train), exclude=(held_out,))
    assert len(loaded.problems) == len(ROWS)
    assert [row.reason for row in loaded.rejected] == [Reason.CONTAMINATED]
    assert "a train leaves the station" in loaded.rejected[0].detail


def test_generated_problems_load_like_any_other():
    """countdown in place of a source, with limit and shard."""
    config = ProblemsConfig(countdown=CountdownConfig(count=30, seed=1), limit=20)
    problems = load_problems(config).problems
    assert len(problems) == 20
    shards = [load_problems(config.model_copy(update={"shard": f"{part}/3"})).problems for part in (1, 2, 3)]
    assert sum(map(len, shards)) == 20


def test_bundled_sets_have_cards():
    """Every bundled set loads whole and has a card with its licence."""
    sets = bundled_sets()
    assert set(sets) >= {"countdown", "word-problems"}
    for name, file in sets.items():
        loaded = load(name)
        assert loaded.problems
        assert not loaded.rejected
        assert "license: apache-2.0" in file.with_name("README.md").read_text()


def test_problems_stream_before_the_file_ends(tmp_path):
    """The first problem is there before a later part of the file has been looked at."""
    path = tmp_path / "p.parquet"
    write(path, [{"problem": f"{n}?", "answer": n} for n in range(5_000)])
    stream = stream_problems(ProblemsConfig(source=str(path)))
    assert next(stream).answer == "0"
    stream.close()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({}, "give either source"),
        ({"source": "countdown", "countdown": {"count": 3}}, "give either source"),
        ({"source": "countdown", "shard": "3/2"}, "a shard has the form i/n"),
        ({"source": "countdown", "shard": "0/2"}, "a shard has the form i/n"),
        ({"source": "countdown", "columns": {"promt": "x"}}, "'promt' is not a field (prompt?)"),
        ({"source": "countdown", "limit": 0}, "limit"),
        ({"source": "countdown", "task": "maths"}, "did you mean 'math'?"),
        ({"source": ""}, "not an empty string"),
        ({"source": "countdown", "exclude": [""]}, "not an empty string"),
        ({"sorce": "countdown"}, "did you mean 'source'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(content, complaint):
    """In words, before anything is read."""
    with pytest.raises(ConfigError) as error:
        validate(ProblemsConfig, content, "here")
    assert complaint in str(error.value)
