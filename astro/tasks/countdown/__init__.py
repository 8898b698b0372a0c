"""Countdown: reach a target from a few numbers by +, -, * and /."""
