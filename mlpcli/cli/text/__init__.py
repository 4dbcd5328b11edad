"""What is found, in sentences and tables for a terminal."""
