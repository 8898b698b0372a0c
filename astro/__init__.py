"""ASTRO: search a problem with a language model, turn the tree into a trace that backtracks, train on the trace."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("astro-reasoner")
except PackageNotFoundError:  # a source tree on PYTHONPATH that was never installed
    __version__ = "0.0.0"
