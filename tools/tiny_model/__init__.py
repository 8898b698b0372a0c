"""The embedded tiny model: the corpus it learns from, its training and its measurement."""
