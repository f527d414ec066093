"""Every link and picture of a built site leads to a file of it, and to a place in that file.

usage: python tools/site/links.py FOLDER
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links, and the places in it that can be linked."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links, sources and identifiers."""
        found = dict(attrs)
        self.links |= {v for k, v in found.items() if k in ("href", "src") and v}
        self.places |= {v for k, v in found.items() if k in ("id", "name") and v}


def broken(folder: Path) -> list[str]:
    """A line for each link of a page in `folder` that leads nowhere; other sites aren't asked."""
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html")) if path.name != "404.html"}
    lines = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            there = target in pages and (place in pages[target].places or place == "__top")
            if not (target.is_file() and (not place or there)):
                lines.append(f"{path.relative_to(folder)} links {link}")
    return lines


if __name__ == "__main__":
    found = broken(Path(sys.argv[1]).resolve())
    sys.exit("\n".join(found) or None)
