"""What is shown while a training runs: on a terminal, in a pipe, as JSON."""
