"""More than one training: seeds, folds, runs that are reproduced, compared or verified."""
