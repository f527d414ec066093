"""Where a data set is on this machine: GATEGRAD_DATA first, then the cache."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gategrad.data import embedded
from gategrad.data.errors import DataError
from gategrad.data.registry import info
from gategrad.data.sources import SOURCES, Source


@dataclass(frozen=True)
class Found:
    """A complete data set on this machine.

    Attributes:
        where: "GATEGRAD_DATA" or "cache".
        folder: the folder below which the published file names lie.
    """

    where: str
    folder: Path


def data_folder() -> Path | None:
    """The folder that GATEGRAD_DATA names, or None when it is not set.

    Raises:
        DataError: it is set, but names no folder.
    """
    value = os.environ.get("GATEGRAD_DATA")
    if not value:
        return None
    folder = _expanded("GATEGRAD_DATA", value)
    if not folder.is_dir():
        raise DataError(
            f"GATEGRAD_DATA is {value!r}, which is not a folder. Set it to a folder that holds "
            "the data sets, as <folder>/mnist/train-images-idx3-ubyte.gz, or unset it."
        )
    return folder


def _expanded(variable: str, value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise DataError(
            f"{variable} is {value!r}, and there is no such user's home; set it to a folder"
        ) from error


def cache_folder() -> Path:
    """The folder of downloads: GATEGRAD_CACHE, or the platform's cache folder, which pooch knows.

    Raises:
        DataError: GATEGRAD_CACHE names the home of a user who isn't there.
    """
    value = os.environ.get("GATEGRAD_CACHE")
    if value:
        return _expanded("GATEGRAD_CACHE", value)
    import pooch

    return Path(pooch.os_cache("gategrad")).expanduser()


def find(name: str) -> Found | None:
    """The first complete copy of the set on this machine, or None; the files are not read."""
    source = SOURCES[name]
    for where, root in search_order():
        for folder in _candidates(root, source):
            if not missing(folder, source):
                return Found(where, folder)
    return None


def search_order() -> list[tuple[str, Path]]:
    """(what it is called, folder) for each place to look in."""
    data = data_folder()
    places = [("GATEGRAD_DATA", data)] if data else []
    if not os.environ.get("GATEGRAD_CACHE") and find_spec("pooch") is None:
        return places
    return [*places, ("cache", cache_folder())]


def missing(folder: Path, source: Source) -> list[str]:
    """The file names of `source` that `folder` lacks."""
    return [file.name for file in source.files if not (folder / file.name).is_file()]


def _candidates(root: Path, source: Source) -> list[Path]:
    # CIFAR's files have a folder of their own name, so they may also lie directly below the root.
    named = all("/" in file.name for file in source.files)
    return [root / source.folder, root] if named else [root / source.folder]


def status(name: str) -> str:
    """Where `load(name)` would take the set from, without reading or downloading it.

    Returns:
        "embedded", "GATEGRAD_DATA", "cache" or "not here" (`load` would download it).

    Raises:
        DataError: there is no such set, or GATEGRAD_DATA names no folder.

    Examples:
        >>> status("mnist-1bit")
        'embedded'
    """
    if info(name).name == embedded.NAME:
        return "embedded"
    found = find(name)
    return found.where if found else "not here"
