"""The page about wiring runs as printed."""

from tests.snippets import run_snippets


def test_every_snippet_of_the_page_runs_in_order() -> None:
    n, space = run_snippets("wiring.md")
    assert n >= 2
    assert space["result"].hard_accuracy > 0.6
    assert [group["lr"] for group in space["optimizer"].param_groups] == [0.01, 0.1]
