"""Tokenizers of two families, trained here on this project's own source; nothing is downloaded."""

import json
from pathlib import Path

TEXT = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[2] / "astro").rglob("*.py"))]


def train_tokenizer(vocab_size=600, specials=("<|bos|>", "<|end|>")):
    """A byte-level BPE tokenizer trained on this project's own source; specials[:2] are BOS and EOS."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=list(specials), initial_alphabet=alphabet, show_progress=False
    )
    # Blank lines and line ends in one token are where stop strings go wrong, so the vocabulary gets some.
    tokenizer.train_from_iterator([*TEXT, "A.\n\n\nB.\n\nC.\n" * 500], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=specials[0], eos_token=specials[1])


def train_sentencepiece(vocab_size=1200, bos_by_itself=True):
    """A tokenizer with the habits of Llama 2 and Mistral: a space before a text, byte fallback, BOS by encode()."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    spaces = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(spaces)
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=specials, show_progress=False)
    lines = [line[:200] for text in TEXT for line in text.split("\n")]
    tokenizer.train_from_iterator(lines, trainer)
    # Byte tokens are ordinary to the model; only the first three are special.
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = state["added_tokens"][:3]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    if bos_by_itself:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
