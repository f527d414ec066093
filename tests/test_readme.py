"""What the README shows runs, and what it links exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_ten_lines_run(monkeypatch, tmp_path, capsys) -> None:
    pytest.importorskip("torch", reason="needs gategrad[train]")
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(code.replace("steps=400", "steps=100, progress=False"), {})
    accuracy, gates = re.search(r"([\d.]+)% with ([\d,]+) gates", capsys.readouterr().out).groups()
    assert float(accuracy) > 60
    assert int(gates.replace(",", "")) <= 4000
    assert (tmp_path / "mnist.gg").exists()


def test_the_commands_exist() -> None:
    from gategrad.cli import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    shown = set(re.findall(r"`gategrad (\w+)", README))
    assert len(shown) >= 2
    assert shown <= known


def test_every_link_leads_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links {link}"


PAGES = (
    "docs/architecture.md",
    "CONTRIBUTING.md",
    "native/engine/README.md",
    "native/train/README.md",
)


@pytest.mark.parametrize("page", PAGES)
def test_pages_for_maintainers_are_readable_as_text(page) -> None:
    lines = (ROOT / page).read_text().splitlines()
    assert len(lines) <= 170
    assert not [line for line in lines if len(line) > (120 if line.startswith("|") else 100)]


@pytest.mark.parametrize("page", PAGES)
def test_pages_for_maintainers_name_what_is_there(page) -> None:
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / link).exists(), link
    folder = (ROOT / page).parent
    places = (folder, ROOT, ROOT / "src" / "gategrad", ROOT / "native")
    for name in re.findall(r"`([\w./]+\.(?:py|cpp|h|def|md))`", text):
        found = any((place / name).exists() for place in places)
        within = [f"src/gategrad/**/{name}", f"native/**/{name}"]
        assert found or any(list(ROOT.glob(place)) for place in within), name
