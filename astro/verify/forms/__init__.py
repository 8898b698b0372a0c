"""The forms of answers that can be verified, one module each."""
