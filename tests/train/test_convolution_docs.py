"""The page on convolutions runs as printed."""

from tests.snippets import DOCS, run_snippets


def test_every_snippet_runs():
    n, space = run_snippets("convolution.md")
    assert n >= 4
    assert space["result"].hard_accuracy > 0.85
    assert space["model"].circuit.n_inputs == 9 * 64
    assert space["recipe"].arch == "compact-32"


def test_every_option_of_images_is_on_the_page():
    text = (DOCS / "convolution.md").read_text()
    for name in ("depth", "channels", "groups", "stride", "padding", "connections"):
        assert f"`{name}`" in text, name
