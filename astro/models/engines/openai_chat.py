"""The section of the engine for chat endpoints; astro.models.engines.openai_chat_engine is the engine."""

from typing import Literal

from astro.errors import ConfigError
from astro.models.engine import Engine
from astro.models.engines.openai_server import ServerSection
from astro.models.tokenizer import ByteTokenizer, Tokenizer


class OpenAIChatConfig(ServerSection):
    """A server with OpenAI's chat endpoint, for the roles rewriter and judge and the scorer judge.

    Chats take no token ids and continue no prompt, so such a model cannot search. Several urls are asked in turn.

    model: the name that the servers know it by.
    options: further fields of every request, such as reasoning_effort.
    """

    kind: Literal["openai_chat"] = "openai_chat"

    @property
    def continues(self) -> bool:
        """Chats only."""
        return False

    def check(self, at: str = "engine") -> None:
        """Look at the addresses and the options; asks no server."""
        own = {"model", "messages", "n", "max_tokens", "temperature", "seed", "stop", "stream"}
        lines = self.wrong_urls(at)
        lines += [
            f"{at}.options.{name}: the engine sets this field itself; remove it"
            for name in sorted(own & set(self.options))
        ]
        if lines:
            raise ConfigError("\n".join(lines))

    def open(self) -> Engine:
        """Prepare the client; the first request finds out whether the servers answer."""
        from astro.models.engines.openai_chat_engine import ChatEngine  # noqa: PLC0415 - needs aiohttp
        from astro.models.engines.openai_endpoint import Endpoint, Patience  # noqa: PLC0415 - needs aiohttp
        from astro.models.engines.openai_pace import Pace  # noqa: PLC0415 - beside its user

        key, patience = self.key(), Patience(self.timeout, self.retries, self.backoff)
        endpoints = tuple(Endpoint(url, patience, self.connections, self.seed, key=key) for url in self.urls)
        pace = Pace(self.requests_per_minute, self.tokens_per_minute, self.token_budget)
        return ChatEngine(self.model, endpoints, pace=pace, options=self.options)

    def load_tokenizer(self) -> Tokenizer:
        """Nothing is tokenized here; the byte tokenizer renders turns."""
        return ByteTokenizer()
