import sys

import pytest

from astro.errors import ConfigError, MissingDependencyError
from astro.models.engine import EngineConfig, EngineKind, check_engine, check_model, check_options, open_sampler
from astro.models.engines.vllm_engine import engine_arguments


def test_gpu_batches_are_larger_than_vllm_s_own():
    """On GPUs the batch limits are given, since vLLM's own are those of a small server."""
    arguments = engine_arguments(EngineConfig(model="a/b", tensor_parallel_size=4), on_cpu=False)
    assert (arguments["max_num_seqs"], arguments["max_num_batched_tokens"]) == (512, 8192)
    assert arguments["tensor_parallel_size"] == 4
    assert "kv_cache_memory_bytes" not in arguments
    assert "enforce_eager" not in arguments


def test_cpu_engines_start_small_and_whole():
    """On CPUs the cache has a size, blocks are small, and prompts are never split."""
    arguments = engine_arguments(EngineConfig(model="a/b"), on_cpu=True)
    assert arguments["kv_cache_memory_bytes"] == 2**30
    assert arguments["block_size"] == 32
    assert arguments["enable_chunked_prefill"] is False


@pytest.mark.parametrize(
    ("given", "on_cpu", "bfloat16", "taken"),
    [
        ("auto", True, True, "auto"),
        ("auto", True, False, "float32"),
        ("auto", False, False, "auto"),
        ("bfloat16", True, False, "bfloat16"),
    ],
)
def test_a_cpu_without_bfloat16_computes_in_float32(monkeypatch, given, on_cpu, bfloat16, taken):
    """vLLM would narrow to bfloat16, which such a CPU imitates; a format that is given is kept, and so are GPUs'."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": bfloat16})
    assert engine_arguments(EngineConfig(model="a/b", dtype=given), on_cpu=on_cpu)["dtype"] == taken


@pytest.mark.parametrize("on_cpu", [True, False])
def test_the_hugging_face_tokenizer_is_asked_for(on_cpu):
    """Of a Mistral model vLLM would take Mistral's own, which has no chat template."""
    assert engine_arguments(EngineConfig(model="a/b"), on_cpu=on_cpu)["tokenizer_mode"] == "hf"


@pytest.mark.parametrize("on_cpu", [True, False])
def test_options_have_the_last_word(on_cpu):
    """An option reaches vLLM as it is and replaces what the other fields say."""
    config = EngineConfig(model="a/b", max_num_seqs=7, options={"max_num_seqs": 9, "quantization": "fp8"})
    arguments = engine_arguments(config, on_cpu=on_cpu)
    assert (arguments["max_num_seqs"], arguments["quantization"]) == (9, "fp8")


def test_hub_names_are_left_to_the_engine():
    """A name such as Qwen/Qwen2.5-7B-Instruct is no folder and no mistake."""
    check_model("Qwen/Qwen2.5-7B-Instruct")
    check_model("gpt2")


@pytest.mark.parametrize("model", ["./absent", "/absent/model", "~/absent", "a/b/c"])
def test_a_path_without_a_folder_is_refused(model):
    """What can only be a path is named, with what to give instead."""
    with pytest.raises(ConfigError, match="no folder"):
        check_model(model)


def test_a_path_into_a_folder_of_this_directory_is_no_hub_name(tmp_path, monkeypatch):
    """models/tiny where models/ exists is a misspelt folder."""
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="no folder models/tiny"):
        check_model("models/tiny")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"kind": EngineKind.TRANSFORMERS, "tensor_parallel_size": 2}, "set engine.kind=vllm"),
        ({"kind": EngineKind.SCRIPTED, "options": {"skill": "high"}}, "engine.options.skill is a probability.*'high'"),
        ({"kind": EngineKind.SCRIPTED, "options": {"honesty": 1.5}}, "engine.options.honesty is a probability.*1.5"),
    ],
)
def test_settings_that_an_engine_cannot_have_are_refused_before_it_is_opened(settings, complaint):
    """So a rehearsal tells them, too."""
    with pytest.raises(ConfigError, match=complaint):
        check_engine(EngineConfig(model="gpt2", **settings))


def test_every_unknown_option_is_listed():
    """All mistakes come at once."""
    with pytest.raises(ConfigError) as failure:
        check_options(["max_num_seq", "zzz", "dtype"], ["max_num_seqs", "dtype"], "vllm.EngineArgs")
    assert "did you mean 'max_num_seqs'?" in str(failure.value)
    assert "options.zzz" in str(failure.value)
    assert "options.dtype" not in str(failure.value)


def test_without_vllm_the_install_line_is_named(monkeypatch):
    """The error of a missing engine says what to install."""
    monkeypatch.setitem(sys.modules, "vllm.platforms", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'astro-reasoner\[(cpu|vllm)\]'"):
        open_sampler(EngineConfig(model="a/b"))
