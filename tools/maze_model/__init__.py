"""The base models of the mazes, which have never read a search, and what is measured on them."""
