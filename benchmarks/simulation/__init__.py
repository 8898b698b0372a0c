"""Simulated engines, and the scenarios of benchmarks/simulate.py. Only the time of the engines is simulated."""
