"""Files with places `@key@` to fill in, kept beside the code that fills them."""

import re
from collections.abc import Mapping
from importlib import resources

_PLACE = re.compile(r"@([A-Za-z0-9_]+)@")


def fill(package: str, file: str, values: Mapping[str, str]) -> str:
    """The text of `file` in `package` with each `@key@` replaced by its value.

    Raises:
        KeyError: a place that `values` has nothing for.
    """
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    return _PLACE.sub(lambda place: values[place[1]], text)
