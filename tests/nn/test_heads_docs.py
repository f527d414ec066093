"""The page about heads runs as printed."""

from tests.snippets import run_snippets


def test_every_snippet_of_the_page_runs_in_order() -> None:
    n, space = run_snippets("heads.md")
    assert n >= 1
    assert space["predicted"].shape == (500, 1)
