"""Tokenizer and training of small models: Llamas small enough for git, from scratch, on the CPU.

A recipe names the corpus of each phase; the embedded model's is the default.
"""

import json
import math
import random
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from astro.models.engines.precision import cpu_has_bfloat16
from tools.tiny_model.corpus import FIRST, SECOND, THIRD, Example, Span, examples

if TYPE_CHECKING:
    import torch

SPECIAL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
VOCABULARY = 1024  # bytes, the numbers 1-100 with and without a space before, and every word of the corpus
CONTEXT = 2048
LOG = "training_log.jsonl"
LOG_STEPS = 200  # between two lines of the log
IGNORED = -100  # the label of a position that the loss ignores
# Judgements are one token in fifty and are learned last, so these count more in the loss.
JUDGEMENTS = (" correct", " not", "Yes", "No")
JUDGEMENT_WEIGHT = 8.0
# Numbers, words and commands are one piece each with the space before them; each punctuation mark is its own piece.
PIECES = r" ?\d+| ?\\?[A-Za-z']+|\n| ?[^\sA-Za-z0-9]| "

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|' + message['role'] + '|>' }}"
    "{%- if message['role'] == 'assistant' %}"
    "{% generation %}{{- message['content'] + '<|end|>' }}{% endgeneration %}"
    "{%- else %}{{- message['content'] + '<|end|>' }}{%- endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|assistant|>' }}{%- endif %}"
)


Corpus = Callable[[random.Random], Iterator[Example]]
"""An endless stream of examples."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the training, with its own warm-up and cosine decay.

    tokens: tokens seen, including prompts. corpus: where they come from.
    matrix_rate: peak learning rate of Muon, for the matrices of the layers; rate: of AdamW, for everything else.
    row: length of a packed row in tokens; batch: rows a step.
    decays: whether the rates fall after the warm-up; in a phase that waits for a skill to appear, they must not.
    until: such a phase ends once the mean loss between two lines of the log is below this, and tokens is the most. When
    a skill appears differs by a million tokens between seeds.
    """

    tokens: int
    corpus: Corpus
    matrix_rate: float
    rate: float
    row: int
    batch: int
    decays: bool = True
    until: float | None = None

    @property
    def steps(self) -> int:
        """Steps of the optimizer."""
        return self.tokens // (self.row * self.batch)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The recipe of the training; warmup: steps of each phase.

    apart: an example a row, where a name means another thing in each example; row is then the most tokens of examples
        of like length that are computed together, and batch the number of such groups in a step. A step of one
        length alone would teach to copy from a fixed distance. Otherwise examples share a row and see each other.
    kin: for words that several tokens mean, these tokens, in the same order of forms. The vector of each is the sum of
        one of its word and one of its form, in the embeddings and in the output layer, before and after each step.
    exact: in float32 on every CPU; otherwise in bfloat16 where the CPU has it.
    The rows are longer from the second phase on, because a long search breaks down at positions never seen in training.
    """

    phases: tuple[Phase, ...] = (
        Phase(40_000_000, partial(examples, mix=FIRST), 0.02, 3e-3, row=512, batch=4),
        Phase(18_000_000, partial(examples, mix=SECOND), 0.01, 2e-3, row=1024, batch=2),
        Phase(3_000_000, partial(examples, mix=THIRD), 0.005, 1e-3, row=1024, batch=2),
    )
    seed: int = 0
    hidden: int = 128
    layers: int = 4
    heads: int = 4
    intermediate: int = 384
    warmup: int = 50
    apart: bool = False
    exact: bool = False
    kin: Sequence[Sequence[str]] = ()

    @property
    def tokens(self) -> int:
        """Tokens seen in all phases."""
        return sum(phase.tokens for phase in self.phases)

    def scaled(self, tokens: int) -> "Recipe":
        """The recipe with this many tokens in total, at least one step a phase."""
        phases = [
            replace(one, tokens=max(one.row * one.batch, one.tokens * tokens // self.tokens)) for one in self.phases
        ]
        return replace(self, phases=tuple(phases))


def train_tokenizer(
    seed: int, corpus: Corpus = examples, sample: int = 40_000, pieces: str = PIECES, size: int = VOCABULARY
) -> PreTrainedTokenizerFast:
    """A byte-level BPE (lossless on any text) whose merges make every word and number of the corpus one token.

    pieces: a regular expression of the pieces within which it merges. size: the most tokens of the vocabulary.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pieces), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    drawn = islice(corpus(random.Random(seed)), sample)  # noqa: S311 - a reproducible corpus
    tokenizer.train_from_iterator((text for one in drawn for text in (one.prompt, one.completion)), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",  # noqa: S106 - a token of the vocabulary
        eos_token="<|end|>",  # noqa: S106
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


def new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """An untrained model; embeddings are not tied, so that an engine's weights can be replaced in place."""
    import torch  # noqa: PLC0415 - heavy

    torch.manual_seed(recipe.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.hidden,
            intermediate_size=recipe.intermediate,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.heads,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=tokenizer.convert_tokens_to_ids("<|end|>"),
            pad_token_id=tokenizer.convert_tokens_to_ids("<|pad|>"),
            attn_implementation="sdpa",
        )
    )
    for rows in (model.model.embed_tokens.weight, model.lm_head.weight):
        scale = model.config.initializer_range / math.sqrt(2)
        if recipe.kin:
            ids = _kin_ids(recipe, tokenizer)
            words, forms = (torch.randn(count, recipe.hidden) * scale for count in ids.shape)
            with torch.no_grad():
                rows[ids] = words[:, None] + forms
    return model


def _kin_ids(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> "torch.Tensor":
    """Ids of the recipe's kin, words by forms."""
    import torch  # noqa: PLC0415 - heavy

    ids = [[tokenizer.encode(token, add_special_tokens=False)[0] for token in tokens] for tokens in recipe.kin]
    return torch.tensor(ids, dtype=torch.long)


def tie_kin(model: LlamaForCausalLM, ids: "torch.Tensor") -> None:
    """Make every vector of these tokens, words by forms, the sum of one of its word and one of its form.

    The nearest such sum in the sense of least squares: the mean of the word, plus that of the form, minus that of all.
    Apart, a few of a hundred words keep a token that never learns to be the same word.
    """
    import torch  # noqa: PLC0415 - heavy

    if not ids.numel():
        return
    with torch.no_grad():
        for rows in (model.model.embed_tokens.weight, model.lm_head.weight):
            each = rows[ids]
            rows[ids] = each.mean(1, keepdim=True) + each.mean(0, keepdim=True) - each.mean((0, 1), keepdim=True)


def packed_rows(
    stream: Iterable[Example], tokenizer: PreTrainedTokenizerFast, length: int, rng: random.Random
) -> Iterator[tuple[list[int], list[int]]]:
    """Pack whole examples into rows of ids and labels, both length long.

    Prompts, except for the thoughts in them, and padding have the label -100.
    """
    pad = tokenizer.convert_tokens_to_ids("<|pad|>")
    for encoded in _encoded(stream, tokenizer):
        rows = _first_fit(encoded, length)
        rng.shuffle(rows)
        for row in rows:
            yield _padded(row, length, pad)


def like_lengths(
    stream: Iterable[Example], tokenizer: PreTrainedTokenizerFast, tokens: int, rng: random.Random
) -> Iterator[list[tuple[list[int], list[int]]]]:
    """Batches of examples of about the same length, an example a row, padded to a multiple of 32; as ids and labels.

    tokens: of a batch, at most, with padding. Longer examples are left out.
    """
    pad = tokenizer.convert_tokens_to_ids("<|pad|>")
    for encoded in _encoded(stream, tokenizer):
        rest = sorted((one for one in encoded if len(one[0]) <= tokens), key=lambda one: len(one[0]))
        batches = []
        while rest:
            length = -(-len(rest[-1][0]) // 32) * 32
            size = max(1, tokens // length)
            batches.append([_padded(one, length, pad) for one in rest[-size:]])
            del rest[-size:]
        rng.shuffle(batches)
        yield from batches


def _encoded(
    stream: Iterable[Example], tokenizer: PreTrainedTokenizerFast
) -> Iterator[list[tuple[list[int], list[int]]]]:
    """Chunks of examples as ids and labels."""
    user, assistant, end = (
        tokenizer.convert_tokens_to_ids(token) for token in ("<|user|>", "<|assistant|>", "<|end|>")
    )
    encode = tokenizer.backend_tokenizer.encode_batch
    stream = iter(stream)
    while chunk := list(islice(stream, 2000)):
        prompts = encode([one.prompt for one in chunk], add_special_tokens=False)
        completions = encode([one.completion for one in chunk], add_special_tokens=False)
        encoded = []
        for one, prompt, completion in zip(chunk, prompts, completions, strict=True):
            read = _marked(len(one.prompt), one.read)
            asked = [
                token if all(read[start:stop]) else IGNORED
                for token, (start, stop) in zip(prompt.ids, prompt.offsets, strict=True)
            ]
            unlearned = _marked(len(one.completion), one.unlearned)
            said = [
                IGNORED if any(unlearned[start:stop]) else token
                for token, (start, stop) in zip(completion.ids, completion.offsets, strict=True)
            ]
            ids = [user, *prompt.ids, end, assistant, *completion.ids, end]
            encoded.append((ids, [IGNORED, *asked, IGNORED, IGNORED, *said, end]))
        yield encoded


def _padded(row: tuple[list[int], list[int]], length: int, pad: int) -> tuple[list[int], list[int]]:
    ids, labels = row
    missing = length - len(ids)
    return ids + [pad] * missing, labels + [IGNORED] * missing


def _marked(length: int, spans: Iterable[Span]) -> bytearray:
    marked = bytearray(length)
    for first, last in spans:
        marked[first:last] = b"\1" * (last - first)
    return marked


def _first_fit(encoded: list[tuple[list[int], list[int]]], length: int) -> list[tuple[list[int], list[int]]]:
    """First-fit decreasing: no example is cut, since its second half alone would be an answer without a prompt."""
    rows: list[tuple[list[int], list[int]]] = []
    for ids, labels in sorted(encoded, key=lambda one: -len(one[0])):
        for row_ids, row_labels in rows:
            if len(row_ids) + len(ids) <= length:
                row_ids.extend(ids)
                row_labels.extend(labels)
                break
        else:
            if len(ids) <= length:
                rows.append((list(ids), list(labels)))
    return rows


def train(recipe: Recipe, tokenizer: PreTrainedTokenizerFast, folder: Path, say: Callable[[str], None]) -> None:
    """Train from scratch and write weights, tokenizer and training_log.jsonl to the folder.

    The log has the tokens seen and the loss (nats a learned token, judgements weighted) every 200 steps; say gets each
    line with the tokens a second. A finished phase is kept until the next one ends, and is not trained again.
    """
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415 - heavy

    disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    model, lines, seen = new_model(recipe, tokenizer), list[str](), 0
    finished: list[Path] = []
    for index, phase in enumerate(recipe.phases):
        kept = folder / f"phase-{index + 1}-seed-{recipe.seed}-tokens-{phase.tokens}"
        if (kept / LOG).exists():
            model = LlamaForCausalLM.from_pretrained(kept, attn_implementation="sdpa")
            lines = (kept / LOG).read_text(encoding="utf-8").splitlines()
            say(f"{kept}: trained before, not trained again")
        else:
            for row in train_phase(model, recipe, index, tokenizer):
                line = json.dumps({"tokens": seen + row["tokens"], "loss": round(row["loss"], 4)})
                lines.append(line)
                say(f"{line}  {row['tokens_per_second']:,.0f} tokens/s")
            model.save_pretrained(kept)
            (kept / LOG).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")  # last: it marks the end
        seen = json.loads(lines[-1])["tokens"]
        finished.append(kept)
    model.eval().save_pretrained(folder)
    (folder / LOG).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for kept in finished:
        shutil.rmtree(kept)


def train_phase(
    model: LlamaForCausalLM,
    recipe: Recipe,
    index: int,
    tokenizer: PreTrainedTokenizerFast,
) -> Iterator[dict[str, Any]]:
    """Train the model for one phase of the recipe; yield tokens, loss and tokens_per_second every 200 steps."""
    import torch  # noqa: PLC0415 - heavy

    phase, seed = recipe.phases[index], recipe.seed + 100 * index
    body = torch.compile(model.train().model, dynamic=recipe.apart or None)
    narrow = cpu_has_bfloat16() and not recipe.exact
    steps, per_step = phase.steps, phase.row * phase.batch
    optimizers = _optimizers(model, phase, narrow=narrow)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            one, lambda step: _warm_then_cosine(step, steps if phase.decays else None, recipe.warmup)
        )
        for one in optimizers
    ]
    stream = phase.corpus(random.Random(seed + 1))  # noqa: S311 - a reproducible corpus
    shuffled = random.Random(seed + 2)  # noqa: S311
    if recipe.apart:
        batches, per_update = like_lengths(stream, tokenizer, phase.row, shuffled), phase.batch
    else:
        rows = packed_rows(stream, tokenizer, phase.row, shuffled)
        batches, per_update = iter(lambda: list(islice(rows, phase.batch)), []), 1
    weight = torch.ones(len(tokenizer))
    weight[[tokenizer.encode(word)[0] for word in JUDGEMENTS]] = JUDGEMENT_WEIGHT
    kin = _kin_ids(recipe, tokenizer)
    tie_kin(model, kin)
    started, losses = time.monotonic(), []
    for step in range(1, steps + 1):
        groups = [
            tuple(torch.tensor(part) for part in zip(*group, strict=True)) for group in islice(batches, per_update)
        ]
        total = sum(float(weight[labels[:, 1:][labels[:, 1:] != IGNORED]].sum()) for _, labels in groups)
        losses.append(0.0)
        for ids, labels in groups:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=narrow):
                hidden = body(input_ids=ids, use_cache=False).last_hidden_state
                wanted = labels[:, 1:].flatten()
                learned = wanted != IGNORED  # project to the vocabulary only at learned positions
                logits = model.lm_head(hidden[:, :-1].flatten(0, 1)[learned])
            said = torch.nn.functional.cross_entropy(logits.float(), wanted[learned], weight=weight, reduction="sum")
            loss = said / total
            loss.backward()
            losses[-1] += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for one in (*optimizers, *schedules):
            one.step()
        tie_kin(model, kin)
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        if step % LOG_STEPS == 0 or step == steps:
            speed = step * per_step / (time.monotonic() - started)
            mean = sum(losses) / len(losses)
            yield {"tokens": step * per_step, "loss": mean, "tokens_per_second": speed}
            if phase.until is not None and mean < phase.until:
                return
            losses = []


def _optimizers(model: LlamaForCausalLM, phase: Phase, *, narrow: bool) -> list[Any]:
    """Muon for the matrices, which needs about half the tokens of AdamW here; AdamW for embeddings, head and norms."""
    import torch  # noqa: PLC0415 - heavy

    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    if narrow:
        muon: Any = torch.optim.Muon
    else:
        from tools.tiny_model.muon import Float32Muon as muon  # noqa: PLC0415, N813 - heavy, and the same rule
    return [
        muon(matrices, lr=phase.matrix_rate, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(others, lr=phase.rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def _warm_then_cosine(step: int, steps: int | None, warmup: int) -> float:
    """The share of the peak rate; without steps it stays at the peak."""
    if step < warmup:
        return (step + 1) / warmup
    if steps is None:
        return 1.0
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
