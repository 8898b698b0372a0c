"""What ends a solution where no end of turn does: the next problem of a base model, and a last line with the answer."""

import asyncio

import pytest
from search_worlds import PROBLEM

from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import AnswerStyle, PromptConfig, PromptStyle, StepDelimiter
from astro.models.prompting import PromptFormat
from astro.search import ROOT, SearchConfig, SearchSetup, Terminal, search
from astro.verify import Outcome, Verifier

NEXT = "\n\nProblem: How many are left?\n\nSolution: It is \\boxed{3}."
NEXT_USER = " User: How many are left?. Assistant: <think> three </think> <answer> 3 </answer>"


def grown(line, prompt, **settings):
    """A tree over a model that always writes this line, or what is left of it, with verdicts of the real verifier."""
    prompt_format = PromptFormat(prompt, ScriptedSampler(lambda prompt, seed: "").tokenizer)
    opening = prompt_format.tokenizer.decode(prompt_format.solve_ids(PROBLEM.prompt))
    sampler = ScriptedSampler(lambda prompt, seed: line[len(prompt) - len(opening) :])
    config = SearchConfig(**({"k": 1, "rollouts": 1, "simulations": 9, "early_rollouts": 0} | settings))
    verifier = Verifier()
    setup = SearchSetup.of(prompt_format, sampler, verifier, config, seed=0)
    tree = asyncio.run(search(PROBLEM, prompt_format.solve_ids(PROBLEM.prompt), setup))
    verifier.close()
    tree.check_invariants()
    return tree


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("plain", " Three and four.\n\nSo it is \\boxed{7}." + NEXT),
        ("plain", " Three and four.\n\nSo the answer is 7." + NEXT),
        ("plain", " The answer is 7 Problem: How many?\n\nSolution: The answer is 3."),
        ("r1_zero", " Three and four </think> <answer> 7 </answer>" + NEXT_USER),
        ("r1_zero", " Three and four </think> Answer: 7" + NEXT_USER),
    ],
)
@pytest.mark.parametrize("reuse", [False, True])
def test_the_problem_that_a_base_model_invents_is_not_graded(template, line, reuse):
    """Rollouts and steps end before it, and the verdict is that on the problem's own answer."""
    tree = grown(line, PromptConfig(style=PromptStyle.PLAIN, template=template), reuse_rollouts=reuse)
    assert {rollout.answer for rollouts in tree.rollouts for rollout in rollouts} == {"7"}
    assert tree.value[ROOT] == 1.0
    (end,) = tree.answered()
    assert (tree.outcome[end], tree.answer[end]) == (Outcome.CORRECT, "7")
    assert "How many" not in tree.solution(end)


def test_without_an_end_stop_a_solution_ends_at_its_answer_all_the_same():
    """The problem that a base model invents after the answer's step is neither graded nor kept."""
    line = " So it is \\boxed{7}." + NEXT
    tree = grown(line, PromptConfig(style=PromptStyle.PLAIN, end_stop=()), simulations=1)
    assert tree.rollouts[ROOT][0].answer == "7"
    assert "How many" not in tree.rollouts[ROOT][0].text


@pytest.mark.parametrize("stated", ["Answer: 7", "#### 7", "The answer is 7.", "So it adds up.\nAnswer: **7**"])
@pytest.mark.parametrize(
    ("step", "delimiter"), [(StepDelimiter.BLANK_LINE, "\n\n"), (StepDelimiter.HEADING, "\n## Step 3: ")]
)
def test_a_last_line_with_the_answer_ends_the_solution(stated, step, delimiter):
    """Where the answer is asked for as a line, that line is a terminal at the delimiter, whatever would follow."""
    line = f" Three and four.{delimiter}{stated}{delimiter}Let me say more.{delimiter}"
    tree = grown(line, PromptConfig(style=PromptStyle.PLAIN, answer=AnswerStyle.LINE, step=step, min_step_content=1))
    (end,) = tree.answered()
    assert tree.depth[end] == 2
    assert (tree.outcome[end], tree.answer[end]) == (Outcome.CORRECT, "7")


@pytest.mark.parametrize("said", ["Is the answer 7?", "The answer is not 7.", "Answer: 7\nNo, I must check that."])
def test_a_line_that_states_no_answer_ends_nothing(said):
    """Nor does an answer that the step takes back."""
    line = f" Three and four.\n\n{said}\n\nGo on.\n\n"
    tree = grown(line, PromptConfig(style=PromptStyle.PLAIN, answer=AnswerStyle.LINE, min_step_content=1))
    assert Terminal.ANSWER not in [tree.terminal[node] for node in range(len(tree)) if tree.depth[node] == 2]
    assert max(tree.depth) > 2
