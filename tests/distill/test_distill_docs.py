"""The page runs as printed."""

from tests.snippets import run_snippets


def test_every_snippet_of_the_page_runs_in_order() -> None:
    n, space = run_snippets("distill.md")
    assert n == 2
    first, _, end = space["found"].stages
    assert first.agreement > first.constant
    assert end.accuracy > 0.5
    assert space["accuracy"] > 0.8
    assert space["on_data"].luts < space["everywhere"].luts
