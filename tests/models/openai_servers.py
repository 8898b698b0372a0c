"""A completions server for tests, over real HTTP on loopback: bytes are its tokens, and it misbehaves on request."""

import asyncio
import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

VOCABULARY = range(1, 127)  # one byte is one character, so that every text is that of its tokens


@dataclass
class Behaviour:
    """What the server does otherwise than asked.

    faults: what happens to the next requests, in order, or to every request where always is set.
    """

    faults: list[str] = field(default_factory=list)
    always: str | None = None
    retry_after: str = "0.2"
    one_text: bool = False  # a generation config that takes the most likely token
    wrong_tokenizer: bool = False
    without_ids: bool = False
    without_cached: bool = False
    raw_logprobs: bool = False
    without_seeds: bool = False
    cut_stops: bool = False
    nameless_stops: bool = False
    chat: Callable[[list[dict[str, str]], dict[str, Any]], str] | None = None  # the reply to turns, given the body
    model: str = "bytes"
    window: int | None = 2000


class Server:
    """Runs in a thread with an event loop of its own.

    requests: the bodies received. keys: their Authorization headers. dropped: requests whose client went away.
    """

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.dropped = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._seen: set[tuple[int, ...]] = set()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def stop(self) -> None:
        """Close the listening socket: later connections are refused."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/completions", self._completions)
        app.router.add_post("/v1/chat/completions", self._chat)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": self.behaviour.model, "max_model_len": self.behaviour.window}]})

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("Authorization"))
        fault = self.behaviour.faults.pop(0) if self.behaviour.faults else self.behaviour.always
        if fault is not None:
            failed = await self._fail(fault, request)
            if failed is not None:
                return failed
        if fault == "slow":
            await asyncio.sleep(0.1)
        answer = self._answer(body)
        if fault == "wrong n":
            answer["choices"].append(answer["choices"][0])
        if fault == "long":
            answer["choices"][0] |= {"token_ids": [65] * 9999, "logprobs": {"token_logprobs": [-1.0] * 9999}}
        if fault == "nan":
            return web.Response(text='{"choices": [{"index": 0, "text": "", "token_ids": [1], "logprobs": '
                                '{"token_logprobs": [NaN]}}]}')  # fmt: skip
        if fault == "cut":
            text = web.json_response(answer).text or ""
            return web.Response(text=text[: len(text) // 2])
        return web.json_response(answer)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        fault = self.behaviour.faults.pop(0) if self.behaviour.faults else self.behaviour.always
        failed = await self._fail(fault, request) if fault is not None else None
        if failed is not None:
            return failed
        if fault == "no choice":
            return web.json_response({"choices": []})
        assert self.behaviour.chat is not None
        content = self.behaviour.chat(body["messages"], body)
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        return web.json_response({"choices": [choice], "usage": usage})

    async def _fail(self, fault: str, request: web.Request) -> web.StreamResponse | None:
        if fault == "stall":
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                self.dropped += 1
                raise
        if fault == "drop":
            assert request.transport is not None
            request.transport.abort()
        if fault == "half":  # fewer bytes than announced
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"choices": [')
            assert request.transport is not None
            request.transport.close()
            return response
        if fault.isdigit():
            headers = {"Retry-After": self.behaviour.retry_after, "Location": "/v1/elsewhere"}
            key = request.headers.get("Authorization", "")
            said = {"error": {"message": f"it is {fault}\nfor the key {key.removeprefix('Bearer ')}"}}
            return web.json_response(said, status=int(fault), headers=headers)
        return None

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        prompt = body["prompt"]
        ids = list(prompt.encode()) if isinstance(prompt, str) else prompt
        if isinstance(prompt, str) and self.behaviour.wrong_tokenizer:
            ids = [token ^ 1 for token in ids]
        seed = body["seed"] if body["seed"] is not None else 0
        choices = [self._choice(body, ids, seed + i, i) for i in range(body["n"])]
        cached = 16 if tuple(ids) in self._seen and not self.behaviour.without_cached else None
        self._seen.add(tuple(ids))
        details = {"cached_tokens": cached} if cached is not None else None
        return {"choices": choices, "usage": {"prompt_tokens_details": details}}

    def _choice(self, body: dict[str, Any], ids: list[int], seed: int, index: int) -> dict[str, Any]:
        how = self.behaviour
        rng = random.Random(f"{len(self.requests)} {index}" if how.without_seeds else f"{seed} {ids}")
        candidates = [65] if how.one_text else VOCABULARY[: body["top_k"] if body["top_k"] > 0 else None]
        tokens: list[int] = []
        reason, stop_reason = "length", None
        while len(tokens) < body["max_tokens"]:
            tokens.append(rng.choice(candidates))
            stop_reason = next((stop for stop in body["stop"] if bytes(tokens).decode().endswith(stop)), None)
            if stop_reason is not None:
                reason = "stop"
                break
        text = bytes(tokens).decode()
        if stop_reason is not None and how.cut_stops:
            text = text.removesuffix(stop_reason)
        if how.nameless_stops:
            stop_reason = None
        logprob = -math.log(len(VOCABULARY) if how.raw_logprobs else len(candidates))
        choice = {"index": index, "text": text, "finish_reason": reason, "stop_reason": stop_reason}
        choice["logprobs"] = {"token_logprobs": [logprob] * len(tokens), "tokens": [], "top_logprobs": []}
        return choice if how.without_ids else choice | {"token_ids": tokens, "prompt_token_ids": ids}
