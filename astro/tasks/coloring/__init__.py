"""Colorings: give each node a color of its list, in order, where a wrong choice shows only later."""
