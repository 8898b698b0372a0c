"""Training on what the pipeline made: thin over TRL."""
