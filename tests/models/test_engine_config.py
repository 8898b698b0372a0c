import sys

import pytest

from astro.config import Section, validate
from astro.errors import ConfigError, MissingDependencyError
from astro.models.engine import check_model, check_options, open_sampler
from astro.models.engines import ENGINES, EngineConfig, EngineKind, ScriptedConfig, VllmConfig

KINDS: tuple[dict[str, str], ...] = ({}, *({"kind": kind} for kind in ENGINES))


def test_gpu_batches_are_larger_than_vllm_s_own():
    """On GPUs the batch limits are given, since vLLM's own are those of a small server."""
    arguments = VllmConfig(model="a/b", tensor_parallel_size=4).arguments(on_cpu=False)
    assert (arguments["max_num_seqs"], arguments["max_num_batched_tokens"]) == (512, 8192)
    assert arguments["tensor_parallel_size"] == 4
    assert "kv_cache_memory_bytes" not in arguments
    assert "enforce_eager" not in arguments


def test_cpu_engines_start_small_and_whole():
    """On CPUs the cache has a size, blocks are small, and prompts are never split."""
    arguments = VllmConfig(model="a/b").arguments(on_cpu=True)
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
    assert VllmConfig(model="a/b", dtype=given).arguments(on_cpu=on_cpu)["dtype"] == taken


@pytest.mark.parametrize("on_cpu", [True, False])
def test_the_hugging_face_tokenizer_is_asked_for(on_cpu):
    """Of a Mistral model vLLM would take Mistral's own, which has no chat template."""
    assert VllmConfig(model="a/b").arguments(on_cpu=on_cpu)["tokenizer_mode"] == "hf"


@pytest.mark.parametrize("on_cpu", [True, False])
def test_options_have_the_last_word(on_cpu):
    """An option reaches vLLM as it is and replaces what the other fields say."""
    config = VllmConfig(model="a/b", max_num_seqs=7, options={"max_num_seqs": 9, "quantization": "fp8"})
    arguments = config.arguments(on_cpu=on_cpu)
    assert (arguments["max_num_seqs"], arguments["quantization"]) == (9, "fp8")


def test_hub_names_are_left_to_the_engine():
    """A name such as Qwen/Qwen2.5-7B-Instruct is no folder and no mistake."""
    check_model("Qwen/Qwen2.5-7B-Instruct")
    check_model("gpt2")


@pytest.mark.parametrize("model", ["./absent", "/absent/model", "~/absent", "a/b/c"])
def test_a_path_without_a_folder_is_refused(model):
    """What can only be a path is named, with what to give instead."""
    with pytest.raises(ConfigError, match=r"folder .* not found"):
        check_model(model)


def test_a_path_into_a_folder_of_this_directory_is_no_hub_name(tmp_path, monkeypatch):
    """models/tiny where models/ exists is a misspelt folder."""
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="folder models/tiny not found"):
        check_model("models/tiny")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"options": {"skill": "high"}}, "judge.options.skill is a probability.*'high'"),
        ({"options": {"honesty": 1.5}}, "judge.options.honesty is a probability.*1.5"),
        ({"options": {"skil": 1}}, "judge.options.skil: CountdownPlayer has no such argument; did you mean 'skill'"),
        ({"model": "astro.errors:Nobody"}, "judge.model: cannot import 'Nobody'"),
        ({"model": "no.such.module:Player"}, "judge.model: cannot import 'Player' from 'no.such.module'"),
        ({"model": "astro.errors:ConfigError"}, "judge.model: astro.errors:ConfigError is not a dataclass"),
    ],
)
def test_settings_that_an_engine_cannot_have_are_refused_before_it_is_opened(settings, complaint):
    """The error names the section by its place in the configuration."""
    with pytest.raises(ConfigError, match=complaint):
        ScriptedConfig(**{"model": "gpt2", **settings}).check("judge")


class Run(Section):
    engine: EngineConfig
    others: tuple[EngineConfig, ...] = ()
    kind: EngineKind | None = None


def test_the_kind_selects_the_section_and_is_vllm_where_it_is_left_out():
    """As it was when there was one section for all."""
    engines = [validate(Run, {"engine": {"model": "m", **kind}}, "here").engine for kind in KINDS]
    assert [type(engine) for engine in engines] == [VllmConfig, *ENGINES.values()]
    assert [engine.kind for engine in engines] == ["vllm", *ENGINES]


def test_a_section_survives_its_own_dump():
    """A run's resolved configuration is read again by the next start."""
    run = validate(Run, {"engine": {"model": "m", "kind": "scripted"}, "others": [{"model": "n"}]}, "here")
    assert validate(Run, run.model_dump(mode="json"), "here") == run


def test_mistakes_in_a_section_are_explained_by_its_own_kind():
    """A field of another kind of engine is an unknown key here."""
    wrong = {
        "engine": {"kind": "scripted", "model": "m", "kv_cache_gib": 1},
        "others": [{"model": "m", "max_num_seq": 4, "dtype": "int8"}, {"kind": "vlm", "model": "m"}, 3, {"kind": None}],
        "kind": "vlm",
    }
    *others, last = map(repr, ENGINES)
    kinds = f"{', '.join(others)} or {last}"
    with pytest.raises(ConfigError) as failure:
        validate(Run, wrong, "here")
    assert str(failure.value).splitlines()[1:] == [
        "  engine.kv_cache_gib: unknown key; known here: kind, model, seed, options",
        "  others.0.dtype: Input should be 'auto', 'float32', 'bfloat16' or 'float16'; got 'int8'",
        "  others.0.max_num_seq: unknown key; did you mean 'max_num_seqs'?",
        f"  others.1.kind: Input should be {kinds}; got 'vlm'",
        "  others.2: Input should be an object; got 3",
        f"  others.3.kind: Input should be {kinds}; got None",
        f"  kind: Input should be {kinds}; got 'vlm'",
    ]


def test_another_kind_takes_what_both_kinds_have():
    """The options of vLLM mean nothing to a scripted model, and its own settings have their defaults."""
    vllm = VllmConfig(model="m", seed=7, max_model_len=99, options={"quantization": "fp8"})
    scripted = vllm.as_kind(ScriptedConfig)
    assert scripted == ScriptedConfig(model="m", seed=7)
    assert scripted.as_kind(VllmConfig) == VllmConfig(model="m", seed=7)
    assert vllm.as_kind(VllmConfig) is vllm


def test_every_speed_setting_is_a_field():
    """A name that the section does not have would silently cover nothing."""
    assert all(section.speed <= section.model_fields.keys() for section in ENGINES.values())


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
        open_sampler(VllmConfig(model="a/b"))
