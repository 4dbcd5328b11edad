"""Every finding that these tests make is held to the laws of sentences."""

import pytest
from gallery.sentences import assert_lawful

from mlpcli.diagnose import verdict


@pytest.fixture(autouse=True)
def lawful_sentences(monkeypatch):
    place = verdict._place

    def checked(finding, roots):
        assert_lawful(finding)
        place(finding, roots)

    monkeypatch.setattr(verdict, "_place", checked)
