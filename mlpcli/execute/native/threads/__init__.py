"""Native calls that do not hold back signals."""
