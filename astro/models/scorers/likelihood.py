"""A causal language model as a scorer: the value of a solution is the likelihood of its tokens."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field

from astro.errors import ConfigError, MissingDependencyError, SamplingError
from astro.models.engine import check_model
from astro.models.model_folder import loading, weights_options
from astro.models.prompt_settings import PromptConfig, check_template
from astro.models.prompting import PromptFormat
from astro.models.scorers.batches import Batches
from astro.models.scoring import ModelOf, Scorer, ScorerSection, Scores
from astro.models.tokenizer import hf_tokenizer
from astro.records.cost import Cost
from astro.records.problem import Problem


class LikelihoodConfig(ScorerSection):
    """exp(mean log-probability of the solution's tokens) after the prompt, in (0, 1]; 1 for an empty solution.

    This is the reciprocal of the perplexity. Unlike the probability, it does not fall with length. A fluent mistake
    gets a high value; the evaluator `both` mixes the value with verified rollouts.

    model: a folder, or a name on the Hugging Face hub, of a causal language model of transformers.
    prompt: the model's prompt settings; null takes the solver's.
    dtype: of the weights; auto takes the checkpoint's.
    batch: solutions per batch.
    """

    speed: ClassVar[frozenset[str]] = frozenset({"batch"})

    kind: Literal["likelihood"] = "likelihood"
    model: str = Field(min_length=1)
    prompt: PromptConfig | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch: int = Field(default=16, ge=1)

    def check(self, at: str) -> None:
        """Look for the model, and check the prompt's section."""
        check_model(self.model, f"{at}.model")
        if self.prompt is not None:
            check_template(self.prompt)

    def open(self, model_of: ModelOf, seed: int) -> Scorer:
        """Load the model. It needs no seed."""
        del seed
        model = CausalModel(self.model, self.dtype)
        prompts = model_of(None, self.prompt).prompt_format.on(model.tokenizer)
        return Likelihood(model, prompts, Batches(model.mean_logprobs, self.batch, "the model of roles.scorer"))


@dataclass(frozen=True, slots=True)
class Continued:
    """Token ids of a prompt and of its continuation, each with at least one token."""

    prompt: Sequence[int]
    solution: Sequence[int]


class CausalModel:
    """A causal language model and its tokenizer, loaded once."""

    def __init__(self, model: str, dtype: str) -> None:
        """Raises MissingDependencyError without torch, ConfigError if the model cannot be loaded."""
        try:
            import torch  # noqa: PLC0415 - heavy
            from transformers import AutoModelForCausalLM  # noqa: PLC0415 - heavy
        except ImportError as error:
            raise MissingDependencyError("torch", "cpu", "the scorer likelihood") from error
        self.tokenizer = hf_tokenizer(model)
        with loading(f"transformers could not load the scorer's model {model}"):
            loaded = AutoModelForCausalLM.from_pretrained(model, dtype=dtype, **weights_options())
        self._model: Any = loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self.limit = getattr(loaded.config, "max_position_embeddings", None) or 1 << 30

    def mean_logprobs(self, texts: Sequence[Continued]) -> list[float]:
        """The mean log-probability of each solution's tokens, in nats; one right-padded batch."""
        import torch  # noqa: PLC0415 - heavy

        rows = [[*text.prompt, *text.solution] for text in texts]
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows]).to(self._model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows]).to(self._model.device)
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask, use_cache=False).logits
            means = []
            for row_logits, row_ids, row, text in zip(logits, ids, rows, texts, strict=True):
                start = len(text.prompt)
                # The logits at a position predict the token after it.
                logprobs = row_logits[start - 1 : len(row) - 1].float().log_softmax(-1)
                means.append(float(logprobs.gather(-1, row_ids[start : len(row), None]).mean()))
        return means


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A Scorer over a causal language model."""

    model: CausalModel
    prompts: PromptFormat
    batches: Batches[Continued, float]

    async def score(self, problem: Problem, solutions: Sequence[str], /) -> Scores:
        """Value each solution; see Scorer. Raises SamplingError if one exceeds the model's context window."""
        prompt = self.prompts.solve_ids(problem.prompt)
        texts = [Continued(prompt, self._tokens(prompt, solution)) for solution in solutions]
        asked = [text for text in texts if text.solution]
        means = iter(await self.batches.of(asked))
        read = Cost(calls=len(asked), prompt_tokens=sum(len(text.prompt) + len(text.solution) for text in asked))
        return Scores([math.exp(next(means)) if text.solution else 1.0 for text in texts], read)

    def _tokens(self, prompt: Sequence[int], solution: str) -> list[int]:
        try:
            tokens = self.prompts.continuation_ids(prompt, solution)
        except ConfigError as error:  # of this text, not of the configuration
            raise SamplingError(str(error)) from error
        if len(prompt) + len(tokens) > self.model.limit:
            raise SamplingError(
                f"the scorer's model reads {self.model.limit} tokens; prompt and solution have "
                f"{len(prompt) + len(tokens)}"
            )
        return tokens
