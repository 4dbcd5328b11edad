"""Stage 10: batches become a stream of epoch records."""
