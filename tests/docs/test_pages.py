"""The pages as text: all are in the navigation, their snippets run somewhere, their lines fit."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
SITE = (ROOT / "mkdocs.yml").read_text()
# Pages whose snippets are no programs: what they load, the reader has.
SHOWN_ONLY = {"from-difflogic.md", "from-torchlogix.md"}


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"([\w/-]+\.md)$", SITE, re.MULTILINE))
    assert {page for page in listed if not page.startswith("files/")} == set(PAGES)


def test_every_snippet_runs_in_a_test_or_in_the_build() -> None:
    with_snippets = {page for page in PAGES if "\n```python\n" in (DOCS / page).read_text()}
    tests = [path.read_text() for path in (ROOT / "tests").rglob("test_*docs.py")]
    tests += [(ROOT / "tests" / "model" / "test_json_form.py").read_text()]
    run = {page for page in with_snippets if any(f'"{page}"' in text for text in tests)}
    built = {page for page in with_snippets if page.startswith("tutorials/")}
    assert with_snippets - run - built == SHOWN_ONLY


@pytest.mark.parametrize("page", sorted(SHOWN_ONLY))
def test_snippets_that_are_only_shown_parse_and_name_what_exists(page: str) -> None:
    source = (ROOT / "src" / "gategrad" / "difflogic" / "__init__.py").read_text()
    names = set(re.findall(r'^    "(\w+)",$', source, re.MULTILINE))
    for snippet in re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(), re.M | re.S):
        ast.parse(snippet)
        for name in re.findall(r"gategrad\.difflogic\.(\w+)", snippet):
            assert name in names
        for line in re.findall(r"^from gategrad\.difflogic import (.*)$", snippet, re.M):
            assert {name.strip() for name in line.split(",")} <= names


def _prose(text: str) -> list[str]:
    """Lines that can be broken: no table, and nothing between the markers of generated text."""
    text = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", "", text, flags=re.DOTALL)
    return [line for line in text.splitlines() if not line.startswith("|")]


@pytest.mark.parametrize("page", PAGES)
def test_lines_have_at_most_100_columns(page: str) -> None:
    assert not [line for line in _prose((DOCS / page).read_text()) if len(line) > 100]


def test_the_picture_of_speed_has_the_figures_of_the_benchmarks() -> None:
    page = (DOCS / "benchmarks.md").read_text()
    points = json.loads((DOCS / "records" / "throughput.json").read_text())["points"]
    for point in points:
        assert f"| {point['millions']:g} |" in page, point
        assert f"{point['accuracy']:.2%}".replace("%", " %") in page, point
