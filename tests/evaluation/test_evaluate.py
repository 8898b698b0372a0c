import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import count

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from astro.errors import StoreError
from astro.evaluation import Arrangement, BudgetForcing, EvaluationConfig, JudgeConfig, evaluate_model
from astro.evaluation.judging import read_judgement
from astro.evaluation.settings import Continuation
from astro.models.engines import ScriptedConfig
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import PromptConfig
from astro.models.seeds import derive_seed
from astro.problems import Problem
from astro.records.split import Split
from astro.store.atomic import read_sealed
from astro.tasks import task_named, task_of
from astro.tasks.countdown.generator import CountdownConfig, generate

PROBLEMS = [
    Problem("easy", "What is 1 plus 1?", "2", "math", metadata={"level": 1}),
    Problem("hard", "What is 9 times 9?", "81", "math", metadata={"level": 5}),
]
# What the scripted model says to each sample, in order: its answers are known, and so is every figure.
SCRIPT = {
    "1 plus 1": [
        "The answer is \\boxed{2}.",
        "The answer is \\boxed{3}.",
        "So the answer is 3. Wait, that's wrong. Let me try again. The answer is \\boxed{2}.",
        "The answer is \\boxed{2}.",
    ],
    "9 times 9": [
        "The answer is \\boxed{18}.",
        "Let me check: 9 + 9 = 18. The answer is \\boxed{18}.",
        "So the answer is 81. Wait, that's wrong. Let me try again. The answer is \\boxed{18}.",
        "The answer is \\boxed{81}.",
    ],
}
SCRIPTED = ScriptedConfig(model="script")


def how(**settings):
    settings = {"samples": 4, "max_tokens": 400, "continuations": (), **settings}
    return Arrangement(SCRIPTED, EvaluationConfig(**settings), PromptConfig(), seed=3)


class Scripted:
    """Opens engines that speak by a script, and counts what they are asked."""

    def __init__(self, say):
        self.say, self.prompts, self.opened, self.closed = say, [], 0, 0

    def __call__(self, config):
        self.opened += 1

        def speak(prompt, seed):
            self.prompts.append(prompt)
            return self.say(prompt, seed)

        owner = self

        class Counted(ScriptedSampler):
            async def close(self):
                owner.closed += 1
                await super().close()

        return Counted(speak)


def by_script(prompt, seed):
    """Sample i of a problem has seed + i, and seeds of problems are multiples of 2 ** 15."""
    return next(lines for question, lines in SCRIPT.items() if question in prompt)[seed % (1 << 15)]


def values(figures):
    return {name: figure["value"] for name, figure in figures["figures"].items()}


def test_what_could_not_be_graded_is_neither_right_nor_wrong(tmp_path):
    """A problem whose gold answer cannot be read: its responses are counted apart, and no figure contains them."""
    problems = [PROBLEMS[0], Problem("broken", "What is 9 times 9?", "", "math", metadata={"level": 1})]
    found = evaluate_model("m", "s", {"sums": problems}, how(), tmp_path, open_engine=Scripted(by_script))["sums"]
    figures = found["figures"]
    assert found["outcomes"]["error"] == 4
    assert (figures["ungraded"]["value"], figures["ungraded"]["count"]) == (0.5, 8)
    assert (figures["pass_at_1"]["value"], figures["pass_at_1"]["count"]) == (3 / 4, 1)
    assert (figures["maj_at_4"]["value"], figures["first_attempt"]["count"]) == (1.0, 4)


def test_every_figure_of_a_known_model(tmp_path):
    """Three of four and one of four are right; all else follows by hand."""
    engines = Scripted(by_script)
    found = evaluate_model("m", "script", {"sums": PROBLEMS}, how(), tmp_path, open_engine=engines)["sums"]
    figures = values(found)
    assert (found["problems"], found["samples"], found["model"], found["set"]) == (2, 4, "m", "sums")
    assert figures["pass_at_1"] == pytest.approx((3 / 4 + 1 / 4) / 2)
    assert figures["pass_at_2"] == pytest.approx(((1 - 0) + (1 - 3 / 6)) / 2)
    assert figures["pass_at_4"] == pytest.approx(1.0)
    assert figures["maj_at_4"] == pytest.approx((1 + 0) / 2)
    # A pair that disagrees is split evenly; of random pairs.
    assert figures["maj_at_2"] == pytest.approx((3 / 4 + 1 / 4) / 2, abs=0.05)
    assert figures["backtracks"] == pytest.approx(2 / 8)
    assert figures["first_attempt"] == pytest.approx((2 / 4 + 2 / 4) / 2)
    assert (figures["wrong_to_right"], figures["right_to_wrong"]) == (0.5, 0.5)
    # Five attempts missed and five were right; one of each was followed by another, which started from the middle.
    assert (figures["back_when_missed"], figures["back_when_right"]) == (1 / 5, 1 / 5)
    assert (figures["restarts"], figures["restart_right"], figures["return_right"]) == (0.0, None, 0.5)
    counts = {name: figure["count"] for name, figure in found["figures"].items()}
    assert (counts["first_attempt"], counts["restart_right"], counts["return_right"]) == (8, 0, 2)
    assert figures["finished"] == 1.0
    assert found["outcomes"]["correct"] == 4
    assert sum(found["outcomes"].values()) == 8
    assert figures["backtracking"] == pytest.approx(2 / 8)
    assert figures["verification"] == pytest.approx(1 / 8)
    texts = [text for lines in SCRIPT.values() for text in lines]
    assert found["generated_tokens"] == sum(len(text) + 1 for text in texts)  # bytes, and the end of turn
    assert figures["tokens"] == pytest.approx(found["generated_tokens"] / 8)
    assert {name: values(group)["pass_at_1"] for name, group in found["groups"].items()} == {
        "level 1": 3 / 4,
        "level 5": 1 / 4,
    }
    for figure in found["figures"].values():
        if figure["low"] is not None:  # else there is no value, or a mean without bounds whose samples are all equal
            assert figure["low"] <= figure["value"] <= figure["high"]
    assert read_sealed(tmp_path / "sums/figures.json") == found
    assert (engines.opened, engines.closed) == (1, 1)


def test_the_rows_say_what_was_said(tmp_path):
    """One row a response, in the order of problems and samples, with its verdict and attempts."""
    evaluate_model("m", "script", {"sums": PROBLEMS}, how(), tmp_path, open_engine=Scripted(by_script))
    rows = pq.read_table(tmp_path / "sums/responses.parquet").to_pylist()
    assert [(row["problem_id"], row["sample"]) for row in rows] == [
        (problem.id, sample) for problem in PROBLEMS for sample in range(4)
    ]
    assert [row["text"] for row in rows[:4]] == SCRIPT["1 plus 1"]
    assert [row["outcome"] for row in rows[:2]] == ["correct", "incorrect"]
    third = rows[2]
    assert (third["backtracks"], third["first_correct"], third["wrong_to_right"], third["right_to_wrong"]) == (
        1, False, 1, 0,
    )  # fmt: skip
    assert rows[6]["right_to_wrong"] == 1
    assert {path.name for path in (tmp_path / "sums").iterdir()} == {
        "responses.parquet", "costs.parquet", "complete.json", "figures.json", "settings.yaml", ".lock",
    }  # fmt: skip


def test_a_finished_evaluation_is_not_done_again(tmp_path):
    """No engine is opened; other training problems or resamples change the figures alone."""
    first = evaluate_model("m", "script", {"sums": PROBLEMS}, how(), tmp_path, open_engine=Scripted(by_script))
    engines = Scripted(by_script)
    again = evaluate_model("m", "script", {"sums": PROBLEMS}, how(), tmp_path, open_engine=engines)
    assert again == first
    leaked = evaluate_model(
        "m", "script", {"sums": PROBLEMS}, how(resamples=500), tmp_path, training=PROBLEMS[:1], open_engine=engines
    )["sums"]
    assert leaked["contamination"] == {"training": 1, "exact": 1, "near": 0, "examples": [["easy", "easy"]]}
    assert values(leaked) == values(first["sums"])
    assert engines.opened == 0


def test_another_evaluation_in_the_folder_is_refused(tmp_path):
    """The error names what differs."""
    evaluate_model("m", "script", {"sums": PROBLEMS}, how(), tmp_path, open_engine=Scripted(by_script))
    with pytest.raises(StoreError, match=r"settings\.evaluation\.temperature: 1\.0 before, 0\.5 now"):
        evaluate_model(
            "m", "script", {"sums": PROBLEMS}, how(temperature=0.5), tmp_path, open_engine=Scripted(by_script)
        )
    with pytest.raises(StoreError, match=r"inputs\.problems"):
        evaluate_model("m", "script", {"sums": PROBLEMS[:1]}, how(), tmp_path, open_engine=Scripted(by_script))


def test_what_was_answered_before_a_failure_is_not_asked_again(tmp_path):
    """The model breaks at the last problem; the second start asks that problem alone and ends like a whole run."""
    problems = generate(CountdownConfig(count=30, sizes=(3,), split=Split.TEST))
    asked = count()

    def breaks(prompt, seed):
        if next(asked) == 4 * 29:
            raise RuntimeError("power cut")
        return "I take 1 + 1 = 2, which leaves 2. The answer is \\boxed{1 + 1}."

    with pytest.raises(RuntimeError, match="power cut"):
        evaluate_model("m", "script", {"c": problems}, how(), tmp_path, open_engine=Scripted(breaks))
    engines = Scripted(breaks)
    found = evaluate_model("m", "script", {"c": problems}, how(), tmp_path, open_engine=engines)["c"]
    assert len(engines.prompts) == 4
    assert found["problems"] == 30
    assert pq.read_table(tmp_path / "c/responses.parquet").num_rows == 120


def test_seeds_depend_on_run_set_and_problem_alone(tmp_path):
    """A problem gets the same seeds in another company; another run's seed, or set, gives others."""
    seen = {}

    def note(prompt, seed):
        seen.setdefault(prompt, []).append(seed)
        return "no"

    evaluate_model("m", "script", {"sums": PROBLEMS}, how(), tmp_path, open_engine=Scripted(note))
    expected = derive_seed(3, "evaluate", "sums", "hard")
    assert seen[next(prompt for prompt in seen if "9 times 9" in prompt)] == [expected + i for i in range(4)]


def test_another_engine_is_not_given_the_options_of_the_runs():
    """A run searched by one kind of engine may be evaluated by another, which knows none of its options."""
    run = ScriptedConfig(model="CountdownPlayer", options={"skill": 0.6})
    same = Arrangement(run, EvaluationConfig(), PromptConfig())
    other = Arrangement(run, EvaluationConfig(engine="transformers"), PromptConfig())
    assert same.engine_for("m").options == {"skill": 0.6}
    assert (other.engine_for("m").kind, other.engine_for("m").options) == ("transformers", {})


def test_greedy_is_one_response(tmp_path):
    """At temperature 0 more would be the same again."""
    found = evaluate_model(
        "m", "script", {"sums": PROBLEMS}, how(temperature=0.0), tmp_path, open_engine=Scripted(by_script)
    )["sums"]
    assert found["samples"] == 1
    assert set(found["figures"]) >= {"pass_at_1", "maj_at_1"}
    assert "pass_at_2" not in found["figures"]


def test_a_prompt_that_is_too_long_is_an_error_not_a_crash(tmp_path):
    """Its responses are there, not correct, without tokens; the other problem is answered."""
    problems = [PROBLEMS[0], Problem("long", "word " * 2000, "1", "math")]

    def small(config):
        return ScriptedSampler(by_script, context_window=1500)

    evaluate_model("m", "script", {"s": problems}, how(), tmp_path, open_engine=small)
    rows = pq.read_table(tmp_path / "s/responses.parquet").to_pylist()
    assert [row["outcome"] for row in rows[3:]] == ["correct"] + ["error"] * 4
    assert {row["finish_reason"] for row in rows[4:]} == {"error"}


def test_an_open_engine_is_left_open(tmp_path):
    """Its owner closes it."""
    engine = ScriptedSampler(by_script)
    evaluate_model("m", "script", {"sums": PROBLEMS}, how(), tmp_path, engine=engine)
    assert engine.stats().requests == 2
    asyncio.run(engine.close())


def test_waiting_takes_the_end_back(tmp_path):
    """Forced to go on twice, the model is shown its own words and Wait each time, and has the last word."""
    said = {0: "It is \\boxed{3}.", 1: " It is \\boxed{4}, no.", 2: " So the answer is \\boxed{2}."}

    def reluctant(prompt, seed):
        return said[prompt.count("Wait")]

    forcing = BudgetForcing(wait=2)
    engines = Scripted(reluctant)
    settings = how(samples=2, budget_forcing=forcing)
    found = evaluate_model("m", "script", {"s": PROBLEMS[:1]}, settings, tmp_path, open_engine=engines)["s"]
    rows = pq.read_table(tmp_path / "s/responses.parquet").to_pylist()
    assert {row["text"] for row in rows} == {said[0] + "Wait" + said[1] + "Wait" + said[2]}
    assert values(found)["pass_at_1"] == 1.0
    assert rows[0]["tokens"] == sum(len(text) + 1 for text in said.values())
    assert len(engines.prompts) == 6


def test_waiting_stays_within_the_budget(tmp_path):
    """A model without room to go on is not asked to; it ended by length."""
    settings = how(samples=1, max_tokens=20, budget_forcing=BudgetForcing(wait=50))
    engines = Scripted(lambda prompt, seed: "on and on")
    evaluate_model("m", "script", {"s": PROBLEMS[:1]}, settings, tmp_path, open_engine=engines)
    (row,) = pq.read_table(tmp_path / "s/responses.parquet").to_pylist()
    assert (row["tokens"], row["text"]) == (20, "on and onWaiton and on")


def test_cut_thinking_asks_for_the_answer(tmp_path):
    """A model that never comes to an end is cut after 30 tokens and answers; one that ended before is left alone."""

    def endless(prompt, seed):
        if "9 times 9" in prompt:
            return "\\boxed{81}"
        return " \\boxed{2}" if prompt.endswith("Final answer:") else "hmm, " * 100

    settings = how(samples=1, budget_forcing=BudgetForcing(cut_thinking=30))
    found = evaluate_model("m", "script", {"s": PROBLEMS}, settings, tmp_path, open_engine=Scripted(endless))["s"]
    rows = pq.read_table(tmp_path / "s/responses.parquet").to_pylist()
    assert [row["text"] for row in rows] == ["hmm, " * 6 + "\n\nFinal answer: \\boxed{2}", "\\boxed{81}"]
    assert values(found)["pass_at_1"] == 1.0
    assert rows[0]["tokens"] == 30 + len(" \\boxed{2}") + 1


@pytest.mark.parametrize(
    ("forcing", "message"),
    [
        ({"cut_thinking": 500}, "cut_thinking is 500, and max_tokens cuts a response off at 400"),
        ({"cut_thinking": 5, "end_of_thinking": "</think>"}, "must hold end_of_thinking, which is '</think>'"),
    ],
)
def test_a_cut_that_could_not_go_well_is_refused(forcing, message):
    """Beyond max_tokens it would come earlier than asked; without the closing tag the answer is a thought."""
    with pytest.raises(ValidationError, match=message):
        EvaluationConfig(max_tokens=400, budget_forcing=forcing)


def test_a_thinking_model_waits_before_its_answer(tmp_path):
    """The closing tag is taken back once, then let stand, and the answer follows it."""

    def thinker(prompt, seed):
        if prompt.endswith("</think>"):
            return "The answer is \\boxed{2}."
        return " I am sure.</think>never read" if "Wait" in prompt else "It is 2.</think>never read"

    forcing = BudgetForcing(wait=1, end_of_thinking="</think>", wait_text="\nWait,")
    settings = how(samples=1, budget_forcing=forcing)
    evaluate_model("m", "script", {"s": PROBLEMS[:1]}, settings, tmp_path, open_engine=Scripted(thinker))
    (row,) = pq.read_table(tmp_path / "s/responses.parquet").to_pylist()
    assert row["text"] == "It is 2.\nWait, I am sure.</think>The answer is \\boxed{2}."
    assert row["correct"]


@pytest.mark.parametrize(
    ("prefix", "end", "outcomes"),
    [
        ("<think>", "", ["correct", "unanswered"]),
        ("<think>", "</think>\\boxed{2}", ["correct", "correct"]),
        ("", "", ["correct", "correct"]),
    ],
)
def test_a_thought_that_was_cut_off_is_no_answer(tmp_path, prefix, end, outcomes):
    """Where the prompt opens the thought, and neither it nor the response was ended by the model."""
    said = "We try 1+1: \\boxed{2}." + end
    settings = replace(how(samples=2, max_tokens=60), prompt=PromptConfig(thinking_prefix=prefix))

    def thinker(prompt, seed):
        return said if seed % (1 << 15) == 0 else f"{said} Then the whole, for the" + " and so on" * 9

    evaluate_model("m", "script", {"s": PROBLEMS[:1]}, settings, tmp_path, open_engine=Scripted(thinker))
    rows = pq.read_table(tmp_path / "s/responses.parquet").to_pylist()
    assert [row["finish_reason"] for row in rows] == ["stop", "length"]
    assert [row["outcome"] for row in rows] == outcomes


def test_a_judge_is_asked_once_a_response(tmp_path):
    """Its answers stand beside the patterns; a reply that does not say is left out of the share."""

    def judge_or_script(prompt, seed):
        if "four behaviours" not in prompt:
            return by_script(prompt, seed)
        if "9 + 9" in prompt:
            return "I cannot say."
        yes = "yes" if "Wait" in prompt else "no"
        return f"verification: no\n- **backtracking**: {yes}\nsubgoals: No.\nbackward_chaining - no"

    engines = Scripted(judge_or_script)
    settings = how(judge=JudgeConfig(engine=SCRIPTED))
    found = evaluate_model("m", "script", {"s": PROBLEMS}, settings, tmp_path, open_engine=engines)["s"]
    figures = values(found)
    assert figures["judged_backtracking"] == pytest.approx(2 / 7)
    assert figures["judged_subgoals"] == 0.0
    assert (engines.opened, engines.closed, len(engines.prompts)) == (2, 2, 16)


def test_a_judge_that_comes_later_reads_what_is_there(tmp_path):
    """The responses are not asked for again; without the judge they stay as they are."""
    engines = Scripted(by_script)
    evaluate_model("m", "script", {"s": PROBLEMS}, how(), tmp_path, open_engine=engines)
    judge = Scripted(lambda prompt, seed: "verification: yes\nbacktracking: yes\nsubgoals: yes\nbackward_chaining: yes")
    settings = how(judge=JudgeConfig(engine=SCRIPTED))
    for _ in range(2):
        found = evaluate_model("m", "script", {"s": PROBLEMS}, settings, tmp_path, open_engine=judge)["s"]
    assert values(found)["judged_subgoals"] == 1.0
    assert (len(judge.prompts), judge.opened) == (8, 1)
    assert not list((tmp_path / "s").glob("*.astj"))


def test_what_a_problem_cost_is_kept(tmp_path):
    """One row a problem: one request of four responses, its prompt once; with a forced wait one more a response."""
    evaluate_model("m", "script", {"s": PROBLEMS}, how(), tmp_path, open_engine=Scripted(by_script))
    responses = pq.read_table(tmp_path / "s/responses.parquet").to_pylist()
    for row in pq.read_table(tmp_path / "s/costs.parquet").to_pylist():
        each = [response for response in responses if response["problem_id"] == row["problem_id"]]
        assert row["calls"] == 1
        assert row["prompt_tokens"] == each[0]["prompt_tokens"]
        assert row["generated_tokens"] == sum(response["tokens"] for response in each)
    forced = how(budget_forcing=BudgetForcing(wait=1))
    evaluate_model("m", "script", {"f": PROBLEMS[:1]}, forced, tmp_path, open_engine=Scripted(by_script))
    assert pq.read_table(tmp_path / "f/costs.parquet").column("calls").to_pylist() == [1 + 4]


def test_responses_of_another_version_are_refused_not_deleted(tmp_path):
    """A version that wrote no marker beside its responses: the error says what to do, and the file stays."""
    evaluate_model("m", "script", {"s": PROBLEMS}, how(), tmp_path, open_engine=Scripted(by_script))
    (tmp_path / "s/complete.json").unlink()
    with pytest.raises(StoreError, match="written by another version of astro"):
        evaluate_model("m", "script", {"s": PROBLEMS}, how(), tmp_path, open_engine=Scripted(by_script))
    assert (tmp_path / "s/responses.parquet").exists()


def test_a_damaged_file_of_responses_is_named(tmp_path):
    """The figures are not computed again from responses whose hash is another."""
    evaluate_model("m", "script", {"s": PROBLEMS}, how(), tmp_path, open_engine=Scripted(by_script))
    path = tmp_path / "s/responses.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"responses\.parquet is damaged"):
        evaluate_model("m", "script", {"s": PROBLEMS}, how(resamples=500), tmp_path, open_engine=Scripted(by_script))


def test_groups_are_named_by_numbers_level_or_task():
    """Countdown by how many numbers, others by what their data set says, else by task."""
    (countdown,) = generate(CountdownConfig(count=1, sizes=(4,)))
    assert task_of(countdown).group(countdown) == "4 numbers"
    assert task_of(PROBLEMS[1]).group(PROBLEMS[1]) == "level 5"
    of_math = task_named("math").group
    assert of_math(Problem("m", "?", "1", "math", metadata={"Level": "Level 3"})) == "Level 3"
    assert of_math(Problem("m", "?", "1", "math", metadata={"subject": "Algebra"})) == "Algebra"
    assert of_math(Problem("m", "?", "1", "math")) == "math"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_kill_loses_nothing_that_was_answered(tmp_path):
    """Killed in the middle, the same command goes on and ends like an evaluation that was never interrupted."""
    command = [
        sys.executable, "-m", "astro", "eval", "CountdownPlayer", "countdown.count=400",
        "engine.kind=scripted", "prompt.template=tiny", "prompt.step=newline", "samples=4", "resamples=100",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    killed = subprocess.Popen([*command, "--out", str(tmp_path / "killed")], env=environment, stdout=subprocess.DEVNULL)
    journal = tmp_path / "killed/countdown.count-400/journal.astj"
    while killed.poll() is None and not (journal.exists() and journal.stat().st_size):
        time.sleep(0.001)
    killed.kill()
    killed.wait()
    assert journal.exists(), "the test must catch it in the middle"
    assert not (journal.parent / "responses.parquet").exists()
    for name in ("killed", "whole"):
        subprocess.run([*command, "--out", str(tmp_path / name)], env=environment, check=True, capture_output=True)
    one, two = (
        pq.read_table(tmp_path / name / "countdown.count-400/responses.parquet") for name in ("killed", "whole")
    )
    assert one.equals(two)
    assert not journal.exists()


def test_the_patterns_of_a_judge_are_read_anywhere():
    """A judge's Markdown makes no difference."""
    reply = "**verification:** yes\n2. subgoals: yes\nbackward_chaining: maybe"
    assert read_judgement(reply) == {
        "verification": True,
        "backtracking": None,
        "subgoals": True,
        "backward_chaining": None,
    }


@pytest.mark.parametrize(
    "reply", ["", "verification: yes/no", "Verification: yes or no", "verification: no, yes", "yes"]
)
def test_a_reply_that_does_not_decide_is_none(reply):
    """The question repeated is no answer to it."""
    assert set(read_judgement(reply).values()) == {None}


def test_behaviours_may_be_spelled_with_a_space_or_a_hyphen():
    """As judges write what has an underscore in the question."""
    assert read_judgement("Backward chaining: yes")["backward_chaining"] is True
    assert read_judgement("* Backward-Chaining: No, it goes on.")["backward_chaining"] is False


def test_a_length_is_asked_for_as_training_asks(tmp_path):
    """Every prompt ends with the run's sentence; the figure is the mean distance from the length, as a share of it."""
    asked = Arrangement(
        SCRIPTED, EvaluationConfig(samples=2, max_tokens=400, think_tokens=20), sentence="Use {tokens} tokens {sic}."
    )
    said = ["It is \\boxed{2}.", "It is surely \\boxed{81}."]  # 16 and 24 bytes, and the end of turn
    engines = Scripted(lambda prompt, seed: said[seed % (1 << 15)])
    found = evaluate_model("m", "script", {"sums": PROBLEMS}, asked, tmp_path, open_engine=engines)["sums"]
    assert all("plus 1?\n\nUse 20 tokens {sic}." in prompt for prompt in engines.prompts if "plus" in prompt)
    assert values(found)["length_error"] == pytest.approx((3 / 20 + 5 / 20) / 2)
    assert values(found["groups"]["level 1"])["length_error"] == pytest.approx((3 / 20 + 5 / 20) / 2)
    with pytest.raises(StoreError, match="Use 20 tokens"):
        evaluate_model("m", "script", {"sums": PROBLEMS}, how(samples=2), tmp_path, open_engine=engines)


def test_no_length_is_asked_for_unless_wanted(tmp_path):
    """The problem is asked in its own words, there is no such figure, and older evaluations go on."""
    engines = Scripted(by_script)
    found = evaluate_model("m", "script", {"sums": PROBLEMS}, how(), tmp_path, open_engine=engines)["sums"]
    assert not any("Think for" in prompt for prompt in engines.prompts)
    assert "length_error" not in found["figures"]
    assert not {"asks", "think_tokens"} & found["settings"]["evaluation"].keys()


def test_a_length_that_would_be_cut_off_is_refused():
    """The message has both numbers."""
    with pytest.raises(ValidationError, match="asks for 500 tokens, and max_tokens cuts a response off at 400"):
        EvaluationConfig(max_tokens=400, think_tokens=500)


NUDGED = {
    "1 plus 1": ["That is 3, so it is not correct.", "That is \\boxed{2}, so it is correct."],
    "9 times 9": ["That is \\boxed{18}, so it is correct.", "That is 80, so it is not correct."],
}


def nudged_or_free(prompt, seed):
    """The scripted lines; nudged, the model gets 1 + 1 right, and misses 9 times 9 again."""
    if "But wait" in prompt:
        said = "That is \\boxed{2}, so it is correct." if "1 plus 1" in prompt else "That is 82, so it is not correct."
        return f"Let's restart from the beginning. {said}"
    lines = next(lines for question, lines in NUDGED.items() if question in prompt)
    return lines[seed % (1 << 15)]


def test_continuations_are_evaluated_beside_the_free_responses(tmp_path):
    """Free: one of four right. Nudged: the missed 1 + 1 becomes right, the missed 9 times 9 stays wrong; kept apart."""
    model = Scripted(nudged_or_free)
    settings = how(samples=2, continuations=(Continuation.NUDGE,))
    first = evaluate_model("m", "script", {"s": PROBLEMS}, settings, tmp_path / "m", open_engine=model)
    asked = len(model.prompts)
    again = evaluate_model("m", "script", {"s": PROBLEMS}, settings, tmp_path / "m", open_engine=model)
    nudged = json.loads((tmp_path / "m+nudge" / "s" / "figures.json").read_text())
    assert first["s"]["figures"]["pass_at_1"]["value"] == 0.25
    assert nudged["figures"]["pass_at_1"]["value"] == 0.5
    assert nudged["model"] == "m+nudge"
    # 3, 18, 80 and 82 missed; after 3 and 80 the model was nudged, started over, and was right once.
    assert nudged["figures"]["back_when_missed"]["value"] == 2 / 4
    assert nudged["figures"]["restart_right"]["value"] == 1 / 2
    assert (asked, len(model.prompts)) == (4 + 2, 4 + 2)
    assert again == first


def test_the_free_figures_name_what_each_continuation_adds(tmp_path):
    """One of four right becomes two of four: half of the first problem, nothing of the second. Added later, too."""
    model, free = Scripted(nudged_or_free), how(samples=2)
    before = evaluate_model("m", "script", {"s": PROBLEMS}, free, tmp_path / "m", open_engine=model)["s"]
    asked = how(samples=2, continuations=(Continuation.NUDGE,))
    found = evaluate_model("m", "script", {"s": PROBLEMS}, asked, tmp_path / "m", open_engine=model)["s"]
    nudged = found["continued"]["nudge"]
    assert before["continued"] == {}
    assert (nudged["pass_at_1"]["value"], nudged["gain"]["value"], nudged["gain"]["count"]) == (0.5, 0.25, 2)
    assert nudged["tokens"]["value"] > found["figures"]["tokens"]["value"]
    assert read_sealed(tmp_path / "m/s/figures.json") == found
    assert len(model.prompts) == 4 + 2  # the free responses were sampled once
    assert evaluate_model("m", "script", {"s": PROBLEMS}, free, tmp_path / "m", open_engine=model)["s"] == found


AGAIN = ["That is 3, so it is not correct.", "I do not know.", "That is \\boxed{2}, so it is correct."]


def test_a_problem_is_asked_again_until_the_model_calls_an_answer_correct(tmp_path):
    """It misses, then states no answer, then is right by its own words: right at the third attempt, tokens of all."""
    left = iter([*AGAIN, "That is \\boxed{80}, so it is correct."])
    model = Scripted(lambda prompt, seed: next(left))
    settings = how(samples=1, continuations=(Continuation.ASK_AGAIN,))
    one = {"s": PROBLEMS[:1]}
    found = evaluate_model("m", "script", one, settings, tmp_path / "m", open_engine=model)["s"]
    again = found["continued"]["ask_again"]
    assert found["figures"]["pass_at_1"]["value"] == 0.0
    assert again["pass_at_1"]["value"] == 1.0
    assert again["tokens"]["value"] == sum(len(text) + 1 for text in AGAIN)
    assert len(model.prompts) == len(AGAIN)


def test_a_wrong_answer_that_is_called_correct_is_not_continued(tmp_path):
    """Neither control knows the gold answer: what the model believes stays, and the model is not asked."""
    model = Scripted(lambda prompt, seed: "That is \\boxed{7}, so it is correct.")
    settings = how(samples=1, continuations=tuple(Continuation))
    found = evaluate_model("m", "script", {"s": PROBLEMS}, settings, tmp_path / "m", open_engine=model)["s"]
    assert {name: each["gain"]["value"] for name, each in found["continued"].items()} == {"nudge": 0, "ask_again": 0}
    assert len(model.prompts) == 2


@pytest.mark.parametrize(("temperature", "expected"), [(1.0, tuple(Continuation)), (0.0, (Continuation.NUDGE,))])
def test_the_controls_are_on_by_default(temperature, expected):
    """Except asking again at temperature 0, where the same response would come."""
    assert EvaluationConfig(temperature=temperature).continued == expected


def test_the_curve_counts_right_responses_within_a_number_of_tokens(tmp_path):
    """A response of 10 tokens counts from the first point on, one of 52 only at 64; the last point is pass@1."""
    said = {"1 plus 1": "\\boxed{2}", "9 times 9": "x" * 40 + " \\boxed{81}"}
    model = Scripted(lambda prompt, seed: next(text for question, text in said.items() if question in prompt))
    found = evaluate_model("m", "script", {"s": PROBLEMS}, how(samples=1), tmp_path / "m", open_engine=model)
    figures = found["s"]["figures"]
    curve = {name: figure["value"] for name, figure in figures.items() if name.startswith("right_within_")}
    assert curve == {"right_within_32": 0.5, "right_within_48": 0.5, "right_within_64": 1.0}


def test_a_forced_evaluation_has_no_continuations(tmp_path):
    """A forced response is not a free one: `astro eval ... budget_forcing.wait=1` works whatever the file asks for."""
    forced = how(samples=1, continuations=(Continuation.NUDGE,), budget_forcing=BudgetForcing(wait=1))
    model = Scripted(nudged_or_free)
    found = evaluate_model("m", "script", {"s": PROBLEMS}, forced, tmp_path / "m", open_engine=model)
    assert list(found) == ["s"]
    assert not (tmp_path / "m+nudge").exists()


@pytest.mark.parametrize("continuations", [(), (Continuation.NUDGE,)])
def test_ctrl_c_inside_a_step_of_the_engine_leaves_no_exception_unread(tmp_path, caplog, continuations):
    """KeyboardInterrupt comes out as it is, and asyncio has no traceback to report when its futures are collected."""
    asked = count()

    def say(prompt, seed):
        if next(asked) == (9 if continuations else 1):
            raise KeyboardInterrupt
        return by_script(prompt, seed) if not continuations or next(iter(SCRIPT)) in prompt else "I give up."

    with pytest.raises(KeyboardInterrupt):
        evaluate_model(
            "m", "script", {"set": PROBLEMS}, how(continuations=continuations), tmp_path, open_engine=Scripted(say)
        )
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
