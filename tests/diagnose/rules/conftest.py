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
    """Which remedies of a finding are trained with: by `make test-all` all of them.

    Otherwise the first, and only of the rules in TRIED of the test's module: one for each kind of remedy.
    """
    if request.config.option.markexpr != "not full":
        return slice(None)
    (exhibit,) = request.node.callspec.params.values()
    rule = getattr(exhibit, "path", exhibit).parent.name
    return slice(1) if rule in request.module.TRIED else slice(0)
