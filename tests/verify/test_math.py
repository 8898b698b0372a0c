"""The mathematics verifier against a table of answers by class, and its rules one by one."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from astro.records.problem import Problem
from astro.verify import Outcome, Verdict, Verifier, VerifyConfig
from astro.verify.extraction import Extraction, extract
from astro.verify.forms.math import check_gold, gold_caveat, read, settle, verify

CONFIG = VerifyConfig()
TABLE = defaultdict(list)
for line in Path(__file__).with_name("math_cases.jsonl").read_text().splitlines():
    row = json.loads(line)
    TABLE[row["class"]].append(row)


def grade(gold, answer, prompt="Compute.", config=CONFIG, **metadata):
    problem = Problem("p", prompt, gold, "math", metadata=metadata)
    extraction = extract(f"\\boxed{{{answer}}}")
    return verify(problem, extraction, config) or settle(problem, extraction, config)


def is_correct(problem, response):
    extraction = read(response, CONFIG)
    if extraction.answer is None:
        return False
    return (verify(problem, extraction, CONFIG) or settle(problem, extraction, CONFIG)).correct


@pytest.mark.parametrize("name", sorted(TABLE))
def test_table(name):
    """Every answer of the class gets the verdict a careful grader gives."""
    wrong = []
    for row in TABLE[name]:
        problem = Problem("p", row["problem"], row["gold"], "math")
        wrong += [("refused", row["gold"], r) for r in row["correct"] if not is_correct(problem, r)]
        wrong += [("accepted", row["gold"], r) for r in row["incorrect"] if is_correct(problem, r)]
    assert not wrong


@pytest.mark.parametrize("name", sorted(TABLE))
def test_no_ordinary_answer_needs_a_worker(name):
    """Every answer of the class is decided within the allowance of the calling process."""
    for row in TABLE[name]:
        problem = Problem("p", row["problem"], row["gold"], "math")
        for response in (*row["correct"], *row["incorrect"]):
            extraction = extract(response)
            assert extraction.answer is None or verify(problem, extraction, CONFIG) is not None


@pytest.mark.parametrize("name", sorted(TABLE))
def test_gold_answers_are_readable(name):
    """Each gold answer of the table passes the check made when problems are loaded."""
    problems = [Problem("p", row["problem"], row["gold"], "math") for row in TABLE[name]]
    assert [check_gold(problem) for problem in problems] == [None] * len(problems)


@pytest.mark.parametrize(
    "gold", ["\\frac{1}{0}", "9^{9^{9^{9}}}", "\\int_0^1 x dx", "42 or so", "x^{\\prime}+r x=0", "5 4.6"]
)
def test_an_unreadable_gold_answer_is_compared_as_written(gold):
    """It is kept with a caveat; the same text is correct, and any other answer an error: neither right nor wrong."""
    given = Problem("p", "Compute.", gold, "math")
    assert check_gold(given) is None
    assert gold_caveat(given) is not None
    assert grade(gold, gold).outcome is Outcome.CORRECT
    assert grade(gold, "42").outcome is Outcome.ERROR


@pytest.mark.parametrize("gold", ["", " ", "\\boxed{}", "$$", "\u202e42"])
def test_a_blank_gold_answer_is_refused(gold):
    """Without a text, or with characters that change the reading order, there is nothing to compare with."""
    assert check_gold(Problem("p", "Compute.", gold, "math")) is not None
    assert not grade(gold, gold).correct


@pytest.mark.parametrize(
    "answers",
    [
        ("1/2", "0.5", r"\frac{2}{4}", "50\\%"),
        (r"\sqrt{12}", r"2\sqrt3", r"2 \cdot 3^{1/2}"),
        ("x=3,4", r"\{4,3\}", r"3 \text{ or } 4"),
        ("x>3", r"(3,\infty)", r"\{x \mid x > 3\}"),
        ("(x+1)^2", "x^2+2x+1"),
        ("(1,2)", r"\left(1, 2\right)"),
        ("3:4", "6:8"),
        (r"\text{Evelyn}", "evelyn"),
        ("1,234", "1234", r"1\,234"),
    ],
)
def test_equal_answers_have_one_canonical_form(answers):
    """Different writings of one wrong answer count as the same wrong answer."""
    assert len({grade("77", answer).canonical for answer in answers}) == 1


def test_different_answers_have_different_canonical_forms():
    """Different wrong answers stay apart."""
    answers = [
        "1",
        "2",
        "1/2",
        r"\sqrt2",
        "x",
        "x^2",
        "(1,2)",
        "(2,1)",
        r"\{1,2\}",
        "x>1",
        "x\\ge1",
        "1:2",
        "3x+1",
        "-1",
    ]
    assert len({grade("77", answer).canonical for answer in answers}) == len(answers)


def test_exact_is_the_default_and_tolerance_is_opt_in():
    """A rounded answer is right only where the problem or the configuration says so."""
    assert grade("\\pi", "3.14").outcome is Outcome.INCORRECT
    assert grade("\\pi", "3.14", tolerance=0.001).outcome is Outcome.CORRECT
    assert grade("\\pi", "3.14", config=VerifyConfig(tolerance=0.001)).outcome is Outcome.CORRECT
    assert grade("\\pi", "3.15", tolerance=0.001).outcome is Outcome.INCORRECT


@pytest.mark.parametrize("response", [r"-\boxed{5}", r"\frac{\boxed{5}}{2}", r"\boxed{5} \times 10^3", r"$\boxed{5}!$"])
def test_a_part_of_a_formula_is_no_answer(response):
    """Neither the box alone nor the whole formula is taken for the answer."""
    verifier = Verifier()
    for gold in ("5", "-5"):
        assert verifier.verify(Problem(gold, "Compute.", gold, "math"), response).outcome is Outcome.MALFORMED


def test_echo_can_be_allowed():
    """Restating the problem is refused by default and allowed by the flag."""
    prompt = "Compute 12 \\times 34."
    assert grade("408", r"12\times34", prompt).outcome is Outcome.INCORRECT
    assert grade("408", r"12\times34", prompt, VerifyConfig(echo=False)).outcome is Outcome.CORRECT


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("41", Outcome.INCORRECT),
        ("42 \\text{ or } 43", Outcome.INCORRECT),
        ("\\text{about } 42", Outcome.MALFORMED),
        ("43 = 42", Outcome.MALFORMED),
        ("\\frac{1}{", Outcome.MALFORMED),
        ("\\int_0^1 x\\,dx", Outcome.MALFORMED),
        ("1/0", Outcome.MALFORMED),
    ],
)
def test_wrong_and_unreadable_are_told_apart(answer, outcome):
    """An answer that was read and is wrong is not the same as one that is no answer."""
    problem = Problem("p", "Compute.", "42", "math")
    assert verify(problem, extract(f"The answer is \\boxed{{{answer}}}"), CONFIG).outcome in {
        outcome,
        Outcome.MALFORMED,
    }
    assert not verify(problem, extract(f"\\boxed{{{answer}}}"), CONFIG).correct


@pytest.mark.parametrize(
    "answer",
    [
        "9^{9^{9}}",
        "9^{9^{9^{9}}}",
        "2^{2^{2^{2^{2^{2}}}}}",
        "(9^9)!",
        "((100)!)!",
        "10000000!",
        "100000!",
        r"\binom{10^8}{5\cdot 10^7}",
        "(" * 60 + "1" + ")" * 60,
        r"\frac{1}{" * 200 + "2" + "}" * 200,
        "1" * 400,
        "a" * 2500,
        "+".join(["1"] * 400),
        r"\sqrt" * 200 + "2",
        r"\exp(\exp(\exp(\exp(9))))",
        r"\sin(10^{10^{10}})",
        r"10^{10^{10}} \bmod 7",
        "{" * 1000,
        "-" * 1000 + "1",
        "(1." + "37" * 140 + "+\\pi)!",
    ],
)
def test_astronomic_answers_are_refused_unread(answer):
    """Bombs end as malformed or cut-off answers without being worked out."""
    problem = Problem("p", "Compute.", "42", "math")
    extraction = extract(f"\\boxed{{{answer}}}")
    outcome = extraction.outcome or (verify(problem, extraction, CONFIG) or settle(problem, extraction, CONFIG)).outcome
    assert outcome in {Outcome.MALFORMED, Outcome.UNANSWERED}


def test_large_but_honest_numbers_are_exact():
    """Factorials and powers of thousands of digits are compared in every digit."""
    assert grade(r"\frac{1}{2004!}", r"\frac{2005}{2005!}").correct
    assert not grade(r"\frac{1}{2004!}", r"\frac{1}{2006!}").correct
    assert grade("2^{1000}", str(2**1000)[:300]).outcome is Outcome.INCORRECT
    assert grade(r"\sqrt{2}+10^{-100}", r"\sqrt{2}").outcome is Outcome.INCORRECT


COSTLY = (
    "+".join(rf"\binom{{30000}}{{{15000 - n}}}" for n in range(18)),
    "+".join(f"(1.6565471165654711{n})^{{{800 + n}}}" for n in range(18)),
    "+".join(rf"\sqrt{{{2000 - n}!}}" for n in range(40)),
    r"\{" + ",".join(rf"\sqrt{{x+{n}}}" for n in range(2, 40)) + r"\}",
    "<".join(f"(x+{n})^{{19}}" for n in range(40)),
)


@pytest.mark.parametrize("answer", [*COSTLY, "1" * 601])
def test_costly_and_long_answers_are_left_to_a_worker(answer):
    """What is not certain to be quick is not done in the process that asks, whichever side it stands on."""
    for gold, given in ((answer, answer + " "), (r"\{\sqrt{5}+\pi+x\}", answer)):
        assert verify(Problem("p", "Compute.", gold, "math"), Extraction(given, ""), CONFIG) is None


def test_a_worker_decides_like_the_process_itself():
    """The verdict does not depend on where it was found: a worker goes on from the same rules."""
    verifier = Verifier(VerifyConfig(workers=1, deadline=30.0))
    given = Problem("p", "Compute.", COSTLY[0], "math")
    assert verifier.verify_now(given, f"\\boxed{{{COSTLY[0]}}}") is None
    assert verifier.verify(given, f"\\boxed{{{COSTLY[0]}}}").outcome is Outcome.CORRECT
    assert verifier.verify(given, f"\\boxed{{{COSTLY[0]}+1}}").outcome is Outcome.INCORRECT
    verifier.close()


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        (r"\sqrt{-x^2-1}", r"i\sqrt{x^2+1}", True),
        (r"\sqrt{-x^2-1}", r"2\sqrt{-x^2-1}", False),
        (r"\arcsin x+\arccos x", r"\frac{\pi}{2}", True),
        (r"\ln(x-50)-\ln 2", r"\ln\frac{x-50}{2}", True),
        (r"\ln(x-50)", r"\ln(x-51)", False),
    ],
)
def test_functions_that_have_a_value_at_hardly_any_point(gold, answer, right):
    """Where the usual points are outside of a domain, others are tried, and then sympy in a worker."""
    verifier = Verifier(VerifyConfig(workers=1, deadline=30.0))
    assert verifier.verify(Problem("p", "Simplify.", gold, "math"), f"\\boxed{{{answer}}}").correct == right
    verifier.close()


def test_suspects_are_logged(caplog, monkeypatch):
    """A verdict that sympy does not share is kept and logged; it stays what it was."""
    verifier = Verifier(VerifyConfig(workers=1, deadline=30.0), second_opinions=1.0)
    monkeypatch.setattr("astro.verify.forms.math.verify", lambda *_: Verdict(Outcome.CORRECT, "x+2", "a bug"))
    given = Problem("p", "Simplify.", "x+1", "math")
    assert verifier.verify(given, r"\boxed{x+2}").correct
    verifier.verify(given, r"\boxed{1+x}")
    verifier.settled()
    assert [(suspect.answer, suspect.reason) for suspect in verifier.suspects] == [("x+2", "a bug")]
    assert "a second opinion differs" in caplog.text
    verifier.close()
