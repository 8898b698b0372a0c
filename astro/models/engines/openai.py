"""The section of the engine behind HTTP; astro.models.engines.openai_engine is the engine."""

from pathlib import Path
from typing import Literal, cast

from pydantic import Field

from astro.config import Count
from astro.errors import ConfigError
from astro.models.engine import Engine, check_model
from astro.models.engines.openai_server import ServerSection
from astro.models.engines.openai_traps import Trap
from astro.models.engines.openai_wire import OWN_FIELDS
from astro.models.tokenizer import Tokenizer, hf_tokenizer


class OpenAIConfig(ServerSection):
    """A server with OpenAI's completions endpoint, or several that serve the same model: docs/engines.md.

    model: the name that the servers know it by. A problem stays with one of urls.
    tokenizer: a folder, or a name on the Hugging Face hub; null takes model.
    max_model_len: context window in tokens; null takes the shortest that the servers report.
    accept: traps that the probe at the start lets pass.
    text_mode: prompts and completions are texts, for servers without token ids. The tokens of a completion are then
        those of its text; there are no log-probabilities. search.reuse_rollouts and priors from log-probabilities are
        refused, and every trace's provenance records it.
    options: further fields of every request.
    """

    kind: Literal["openai"] = "openai"
    tokenizer: str | None = Field(default=None, min_length=1)
    max_model_len: Count | None = None
    accept: tuple[Trap, ...] = ()
    text_mode: bool = False

    @property
    def gives_tokens(self) -> bool:
        """Whether completions come with their token ids and log-probabilities."""
        return not self.text_mode

    def check(self, at: str = "engine") -> None:
        """Look at the addresses, the options and the place of the tokenizer; asks no server."""
        lines = self.wrong_urls(at)
        lines += [
            f"{at}.options.{name}: the engine sets this field itself; remove it"
            for name in sorted(OWN_FIELDS & self.options.keys())
        ]
        tokenizer = self.tokenizer or self.model
        if not Path(tokenizer).is_dir():
            try:
                check_model(tokenizer, f"{at}.tokenizer")
            except ConfigError as error:
                lines.append(str(error))
        if lines:
            raise ConfigError("\n".join(lines))

    def open(self) -> Engine:
        """Load the tokenizer and probe the servers, which takes seconds.

        Raises ConfigError where a server cannot be reached or does not do what a search needs.
        """
        from astro.models.engines.openai_endpoint import Endpoint, Patience  # noqa: PLC0415 - needs aiohttp
        from astro.models.engines.openai_engine import OpenAISampler  # noqa: PLC0415 - needs aiohttp
        from astro.models.engines.openai_pace import Pace  # noqa: PLC0415 - beside its user
        from astro.models.engines.openai_probe import probe_all  # noqa: PLC0415 - needs aiohttp
        from astro.models.engines.openai_text import TextSampler  # noqa: PLC0415 - needs aiohttp

        key, patience = self.key(), Patience(self.timeout, self.retries, self.backoff)
        try:
            tokenizer = self.load_tokenizer()
        except (OSError, ValueError) as error:
            raise ConfigError(f"engine.tokenizer: {self.tokenizer or self.model} cannot be loaded: {error}") from error

        def endpoints() -> tuple[Endpoint, ...]:
            return tuple(Endpoint(url, patience, self.connections, self.seed, key=key) for url in self.urls)

        window = probe_all(
            endpoints(),
            self.model,
            tokenizer,
            max_model_len=self.max_model_len,
            accept=frozenset(self.accept),
            options=self.options,
            text_mode=self.text_mode,
        )
        return (TextSampler if self.text_mode else OpenAISampler)(
            self.model,
            tokenizer,
            endpoints(),
            pace=Pace(self.requests_per_minute, self.tokens_per_minute, self.token_budget),
            max_model_len=window,
            seed=self.seed,
            options=self.options,
        )

    def load_tokenizer(self) -> Tokenizer:
        """The tokenizer of the setting tokenizer, else of the model's name; raises what transformers does."""
        return cast("Tokenizer", hf_tokenizer(self.tokenizer or self.model))
