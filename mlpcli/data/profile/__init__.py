"""What a table holds, column by column and row by row, for people who look at it before a training."""
