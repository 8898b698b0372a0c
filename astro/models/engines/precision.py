"""Which number format a CPU computes in fastest."""

_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "bf16")  # as torch.cpu.get_capabilities() names them, on x86 and on ARM


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware.

    One that does not imitates it: a training step of the tiny model takes three times as long as in float32, a search
    half as long again (docs/decisions/0018).
    """
    import torch  # noqa: PLC0415 - heavy

    there = torch.cpu.get_capabilities()
    return any(there.get(name, False) for name in _INSTRUCTIONS)
