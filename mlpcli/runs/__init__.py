"""Stage 11: what a training leaves behind: a folder, a model file, a checkpoint."""
