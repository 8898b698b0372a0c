"""The base models of the colorings, which have never read a search, and what is measured on them."""
