"""The settings that every engine behind HTTP shares: addresses, the key, patience, limits and the budget."""

import os
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from astro.config import Count
from astro.errors import ConfigError
from astro.models.engine import EngineSection


class ServerSection(EngineSection):
    """Servers that are there already.

    urls: their base addresses, each ending as in http://127.0.0.1:8000/v1.
    api_key_env: the environment variable that holds the key; a key that is not set is not sent.
    connections: requests under way at a server.
    timeout: seconds for one attempt at a request.
    retries: further attempts after a lost connection, a timeout, an unreadable answer or HTTP 408, 409, 425, 429, 5xx.
    backoff: seconds before the first retry, doubled each time up to 60, times a random number in [0.5, 1); a
        server's Retry-After, up to timeout, is waited for instead.
    requests_per_minute, tokens_per_minute: limits over all servers; tokens count as the prompt's plus n * max_tokens.
    token_budget: prompt and generated tokens that one start may use; when they are used up, requests under way end, the
        run stops, and the same command with a larger budget, or again, resumes it.
    """

    speed: ClassVar[frozenset[str]] = frozenset({
        "urls", "api_key_env", "connections", "timeout", "retries", "backoff",
        "requests_per_minute", "tokens_per_minute", "token_budget",
    })  # fmt: skip
    has_checkpoint: ClassVar[bool] = False
    in_process: ClassVar[bool] = False

    urls: Annotated[tuple[str, ...], Field(min_length=1)] = ("http://127.0.0.1:8000/v1",)
    api_key_env: str = Field(default="OPENAI_API_KEY", min_length=1)
    connections: Count = 256
    timeout: float = Field(default=600.0, gt=0)
    retries: int = Field(default=5, ge=0)
    backoff: float = Field(default=0.5, gt=0)
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    token_budget: Count | None = None

    def wrong_urls(self, at: str) -> list[str]:
        """The mistakes in the addresses, one per line."""
        lines = [f"{at}.urls.{place}: {wrong}" for place, url in enumerate(self.urls) if (wrong := _why_no_url(url))]
        if len({url.rstrip("/") for url in self.urls}) < len(self.urls):
            lines.append(f"{at}.urls: an address is there twice; list each server once")
        return lines

    def key(self) -> str | None:
        """The key. Raises ConfigError if the variable holds something else."""
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
