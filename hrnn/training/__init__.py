"""Settings, the training loop and its checkpoints."""
