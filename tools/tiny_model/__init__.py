"""The embedded tiny model: its corpus, its training and its measurement."""
