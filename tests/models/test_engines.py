"""The contract of a sampler, for each engine on the same random model."""

import asyncio
import math

import pytest

from astro.errors import ConfigError, EngineDeadError, SamplingError
from astro.models import TransformersConfig, VllmConfig, open_sampler
from astro.models.completion import FinishReason, SampleParams

pytestmark = pytest.mark.engine
PROMPT = "def step(problem, answer):\n    return"


@pytest.fixture(scope="session")
def transformers_sampler(model_folder):
    sampler = open_sampler(TransformersConfig(model=str(model_folder), max_num_seqs=16))
    yield sampler
    asyncio.run(sampler.close())


@pytest.fixture(params=["vllm", "transformers"])
def sampler(request):
    return request.getfixturevalue(f"{request.param}_sampler")


@pytest.fixture(scope="session")
def model(model_folder):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(model_folder, dtype="float32").eval()


def sample(sampler, prompt=PROMPT, **params):
    ids = sampler.tokenizer.encode(prompt, add_special_tokens=False)
    return sampler.sample(ids, SampleParams(**({"max_tokens": 24} | params)))


def test_completion_i_uses_seed_plus_i(sampler):
    """The three completions of seed 40 are those of the seeds 40, 41 and 42 asked for apart."""

    async def both():
        return await sample(sampler, n=3, seed=40), await asyncio.gather(
            *(sample(sampler, seed=40 + i) for i in range(3))
        )

    together, apart = asyncio.run(both())
    assert [c.token_ids for c in together.completions] == [s.completions[0].token_ids for s in apart]
    assert len({c.token_ids for c in together.completions}) == 3


def test_requests_without_a_seed_differ(model_folder):
    """No completion of one is a completion of another that asks the same, however many each asks for."""
    sampler = open_sampler(TransformersConfig(model=str(model_folder)))

    async def both():
        return await asyncio.gather(sample(sampler, n=8), sample(sampler, n=4))

    eight, four = asyncio.run(both())
    assert not set(eight.completions) & set(four.completions)


def test_output_does_not_depend_on_what_else_is_in_flight(sampler):
    """A seeded request gives the same tokens alone and among twelve others of other lengths and settings."""

    async def alone():
        return await sample(sampler, n=2, seed=7)

    async def in_company():
        others = [sample(sampler, PROMPT[: 5 + i], n=1 + i % 3, seed=100 * i, temperature=0.5) for i in range(12)]
        return (await asyncio.gather(*others[:6], sample(sampler, n=2, seed=7), *others[6:]))[6]

    one, other = asyncio.run(alone()), asyncio.run(in_company())
    assert [c.token_ids for c in one.completions] == [c.token_ids for c in other.completions]
    for mine, its in zip(one.completions, other.completions, strict=True):
        assert mine.token_logprobs == pytest.approx(its.token_logprobs, abs=1e-4)


def test_text_is_the_text_of_the_token_ids(sampler):
    """Text, ids, log-probabilities and stop string agree, whatever follows the stop string in its token."""
    found = asyncio.run(sample(sampler, n=48, seed=3, stop=("e", "\n"), max_tokens=40))
    stopped = [c for c in found.completions if c.stop is not None]
    assert stopped
    assert any(not c.text.endswith(c.stop) for c in stopped), "no token went on after its stop string; choose others"
    for completion in found.completions:
        assert completion.text.rstrip("\ufffd") == sampler.tokenizer.decode(
            completion.token_ids, skip_special_tokens=True
        ).rstrip("\ufffd")
        assert len(completion.token_logprobs) == len(completion.token_ids)
        assert completion.logprob == pytest.approx(math.fsum(completion.token_logprobs))
    for completion in stopped:
        before_last = sampler.tokenizer.decode(completion.token_ids[:-1], skip_special_tokens=True)
        assert completion.stop in completion.text
        assert not any(stop in before_last for stop in ("e", "\n"))


@pytest.mark.parametrize(
    "settings", [{"temperature": 1.0}, {"temperature": 0.4}, {"temperature": 1.5, "top_k": 5}, {"top_p": 0.5}]
)
def test_logprobs_are_those_of_the_distribution_sampled_from(sampler, model, settings):
    """The log-probabilities equal the model's own after temperature, top-k and top-p."""
    import torch

    (completion,) = asyncio.run(sample(sampler, seed=11, max_tokens=8, **settings)).completions
    prompt = sampler.tokenizer.encode(PROMPT, add_special_tokens=False)
    logits = model(torch.tensor([[*prompt, *completion.token_ids]])).logits[0, len(prompt) - 1 : -1].detach()
    logits = logits / settings.get("temperature", 1.0)
    if "top_k" in settings:
        logits[logits < logits.topk(settings["top_k"]).values[:, -1:]] = -torch.inf
    if "top_p" in settings:
        for row in logits:
            kept, total = [], 0.0
            for token in row.argsort(descending=True):
                kept.append(token)
                total += row.softmax(-1)[token].item()
                if total >= settings["top_p"]:
                    break
            keep = torch.zeros_like(row, dtype=torch.bool)
            keep[kept] = True
            row[~keep] = -torch.inf
    expected = logits.log_softmax(-1).gather(1, torch.tensor(completion.token_ids)[:, None])[:, 0]
    assert completion.token_logprobs == pytest.approx(expected.tolist(), abs=1e-3)


def test_temperature_zero_is_greedy(sampler, model):
    """Any seed takes the most likely token, and its log-probability is that at temperature 1."""
    import torch

    one, other = asyncio.run(sample(sampler, n=2, seed=1, temperature=0.0, max_tokens=1)).completions
    prompt = sampler.tokenizer.encode(PROMPT, add_special_tokens=False)
    logprobs = model(torch.tensor([prompt])).logits[0, -1].detach().log_softmax(-1)
    assert one.token_ids == other.token_ids == (logprobs.argmax().item(),)
    assert one.logprob == pytest.approx(logprobs.max().item(), abs=1e-3)


def test_length_limits_end_a_completion(sampler):
    """max_tokens and the context window both finish by length, the window at 512 tokens in all."""
    ids = list(range(5, 205)) * 2 + list(range(5, 105))

    async def both():
        return await asyncio.gather(
            sampler.sample(ids, SampleParams(max_tokens=300, seed=5)), sample(sampler, max_tokens=3, seed=2)
        )

    window, short = asyncio.run(both())
    assert window.completions[0].finish_reason in {FinishReason.LENGTH, FinishReason.STOP}
    assert len(window.completions[0].token_ids) <= 512 - len(ids)
    assert (len(short.completions[0].token_ids), short.completions[0].finish_reason) == (3, FinishReason.LENGTH)


def test_a_prompt_that_is_too_long_fails_alone(sampler):
    """The long request raises SamplingError; the one beside it is answered, and so is the next."""

    async def three():
        long = sampler.sample([5] * 600, SampleParams())
        failed, fine = await asyncio.gather(long, sample(sampler, seed=1), return_exceptions=True)
        return failed, fine, await sample(sampler, seed=1)

    failed, fine, later = asyncio.run(three())
    assert isinstance(failed, SamplingError)
    assert not isinstance(failed, EngineDeadError)
    assert "600" in str(failed)
    assert fine.completions[0].token_ids == later.completions[0].token_ids


def test_more_prompt_tokens_than_a_step_holds_are_served(sampler):
    """Thirty seeded prompts of 400 tokens queue for several steps; a split prompt would break vLLM on CPUs."""

    async def all_at_once():
        prompts = ([5 + (7 * i + j) % 500 for j in range(400)] for i in range(30))
        return await asyncio.gather(*(sampler.sample(ids, SampleParams(max_tokens=2, seed=1)) for ids in prompts))

    assert len(asyncio.run(all_at_once())) == 30


def test_cancelling_gives_the_engine_back_its_room(sampler):
    """A cancelled request leaves nothing in flight and the engine goes on."""

    async def cancel_one():
        task = asyncio.create_task(sample(sampler, n=4, seed=1, max_tokens=400))
        for _ in range(60):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await sample(sampler, seed=9, max_tokens=4)

    assert asyncio.run(cancel_one()).completions
    assert sampler.stats().in_flight == 0


def test_other_tasks_run_between_steps(sampler):
    """A ticking task gets a turn for each token or more, so progress bars and Ctrl-C are served."""
    turns = 0

    async def tick():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def both():
        ticker = asyncio.create_task(tick())
        answer = await sample(sampler, n=2, seed=12, max_tokens=24)
        ticker.cancel()
        return max(len(completion.token_ids) for completion in answer.completions)

    steps = asyncio.run(both())
    assert turns >= steps


def test_stats_add_up(sampler):
    """Requests, prompt and generated tokens grow by what was asked and answered."""
    before = sampler.stats()
    answer = asyncio.run(sample(sampler, n=2, seed=4))
    after = sampler.stats()
    assert after.requests - before.requests == 1
    assert after.prompt_tokens - before.prompt_tokens == answer.prompt_tokens
    assert after.generated_tokens - before.generated_tokens == sum(len(c.token_ids) for c in answer.completions)
    assert after.busy_seconds > before.busy_seconds


def test_tokens_in_flight_are_counted(sampler):
    """While a request runs, its tokens so far are known, also those of a completion that ended before its siblings."""

    async def watch():
        asked = asyncio.create_task(sample(sampler, n=3, seed=4, max_tokens=24))
        seen = []
        while not asked.done():
            seen.append(sampler.stats().running_tokens)
            await asyncio.sleep(0)
        return seen, await asked

    seen, answer = asyncio.run(watch())
    rising = [tokens for tokens in seen if tokens]
    assert rising == sorted(rising)
    assert 0 < max(seen) <= sum(len(completion.token_ids) for completion in answer.completions)
    assert sampler.stats().running_tokens == 0


def test_prefixes_come_from_the_cache(vllm_sampler):
    """The first of several completions computes the prompt; a child that adds the completion's ids finds its path."""

    async def parent_then_child():
        ids = [5 + (11 * j) % 500 for j in range(150)]
        parent = await vllm_sampler.sample(ids, SampleParams(n=4, max_tokens=40, seed=1))
        path = [*ids, *parent.completions[0].token_ids]
        return parent, await vllm_sampler.sample(path, SampleParams(n=4, max_tokens=4, seed=1)), len(path)

    parent, child, length = asyncio.run(parent_then_child())
    assert parent.cached_tokens == 0
    assert length - 2 * 32 <= child.cached_tokens <= length
    assert 0 < vllm_sampler.stats().hit_rate < 1


def test_lower_priority_values_are_served_first(vllm_sampler):
    """Of 200 requests that do not fit together, the most urgent ones, asked for last, end before the others."""
    ended = []

    async def ask(number, priority):
        ids = [5 + number, *range(6, 20)]
        await vllm_sampler.sample(ids, SampleParams(max_tokens=8, seed=number), priority=priority)
        ended.append(priority)

    async def everyone():
        await asyncio.gather(*(ask(number, priority=5) for number in range(190)), *(ask(i, 1) for i in range(10)))

    asyncio.run(everyone())
    assert max(position for position, priority in enumerate(ended) if priority == 1) < 64


def test_a_missing_folder_is_named(tmp_path):
    """A path that does not exist, and a folder without a model, are configuration errors that name it."""
    for model in (str(tmp_path / "absent"), "./absent", str(tmp_path)):
        with pytest.raises(ConfigError, match=r"absent|no config\.json"):
            open_sampler(VllmConfig(model=model))


def test_an_unknown_option_is_named_with_its_neighbour(model_folder):
    """Options go to vllm.EngineArgs, and a misspelt one is a configuration error."""
    with pytest.raises(ConfigError, match=r"block_sizes.*'block_size'"):
        open_sampler(VllmConfig(model=str(model_folder), options={"block_sizes": 16}))


def test_layers_of_linear_attention_are_served_in_batches(tmp_path, tokenizer):
    """A model that mixes them with ordinary ones; completions end at different times, and each is what it is alone."""
    from transformers import Qwen3NextConfig, Qwen3NextForCausalLM

    config = Qwen3NextConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        head_dim=8, max_position_embeddings=256, linear_key_head_dim=8, linear_value_head_dim=8,
        linear_num_key_heads=2, linear_num_value_heads=2, num_experts=2, num_experts_per_tok=1,
        moe_intermediate_size=16, shared_expert_intermediate_size=16, initializer_range=0.15,
        layer_types=["linear_attention", "full_attention"], bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    Qwen3NextForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    sampler = open_sampler(TransformersConfig(model=str(tmp_path)))
    asked = [(PROMPT, 8), ("class A:", 24), ("import os\n" * 6, 16)]

    async def together():
        return await asyncio.gather(*(sample(sampler, text, max_tokens=most, seed=5) for text, most in asked))

    batched = asyncio.run(together())
    for (text, most), found in zip(asked, batched, strict=True):
        alone = asyncio.run(sample(sampler, text, max_tokens=most, seed=5))
        assert found.completions[0].token_ids == alone.completions[0].token_ids
        assert found.completions[0].logprob == pytest.approx(alone.completions[0].logprob, abs=1e-3)


def test_a_broken_engine_fails_everyone_in_flight_and_after(model_folder):
    """A step that raises ends every request with EngineDeadError, and so do all later ones."""
    sampler = open_sampler(TransformersConfig(model=str(model_folder)))
    sampler._model = None

    async def two():
        return await asyncio.gather(sample(sampler, seed=1), sample(sampler, seed=2), return_exceptions=True)

    assert [type(failure) for failure in asyncio.run(two())] == [EngineDeadError, EngineDeadError]
    with pytest.raises(EngineDeadError, match="broke"):
        asyncio.run(sample(sampler, seed=3))


def test_a_step_that_raises_kills_the_vllm_engine(vllm_sampler, monkeypatch):
    """Requests in flight fail with the reason, and so do later ones; the sampler is put back for the other tests."""

    lost = []

    def broken_step():
        lost.extend(vllm_sampler._waiting)
        raise RuntimeError("out of memory")

    async def two():
        return await asyncio.gather(sample(vllm_sampler, seed=1), sample(vllm_sampler, seed=2), return_exceptions=True)

    with monkeypatch.context() as patched:
        patched.setattr(vllm_sampler._engine, "step", broken_step)
        failures = asyncio.run(two())
        assert all(isinstance(failure, EngineDeadError) and "out of memory" in str(failure) for failure in failures)
        with pytest.raises(EngineDeadError):
            asyncio.run(sample(vllm_sampler, seed=3))
    vllm_sampler._broken = None
    vllm_sampler._engine.abort_request(lost)
