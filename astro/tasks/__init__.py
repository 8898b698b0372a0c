"""Kinds of problems: one file or folder each."""
