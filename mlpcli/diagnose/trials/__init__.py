"""Short trainings, and what they show: of the problem itself and of variants of it."""
