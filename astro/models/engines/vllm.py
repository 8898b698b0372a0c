"""The section of the vLLM engine; astro.models.engines.vllm_engine is the engine."""

from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from pydantic import Field

from astro.models.engine import Engine, EngineSection, check_model, check_options
from astro.models.engines.precision import cpu_has_bfloat16
from astro.trust import Trust, trusted

_CPU_BLOCK_SIZE = 32  # vLLM's CPU default of 128 loses most of a short prefix


class VllmConfig(EngineSection):
    """vLLM in this process: continuous batching and prefix caching.

    model: a folder, or a name on the Hugging Face hub.
    dtype: weights and activations. auto takes the checkpoint's, but vLLM narrows float32 to 16 bits. On a CPU without
        bfloat16 instructions, auto is float32, which is faster there.
    tensor_parallel_size: GPUs that share the model. Their sums round differently, so the answers depend on it.
    max_model_len: context window in tokens; null takes the model's.
    max_num_seqs: completions in one batch; null takes 256 on CPUs and 512 on GPUs.
    gpu_memory_utilization: share of each GPU's memory that the engine may use.
    kv_cache_gib: size of the key-value cache. null takes the rest of gpu_memory_utilization on GPUs, 1 GiB on CPUs.
    seed: for requests without a seed.
    options: arguments of vllm.EngineArgs; they override every other field.
    """

    speed: ClassVar[frozenset[str]] = frozenset({"max_num_seqs", "gpu_memory_utilization", "kv_cache_gib"})

    kind: Literal["vllm"] = "vllm"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    tensor_parallel_size: int = Field(default=1, ge=1)
    max_model_len: int | None = Field(default=None, ge=1)
    max_num_seqs: int | None = Field(default=None, ge=1)
    gpu_memory_utilization: float = Field(default=0.9, gt=0, le=1)
    kv_cache_gib: float | None = Field(default=None, gt=0)

    def check(self, at: str = "engine") -> None:
        """Look for the model. If vLLM is installed, also check the options, which takes seconds to import it."""
        check_model(self.model, f"{at}.model")
        if self.options and find_spec("vllm"):
            from astro.models.engines.vllm_engine import option_names  # noqa: PLC0415 - heavy

            check_options(self.options, option_names(), "vllm.EngineArgs", f"{at}.options")

    def open(self) -> Engine:
        """Start the engine."""
        from astro.models.engines.vllm_engine import VllmSampler, is_cpu_build  # noqa: PLC0415 - heavy

        return VllmSampler(self.arguments(on_cpu=is_cpu_build()))

    def arguments(self, *, on_cpu: bool) -> dict[str, Any]:
        """The arguments of vllm.EngineArgs; options override the rest."""
        widen = self.dtype == "auto" and on_cpu and not cpu_has_bfloat16()
        kv_cache_gib = self.kv_cache_gib if self.kv_cache_gib is not None else 1.0 if on_cpu else None
        arguments: dict[str, Any] = {
            "model": self.model,
            "tokenizer_mode": "hf",  # Mistral's own has no chat template and encodes no control token
            "load_format": "auto" if trusted(Trust.PICKLED_WEIGHTS) else "safetensors",
            "dtype": "float32" if widen else self.dtype,
            "seed": self.seed,
            "tensor_parallel_size": self.tensor_parallel_size,
            "max_model_len": self.max_model_len,
            "gpu_memory_utilization": self.gpu_memory_utilization,
            "enable_prefix_caching": True,
            "logprobs_mode": "processed_logprobs",  # after temperature, top-k and top-p: the distribution sampled from
            "scheduling_policy": "priority",
            "disable_log_stats": True,
            "use_tqdm_on_load": False,
            "max_num_seqs": self.max_num_seqs or (256 if on_cpu else 512),
        }
        if kv_cache_gib is not None:
            arguments["kv_cache_memory_bytes"] = int(kv_cache_gib * 2**30)
        if on_cpu:
            # Chunked prefill rewinds the request's random generator, which torch cannot do on CPUs, so the engine
            # would crash. Without chunks, vLLM makes a step large enough for the longest prompt.
            arguments |= {"block_size": _CPU_BLOCK_SIZE, "enforce_eager": True, "enable_chunked_prefill": False}
        else:
            arguments["max_num_batched_tokens"] = 8192  # outside its servers, vLLM's default is 2048 on every GPU
        return arguments | self.options
