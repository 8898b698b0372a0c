"""Hugging Face transformers as an engine, for machines without vLLM: correct first, and 5 to 20 times slower.

Pending requests form one left-padded batch with one row per completion; later requests wait for the next batch. Each
row has its own random generator, so its output depends only on its seed, up to rounding differences between batch
shapes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from astro.errors import EngineDeadError, MissingDependencyError, SamplingError
from astro.models.completion import Completion, FinishReason, Sampled, SampleParams
from astro.models.engines.interrupts import interruptible
from astro.models.engines.lockstep import until_blocked
from astro.models.model_folder import loading, weights_options
from astro.models.seeds import derive_seed
from astro.models.stats import EngineStats, Meter
from astro.models.stops import first_stop
from astro.models.token_text import TokenText
from astro.models.tokenizer import hf_tokenizer, turn_end


@dataclass(slots=True)
class _Row:
    """One completion in progress."""

    prompt_ids: Sequence[int]
    params: SampleParams
    generator: Any
    rank: tuple[int, int]  # priority, then arrival
    ended: asyncio.Future[Completion]
    room: int  # tokens until max_tokens or the context window
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


class TransformersSampler:
    """A Sampler over AutoModelForCausalLM; one event loop at a time drives it."""

    def __init__(
        self, model: str, options: Mapping[str, Any], *, max_model_len: int | None, max_rows: int, seed: int
    ) -> None:
        """Load a model with these options of from_pretrained. A batch holds at most max_rows completions.

        Raises MissingDependencyError without torch, ConfigError if the model cannot be loaded.
        """
        self._model, self.tokenizer = _load(model, options)
        self.tokenizer.clean_up_tokenization_spaces = False  # Llama 3 sets it, and " ." would be decoded as "."
        self._texts = TokenText(self.tokenizer)
        limit = getattr(self._model.config, "max_position_embeddings", None) or 1 << 30
        self._max_model_len = min(max_model_len or limit, limit)
        self._max_rows, self._seed = max_rows, seed
        self._ends = _end_tokens(self._model, self.tokenizer)
        self._meter = Meter()
        self._arrivals = count()
        self._pending: list[_Row] = []
        self._unanswered: dict[int, list[_Row]] = {}  # the rows of each request in flight, by its arrival
        self._worker: asyncio.Task[None] | None = None
        self._broken: str | None = None

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Continue prompt_ids params.n times; see Sampler. If the caller is cancelled, its rows are dropped."""
        if self._broken is not None:
            raise EngineDeadError(self._broken)
        rows = self._rows(prompt_ids, params, priority)
        self._pending += rows
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        self._unanswered[rows[0].rank[1]] = rows
        try:
            with self._meter.request(params.n):
                completions = tuple(await asyncio.gather(*(row.ended for row in rows)))
        finally:
            del self._unanswered[rows[0].rank[1]]
        sampled = Sampled(completions, prompt_tokens=len(prompt_ids))
        self._meter.count(sampled)
        return sampled

    def stats(self) -> EngineStats:
        """Totals since the engine was opened. cached_tokens is always 0: the engine has no prefix cache."""
        return self._meter.stats(sum(len(row.token_ids) for rows in list(self._unanswered.values()) for row in rows))

    async def close(self) -> None:
        """Release the model. Requests in flight fail with EngineDeadError."""
        self._broken = "the transformers engine was closed"
        if self._worker is not None and not self._worker.done():
            self._worker.cancel()
        self._fail(self._pending)
        self._model = None

    def _rows(self, prompt_ids: Sequence[int], params: SampleParams, priority: int) -> list[_Row]:
        import torch  # noqa: PLC0415 - heavy

        if not 0 < len(prompt_ids) < self._max_model_len:
            raise SamplingError(
                f"the prompt has {len(prompt_ids)} tokens, and the context window of {self._max_model_len} must hold "
                "it and one more; shorten the prompt or raise engine.max_model_len"
            )
        if params.n < 1 or params.max_tokens < 1:
            raise SamplingError(f"n and max_tokens must be at least 1, not {params.n} and {params.max_tokens}")
        loop = asyncio.get_running_loop()
        arrival = next(self._arrivals)
        base = params.seed if params.seed is not None else derive_seed(self._seed, arrival)
        room = min(params.max_tokens, self._max_model_len - len(prompt_ids))
        return [
            _Row(
                prompt_ids=prompt_ids,
                params=params,
                generator=torch.Generator().manual_seed(base + i),
                rank=(priority, arrival),
                ended=loop.create_future(),
                room=room,
            )
            for i in range(params.n)
        ]

    async def _work(self) -> None:
        await until_blocked(lambda: len(self._pending))
        while self._pending:
            self._pending.sort(key=lambda row: row.rank)
            batch, self._pending = self._pending[: self._max_rows], self._pending[self._max_rows :]
            try:
                await self._generate([row for row in batch if not row.ended.done()])
            except Exception as error:  # noqa: BLE001 - whatever breaks the model, no request can be served any more
                self._broken = f"the transformers engine broke: {type(error).__name__}: {error}"
                self._fail([*batch, *self._pending])
                return
            except KeyboardInterrupt:
                self._broken = "the transformers engine was interrupted"
                raise
            await until_blocked(lambda: len(self._pending))

    def _fail(self, rows: list[_Row]) -> None:
        self._pending = []
        for row in rows:
            if not row.ended.done():
                row.ended.set_exception(EngineDeadError(self._broken))

    async def _generate(self, rows: list[_Row]) -> None:
        """Decode a batch to its end. Between tokens, the event loop runs all other tasks; Ctrl-C ends a step."""
        import torch  # noqa: PLC0415 - heavy

        width = max((len(row.prompt_ids) for row in rows), default=0)
        padded = [[0] * (width - len(row.prompt_ids)) + list(row.prompt_ids) for row in rows]
        mask = torch.tensor([[0] * (width - len(row.prompt_ids)) + [1] * len(row.prompt_ids) for row in rows])
        tokens, cache = torch.tensor(padded), None
        while rows:
            positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
            with interruptible():
                logits, cache = self._forward(tokens, mask, positions, cache)
            for row, row_logits in zip(rows, logits, strict=True):
                self._extend(row, row_logits)
            live = [i for i, row in enumerate(rows) if not row.ended.done()]
            if len(live) < len(rows) and live:
                _keep_rows(cache, torch.tensor(live, device=self._model.device))
                mask = mask[live]
            rows = [rows[i] for i in live]
            tokens = torch.tensor([[row.token_ids[-1]] for row in rows])
            mask = torch.cat([mask, torch.ones(mask.shape[0], 1, dtype=mask.dtype)], dim=1)
            await asyncio.sleep(0)

    def _forward(self, tokens: Any, mask: Any, positions: Any, cache: Any) -> tuple[Any, Any]:
        """Logits of the next token, float32 on the CPU, shape (rows, vocabulary), and the key-value cache."""
        import torch  # noqa: PLC0415 - heavy

        device = self._model.device
        with torch.inference_mode():
            output = self._model(
                input_ids=tokens.to(device),
                attention_mask=mask.to(device),
                position_ids=positions.to(device),
                past_key_values=cache,
                use_cache=True,
            )
        return output.logits[:, -1].float().cpu(), output.past_key_values

    def _extend(self, row: _Row, logits: Any) -> None:
        """Sample one token of a row, and end the row if it is complete."""
        if row.ended.done():
            return  # cancelled
        token, logprob = sample_token(logits, row.params, row.generator)
        row.token_ids.append(token)
        row.logprobs.append(logprob)
        stop = None
        if token in self._ends or (stop := self._stopped_by(row)) is not None:
            reason = FinishReason.STOP
        elif len(row.token_ids) == row.room:
            reason = FinishReason.LENGTH
        else:
            return
        text = self._texts.of(row.token_ids)
        row.ended.set_result(
            Completion(text, tuple(row.token_ids), sum(row.logprobs), reason, stop, tuple(row.logprobs))
        )

    def _stopped_by(self, row: _Row) -> str | None:
        if not row.params.stop:
            return None
        window = 4 * max(map(len, row.params.stop)) + 4  # a character is at most 4 bytes, a byte at most one token
        found = first_stop(self._texts.of(row.token_ids[-window:]), row.params.stop)
        return found[0] if found else None


def sample_token(logits: Any, params: SampleParams, generator: Any) -> tuple[int, float]:
    """Draw a token from logits of shape (vocabulary,). Returns it and its log-probability as sampled, in nats.

    Applies temperature, min-p, top-k and top-p in this order, as vLLM does. Temperature 0 takes the most likely token
    and reports its log-probability at temperature 1.
    """
    import torch  # noqa: PLC0415 - heavy

    if params.temperature == 0:
        token = int(logits.argmax())
        return token, float(logits.log_softmax(-1)[token])
    logits = logits / params.temperature
    if params.min_p > 0:
        probabilities = logits.softmax(-1)
        logits = logits.masked_fill(probabilities < params.min_p * probabilities.max(), float("-inf"))
    if 0 < params.top_k < logits.shape[-1]:
        logits = logits.masked_fill(logits < logits.topk(params.top_k).values[-1], float("-inf"))
    if params.top_p < 1:
        ordered, order = logits.softmax(-1).sort(descending=True)
        beyond = ordered.cumsum(-1) - ordered >= params.top_p  # keeps the token that crosses top_p
        logits = logits.index_fill(0, order[beyond], float("-inf"))
    logprobs = logits.log_softmax(-1)
    token = int(torch.multinomial(logprobs.exp(), 1, generator=generator))
    return token, float(logprobs[token])


def _keep_rows(cache: Any, rows: Any) -> None:
    """Keep these rows of the cache. Linear attention layers only have the beam search method, which does the same."""
    for layer in cache.layers:
        select = getattr(layer, "batch_select_indices", None) or layer.reorder_cache
        select(rows)


def _load(name: str, options: Mapping[str, Any]) -> tuple[Any, Any]:
    try:
        import torch  # noqa: PLC0415 - heavy
        from transformers import AutoModelForCausalLM  # noqa: PLC0415 - heavy
    except ImportError as error:
        raise MissingDependencyError("torch", "cpu", "the transformers engine") from error
    tokenizer = hf_tokenizer(name)
    with loading(f"transformers could not load {name}"):
        model = AutoModelForCausalLM.from_pretrained(name, **{**weights_options(), **options})
    if "device_map" not in options and torch.cuda.is_available():
        model = model.to("cuda")
    return model.eval(), tokenizer


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """The token ids that end a completion: from the generation settings, the tokenizer and its chat template."""
    ends = model.generation_config.eos_token_id
    listed = ends if isinstance(ends, list) else [ends]
    return frozenset(token for token in (*listed, tokenizer.eos_token_id, turn_end(tokenizer)) if token is not None)
