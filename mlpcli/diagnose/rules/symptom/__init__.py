"""What has to have one of the others as its cause."""
