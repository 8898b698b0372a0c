"""The scorer likelihood on a random Llama, and on the embedded model."""

import asyncio
import math
import random
import sys
from pathlib import Path

import pytest

from astro.config import Section, validate
from astro.errors import ConfigError, EngineDeadError, SamplingError
from astro.models import PromptConfig, PromptFormat
from astro.models.asking import Model
from astro.models.engines.scripted import ScriptedSampler
from astro.models.scorers import ScorerConfig
from astro.models.scorers.likelihood import LikelihoodConfig
from astro.records.problem import Problem
from astro.run import Stages, carry_out
from astro.store import RunDirectory

sys.path.append(str(Path(__file__).parents[1] / "run"))
from runs import config_in, quiet

pytest.importorskip("transformers")
EMBEDDED = Path(__file__).parents[2] / "data" / "models" / "tiny-countdown"
PROBLEM = Problem("p", "1 + 1?", "2", "math")
COUNTDOWN = Problem(
    "c", "Using each of the numbers 9, 2 and 11 exactly once, with +, -, * and /, make 97.", "97", "countdown"
)
RIGHT = (
    "I take 11 * 9 = 99, which leaves 99 and 2.\n"
    "I take 99 - 2 = 97, which leaves 97.\n"
    "That is 97 and the target is 97, so the solution is correct. The answer is \\boxed{(11 * 9) - 2}."
)
TINY = {"template": "tiny", "step": "newline"}


class Run(Section):
    scorer: ScorerConfig


def model_of(_engine, prompt):
    """The solver is a scripted model with a tokenizer of its own."""
    sampler = ScriptedSampler(lambda *_: "")
    return Model(sampler, PromptFormat(prompt or PromptConfig(), sampler.tokenizer))


def opened(folder, **settings):
    section = {"kind": "likelihood", "model": str(folder), **settings}
    return validate(Run, {"scorer": section}, "here").scorer.open(model_of, 0)


def scored(scorer, problem, *solutions):
    return asyncio.run(scorer.score(problem, list(solutions))).values


def test_the_value_is_exp_of_the_mean_logprob_of_the_solution(model_folder, tokenizer):
    """By a forward pass of each text alone; the tokens of the prompt do not count."""
    import torch
    from transformers import AutoModelForCausalLM

    solutions = ["1 + 1 = 2", "So it is 2.\n\nThe answer is 2.", "x"]
    prompt = PromptFormat(PromptConfig(), tokenizer).solve_ids(PROBLEM.prompt)
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    expected = []
    for solution in solutions:
        ids = prompt + tokenizer.encode(solution, add_special_tokens=False)
        with torch.inference_mode():
            logprobs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        each = [float(logprobs[at - 1, ids[at]]) for at in range(len(prompt), len(ids))]
        expected.append(math.exp(sum(each) / len(each)))
    assert len(set(expected)) == 3
    for batch in (1, 2, 16):
        assert scored(opened(model_folder, batch=batch), PROBLEM, *solutions) == pytest.approx(expected, abs=1e-6)


def test_values_are_in_range_and_an_empty_solution_is_worth_1(model_folder):
    """The root of a tree has a value before anything is written."""
    empty, *others = scored(opened(model_folder), PROBLEM, "", "a", "1 + 1 = 2")
    assert empty == 1.0
    assert all(0 < value < 1 for value in others)


def test_calls_in_flight_share_a_batch(model_folder):
    """Five nodes that are scored at the same time are one forward pass."""
    scorer, sizes = opened(model_folder), []
    values = scorer.batches._values
    scorer.batches._values = lambda texts: sizes.append(len(texts)) or values(texts)

    async def run():
        return await asyncio.gather(*(scorer.score(PROBLEM, [f"{n}"]) for n in range(5)))

    asyncio.run(run())
    assert sizes == [5]


def shuffled(text, seed):
    """The words of each line in another order."""
    lines = [line.split(" ") for line in text.split("\n")]
    for words in lines:
        random.Random(seed).shuffle(words)
    return "\n".join(" ".join(words) for words in lines)


def test_the_embedded_model_prefers_a_real_solution_to_a_shuffled_one():
    """It has learned to write its own solutions: each word is likely where it stands, and not elsewhere."""
    scorer = opened(EMBEDDED, prompt=TINY)
    real, *others = scored(scorer, COUNTDOWN, RIGHT, *(shuffled(RIGHT, seed) for seed in range(5)))
    assert real > 0.5
    assert max(others) < 0.1


def test_the_embedded_model_prefers_the_solution_of_its_own_problem():
    """The prompt counts: under another problem the same words are less likely."""
    scorer = opened(EMBEDDED, prompt=TINY)
    other = Problem("d", COUNTDOWN.prompt.replace("9, 2 and 11", "8, 3 and 12"), "97", "countdown")
    (own,), (foreign,) = scored(scorer, COUNTDOWN, RIGHT), scored(scorer, other, RIGHT)
    assert own > foreign


def test_a_text_beyond_the_window_is_refused(model_folder):
    """The search records the reason at the node."""
    with pytest.raises(SamplingError, match="reads 512 tokens; prompt and solution have"):
        scored(opened(model_folder), PROBLEM, "1 + 1 = 2 " * 400)


def test_a_broken_model_fails_every_text(model_folder):
    """No text can be valued any more, so the search ends."""
    scorer = opened(model_folder)
    scorer.model._model = None
    with pytest.raises(EngineDeadError, match=r"the model of roles\.scorer broke: AttributeError"):
        scored(scorer, PROBLEM, "1 + 1 = 2", "x")


def test_a_folder_without_a_model_is_refused(tmp_path):
    """Before a run begins where there is no folder, and when it is opened where there is no model in it."""
    with pytest.raises(ConfigError, match=r"roles\.scorer\.model: .*nowhere"):
        LikelihoodConfig(model="./nowhere").check("roles.scorer")
    with pytest.raises(ConfigError, match=f"could not load the tokenizer of {tmp_path}"):
        LikelihoodConfig(model=str(tmp_path)).open(model_of, 0)


def test_the_section_is_selected_by_its_kind():
    """Its mistakes are explained by its own settings."""
    with pytest.raises(ConfigError, match="unknown key; did you mean 'batch'"):
        validate(Run, {"scorer": {"kind": "likelihood", "model": "m", "bach": 2}}, "here")


def test_it_steers_a_search_beside_another_solver(tmp_path):
    """Every node has a value of the embedded model, the root that of an empty solution; none is lost."""
    scorer = f"roles.scorer={{kind: likelihood, model: {EMBEDDED}, prompt: {{template: tiny}}}}"
    config = config_in(tmp_path, scorer, "search.evaluator={kind: scorer}", "data.recipes={rl: {kind: rl}}")
    carry_out(config, Stages(traces=False), quiet())
    with RunDirectory.read(tmp_path / "r") as run:
        nodes = run.trees.table("nodes", ["node", "reward", "failure"]).to_pylist()
    assert {node["failure"] for node in nodes} == {None}
    assert {node["reward"] for node in nodes if node["node"] == 0} == {1.0}
    rewards = [node["reward"] for node in nodes if node["node"]]
    assert all(0 < reward < 1 for reward in rewards)
    assert len(set(rewards)) > 6
