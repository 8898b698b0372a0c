"""The section of the engine behind HTTP; astro.models.engines.openai_engine is the engine."""

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal, cast
from urllib.parse import urlsplit

from pydantic import Field

from astro.config import Count
from astro.errors import ConfigError
from astro.models.engine import Engine, EngineSection, check_model
from astro.models.engines.openai_traps import Trap
from astro.models.engines.openai_wire import OWN_FIELDS
from astro.models.tokenizer import Tokenizer, hf_tokenizer


class OpenAIConfig(EngineSection):
    """A server with OpenAI's completions endpoint, or several that serve the same model: docs/engines.md.

    model: the name that the servers know it by.
    urls: their base addresses, each ending as in http://127.0.0.1:8000/v1; a problem stays with one of them.
    tokenizer: a folder, or a name on the Hugging Face hub; null takes model.
    max_model_len: context window in tokens; null takes the shortest that the servers report.
    accept: traps that the probe at the start lets pass.
    api_key_env: the environment variable that holds the key; a key that is not set is not sent.
    connections: requests under way at a server.
    timeout: seconds for one attempt at a request.
    retries: further attempts after a lost connection, a timeout, an unreadable answer or HTTP 408, 409, 425, 429, 5xx.
    backoff: seconds before the first retry, doubled each time up to 60, times a random number in [0.5, 1); a
        server's Retry-After, up to timeout, is waited for instead.
    requests_per_minute, tokens_per_minute: limits over all servers; tokens count as the prompt's plus n * max_tokens.
    options: further fields of every request.
    """

    speed: ClassVar[frozenset[str]] = frozenset({
        "urls", "api_key_env", "connections", "timeout", "retries", "backoff",
        "requests_per_minute", "tokens_per_minute",
    })  # fmt: skip
    has_checkpoint: ClassVar[bool] = False

    kind: Literal["openai"] = "openai"
    urls: Annotated[tuple[str, ...], Field(min_length=1)] = ("http://127.0.0.1:8000/v1",)
    tokenizer: str | None = Field(default=None, min_length=1)
    max_model_len: Count | None = None
    accept: tuple[Trap, ...] = ()
    api_key_env: str = Field(default="OPENAI_API_KEY", min_length=1)
    connections: Count = 256
    timeout: float = Field(default=600.0, gt=0)
    retries: int = Field(default=5, ge=0)
    backoff: float = Field(default=0.5, gt=0)
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None

    def check(self, at: str = "engine") -> None:
        """Look at the addresses, the options and the place of the tokenizer; asks no server."""
        lines = [f"{at}.urls.{place}: {wrong}" for place, url in enumerate(self.urls) if (wrong := _why_no_url(url))]
        if len({url.rstrip("/") for url in self.urls}) < len(self.urls):
            lines.append(f"{at}.urls: an address is there twice; list each server once")
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
        from astro.models.engines.openai_engine import OpenAISampler, Pace  # noqa: PLC0415 - needs aiohttp
        from astro.models.engines.openai_probe import probe_all  # noqa: PLC0415 - needs aiohttp

        key, patience = self._key(), Patience(self.timeout, self.retries, self.backoff)
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
        )
        return OpenAISampler(
            self.model,
            tokenizer,
            endpoints(),
            pace=Pace(self.requests_per_minute, self.tokens_per_minute),
            max_model_len=window,
            seed=self.seed,
            options=self.options,
        )

    def load_tokenizer(self) -> Tokenizer:
        """The tokenizer of the setting tokenizer, else of the model's name; raises what transformers does."""
        return cast("Tokenizer", hf_tokenizer(self.tokenizer or self.model))

    def _key(self) -> str | None:
        key = os.environ.get(self.api_key_env, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise ConfigError(f"the environment variable {self.api_key_env} holds characters that no key has")
        return key or None


def _why_no_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return "no address of a server; it looks like http://127.0.0.1:8000/v1"
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return "an address has no user, password or query; a key comes from the variable that api_key_env names"
    return None if known else f"no address of a server: {url!r}; it looks like http://127.0.0.1:8000/v1"
