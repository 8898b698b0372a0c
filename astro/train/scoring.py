"""The rewards of sampled solutions: the verdict under the run's settings, and the rewards derived from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from astro.models.prompting import answer_text
from astro.records.problem import Problem
from astro.tasks import make_verifier
from astro.train.grpo_settings import GrpoConfig
from astro.train.reward_settings import RewardName, RewardsConfig
from astro.train.rewards import format_reward, token_f1_reward, unit_tests_reward
from astro.train.shaping import cosine_reward, length_reward, overlong_reward
from astro.train.trainer import Training
from astro.verify import Outcome, Verdict, Verifier

_SAME = 1e-6  # values closer than this are equal


@dataclass(frozen=True, slots=True)
class Solution:
    """A sampled response. tokens: its length; finished: ended by the model; wanted: the requested length."""

    problem: Problem
    text: str
    tokens: int
    finished: bool
    wanted: int | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """One element a solution.

    rewards: by name; None if a reward does not apply. totals: the weighted sum, None if no reward applies.
    correct: whether the verifier accepts it; None if it could not grade it, and then every reward is None, too.
    """

    rewards: dict[RewardName, list[float | None]]
    totals: list[float | None]
    correct: list[bool | None]


class Scorer:
    """Scores solutions. limit: the most tokens of a completion. opens_thought: whether the prompts open a thought."""

    def __init__(self, config: RewardsConfig, verifier: Verifier, limit: int, *, opens_thought: bool = False) -> None:
        self.config, self._verifier, self._limit = config, verifier, limit
        self._opens_thought = opens_thought
        self.names = tuple(config.weights)

    def check(self, tasks: Iterable[str]) -> None:
        """Raise VerifierError if the solutions of one of these tasks cannot be verified on this machine."""
        self._verifier.check(tasks)

    def score(self, solutions: Sequence[Solution]) -> Scores:
        """Score all solutions of a step together, so that the verifier's workers share them."""
        solutions = [
            replace(one, text=answer_text(one.text, finished=one.finished, opens_thought=self._opens_thought))
            for one in solutions
        ]
        verdicts = self._verifier.verify_many([(one.problem, one.text) for one in solutions])
        correct = [None if verdict.outcome is Outcome.ERROR else verdict.correct for verdict in verdicts]
        rewards = {
            name: [
                None if right is None else reward
                for reward, right in zip(self._reward(name, solutions, verdicts), correct, strict=True)
            ]
            for name in self.names
        }
        weights = self.config.weights
        totals: list[float | None] = []
        for index in range(len(solutions)):
            parts = [(weights[name], reward) for name in self.names if (reward := rewards[name][index]) is not None]
            totals.append(sum(weight * reward for weight, reward in parts) if parts else None)
        return Scores(rewards, totals, correct)

    @property
    def judges_by_accuracy(self) -> bool:
        """Whether a right solution earns another reward than a wrong one, whatever else is rewarded."""
        return not {RewardName.CORRECTNESS, RewardName.COSINE}.isdisjoint(self.names)

    def _reward(
        self, name: RewardName, solutions: Sequence[Solution], verdicts: Sequence[Verdict]
    ) -> list[float | None]:
        config, pairs = self.config, list(zip(solutions, verdicts, strict=True))
        match name:
            case RewardName.CORRECTNESS:
                return [config.right if verdict.correct else config.wrong for verdict in verdicts]
            case RewardName.COSINE:
                return [self._cosine(solution, verdict) for solution, verdict in pairs]
            case RewardName.LENGTH:
                return [
                    None if one.wanted is None else length_reward(one.tokens, one.wanted, config.length)
                    for one in solutions
                ]
            case RewardName.OVERLONG:
                return [overlong_reward(one.tokens, self._limit, config.overlong_buffer) for one in solutions]
            case _:
                return self._partial(name, solutions)

    def _cosine(self, solution: Solution, verdict: Verdict) -> float:
        return cosine_reward(
            solution.tokens,
            self._limit,
            correct=verdict.correct,
            finished=solution.finished,
            config=self.config.cosine,
        )

    def _partial(self, name: RewardName, solutions: Sequence[Solution]) -> list[float | None]:
        reward = {
            RewardName.FORMAT: format_reward,
            RewardName.TOKEN_F1: token_f1_reward,
            RewardName.UNIT_TESTS: unit_tests_reward,
        }[name]
        problems = [solution.problem for solution in solutions]
        return reward(
            [problem.prompt for problem in problems],
            [solution.text for solution in solutions],
            config=self._verifier.config,
            id=[problem.id for problem in problems],
            answer=[problem.answer for problem in problems],
            task=[problem.task for problem in problems],
            metadata=[dict(problem.metadata) for problem in problems],
        )


def open_scorer(training: Training[GrpoConfig], limit: int) -> Scorer:
    """The scorer of one arm's training, which closes its verifier when it ends. limit: as in Scorer."""
    verifier = make_verifier(training.setup.verify)
    training.stack.callback(verifier.close)
    opens_thought = training.prompt_format.opens_thought
    return Scorer(training.config.rewards, verifier, limit, opens_thought=opens_thought)


def varies(values: Sequence[float | None]) -> bool:
    """Whether the values of a group differ; None is left out."""
    known = [value for value in values if value is not None]
    return bool(known) and max(known) - min(known) > _SAME
