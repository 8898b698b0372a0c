"""The number format in which a CPU computes fastest."""

_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "bf16")  # as torch.cpu.get_capabilities() names them, on x86 and on ARM


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware.

    A CPU without it emulates it: a training step of the tiny model takes 3 times as long as in float32, a search 1.5
    times (docs/decisions/0018).
    """
    import torch  # noqa: PLC0415 - heavy

    there = torch.cpu.get_capabilities()
    return any(there.get(name, False) for name in _INSTRUCTIONS)
