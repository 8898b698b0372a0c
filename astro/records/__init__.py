"""The records that stages pass to each other."""
