"""Every finding that these tests make is held to the laws of sentences."""

import pytest
from gallery.sentences import assert_lawful

from mlpcli.diagnose import ranking as verdict


@pytest.fixture(autouse=True)
def lawful_sentences(monkeypatch):
    place = verdict._place

    def checked(finding, roots):
        assert_lawful(finding)
        place(finding, roots)

    monkeypatch.setattr(verdict, "_place", checked)


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
