"""Replace the weights of a vLLM engine that runs in this process, in place.

vLLM's own methods do not work on its CPU build: it packs linear layers and empties their parameters, so load_weights
finds nothing to load into. Here each layer gets its new weight, fused as in vLLM's model class (query, key and value;
gate and up), and packs it again with vLLM's own method.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from astro.errors import SamplingError

_NOT_POSSIBLE = "{}; set grpo.rollouts=transformers, or grpo.trainer.use_vllm=true on a GPU"


class WeightLoader:
    """Copies the weights of a transformers model into the engine's model of the same architecture."""

    def __init__(self, engine: Any) -> None:
        """engine: vllm.v1.engine.llm_engine.LLMEngine, with its core in this process.

        Raises SamplingError if the engine's model is not accessible.
        """
        self._engine = engine
        try:
            core = engine.engine_core.engine_core
            worker = core.model_executor.driver_worker
            self.model = getattr(worker, "worker", worker).model_runner.model
        except AttributeError as error:
            raise SamplingError(_NOT_POSSIBLE.format(f"this vLLM hides its model ({error})")) from error
        self._fused: Mapping[str, Sequence[str]] = getattr(self.model, "packed_modules_mapping", None) or {}

    def load(self, weights: Mapping[str, Any]) -> None:
        """Copy the tensors, by their names in transformers, and clear the prefix cache.

        Raises SamplingError if a weight of the engine has no source, or a source is not used.
        """
        import torch  # noqa: PLC0415 - heavy

        used: set[str] = set()
        with torch.no_grad():
            for name, module in self.model.named_modules():
                for kind in ("weight", "bias"):
                    if isinstance(module._parameters.get(kind), torch.nn.Parameter):  # noqa: SLF001 - torch's own name
                        sources = self._sources(f"{name}.{kind}", weights)
                        used.update(sources)
                        _put(module, kind, torch.cat([weights[source] for source in sources]).detach())
                method = getattr(module, "quant_method", None)
                if method is not None:
                    method.process_weights_after_loading(module)
        unused = [name for name in weights if name not in used and not _is_tied(name, used, weights)]
        if unused:
            raise SamplingError(_NOT_POSSIBLE.format(f"vLLM's model has no place for {', '.join(unused[:3])}"))
        self._engine.reset_prefix_cache()

    def _sources(self, name: str, weights: Mapping[str, Any]) -> list[str]:
        """The transformers names of the tensors that make up one of vLLM's."""
        stem, _, kind = name.rpartition(".")
        parent, _, leaf = stem.rpartition(".")
        names = [f"{parent}.{part}.{kind}" for part in self._fused.get(leaf, ())] or [name]
        if names == ["lm_head.weight"] and names[0] not in weights:  # tied to the embeddings
            names = [known for known in weights if known.endswith("embed_tokens.weight")][:1]
        missing = [source for source in names if source not in weights]
        if missing or not names:
            raise SamplingError(_NOT_POSSIBLE.format(f"vLLM's weight {name} has no counterpart in transformers"))
        return names


@contextmanager
def policy_weights(model: Any) -> Iterator[dict[str, Any]]:
    """The weights of a transformers model by name; peft adapters stay merged while the context is open.

    Modules that peft trains whole (modules_to_save) have their trained weights.
    """
    if not hasattr(model, "merge_adapter"):
        yield dict(model.state_dict())
        return
    model.merge_adapter()
    try:
        yield {
            name.replace(".base_layer.", ".").replace(".modules_to_save.default.", "."): tensor
            for name, tensor in model.base_model.model.state_dict().items()
            if ".lora_" not in name and ".original_module." not in name
        }
    finally:
        model.unmerge_adapter()


def _put(module: Any, kind: str, tensor: Any) -> None:
    """Replace a parameter's values; one that was emptied when it was packed is allocated again."""
    import torch  # noqa: PLC0415 - heavy

    old = getattr(module, kind)
    if old.numel() == 0:
        new = tensor.to(dtype=old.dtype, device=old.device, copy=True)
        setattr(module, kind, torch.nn.Parameter(new, requires_grad=False))
        return
    rows = tensor.shape[0]
    if old.shape[1:] != tensor.shape[1:] or old.shape[0] < rows:
        shapes = f"{tuple(tensor.shape)} in transformers, {tuple(old.shape)} in vLLM"
        raise SamplingError(_NOT_POSSIBLE.format(f"the shapes of a weight differ: {shapes}"))
    old.data[:rows].copy_(tensor)  # vLLM pads vocabularies
    old.data[rows:].zero_()


def _is_tied(name: str, used: set[str], weights: Mapping[str, Any]) -> bool:
    """Whether a tensor that was not used is the same memory as one that was."""
    return any(weights[name].data_ptr() == weights[other].data_ptr() for other in used)
