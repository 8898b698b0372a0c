"""One server over HTTP: attempts, waits between them, and when the server counts as gone."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TypeVar

from astro.errors import EngineDeadError, MissingDependencyError, SamplingError

try:
    import aiohttp
except ImportError as error:
    raise MissingDependencyError("aiohttp", "openai", "the openai engine") from error

T = TypeVar("T")

_TRY_AGAIN = frozenset({408, 409, 425, 429})
_OTHER_WAY = frozenset({401, 403, 404, 405})  # a wrong key, model or path: no request will be served
_LONGEST_BACKOFF = 60.0
_IDLE = 4.0  # uvicorn closes idle connections after 5 s, perhaps just as the next request is sent
_LARGEST_ANSWER = 1 << 28
_LOST_IN_A_ROW = 8  # a prompt that breaks the server fails alone; a broken server fails every request


class ServerGoneError(EngineDeadError):
    """This server will not serve another request; others may."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request is tried: seconds of an attempt, attempts after the first, seconds before the second."""

    timeout: float
    retries: int
    backoff: float


class _TryAgainError(Exception):
    """An attempt failed in a way that may pass.

    wait: seconds that the server asked for. unreachable: whether there was no connection at all.
    """

    def __init__(self, reason: str, *, wait: float = 0.0, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.unreachable = wait, unreachable


@dataclass(frozen=True, slots=True)
class _Link:
    """What belongs to one event loop."""

    loop: asyncio.AbstractEventLoop
    session: aiohttp.ClientSession
    slots: asyncio.Semaphore


class Endpoint:
    """A server. gone: why it serves no request any more, else None."""

    def __init__(self, url: str, patience: Patience, connections: int, seed: int, *, key: str | None = None) -> None:
        """url: the base address. connections: attempts under way at once. seed: of the jitter."""
        self.url = url.rstrip("/")
        self.gone: str | None = None
        self._patience, self._connections, self._key = patience, connections, key
        self._jitter = random.Random(seed)  # noqa: S311 - spreads retries
        self._link: _Link | None = None
        self._lost_in_a_row = 0
        self._quiet_until = 0.0  # by the loop's clock: the server asked for a pause

    async def ask(self, body: bytes, read: Callable[[bytes], T], path: str = "/completions") -> T:
        """Post a request to an endpoint until read accepts an answer.

        read: raises ValueError where an answer cannot be used. Cancelling closes the connection, which frees the
        server.
        Raises SamplingError with the reason of the last attempt, ServerGoneError where no request can be served.
        """
        failure: _TryAgainError | None = None
        for attempt in range(self._patience.retries + 1):
            if failure is not None:
                await asyncio.sleep(self._wait(attempt))
            await self._pause()
            if self.gone is not None:
                raise ServerGoneError(self.gone)
            try:
                answer = read(await self._attempt("POST", path, body))
            except _TryAgainError as error:
                failure = error
                self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + error.wait)
            except ValueError as error:
                failure = _TryAgainError(f"its answer cannot be used: {error}")
            else:
                self._lost_in_a_row = 0
                return answer
        assert failure is not None
        raise self._lost(failure)

    async def get(self, path: str) -> bytes | None:
        """What is at a path; None where the server has nothing there, or does not answer at the first attempt."""
        try:
            return await self._attempt("GET", path)
        except (_TryAgainError, SamplingError):
            return None
        finally:
            self.gone = None

    async def close(self) -> None:
        """Close all connections; requests under way raise ServerGoneError."""
        self.gone = "the engine was closed"
        if self._link is not None:
            await self._link.session.close()

    async def _attempt(self, method: str, path: str, body: bytes | None = None) -> bytes:
        link = await self._linked()
        async with link.slots:
            try:
                # A redirect could carry the key elsewhere.
                async with link.session.request(method, self.url + path, data=body, allow_redirects=False) as response:
                    status, content = response.status, await _read(response)
                    wait = _seconds(response.headers.get("Retry-After"))
            except TimeoutError:
                raise _TryAgainError(f"no answer within {self._patience.timeout:g} s") from None
            except aiohttp.ClientConnectorError as error:
                raise _TryAgainError(f"there is no connection: {error}", unreachable=True) from None
            except (aiohttp.ClientError, OSError, RuntimeError) as error:  # RuntimeError: the session was closed
                raise _TryAgainError(f"the connection broke: {type(error).__name__}: {error}") from None
        if status == 200:
            return content
        reason = f"HTTP {status}: {self._said(content)}"
        if status in _TRY_AGAIN or status >= 500:
            raise _TryAgainError(reason, wait=min(wait, self._patience.timeout))
        if status in _OTHER_WAY or status < 400:
            self.gone = f"{reason} (see engine.urls, engine.model and the key's variable)"
            raise ServerGoneError(self.gone)
        raise SamplingError(f"{self.url} refused the request: {reason}")

    def _lost(self, failure: _TryAgainError) -> SamplingError:
        attempts = self._patience.retries + 1
        reason = f"{failure} ({attempts} attempts)" if attempts > 1 else str(failure)
        self._lost_in_a_row += 1
        if failure.unreachable or self._lost_in_a_row >= _LOST_IN_A_ROW:
            self.gone = reason
            return ServerGoneError(reason)
        return SamplingError(f"{self.url} did not serve the request: {reason}")

    def _wait(self, attempt: int) -> float:
        most = min(self._patience.backoff * 2.0 ** (attempt - 1), _LONGEST_BACKOFF)
        return most * self._jitter.uniform(0.5, 1.0)

    async def _pause(self) -> None:
        left = self._quiet_until - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)

    async def _linked(self) -> _Link:
        loop = asyncio.get_running_loop()
        if self._link is None or self._link.loop is not loop:
            headers = {"Content-Type": "application/json"}
            if self._key is not None:
                headers["Authorization"] = f"Bearer {self._key}"
            session = aiohttp.ClientSession(
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._patience.timeout),
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE),
            )
            ended, self._link = self._link, _Link(loop, session, asyncio.Semaphore(self._connections))
            self._quiet_until = 0.0
            if ended is not None:
                await ended.session.close()
        return self._link

    def _said(self, content: bytes) -> str:
        """What a server says of an error, in one short line without the key."""
        try:
            body = json.loads(content)
            error = body.get("error", body)
            said = str(error["message"] if isinstance(error, dict) else error)
        except (ValueError, KeyError, AttributeError, RecursionError):
            said = content[:2000].decode("utf-8", errors="replace")
        said = said.replace(self._key, "***") if self._key else said
        said = "".join(char if char.isprintable() else " " for char in said)
        return " ".join(said.split())[:300] or "(no text)"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > _LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError(f"an answer of more than {_LARGEST_ANSWER >> 20} MiB")
    return bytes(content)


def _seconds(retry_after: str | None) -> float:
    """Seconds that a Retry-After header asks for: a number or a date; 0 where it is missing or neither."""
    if not retry_after:
        return 0.0
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            date = parsedate_to_datetime(retry_after)
        except ValueError:
            return 0.0
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if isfinite(seconds) else 0.0
