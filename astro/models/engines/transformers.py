"""The section of the transformers engine; astro.models.engines.transformers_engine is the engine."""

from typing import ClassVar, Literal

from pydantic import Field

from astro.models.engine import Engine, EngineSection, check_model

_MAX_NUM_SEQS = 32


class TransformersConfig(EngineSection):
    """Hugging Face transformers, for machines without vLLM: slower, without a prefix cache, on one device.

    model: a folder, or a name on the Hugging Face hub.
    dtype: weights and activations; auto takes the checkpoint's.
    max_model_len: context window in tokens; null takes the model's.
    max_num_seqs: completions in one batch; null takes 32.
    seed: for requests without a seed.
    options: arguments of AutoModelForCausalLM.from_pretrained; they override dtype.
    """

    speed: ClassVar[frozenset[str]] = frozenset({"max_num_seqs"})

    kind: Literal["transformers"] = "transformers"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    max_model_len: int | None = Field(default=None, ge=1)
    max_num_seqs: int | None = Field(default=None, ge=1)

    def check(self, at: str = "engine") -> None:
        """Look for the model. Loading it checks the options, because they depend on the model."""
        check_model(self.model, f"{at}.model")

    def open(self) -> Engine:
        """Load the model."""
        from astro.models.engines.transformers_engine import TransformersSampler  # noqa: PLC0415 - heavy

        return TransformersSampler(
            self.model,
            {"dtype": self.dtype} | self.options,
            max_model_len=self.max_model_len,
            max_rows=self.max_num_seqs or _MAX_NUM_SEQS,
            seed=self.seed,
        )
