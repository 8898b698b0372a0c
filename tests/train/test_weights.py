import asyncio

import pytest

pytest.importorskip("vllm")


@pytest.fixture(scope="module")
def served():
    """The embedded model in vLLM, and a transformers model whose weights were moved."""
    import torch
    from training_runs import MODEL
    from transformers import AutoModelForCausalLM

    from astro.models import VllmConfig, open_sampler

    sampler = open_sampler(VllmConfig(model=str(MODEL), dtype="float32", kv_cache_gib=0.25, max_num_seqs=16))
    moved = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in moved.parameters():
            weight.add_(0.6 * weight.std().nan_to_num() * torch.randn_like(weight))
    yield sampler, moved
    asyncio.run(sampler.close())


PROMPT = "Using each of the numbers 9, 4 and 2 exactly once, with +, -, * and /, make 34."


def logprobs_of(model, prompt, token_ids):
    """What transformers gives the tokens, in float32."""
    import torch

    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *token_ids]])).logits[0, len(prompt) - 1 : -1]
    return logits.log_softmax(-1).gather(1, torch.tensor(token_ids)[:, None])[:, 0]


def sampled(sampler, prompt, temperature):
    from astro.models.completion import SampleParams

    params = SampleParams(max_tokens=40, temperature=temperature, seed=5)
    return asyncio.run(sampler.sample(prompt, params)).completions[0]


def test_new_weights_are_served_in_place(served):
    """After an update greedy tokens and the log-probabilities of sampled ones are those of transformers."""
    import torch

    from astro.train.weights import WeightLoader, policy_weights

    sampler, moved = served
    prompt = sampler.tokenizer.apply_chat_template(
        [{"role": "user", "content": PROMPT}], add_generation_prompt=True, tokenize=True, return_dict=False
    )
    before = sampled(sampler, prompt, 0.0).token_ids
    loader = WeightLoader(sampler.llm_engine)
    for _ in range(2):  # what was packed once can be packed again
        with policy_weights(moved) as weights:
            loader.load(weights)
    greedy = list(sampled(sampler, prompt, 0.0).token_ids)
    assert greedy != list(before)
    theirs = moved.generate(torch.tensor([prompt]), max_new_tokens=40, do_sample=False)[0, len(prompt) :]
    assert greedy == theirs.tolist()
    drawn = sampled(sampler, prompt, 1.0)
    gap = (logprobs_of(moved, prompt, list(drawn.token_ids)) - torch.tensor(drawn.token_logprobs)).abs().max()
    assert gap < 1e-3


@pytest.mark.parametrize("whole", [None, ["lm_head"]])
def test_adapters_are_merged_for_the_engine_alone(served, whole):
    """The engine is given the adapted weights, under the names of the model without adapters, which stays as it was."""
    import torch
    from peft import LoraConfig, get_peft_model
    from training_runs import MODEL
    from transformers import AutoModelForCausalLM

    from astro.train.weights import WeightLoader, policy_weights

    sampler, _ = served
    base = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)
    names = set(base.state_dict())
    options = {"target_modules": "all-linear", "init_lora_weights": False, "modules_to_save": whole}
    adapted = get_peft_model(base, LoraConfig(**options))
    if whole:
        with torch.no_grad():
            adapted.get_output_embeddings().weight.mul_(1.1)  # the trained copy
    frozen = {name: tensor.clone() for name, tensor in adapted.state_dict().items()}
    prompt = sampler.tokenizer.encode(PROMPT)
    with policy_weights(adapted) as weights:
        assert set(weights) == names
        WeightLoader(sampler.llm_engine).load(weights)
    drawn = sampled(sampler, prompt, 1.0)
    gap = (logprobs_of(adapted, prompt, list(drawn.token_ids)) - torch.tensor(drawn.token_logprobs)).abs().max()
    assert gap < 1e-3
    assert all(torch.allclose(tensor, frozen[name], atol=1e-5) for name, tensor in adapted.state_dict().items())


def test_a_weight_without_a_place_is_an_error(served):
    """Another architecture is refused rather than half loaded."""
    from astro.errors import SamplingError
    from astro.train.weights import WeightLoader

    sampler, moved = served
    weights = dict(moved.state_dict())
    loader = WeightLoader(sampler.llm_engine)
    with pytest.raises(SamplingError, match="no place for extra"):
        loader.load(weights | {"extra.weight": weights["model.norm.weight"].clone()})
    del weights["model.norm.weight"]
    with pytest.raises(SamplingError, match=r"model.norm.weight has no counterpart"):
        loader.load(weights)
