"""Scripted models and graders that the tests of the search share."""

import asyncio
import random
from dataclasses import dataclass, field, replace

from astro.errors import SamplingError
from astro.models.completion import FinishReason, Sampled
from astro.models.engines.scripted import ScriptedSampler
from astro.models.steps import StepRule, StepSplitter
from astro.models.tokenizer import ByteTokenizer
from astro.records.problem import Problem
from astro.search import SearchConfig, SearchSetup, Tree, check_tree, search
from astro.verify import Outcome, Verdict, extract

PROBLEM = Problem("p", "How much?", "7", "math")
PROMPT_IDS = tuple(b"How much?\n")
STEP = "\n"


def answer_of(text):
    return extract(text, statements=False).answer


class ByAnswer:
    """Grades \\boxed{gold} as correct; answers in `outcomes` get theirs; every second answer comes late if `late`."""

    def __init__(self, gold="7", outcomes=None, late=False):
        self.gold, self.outcomes, self.late, self.graded = gold, outcomes or {}, late, []

    def _verdict(self, response):
        self.graded.append(response)
        answer = answer_of(response)
        if answer is None:
            return Verdict(Outcome.UNANSWERED)
        outcome = self.outcomes.get(answer, Outcome.CORRECT if answer == self.gold else Outcome.INCORRECT)
        return Verdict(outcome, answer, "by answer", answer)

    def verify_each_now(self, problem, responses):
        return [None if self.late and len(response) % 2 else self._verdict(response) for response in responses]

    async def averify(self, problem, response):
        await asyncio.sleep(0)
        return self._verdict(response)


@dataclass
class WanderingModel:
    """Takes one of a few steps at random, so that siblings repeat, and ends now and then, with or without an answer."""

    steps: int = 3
    p_end: float = 0.3
    answers: tuple = ("7", "1", "2", "oops")

    def __call__(self, prompt, seed):
        rng = random.Random(f"{seed} {prompt}")
        lines = []
        while rng.random() > self.p_end:
            lines.append(f"step {rng.randrange(self.steps)}")
        ending = rng.choice(self.answers)
        lines.append("I give up" if ending == "oops" else f"\\boxed{{{ending}}}")
        return STEP.join(lines)


@dataclass
class Recorder:
    """Passes requests on, remembers them, and spoils a share of the completions or requests."""

    inner: ScriptedSampler
    spoil: float = 0.0
    refuse_beyond: int | None = None
    requests: list = field(default_factory=list)

    async def sample(self, prompt_ids, params, *, priority=0):
        self.requests.append((tuple(prompt_ids), params, priority))
        if self.refuse_beyond is not None and len(prompt_ids) > self.refuse_beyond:
            raise SamplingError("the prompt is too long")
        sampled = await self.inner.sample(prompt_ids, params, priority=priority)
        rng = random.Random(f"{params.seed} spoil")
        reasons = [FinishReason.LENGTH, FinishReason.ABORT, FinishReason.ERROR]
        completions = tuple(
            replace(each, finish_reason=rng.choice(reasons), stop=None) if rng.random() < self.spoil else each
            for each in sampled.completions
        )
        return Sampled(completions, sampled.prompt_tokens, sampled.prompt_tokens // 2)

    async def close(self):
        pass


def make_setup(model, grader=None, *, seed=0, sampler=None, end_stop=(), scorer=None, **settings):
    defaults = {"k": 4, "rollouts": 4, "simulations": 8, "max_step_tokens": 200, "max_rollout_tokens": 2000}
    return SearchSetup(
        sampler=sampler or ScriptedSampler(model),
        verifier=grader or ByAnswer(),
        config=SearchConfig(**(defaults | settings)),
        seed=seed,
        splitter=StepSplitter(ByteTokenizer(), StepRule((STEP,))),
        end_stop=end_stop,
        scorer=scorer,
    )


def grow(model, grader=None, **settings) -> Tree:
    """Search the problem to the end and check the tree."""
    tree = asyncio.run(search(PROBLEM, PROMPT_IDS, make_setup(model, grader, **settings)))
    check_tree(tree)
    return tree


def texts(tree, nodes):
    return [tree.text[node] for node in nodes]
