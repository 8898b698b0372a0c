"""Machines for simulated engines, worked out from data sheets and model shapes. No GPU was measured.

A decoding step reads the weights and the cache once (memory) and multiplies every weight with every token (arithmetic);
it takes as long as the slower of the two, plus what the engine and the links between GPUs take.
"""

from dataclasses import dataclass

from simulation.engine import Machine

GB = 1e9


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. memory: bytes. bandwidth: bytes a second. flops: dense bfloat16 operations a second."""

    memory: float
    bandwidth: float
    flops: float


@dataclass(frozen=True, slots=True)
class Model:
    """One model in bfloat16. parameters, layers, and the heads of keys and values with their width."""

    parameters: float
    layers: int
    heads: int
    width: int

    @property
    def token_bytes(self) -> float:
        """Cache of a token: keys and values of every layer, two bytes each."""
        return 2 * self.layers * self.heads * self.width * 2


@dataclass(frozen=True, slots=True)
class Hardware:
    """GPUs that serve one model together, and the machine that they make."""

    gpus: int
    machine: Machine


H100 = Gpu(80 * GB, 3.35e12, 989e12)
LLAMA_70B = Model(70.6e9, 80, 8, 128)
LLAMA_8B = Model(8.0e9, 32, 8, 128)

BANDWIDTH_USED, FLOPS_USED = 0.7, 0.45  # shares of the data sheet that kernels reach
ENGINE = 3e-3  # seconds of a step in the scheduler, the sampler and the detokenizer
REDUCE = 15e-6  # seconds of an all-reduce between GPUs, two a layer
SAMPLING = 4e-6  # seconds of a sequence in the sampler
SEARCH = 0.25e-3  # seconds of the search in the engine's process for each completion
RESERVED = 4 * GB  # of a GPU, for activations
UTILIZATION, BLOCK = 0.92, 16


def hardware(model: Model, gpu: Gpu, gpus: int, slots: int) -> Hardware:
    """The engine of a model on GPUs."""
    weights = 2 * model.parameters
    bandwidth, flops = gpus * gpu.bandwidth * BANDWIDTH_USED, gpus * gpu.flops * FLOPS_USED
    cache = gpus * (gpu.memory * UTILIZATION - RESERVED) - weights
    machine = Machine(
        fixed=ENGINE + (2 * model.layers * REDUCE if gpus > 1 else 0.0),
        per_sequence=SAMPLING,
        load=weights / bandwidth,
        per_context=model.token_bytes / bandwidth,
        per_token=2 * model.parameters / flops,
        per_completion=SEARCH,
        slots=slots,
        blocks=int(cache / model.token_bytes / BLOCK),
        block_size=BLOCK,
    )
    return Hardware(gpus, machine)


MACHINES = {
    "h100x8-70b": hardware(LLAMA_70B, H100, 8, 512),
    "h100x4-70b": hardware(LLAMA_70B, H100, 4, 256),
    "h100-8b": hardware(LLAMA_8B, H100, 1, 512),
}
