"""Symptoms, each of which has another finding as its cause."""
