"""vLLM in this process: steps of the engine alternate with rounds of the event loop.

One task of the event loop drives the engine. After each step, every coroutine that can run does so until it blocks;
only then the next step starts. So a batch holds all pending requests and is the same in every run. The price is that
the model does not run while Python works between steps: tens of microseconds per request.

Tested on CPUs. On GPUs the same class runs vLLM's own executor. Not tested: tensor_parallel_size > 1 (worker processes
beside this one), vLLM's asynchronous scheduling under this loop, and bitwise replay, which vLLM guarantees on GPUs only
with VLLM_BATCH_INVARIANT=1.
"""

import asyncio
import logging
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from astro.errors import EngineDeadError, MissingDependencyError, SamplingError
from astro.models.completion import Completion, FinishReason, Sampled, SampleParams
from astro.models.engines.interrupts import interruptible
from astro.models.engines.lockstep import until_blocked
from astro.models.model_folder import loading
from astro.models.stats import EngineStats, Meter
from astro.models.stops import StopTail
from astro.models.tokenizer import try_chat_template, turn_end

# vLLM reads these when it is imported or when the engine starts. Variables that the user has set are kept.
_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # runs the core in this process: deterministic scheduling, fast start
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # stdout belongs to the caller
    "VLLM_NO_USAGE_STATS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}
_FINISH_REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH, "abort": FinishReason.ABORT}

# vLLM's process groups are global to the process. Stopping them breaks every engine, so the last one to close does it.
_open: set["VllmSampler"] = set()
_retired: list[Any] = []


class VllmSampler:
    """A Sampler over an in-process vLLM engine; one event loop at a time drives it."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        """Start an engine with these arguments of vllm.EngineArgs. Raises ConfigError if vLLM rejects them."""
        self._engine = _start(arguments)
        _open.add(self)
        self.tokenizer = self._engine.get_tokenizer()
        try_chat_template(self.tokenizer, arguments["model"])
        self.tokenizer.clean_up_tokenization_spaces = False  # Llama 3 sets it, and " ." would be decoded as "."
        self._tails = StopTail(self.tokenizer)
        # vLLM stops at the tokens that the model's folder names, and base models name no end of turn.
        end = turn_end(self.tokenizer)
        self._ends = () if end is None or end == self.tokenizer.eos_token_id else (end,)
        self._meter = Meter()
        self._arrived = 0
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._pump_task: asyncio.Task[None] | None = None
        self._broken: str | None = None
        self._cancelled = False  # whether a caller was, since the last step

    @property
    def llm_engine(self) -> Any:
        """The underlying vLLM engine, for uses beyond sampling."""
        return self._engine

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Continue prompt_ids params.n times; see Sampler. Cancelling the caller aborts the request in the engine."""
        if self._broken is not None:
            raise EngineDeadError(self._broken)
        if params.temperature == 0 and params.n > 1:  # vLLM rejects it, and the n completions are equal
            greedy = await self.sample(prompt_ids, params._replace(n=1), priority=priority)
            return replace(greedy, completions=greedy.completions * params.n)
        request_id = str(self._arrived)
        first = self._submit(request_id, prompt_ids, params, priority)
        self._arrived += 1
        future = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        if self._pump_task is None or self._pump_task.done():
            self._pump_task = asyncio.create_task(self._pump())
        with self._meter.request(params.n):
            try:
                output = await future
            except asyncio.CancelledError:
                self._cancelled = True
                if self._waiting.pop(request_id, None) is not None and self._broken is None:
                    self._engine.abort_request([request_id])
                raise
        cached = output.num_cached_tokens if first is None else first.num_cached_tokens
        completions = tuple(self._completion(part) for part in sorted(output.outputs, key=lambda part: part.index))
        sampled = Sampled(completions, prompt_tokens=len(prompt_ids), cached_tokens=min(cached or 0, len(prompt_ids)))
        self._meter.count(sampled)
        return sampled

    def stats(self) -> EngineStats:
        """Totals since the engine was opened. cached_tokens counts each request's first completion only."""
        return self._meter.stats(0 if self._engine is None else _running_tokens(self._engine.output_processor))

    async def close(self) -> None:
        """Stop the engine. Requests in flight fail with EngineDeadError."""
        if self._engine is None:
            return
        if self._broken is None:
            self._fail("the vllm engine was closed")
        _open.discard(self)
        _retired.append(self._engine)
        self._engine = None
        while _retired and not _open:
            _retired.pop().engine_core.shutdown()

    def _submit(self, request_id: str, prompt_ids: Sequence[int], params: SampleParams, priority: int) -> Any:
        """Queue the request. Returns vLLM's state of its first completion, which holds the cached tokens."""
        from vllm.exceptions import VLLMError  # noqa: PLC0415 - heavy
        from vllm.inputs.engine import tokens_input  # noqa: PLC0415 - heavy

        try:
            # The order of arrival replaces the arrival time, so ties are broken the same way in every run.
            internal_id = self._engine.add_request(
                request_id,
                tokens_input(list(prompt_ids)),
                sampling_params(params, self._ends),
                priority=priority,
                arrival_time=float(self._arrived),
            )
        except (VLLMError, ValueError, OverflowError) as error:
            raise SamplingError(f"vllm refused a request of {len(prompt_ids)} prompt tokens: {error}") from error
        names = [internal_id] if params.n == 1 else [f"{i}_{internal_id}" for i in range(params.n)]
        states = [self._engine.output_processor.request_states.get(name) for name in names]
        for state in states:
            if state is not None:
                # Otherwise vLLM decodes every token again, to label its log-probability with a text nobody reads.
                state.logprobs_processor.tokenizer = None
        # With n > 1, the output reports the cached tokens of the completion that ended last, which includes blocks
        # shared with its siblings. Only the first completion reports what the prompt itself found in the cache.
        return states[0]

    async def _pump(self) -> None:
        """Step the engine until no request waits. Between steps, the loop runs all other tasks; Ctrl-C ends a step."""
        await until_blocked(lambda: self._arrived)
        while self._waiting:
            try:
                with interruptible():
                    outputs = self._engine.step()
            except Exception as error:  # noqa: BLE001 - whatever breaks a step, no request can be served any more
                self._fail(f"the vllm engine broke: {type(error).__name__}: {error}")
                return
            except KeyboardInterrupt:
                self._broken = "the vllm engine was interrupted"
                raise
            if self._deliver(outputs) or self._cancelled:
                self._cancelled = False  # a cancellation goes through all trees before the next step
                await until_blocked(lambda: self._arrived)
            else:
                await asyncio.sleep(0)

    def _deliver(self, outputs: Sequence[Any]) -> bool:
        """Answer the requests that a step has finished. Returns whether there was one."""
        delivered = False
        for output in outputs:
            future = self._waiting.pop(output.request_id, None) if output.finished else None
            if future is not None and not future.done():
                future.set_result(output)
                delivered = True
        return delivered

    def _fail(self, reason: str) -> None:
        self._broken = reason
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(EngineDeadError(reason))

    def _completion(self, output: Any) -> Completion:
        token_ids = tuple(output.token_ids)
        stop = output.stop_reason if isinstance(output.stop_reason, str) else None
        text = output.text if stop is None else self._tails.restore(output.text, token_ids, stop)
        return Completion(
            text,
            token_ids,
            output.cumulative_logprob,
            _FINISH_REASONS.get(output.finish_reason, FinishReason.ERROR),
            stop,
            tuple(output.logprobs.logprobs),
        )


def _running_tokens(outputs: Any) -> int:
    """Tokens of the requests in flight. Lists are made first, because the display may ask from another thread."""
    states, parents = list(outputs.request_states.values()), list(outputs.parent_requests.values())
    running: list[int] = [state.detokenizer.num_output_tokens() for state in states if state.detokenizer]
    ended: list[int] = [len(part.token_ids) for parent in parents for part in list(parent.output_aggregator) if part]
    return sum(running) + sum(ended)


def is_cpu_build() -> bool:
    """Whether this vLLM is a build for CPUs. Raises MissingDependencyError without vLLM."""
    return _vllm()[2]


def option_names() -> list[str]:
    """The arguments of vllm.EngineArgs. Raises MissingDependencyError without vLLM."""
    return [field.name for field in fields(_vllm()[0])]


def _start(arguments: Mapping[str, Any]) -> Any:
    engine_args, llm_engine, _ = _vllm()
    with warnings.catch_warnings(action="ignore"), loading(f"vllm could not start an engine for {arguments['model']}"):
        return llm_engine.from_engine_args(engine_args(**arguments))


def _vllm() -> tuple[Any, Any, bool]:
    """EngineArgs, LLMEngine, and whether this vLLM is a CPU build. Raises MissingDependencyError."""
    for name, setting in _ENVIRONMENT.items():
        os.environ.setdefault(name, setting)
    # vLLM sets up its logging when an engine starts, but logs before that.
    logging.getLogger("vllm").setLevel(os.environ["VLLM_LOGGING_LEVEL"])
    with warnings.catch_warnings(action="ignore"):
        return _import_vllm()


def _import_vllm() -> tuple[Any, Any, bool]:
    threads_given = "OMP_NUM_THREADS" in os.environ
    try:
        from vllm.platforms import current_platform  # noqa: PLC0415 - heavy

        on_cpu = bool(current_platform.is_cpu())
        if on_cpu:
            # Compiling the sampler's small operations takes seconds, needs a C++ compiler, and does not help here.
            os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
            if not threads_given:
                import torch  # noqa: PLC0415 - heavy

                # In-process vLLM does not bind its threads; on busy cores, threads that wait for each other can be 100
                # times slower than one. Set OMP_NUM_THREADS for models with large matrices, which gain from more.
                torch.set_num_threads(1)
        from vllm import EngineArgs  # noqa: PLC0415 - heavy
        from vllm.v1.engine.llm_engine import LLMEngine  # noqa: PLC0415 - heavy
    except ImportError as error:
        extra = "vllm" if shutil.which("nvidia-smi") else "cpu"
        raise MissingDependencyError("vllm", extra, "the vllm engine") from error
    return EngineArgs, LLMEngine, on_cpu


def sampling_params(params: SampleParams, ends: Sequence[int] = ()) -> Any:
    """The vllm.SamplingParams that request the fields of a Completion.

    ends: tokens that end a completion, beside those that the model's folder names.
    """
    from vllm import SamplingParams  # noqa: PLC0415 - heavy
    from vllm.sampling_params import RequestOutputKind  # noqa: PLC0415 - heavy

    return SamplingParams(
        n=params.n,
        max_tokens=params.max_tokens,
        temperature=params.temperature,
        top_p=params.top_p,
        top_k=params.top_k,
        min_p=params.min_p,
        stop=list(params.stop),
        stop_token_ids=list(ends),
        include_stop_str_in_output=True,
        seed=params.seed,
        logprobs=0,
        flat_logprobs=True,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
