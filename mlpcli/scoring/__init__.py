"""How well a network predicts: metrics, the scores of a part of the data, which rows are scored."""
