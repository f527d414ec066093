"""Links from a page to a file outside docs/ lead to a page that shows that file.

On a code host `../examples/ddp.py` opens the file; a site has pages only. So each file that a page
links becomes a page under files/, a folder a page of all its files, and the link is turned to it.
What such a page links in its turn is treated alike.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FOLDER = "files/"
# Shown whether or not a page links them: the navigation does.
ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md", "native/engine/README.md", "native/train/README.md")
LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)]*)?\)")
LANGUAGES = {".py": "python", ".h": "cpp", ".cpp": "cpp", ".c": "c", ".sh": "bash"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file outside docs/ that pages link, directly or through such a page."""
    pages = [Path(f.abs_src_path) for f in files.documentation_pages() if f.abs_src_path]
    waiting = [*(ROOT / name for name in ALWAYS), *(o for p in pages for o in _outside(p))]
    shown: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in shown:
            continue
        shown.add(path)
        inclusion = InclusionLevel.NOT_IN_NAV
        files.append(
            File.generated(config, _address(path), content=_text(path), inclusion=inclusion)
        )
        waiting += _outside(path)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files outside docs/, and from them to pages, to where the site has both."""
    address = page.file.src_uri
    generated = address.startswith(FOLDER)
    if generated and _source(address).suffix != ".md":
        return markdown
    origin = (_source(address) if generated else DOCS / address).parent

    def turned(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(origin / link[1]))
        if not target.exists() or (not generated and target.is_relative_to(DOCS)):
            return link[0]
        return f"]({os.path.relpath(_address(target), os.path.dirname(address))}{link[2] or ''})"

    return LINK.sub(turned, markdown)


def _outside(path: Path) -> Iterator[Path]:
    """Files outside docs/ that a page links."""
    if path.suffix != ".md":
        return
    for link in LINK.finditer(path.read_text("utf-8")):
        target = Path(os.path.normpath(path.parent / link[1]))
        if target.exists() and not target.is_relative_to(DOCS) and target.is_relative_to(ROOT):
            yield target


def _address(path: Path) -> str:
    """Where the site has a file of the repository."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    name = path.relative_to(ROOT).as_posix()
    return FOLDER + (name if path.suffix == ".md" else f"{name}.md")


def _source(address: str) -> Path:
    """The file that a page under files/ shows."""
    path = ROOT / address.removeprefix(FOLDER)
    return path if path.is_file() else path.with_suffix("")


def _text(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text("utf-8")
    title = f"# {path.relative_to(ROOT)}\n\n"
    if path.is_file():
        return title + _code(path)
    files = sorted(part for part in path.iterdir() if part.is_file())
    return title + "\n".join(f"## {part.name}\n\n{_code(part)}" for part in files)


def _code(path: Path) -> str:
    language = LANGUAGES.get(path.suffix, "text")
    return f"````{language}\n{path.read_text('utf-8')}````\n"
