"""The page about data sets runs as printed."""

from tests.snippets import run_snippets


def test_every_snippet_of_the_page_runs_in_order(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    n, space = run_snippets("data.md")
    assert n == 2
    assert space["own"].classes == ("even", "odd")
    assert (len(space["x_train"]), len(space["x_test"])) == (32, 8)
