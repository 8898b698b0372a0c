"""How far the sampler's probabilities of its tokens are from the trainer's, under the same weights.

GRPO's gradient takes the samples for the policy's own. An engine in another precision, with weights that were not
loaded, or with another prompt samples from something else, and nothing else in the log shows it.
"""

from collections.abc import Mapping
from typing import Any


class Mismatch:
    """Compares log-probabilities token by token, and averages over all tokens added."""

    def __init__(self) -> None:
        self._tokens, self._ratio, self._kl, self._largest = 0, 0.0, 0.0, 0.0

    def add(self, trained: Any, sampled: Any, mask: Any) -> None:
        """Count the tokens of a batch; three tensors of the same shape, the first two in nats.

        mask: 1 for a token of a completion. Tokens whose log-probability the sampler does not know are left out.
        """
        known = mask.bool() & ~sampled.isnan()
        gap = trained[known].double() - sampled[known].double()
        if not gap.numel():
            return
        ratio = gap.exp()
        self._tokens += gap.numel()
        self._ratio += float(ratio.sum())
        self._kl += float((ratio - 1 - gap).sum())
        self._largest = max(self._largest, float(gap.abs().max()))

    def figures(self) -> dict[str, float]:
        """For the log; empty if no token was added.

        sampling_ratio: the mean of trained over sampled probability, 1 without a mismatch. sampling_kl: the estimate of
        KL(sampler, trainer) a token in nats, by the mean of r - 1 - ln r (Schulman 2020, estimator k3), 0 without one.
        sampling_gap: the largest difference of two log-probabilities.
        """
        if not self._tokens:
            return {}
        return {
            "sampling_ratio": self._ratio / self._tokens,
            "sampling_kl": self._kl / self._tokens,
            "sampling_gap": self._largest,
        }


class Watch:
    """Compares in the first step after a generation of trl.GRPOTrainer, while its weights are those sampled from."""

    def __init__(self) -> None:
        self._mismatch = Mismatch()
        self._expected: tuple[Any, Any] | None = None

    def before_loss(self, trainer: Any, inputs: Mapping[str, Any]) -> None:
        """Expect the log-probabilities of a microbatch, if its tokens came with the sampler's."""
        part = self._part(trainer)
        if part == 0:
            self._mismatch = Mismatch()
        sampled = inputs.get("sampling_per_token_logps")
        first_step = trainer.model.training and part < trainer.args.gradient_accumulation_steps
        self._expected = (sampled, inputs["completion_mask"]) if first_step and sampled is not None else None

    def see(self, trained: Any) -> None:
        """The log-probabilities of the loss."""
        if self._expected is not None:
            self._mismatch.add(trained.detach(), *self._expected)
            self._expected = None

    def after_loss(self, trainer: Any) -> None:
        """Log the figures with the last microbatch of the step."""
        if self._part(trainer) == trainer.args.gradient_accumulation_steps - 1:
            for name, value in self._mismatch.figures().items():
                trainer._metrics["train"][name].append(value)  # noqa: SLF001 - log_metric is only for rewards

    @staticmethod
    def _part(trainer: Any) -> int:
        """The number of microbatches since the last generation."""
        part: int = trainer._step % (trainer.args.steps_per_generation * trainer.num_iterations)  # noqa: SLF001
        return part
