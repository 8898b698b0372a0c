import json
import math
import os
import random
import subprocess
import sys
from dataclasses import replace
from itertools import accumulate, islice, pairwise
from pathlib import Path
from statistics import fmean

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from tools.tiny_model import pretrain
from tools.tiny_model.corpus import Example, examples
from tools.tiny_model.pretrain import (
    IGNORED,
    SPECIAL,
    Recipe,
    like_lengths,
    new_model,
    packed_rows,
    tie_kin,
    train,
    train_tokenizer,
)

SCRIPT = Path(__file__).parents[2] / "tools" / "pretrain_tiny.py"


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(seed=0)


def test_numbers_and_words_of_the_corpus_are_one_token_each(tokenizer: PreTrainedTokenizerFast) -> None:
    """Numbers up to 100 after a space, those of a problem also without, and the words of every kind of prompt."""
    for word in [*map(str, range(1, 101)), "restart", "beginning", "target"]:
        assert len(tokenizer.encode(f" {word}")) == 1
    heads = ["Using", "Problem", "Thoughts", "Step", "Rewrite", "Let's", "Yes", "No", "\n"]
    for word in [*map(str, range(1, 16)), *heads]:
        assert len(tokenizer.encode(word)) == 1


@given(text=st.text())
def test_any_text_survives_the_tokenizer(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    """Bytes are in the vocabulary, so nothing is lost or changed; control tokens alone mean something else."""
    if not any(token in text for token in SPECIAL):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_tokens_of_one_word_begin_alike(tokenizer: PreTrainedTokenizerFast) -> None:
    """Half of a vector is the word's and half the form's; other tokens begin apart, as do all without kin."""
    recipe = replace(Recipe(), kin=[[str(number), f" {number}"] for number in range(1, 16)])
    ids = [[tokenizer.encode(token)[0] for token in tokens] for tokens in recipe.kin]
    for rows in (new_model(recipe, tokenizer).model.embed_tokens.weight, new_model(recipe, tokenizer).lm_head.weight):
        alike = [float(torch.cosine_similarity(rows[one], rows[other], 0)) for one, other in ids]
        apart = [float(torch.cosine_similarity(rows[one[0]], rows[other[1]], 0)) for one, other in pairwise(ids)]
        assert 0.35 < fmean(alike) < 0.65
        assert abs(fmean(apart)) < 0.15
    plain = new_model(replace(recipe, kin=()), tokenizer).model.embed_tokens.weight
    assert abs(fmean(float(torch.cosine_similarity(plain[one], plain[other], 0)) for one, other in ids)) < 0.15


def test_tokens_of_one_word_stay_alike(tokenizer: PreTrainedTokenizerFast) -> None:
    """Whatever was learned, the difference of two forms is the same for every word; other tokens stay as they are."""
    ids = torch.tensor(
        [[tokenizer.encode(token)[0] for token in (str(number), f" {number}")] for number in range(1, 16)]
    )
    model = new_model(Recipe(), tokenizer)  # every token begins apart
    untied = model.model.embed_tokens.weight.detach().clone()
    tie_kin(model, ids)
    for rows in (model.model.embed_tokens.weight.detach(), model.lm_head.weight.detach()):
        forms = rows[ids[:, 0]] - rows[ids[:, 1]]
        assert torch.allclose(forms, forms[:1].expand_as(forms), atol=1e-6)
        assert rows[ids[:, 0]].var(0).min() > 0  # words stay apart
    tied = model.model.embed_tokens.weight.detach()
    others = [token for token in range(len(tokenizer)) if token not in set(ids.flatten().tolist())]
    assert torch.equal(tied[others], untied[others])
    assert torch.allclose(tied[ids].mean((0, 1)), untied[ids].mean((0, 1)), atol=1e-6)
    tie_kin(model, ids)
    assert torch.allclose(model.model.embed_tokens.weight, tied, atol=1e-6)  # tied ones stay as they are


def test_the_template_marks_what_the_assistant_says(tokenizer: PreTrainedTokenizerFast) -> None:
    """The mask is 1 on the assistant's words and the end of its turn, and nowhere else."""
    chat = [{"role": "user", "content": "Make 24."}, {"role": "assistant", "content": "That is 24."}]
    made = tokenizer.apply_chat_template(chat, return_assistant_tokens_mask=True, return_dict=True)
    said = [token for token, mask in zip(made["input_ids"], made["assistant_masks"], strict=True) if mask]
    assert tokenizer.decode(said) == "That is 24.<|end|>"
    asked = tokenizer.apply_chat_template(chat[:1], add_generation_prompt=True, return_dict=True)["input_ids"]
    assert asked + said == made["input_ids"]


def test_rows_hold_whole_examples_and_learn_replies_and_thoughts(tokenizer: PreTrainedTokenizerFast) -> None:
    """Each row is made of exchanges as the chat template writes them; replies and thoughts in requests are labels."""
    drawn = list(islice(examples(random.Random(2)), 300))
    drawn.append(Example("Make 24. " * 200, "Too long for a row."))
    rows = list(packed_rows(drawn, tokenizer, 512, random.Random(2)))
    expected = {}
    for one in drawn[:-1]:
        chat = [{"role": "user", "content": one.prompt}, {"role": "assistant", "content": one.completion}]
        made = tokenizer.apply_chat_template(chat, return_assistant_tokens_mask=True, return_dict=True)
        thoughts = _thoughts_mask(tokenizer, one)
        assert made["input_ids"][1 : 1 + len(thoughts)] == tokenizer.encode(one.prompt)
        mask = [0, *thoughts] + [0] * (len(made["input_ids"]) - 1 - len(thoughts))
        learned = [left or right for left, right in zip(mask, made["assistant_masks"], strict=True)]
        expected[tuple(made["input_ids"])] = learned
    pad, user = tokenizer.convert_tokens_to_ids(["<|pad|>", "<|user|>"])
    found = 0
    for ids, labels in rows:
        assert len(ids) == len(labels) == 512
        starts = [at for at, token in enumerate(ids) if token == user]
        padding = ids.index(pad) if pad in ids else len(ids)
        for start, end in zip(starts, [*starts[1:], padding], strict=True):
            mask = expected[tuple(ids[start:end])]
            wanted = [token if learned else IGNORED for token, learned in zip(ids[start:end], mask, strict=True)]
            assert labels[start:end] == wanted
            found += 1
        assert set(labels[padding:]) <= {IGNORED}
    assert found == 300


def test_examples_of_like_length_share_a_batch_and_not_a_row(tokenizer: PreTrainedTokenizerFast) -> None:
    """Each row is one example as packed_rows encodes it, then padding; a batch holds at most the tokens of a step."""
    drawn = list(islice(examples(random.Random(4)), 300))
    drawn.append(Example("Make 24. " * 200, "Too long."))
    batches = list(like_lengths(drawn, tokenizer, 512, random.Random(2)))
    pad = tokenizer.convert_tokens_to_ids("<|pad|>")
    found = []
    for batch in batches:
        lengths = [len(ids) - ids.count(pad) for ids, _ in batch]
        width = len(batch[0][0])
        assert {len(part) for row in batch for part in row} == {width}
        assert max(lengths) <= width < max(lengths) + 32
        assert len(batch) * width <= 512
        for (ids, labels), length in zip(batch, lengths, strict=True):
            [alone] = packed_rows([_example_of(ids[:length], tokenizer, drawn)], tokenizer, width, random.Random(0))
            assert (ids, labels) == alone
            found.append(tuple(ids[:length]))
    fit = [one for one in drawn if list(packed_rows([one], tokenizer, 512, random.Random(0)))]
    assert len(found) == len(fit) > 290
    assert len({len(ids) for batch in batches for ids, _ in batch}) > 1


def _example_of(ids: list[int], tokenizer: PreTrainedTokenizerFast, drawn: list[Example]) -> Example:
    """The example that these tokens are."""
    text = tokenizer.decode(ids)
    return next(one for one in drawn if text == f"<|user|>{one.prompt}<|end|><|assistant|>{one.completion}<|end|>")


def _thoughts_mask(tokenizer: PreTrainedTokenizerFast, one: Example) -> list[int]:
    """1 for the tokens of the prompt between Thoughts: and Step:, where there are thoughts."""
    before, heading, rest = one.prompt.partition("\nThoughts:\n")
    thoughts, _, _ = rest.rpartition("\nStep: ")
    counts = [len(tokenizer.encode(part)) for part in (before + heading, thoughts)]
    total = len(tokenizer.encode(one.prompt))
    read = int(bool(heading) and thoughts != "none")
    return [0] * counts[0] + [read] * counts[1] + [0] * (total - sum(counts))


def test_choices_that_failed_are_read_and_not_learned(tokenizer: PreTrainedTokenizerFast) -> None:
    """The labels of a row are the replies and the parts of a prompt that are learned, to the token."""
    example = Example("Thoughts: 7 + 3 = 10, which leaves 10.", "Yes.", ((0, 9), (15, 38)))
    ((ids, labels),) = packed_rows([example], tokenizer, 64, random.Random(0))
    assert tokenizer.decode([token for token in labels if token != IGNORED]) == (
        "Thoughts: = 10, which leaves 10.Yes.<|end|>"
    )
    assert "7 + 3" in tokenizer.decode(ids)


def test_parts_of_a_reply_are_said_and_not_learned(tokenizer: PreTrainedTokenizerFast) -> None:
    """Where a solution was rewritten, its end alone is learned."""
    example = Example("Make 24.", "That gives 10, so it is not correct. The answer is 10.", unlearned=((0, 36),))
    ((ids, labels),) = packed_rows([example], tokenizer, 64, random.Random(0))
    assert tokenizer.decode([token for token in labels if token != IGNORED]) == " The answer is 10.<|end|>"
    assert example.completion in tokenizer.decode(ids)


def test_training_goes_on_after_the_last_finished_phase(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    """Stopped in its second phase, the same call trains that one alone, and the model is the one of a single run."""
    phases = tuple(replace(one, tokens=2 * one.row * one.batch) for one in Recipe().phases)
    recipe = Recipe(phases, hidden=32, layers=1, heads=2, intermediate=64)
    said: list[str] = []

    def stop(line: str) -> None:
        if json.loads(line.partition("  ")[0])["tokens"] > phases[0].tokens:
            raise KeyboardInterrupt

    with torch.compiler.set_stance("force_eager"):  # compiling takes longer than this
        train(recipe, tokenizer, tmp_path / "whole", say=lambda _: None)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, tokenizer, tmp_path / "stopped", say=stop)
        train(recipe, tokenizer, tmp_path / "stopped", say=said.append)
    assert "trained before" in said[0]
    assert len(said) == len(phases)
    for name in ("model.safetensors", "training_log.jsonl"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_phase_ends_once_its_skill_is_there(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mean loss of a log interval decides; the log counts the tokens that were seen."""
    monkeypatch.setattr(pretrain, "LOG_STEPS", 2)
    first, second, _ = (replace(one, row=512, batch=1, tokens=8 * 512) for one in Recipe().phases)
    recipe = Recipe((replace(first, until=100.0), replace(second, until=0.1)), hidden=32, layers=1, heads=2)
    with torch.compiler.set_stance("force_eager"):
        train(recipe, tokenizer, tmp_path, say=lambda _: None)
    rows = [json.loads(line) for line in (tmp_path / "training_log.jsonl").read_text().splitlines()]
    assert [row["tokens"] for row in rows] == [512 * steps for steps in (2, 4, 6, 8, 10)]


def test_a_new_model_predicts_every_token_alike(tokenizer: PreTrainedTokenizerFast) -> None:
    """Untrained, its loss is near that of a uniform guess, the logarithm of the vocabulary's size."""
    model = new_model(Recipe(hidden=32, layers=1, heads=2, intermediate=64), tokenizer)
    ids = torch.tensor([tokenizer.encode("Using each of the numbers 3, 7 and 25 exactly once")])
    assert model(input_ids=ids, labels=ids).loss.item() == pytest.approx(math.log(len(tokenizer)), rel=0.05)
    assert not model.config.tie_word_embeddings


def test_the_script_writes_a_model_that_loads(tmp_path: Path, model_path: Path) -> None:
    """A step of each phase: a log, the tokenizer of the committed model, and weights that are still far from it."""
    environment = os.environ | {"TORCHDYNAMO_DISABLE": "1", "OMP_NUM_THREADS": "1"}  # compiling takes longer than this
    command = [sys.executable, "-m", "tools.pretrain_tiny", "--out", str(tmp_path), "--tokens", "4096"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "training_log.jsonl").read_text().splitlines()]
    assert [row["tokens"] for row in rows] == list(accumulate(one.row * one.batch for one in Recipe().phases))
    assert not list(tmp_path.glob("phase-*"))
    assert all(4 < row["loss"] < 8 for row in rows)  # the logarithm of the vocabulary is 6.4
    assert AutoTokenizer.from_pretrained(tmp_path).get_vocab() == AutoTokenizer.from_pretrained(model_path).get_vocab()
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.vocab_size == len(
        AutoTokenizer.from_pretrained(tmp_path)
    )
