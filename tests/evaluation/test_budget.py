"""Where a response ends."""

import asyncio

import pytest

from astro.evaluation.budget import Budget, respond
from astro.evaluation.settings import BudgetForcing
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import PromptConfig, PromptStyle
from astro.models.prompting import PromptFormat
from astro.verify import extract

NEXT = " User: Another?. Assistant: <think> 3 </think> <answer> 3 </answer>"


@pytest.mark.parametrize("forcing", [None, BudgetForcing(end_of_thinking="</think>", wait=1, wait_text=" Wait,")])
@pytest.mark.parametrize(
    ("template", "solution", "rest"),
    [
        ("plain", " It is \\boxed{7}.\n\n", "Problem: Another?\n\nSolution: \\boxed{3}."),
        ("r1_zero", " 3 and 4 </think> <answer> 7 </answer>", NEXT),
        ("r1_zero", " 3 and 4 </think> The answer is 7", NEXT),
    ],
)
def test_a_response_ends_before_the_problem_that_a_base_model_invents(template, solution, rest, forcing):
    """Its answer is that of the problem, with the tag that closes it; forced to think on, it ends there, too."""

    def model(prompt, seed):
        written = prompt[len(opening) :].replace(" Wait,", "")
        return (solution + rest)[len(written) :]

    sampler = ScriptedSampler(model)
    prompt_format = PromptFormat(PromptConfig(style=PromptStyle.PLAIN, template=template), sampler.tokenizer)
    ids = prompt_format.solve_ids("How much?")
    opening = sampler.tokenizer.decode(ids)
    budget = Budget(max_tokens=500, temperature=1.0, top_p=1.0, forcing=forcing)
    (answered,), _ = asyncio.run(respond(sampler, prompt_format, ids, budget, n=1, seed=0))
    assert extract(answered.text).answer == "7"
    assert "Another" not in answered.text
    if forcing is None:
        assert answered.text.rstrip() == solution.rstrip()
