"""Steps sampled one at a time are those into which a rollout is cut, by structure, too."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_worlds import ByAnswer

from astro.models.completion import SampleParams
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import PromptConfig, PromptStyle
from astro.models.prompting import PromptFormat
from astro.models.tokenizer import ByteTokenizer
from astro.records.problem import Problem
from astro.records.tree import ROOT, Terminal, Tree
from astro.search import SearchConfig, SearchSetup, search
from astro.search.asking import Requests
from astro.search.stepping import StepRequests

PROBLEM = Problem("p", "How many?", "7", "math")
BLOCKS = (
    "She has 16 eggs in her basket.",
    "The total is:",
    "\\[ 16 - 3 = 13 \\]",
    "- 3 apples",
    "- 4 pears",
    "1. First add 3 and 4.",
    "2. Then 3 + 4 = 7.",
    "   It is in the item.",
    "```\na = 1\n\nb = 2\n```",
    "\\begin{align}\na\n\nb\n\\end{align}",
    "## Next",
    "\u2220 is 90\u00b0 \U0001f642",
    "a",
    "-",
    "\n",
)


def setup_of(script: str, least: int = 1, **config: object) -> SearchSetup:
    """A search over one fixed solution, by bytes."""
    prompt = PromptFormat(PromptConfig(style=PromptStyle.PLAIN, end_stop=(), min_step_content=least), ByteTokenizer())
    start = len(prompt.solve_ids(PROBLEM.prompt))
    sampler = ScriptedSampler(lambda text, _: script.encode()[len(text.encode()) - start :].decode(errors="replace"))
    return SearchSetup.of(prompt, sampler, ByAnswer(), SearchConfig(**{"k": 1, "rollouts": 1, **config}), seed=0)


def one_by_one(script: str, setup: SearchSetup) -> list[str]:
    """The texts of the steps, each sampled after those before it."""
    tree = Tree(PROBLEM.id, tuple(prompt_of(setup)), 0)
    tree.add(-1, "", ())
    requests = Requests(tree, PROBLEM, setup, 0)
    steps = StepRequests(requests, setup)

    async def walk() -> list[str]:
        texts, node = [], ROOT
        while True:
            (step,) = await steps.sample(node, 0, 1)
            texts.append(step.text)
            if step.stop is None:
                return texts
            node = tree.add(node, step.text, step.token_ids)

    return asyncio.run(walk())


def prompt_of(setup: SearchSetup) -> list[int]:
    prompt = PromptFormat(PromptConfig(style=PromptStyle.PLAIN, end_stop=()), ByteTokenizer())
    return prompt.solve_ids(PROBLEM.prompt)


@settings(max_examples=60, deadline=None)
@given(blocks=st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=7), least=st.sampled_from([0, 1, 12]))
def test_expansions_and_rollouts_are_cut_at_the_same_places(blocks: list[str], least: int) -> None:
    """A step that takes several requests ends where the splitter ends it in a whole solution."""
    script = "\n\n".join(blocks)
    setup = setup_of(script, least)
    sampled = asyncio.run(setup.sampler.sample(prompt_of(setup), SampleParams(max_tokens=1 << 12)))
    whole = [step.text for step in setup.splitter.split(sampled.completions[0])]
    assert one_by_one(script, setup) == whole


@pytest.mark.parametrize(
    "answer",
    ["The answer is 7.", "**Final Answer:** 7", "#### 7", "Answer: 7", "### Final Answer\n\n7", "So it is \\boxed{7}."],
)
@pytest.mark.parametrize("reuse", [False, True])
def test_a_solution_ends_at_its_stated_answer(answer: str, reuse: bool) -> None:
    """In expansions and rollouts alike, whatever the model writes after it; a box and a statement are the same."""
    script = f"She has 3 and 4 eggs, in all 3 + 4 = 7.\n\n{answer}\n\nNow another question: what is 1 + 1?\n\nIt is 2."
    setup = setup_of(script, 20, simulations=4, reuse_rollouts=reuse)
    tree = asyncio.run(search(PROBLEM, prompt_of(setup), setup))
    texts = [rollout.text for rollouts in tree.rollouts for rollout in rollouts]
    ends = [node for node, kind in enumerate(tree.terminal) if kind in (Terminal.ANSWER, Terminal.UNANSWERED)]
    assert ends
    assert not any("another question" in text for text in [*texts, *(tree.solution(end) for end in ends)])


def test_a_heading_with_four_marks_is_no_answer() -> None:
    """GSM8K's "#### 7" ends a solution, "#### Step 1" begins a step."""
    setup = setup_of("#### Step 1: Add\n\nShe has 3 + 4 = 7 eggs.\n\n#### Step 2: Check\n\nFine, it is right.", 8)
    tree = asyncio.run(search(PROBLEM, prompt_of(setup), setup))
    assert "Step 2" in "".join(tree.text)


def test_a_plan_that_mentions_the_answer_ends_nothing() -> None:
    """ "The answer is the sum of all of them" is no value; the solution goes on to its answer."""
    script = "First we count the eggs. The answer is the sum of all of them.\n\nShe has 3 + 4 eggs.\n\nThe answer is 7."
    setup = setup_of(script, 8)
    tree = asyncio.run(search(PROBLEM, prompt_of(setup), setup))
    ends = [node for node, kind in enumerate(tree.terminal) if kind in (Terminal.ANSWER, Terminal.UNANSWERED)]
    assert [tree.solution(end) for end in ends] == [script]


def test_a_step_beyond_its_limit_is_cut_off() -> None:
    """A fence that goes on is truncated at max_step_tokens, in expansions as in rollouts."""
    setup = setup_of("```\n" + "a = 1\n\n" * 40 + "```\n\nDone.", max_step_tokens=50)
    tree = asyncio.run(search(PROBLEM, prompt_of(setup), setup))
    assert tree.terminal[1] is Terminal.TRUNCATED
    assert len(tree.token_ids[1]) == 50
