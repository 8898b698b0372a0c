"""The engines that serve a language model, one module each."""
