"""Mazes of corridors: find the way from a room to the exit, where a wrong turn shows only later."""
