"""A thin shell around the library."""
