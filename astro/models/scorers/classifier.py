"""A transformers classifier that values texts, in right-padded batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from astro.errors import ConfigError, MissingDependencyError, SamplingError
from astro.models.model_folder import loading, weights_options
from astro.models.scorers.batches import Batches
from astro.models.scoring import Scores
from astro.models.tokenizer import hf_tokenizer
from astro.records.cost import Cost
from astro.records.problem import Problem

Combine = Callable[[Sequence[float]], float]
"""Combine the values of a solution's steps into the value of the solution."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text to value, as token ids, and the positions of the tokens whose values count.

    Attributes:
        ends: the position of the last token of each step; empty if the text has no step.
    """

    token_ids: tuple[int, ...]
    ends: tuple[int, ...]


class Classifier:
    """A sequence or token classifier, loaded once. It uses no randomness."""

    def __init__(self, model: str, dtype: str, *, by_token: bool) -> None:
        """Raises MissingDependencyError without torch, ConfigError if the model cannot be loaded."""
        try:
            import torch  # noqa: PLC0415 - heavy
            from transformers import (  # noqa: PLC0415 - heavy
                AutoModelForSequenceClassification,
                AutoModelForTokenClassification,
            )
        except ImportError as error:
            raise MissingDependencyError("torch", "cpu", "a reward model") from error
        auto = AutoModelForTokenClassification if by_token else AutoModelForSequenceClassification
        self.tokenizer = hf_tokenizer(model)
        with loading(f"transformers could not load the reward model {model}"):
            loaded, report = auto.from_pretrained(model, dtype=dtype, output_loading_info=True, **weights_options())
        if missing := sorted(report["missing_keys"]):
            raise ConfigError(
                f"{model} has no trained head for this (missing {', '.join(missing[:3])}); set roles.scorer.head, or "
                "name a reward model"
            )
        self._model = loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        if self._model.config.pad_token_id is None:  # a sequence classifier reads its last token that is not padding
            self._model.config.pad_token_id = self.tokenizer.pad_token_id or self.tokenizer.eos_token_id or 0
        self.by_token = by_token
        self.limit = getattr(self._model.config, "max_position_embeddings", None) or 1 << 30

    def values(self, texts: Sequence[Text]) -> list[list[float]]:
        """The values of each text, in [0, 1]: one per step, or one for the whole text."""
        import torch  # noqa: PLC0415 - heavy

        width = max(len(text.token_ids) for text in texts)
        pad = self._model.config.pad_token_id
        ids = torch.tensor([[*text.token_ids, *[pad] * (width - len(text.token_ids))] for text in texts])
        mask = torch.tensor([[1] * len(text.token_ids) + [0] * (width - len(text.token_ids)) for text in texts])
        device = self._model.device
        with torch.inference_mode():
            logits = self._model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits.float().cpu()
        positive = logits.sigmoid()[..., 0] if logits.shape[-1] == 1 else logits.softmax(-1)[..., -1]
        if not self.by_token:
            return [[float(value)] for value in positive]
        return [[float(row[end]) for end in text.ends] for row, text in zip(positive, texts, strict=True)]


class RewardModel:
    """A Scorer over a classifier; one event loop at a time drives it."""

    def __init__(self, classifier: Classifier, separator: str, combine: Combine, batch: int) -> None:
        self._classifier, self._separator = classifier, separator
        self._combine = combine
        self._batches = Batches(classifier.values, batch, "the reward model")

    async def score(self, problem: Problem, solutions: Sequence[str], /) -> Scores:
        """Value each solution; see Scorer. The value of a solution without a step is 1: it has no wrong step.

        Raises SamplingError if a text exceeds the model's context window.
        """
        texts = [self._text(problem.prompt, solution) for solution in solutions]
        valued = await self._batches.of(texts)
        found = [self._combine(values) if values else 1.0 for values in valued]
        read = Cost(calls=len(texts), prompt_tokens=sum(len(text.token_ids) for text in texts))
        return Scores([value if 0 <= value <= 1 else None for value in found], read)

    def _text(self, problem: str, solution: str) -> Text:
        tokenizer = self._classifier.tokenizer
        token_ids, ends = list(tokenizer.encode(f"{problem}\n\n")), []
        for step in (part for part in solution.split(self._separator) if part.strip()):
            token_ids += tokenizer.encode(step + self._separator, add_special_tokens=False)
            ends.append(len(token_ids) - 1)
        if len(token_ids) > self._classifier.limit:
            raise SamplingError(
                f"the reward model reads {self._classifier.limit} tokens; problem and solution have {len(token_ids)}"
            )
        return Text(tuple(token_ids), tuple(ends))
