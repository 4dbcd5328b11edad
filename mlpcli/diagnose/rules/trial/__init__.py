"""Problems that a short training shows."""
