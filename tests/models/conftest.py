"""A small Llama with random weights and a tokenizer trained here, served by one vLLM engine for all tests."""

import asyncio
import os

import pytest
from local_tokenizers import train_tokenizer

os.environ.setdefault("OMP_NUM_THREADS", "1")

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


@pytest.fixture(scope="session")
def tokenizer():
    made = train_tokenizer()
    made.chat_template = CHAT_TEMPLATE
    return made


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory, tokenizer):
    """A folder with a random Llama whose next-token distributions are far from uniform."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("random-llama")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.15,
        tie_word_embeddings=False,
        dtype="float32",
    )
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def vllm_sampler(model_folder):
    pytest.importorskip("vllm")
    from astro.models import VllmConfig, open_sampler

    sampler = open_sampler(VllmConfig(model=str(model_folder), dtype="float32", kv_cache_gib=0.25, max_num_seqs=64))
    yield sampler
    asyncio.run(sampler.close())
