"""Download the published files of a data set into the cache, checked and whole or not at all."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gategrad.data import embedded
from gategrad.data.archives import extract
from gategrad.data.checksum import mismatch
from gategrad.data.errors import DataError, DataUnavailableError
from gategrad.data.locate import cache_folder, data_folder, find, missing
from gategrad.data.registry import info
from gategrad.data.sources import SOURCES, Home, PublishedFile, Source

if TYPE_CHECKING:
    from rich.progress import Progress

    from gategrad.data.progress import Bar

_SECONDS_OF_SILENCE = 30
_CHUNK_BYTES = 1 << 16
# Bytes at which the download of an archive ends whose publisher remakes it; they are all small.
_LARGEST_UNKNOWN = 1 << 26

# What downloads are made with; none of it comes with gategrad alone.
_PACKAGES = ("pooch", "requests", "rich")

# get(url, path, size): fetch one address into one file.
Get = Callable[[str, Path, int], None]


def fetch(name: str, *, mirrors: str | Sequence[str] | None = None) -> Path:
    """Make sure that a data set is on this machine: download what the cache lacks.

    A complete copy in GATEGRAD_DATA is used as it is. In the cache, files that are not the
    published ones are replaced.

    Args:
        name: one of `names()`.
        mirrors: one or several base addresses to use instead of the published ones, tried in
            order; a file is expected at <mirror>/<folder>/<published file or archive name>.
            Default: the addresses in the environment variable GATEGRAD_MIRROR, separated by
            spaces; without it, the published ones.

    Returns:
        The folder below which the published file names lie.

    Raises:
        DataError: there is no such set, or the cache cannot be written.
        DataUnavailableError: no address gave the published files, and the message lists each; or
            the packages of gategrad[cli] are missing, with which they are downloaded.
    """
    if info(name).name == embedded.NAME:
        return embedded.folder()
    found = find(name)
    if found and found.where == "GATEGRAD_DATA":
        return found.folder
    source = SOURCES[name]
    if not found:
        _require_packages(name)
    folder = found.folder if found else cache_folder() / source.folder
    homes = _homes(source, mirrors or os.environ.get("GATEGRAD_MIRROR", "").split())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _complete(name, folder, homes)
    except OSError as error:
        raise DataError(
            f"the cache folder {folder} cannot be written: {error.strerror or error}. "
            "Set GATEGRAD_CACHE to a folder that can."
        ) from error
    return folder


def _require_packages(name: str) -> None:
    absent = [package for package in _PACKAGES if find_spec(package) is None]
    if absent:
        source = SOURCES[name]
        raise DataUnavailableError(
            f"data set {name!r} is not on this machine, and a download needs {', '.join(absent)}: "
            "pip install 'gategrad[cli]', or set GATEGRAD_DATA to a folder that holds "
            f"{source.folder}/{source.files[0].name}"
        )


def _homes(source: Source, mirrors: str | Sequence[str]) -> list[Home]:
    if not mirrors:
        return list(source.homes)
    mirrors = [mirrors] if isinstance(mirrors, str) else mirrors
    kinds = dict.fromkeys(replace(home, base="") for home in source.homes)
    return [
        replace(kind, base=f"{mirror.rstrip('/')}/{source.folder}/")
        for mirror in mirrors
        for kind in kinds
    ]


def _complete(name: str, folder: Path, homes: Sequence[Home]) -> None:
    wanted = [file for file in SOURCES[name].files if not _is_there(folder / file.name, file)]
    if not wanted:
        return
    _require_packages(name)
    from gategrad.data.progress import bars

    problems: list[str] = []
    # The files arrive beside their places, on the same disk, and are renamed when they are whole.
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as hall, bars() as progress:
        get = _getter(progress)
        for home in homes:
            wanted = _from_home(home, wanted, folder, Path(hall), get, problems)
            if not wanted:
                return
    raise DataUnavailableError(_advice(name, folder, problems))


def _is_there(path: Path, file: PublishedFile) -> bool:
    return path.is_file() and not mismatch(path, file.checksum, file.size)


def _from_home(
    home: Home,
    wanted: Sequence[PublishedFile],
    folder: Path,
    hall: Path,
    get: Get,
    problems: list[str],
) -> list[PublishedFile]:
    """Put what `home` has of the `wanted` files into `folder`; what is still wanted is returned."""
    if home.archive is not None:
        try:
            _unpacked(home, home.archive, wanted, hall, get)
        except DataError as error:
            problems.append(str(error))
            return list(wanted)
    still = []
    for file in wanted:
        try:
            if home.archive is None:
                get(home.base + file.name, hall / file.name, file.size)
            _put(
                hall / file.name, folder / file.name, file, home.base + (home.archive or file.name)
            )
        except DataError as error:
            problems.append(str(error))
            still.append(file)
    return still


def _unpacked(home: Home, name: str, wanted: Sequence[PublishedFile], hall: Path, get: Get) -> None:
    url, archive = home.base + name, hall / name
    get(url, archive, home.size)
    wrong = mismatch(archive, home.checksum, home.size)
    if wrong:
        raise DataError(f"{url}: not the published file ({wrong})")
    extract(archive, wanted, hall)


def _put(arrived: Path, place: Path, file: PublishedFile, url: str) -> None:
    wrong = mismatch(arrived, file.checksum, file.size)
    if wrong:
        raise DataError(f"{url}: {file.name} is not the published file ({wrong})")
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(arrived, place)


def _getter(progress: "Progress") -> Get:
    import requests
    import urllib3

    from gategrad.data.progress import Bar

    def get(url: str, path: Path, size: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        bar = Bar(progress, path.name, size)
        try:
            _receive(url, path, size, bar)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            bar.hide()
            raise DataError(f"{url}: {_reason(error)}") from error
        except DataError:
            bar.hide()
            raise
        bar.close()

    return get


def _receive(url: str, path: Path, size: int, bar: "Bar") -> None:
    """The body of the answer as it was sent, into a file; no more than the published `size`.

    A body is never unpacked, whatever the server calls it: the checksums are those of packed files,
    and a few bytes could become any number.
    """
    import requests

    limit = size or _LARGEST_UNKNOWN
    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=_SECONDS_OF_SILENCE, headers=headers) as answer:
        answer.raise_for_status()
        arrived = 0
        with path.open("wb") as file:
            while chunk := answer.raw.read(_CHUNK_BYTES, decode_content=False):
                arrived += len(chunk)
                if arrived > limit:
                    raise DataError(
                        f"{url}: not the published file (more than its {limit:,} bytes)"
                    )
                file.write(chunk)
                bar.update(len(chunk))


def _reason(error: Exception) -> str:
    import requests
    import urllib3

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return f"no answer for {_SECONDS_OF_SILENCE} seconds"
    if isinstance(error, urllib3.exceptions.HTTPError):
        return "the transfer broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)


def _advice(name: str, folder: Path, problems: Sequence[str]) -> str:
    source = SOURCES[name]
    data = data_folder()
    looked = f"{data / source.folder} (GATEGRAD_DATA)" if data else "GATEGRAD_DATA (not set)"
    by_hand = dict.fromkeys(home.base + (home.archive or "") for home in source.homes)
    return "\n".join(
        [
            f"data set {name!r} is not on this machine and could not be downloaded.",
            *(f"  {problem}" for problem in problems),
            f"Looked in {looked} and {folder} (the cache), which lacks:",
            *(f"  {file}" for file in missing(folder, source)),
            "Either set GATEGRAD_DATA to a folder that holds",
            *(f"  {source.folder}/{file.name}" for file in source.files),
            f"or get the files by hand and put them, under these names, into {folder}.",
            "They are published at",
            *(f"  {address}" for address in by_hand),
        ]
    )
