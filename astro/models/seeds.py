"""Seeds of requests, derived from the run's seed and the request's place in the run."""

import hashlib
from functools import lru_cache

SPACING_BITS = 15
MAX_N = 1 << SPACING_BITS - 1  # 16384, also vLLM's own default limit of n
_SEEDS = 1 << 62 - SPACING_BITS  # number of different seeds


def derive_seed(run_seed: int, *parts: int | str) -> int:
    """The seed of the request that parts identify: in [0, 2**62), a multiple of 2**15.

    Completion i of a request uses seed + i, so completions of two requests with n <= MAX_N share a seed only if their
    47-bit hashes collide. The seed fits the signed 64 bits that vLLM and torch accept. The hash includes the types and
    lengths of parts: ("ab", "c") differs from ("a", "bc"), and ("1",) from (1,).
    """
    digest = _begun(run_seed, *parts[:1]).copy()
    digest.update(b"".join(map(_spelled, parts[1:])))
    return int.from_bytes(digest.digest(), "big") % _SEEDS << SPACING_BITS


# Cached: all requests of a tree begin with the run's seed and the problem.
@lru_cache(maxsize=4096, typed=True)
def _begun(*parts: int | str) -> "hashlib.blake2b":
    return hashlib.blake2b(b"".join([_spelled(part) for part in parts]), digest_size=8)


# Cached: the same numbers of nodes and calls occur in every tree.
@lru_cache(maxsize=4096)
def _spelled(part: int | str) -> bytes:
    if isinstance(part, int):
        text = b"%d" % part
        return b"i%d:%s" % (len(text), text)
    text = part.encode("utf-8", errors="surrogatepass")
    return b"s%d:%s" % (len(text), text)
