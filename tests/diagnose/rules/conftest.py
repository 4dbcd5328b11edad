"""Every finding that these tests make is held to the laws of sentences."""

import pytest
from gallery.sentences import assert_lawful

from mlpcli.diagnose import ranking


@pytest.fixture(autouse=True)
def lawful_sentences(monkeypatch):
    insert = ranking._insert

    def checked(finding, roots):
        assert_lawful(finding)
        insert(finding, roots)

    monkeypatch.setattr(ranking, "_insert", checked)


@pytest.fixture
def tried(request):
    """Which remedies of a finding are trained with: the first; by `make test-all` all of them."""
    return slice(1) if request.config.option.markexpr == "not full" else slice(None)
