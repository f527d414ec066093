"""Text between two markers of a page."""

from gategrad.records.errors import RecordError


def between_markers(page: str, name: str, text: str) -> str:
    r"""The page with `text` on the lines between `<!-- NAME -->` and `<!-- /NAME -->`.

    Raises:
        RecordError: the page has not each marker once, in this order.

    Examples:
        >>> between_markers("a\n<!-- t -->\nold\n<!-- /t -->\nz\n", "t", "new\n")
        'a\n<!-- t -->\nnew\n<!-- /t -->\nz\n'
    """
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if page.count(first) != 1 or page.count(last) != 1 or page.index(first) > page.index(last):
        raise RecordError(
            f"the page needs the lines {first.strip()} and {last}, once each and in this order; "
            "what is between them is replaced"
        )
    return page[: page.index(first)] + first + text + page[page.index(last) :]
