"""What a short training shows."""
