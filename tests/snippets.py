"""The Python snippets of the pages under docs/, run as printed."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def run_snippets(page: str) -> tuple[int, dict[str, object]]:
    """Run the snippets of a page in order, in one namespace: their number, and the namespace."""
    path = DOCS / page
    snippets = re.findall(r"^```python\n(.*?)^```$", path.read_text(), flags=re.M | re.S)
    space: dict[str, object] = {}
    for snippet in snippets:
        exec(compile(snippet, str(path), "exec"), space)
    return len(snippets), space
