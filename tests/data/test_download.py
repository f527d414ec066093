"""Downloads, from a server on this machine."""

import gzip
import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest

from gategrad import data
from gategrad.data import download
from gategrad.data.sources import SOURCES, Home, PublishedFile, Source

pytestmark = pytest.mark.usefixtures("no_data")

TRAIN = b" 1 1 1 1 1 3 1 data_5\n 0 2 1 1 1 3 2 data_6\n"
TEST = b" 1 3 2 1 3 4 2 data_7\n"
FILES = {"monks-1.train": TRAIN, "monks-1.test": TEST}


def published(files):
    return tuple(
        PublishedFile(name, "md5:" + hashlib.md5(content).hexdigest(), len(content))
        for name, content in files.items()
    )


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def left_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def monks(server, monkeypatch):
    """A small monks-1, published one by one at /a/ and then at /b/ of the server."""
    homes = (Home(f"{server.url}/a/"), Home(f"{server.url}/b/"))
    monkeypatch.setitem(SOURCES, "monks-1", Source("monks", published(FILES), homes))
    monkeypatch.delenv("GATEGRAD_MIRROR")
    return server


def serve(server, base, files):
    server.content.update({f"{base}{name}": content for name, content in files.items()})


def test_load_downloads_checks_and_keeps(monks, cache):
    serve(monks, "/a/", FILES)
    assert data.status("monks-1") == "not here"
    x_train, y_train, x_test, _ = data.load("monks-1")
    assert x_train.tolist() == [[1, 1, 1, 1, 3, 1], [2, 1, 1, 1, 3, 2]]
    assert y_train.tolist() == [1, 0]
    assert x_test.tolist() == [[3, 2, 1, 3, 4, 2]]
    assert left_in(cache) == ["monks/monks-1.test", "monks/monks-1.train"]
    assert data.status("monks-1") == "cache"
    asked = len(monks.asked)
    data.load("monks-1")
    assert data.fetch("monks-1") == cache / "monks"
    assert len(monks.asked) == asked == 2


@pytest.mark.parametrize("announced", [len(TRAIN), None])
def test_progress_goes_to_stderr(monks, capsys, announced):
    serve(monks, "/a/", FILES | {"monks-1.train": (announced, TRAIN)})
    data.fetch("monks-1")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "monks-1.train" in captured.err
    assert f"{len(TRAIN)}/{len(TRAIN)} bytes" in captured.err


def test_a_file_that_did_not_come_has_no_bar(monks, capsys):
    serve(monks, "/b/", FILES)
    data.fetch("monks-1")
    assert capsys.readouterr().err.count("monks-1.train") == 1


def test_the_second_address_is_tried_after_a_404(monks):
    serve(monks, "/b/", FILES)
    data.load("monks-1")
    assert monks.asked == [
        *("/a/monks-1.train", "/a/monks-1.test", "/b/monks-1.train", "/b/monks-1.test")
    ]


def test_each_file_may_come_from_another_address(monks):
    serve(monks, "/a/", {"monks-1.test": TEST})
    serve(monks, "/b/", {"monks-1.train": TRAIN})
    data.load("monks-1")
    assert monks.asked[-1] == "/b/monks-1.train"


def test_a_wrong_file_is_not_kept_and_the_next_address_is_tried(monks, cache):
    serve(monks, "/a/", {"monks-1.train": TRAIN.swapcase(), "monks-1.test": TEST})
    with pytest.raises(data.DataUnavailableError, match=r"/a/monks-1.train: monks-1.train is not"):
        data.load("monks-1")
    assert left_in(cache) == ["monks/monks-1.test"]
    serve(monks, "/b/", FILES)
    data.load("monks-1")


def test_a_wrong_file_tells_both_checksums(monks):
    wrong = TRAIN[::-1]
    serve(monks, "/a/", {"monks-1.train": wrong, "monks-1.test": TEST})
    with pytest.raises(data.DataUnavailableError) as caught:
        data.fetch("monks-1")
    for content in (wrong, TRAIN):
        assert hashlib.md5(content).hexdigest() in str(caught.value)


@pytest.mark.parametrize("announced", [len(TRAIN), None])
def test_a_transfer_that_breaks_off_leaves_nothing(monks, cache, announced):
    serve(monks, "/a/", {"monks-1.train": (announced, TRAIN[:20]), "monks-1.test": TEST})
    reason = "the transfer broke off" if announced else f"20 bytes, expected {len(TRAIN)}"
    with pytest.raises(data.DataUnavailableError, match=rf"/a/monks-1.train: .*{reason}"):
        data.fetch("monks-1")
    assert left_in(cache) == ["monks/monks-1.test"]
    assert data.status("monks-1") == "not here"
    serve(monks, "/b/", FILES)
    data.load("monks-1")


def test_a_download_that_is_interrupted_leaves_nothing(monks, cache, monkeypatch):
    serve(monks, "/a/", FILES)
    real = download.mismatch

    def interrupt(path, checksum, size):
        if ".download-" in str(path):
            raise KeyboardInterrupt
        return real(path, checksum, size)

    monkeypatch.setattr(download, "mismatch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        data.fetch("monks-1")
    assert list((cache / "monks").iterdir()) == []


def test_the_error_says_everything_that_one_needs(monks, cache):
    monks.content["/b/monks-1.test"] = 503
    with pytest.raises(data.DataUnavailableError) as caught:
        data.load("monks-1")
    assert str(caught.value).splitlines() == [
        "data set 'monks-1' is not on this machine and could not be downloaded.",
        f"  {monks.url}/a/monks-1.train: HTTP 404 Not Found",
        f"  {monks.url}/a/monks-1.test: HTTP 404 Not Found",
        f"  {monks.url}/b/monks-1.train: HTTP 404 Not Found",
        f"  {monks.url}/b/monks-1.test: HTTP 503 Service Unavailable",
        f"Looked in GATEGRAD_DATA (not set) and {cache}/monks (the cache), which lacks:",
        "  monks-1.train",
        "  monks-1.test",
        "Either set GATEGRAD_DATA to a folder that holds",
        "  monks/monks-1.train",
        "  monks/monks-1.test",
        f"or get the files by hand and put them, under these names, into {cache}/monks.",
        "They are published at",
        f"  {monks.url}/a/",
        f"  {monks.url}/b/",
    ]


def test_nobody_there(monkeypatch):
    with pytest.raises(data.DataUnavailableError) as caught:
        data.load("fashion-mnist")
    text = str(caught.value)
    assert "http://127.0.0.1:9/fashion-mnist/train-images-idx3-ubyte.gz: no connection" in text
    assert "set GATEGRAD_DATA to a folder that holds\n  fashion-mnist/train-images" in text
    assert "They are published at\n  https://github.com/zalandoresearch/fashion-mnist" in text


def test_the_error_names_the_data_folder(monkeypatch, tmp_path):
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("GATEGRAD_DATA", str(tmp_path / "mine"))
    with pytest.raises(data.DataUnavailableError, match=r"mine/adult \(GATEGRAD_DATA\) and"):
        data.load("adult")


def test_no_answer_is_waited_for_and_said(monks, monkeypatch):
    import requests

    def silent(*args, **kwargs):
        raise requests.ReadTimeout

    monkeypatch.setattr(requests, "get", silent)
    with pytest.raises(data.DataUnavailableError, match="train: no answer for 30 seconds"):
        data.fetch("monks-1")


def test_an_address_that_is_none(monks):
    with pytest.raises(
        data.DataUnavailableError, match=r"nonsense/monks/monks-1.train: Invalid URL"
    ):
        data.fetch("monks-1", mirrors=["nonsense"])


def test_fetch_replaces_a_damaged_file_in_the_cache(monks, cache):
    serve(monks, "/a/", FILES)
    data.fetch("monks-1")
    (cache / "monks" / "monks-1.train").write_bytes(TRAIN[::-1])
    with pytest.raises(data.DataError, match=r"monks-1\.train is not the published file"):
        data.load("monks-1")
    data.fetch("monks-1")
    data.load("monks-1")
    assert monks.asked == ["/a/monks-1.train", "/a/monks-1.test", "/a/monks-1.train"]


def test_a_mirror_replaces_the_published_addresses(monks, monkeypatch):
    serve(monks, "/mine/monks/", FILES)
    monkeypatch.setenv("GATEGRAD_MIRROR", f"{monks.url}/empty {monks.url}/mine/")
    data.load("monks-1")
    assert monks.asked[-1] == "/mine/monks/monks-1.test"
    assert not any(path.startswith(("/a/", "/b/")) for path in monks.asked)


@pytest.mark.parametrize("several", [False, True])
def test_mirrors_may_be_given(monks, several):
    serve(monks, "/mine/monks/", FILES)
    mirror = f"{monks.url}/mine"
    data.fetch("monks-1", mirrors=[mirror] if several else mirror)
    assert data.status("monks-1") == "cache"


def test_a_packed_file_arrives_packed(server, monkeypatch, cache):
    packed = gzip.compress(b"content", mtime=0)
    source = Source("mnist", published({"a.gz": packed}), (Home(f"{server.url}/"),))
    monkeypatch.setitem(SOURCES, "mnist", source)
    monkeypatch.delenv("GATEGRAD_MIRROR")
    server.content["/a.gz"] = packed
    data.fetch("mnist")
    assert (cache / "mnist" / "a.gz").read_bytes() == packed


def test_a_zip_gives_its_published_members_only(server, monkeypatch, cache):
    homes = (Home(f"{server.url}/", "monk+s+problems.zip"), Home(f"{server.url}/old/"))
    monkeypatch.setitem(SOURCES, "monks-1", Source("monks", published(FILES), homes))
    monkeypatch.delenv("GATEGRAD_MIRROR")
    server.content["/monk+s+problems.zip"] = zipped({"../evil": b"x", "Index": b"y", **FILES})
    data.load("monks-1")
    assert server.asked == ["/monk+s+problems.zip"]
    assert left_in(cache.parent) == ["cache/monks/monks-1.test", "cache/monks/monks-1.train"]


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (zipped(FILES)[:-30], "monk.zip is not a complete archive"),
        (zipped({"monks-1.train": TRAIN}), "monk.zip lacks monks-1.test"),
        (zipped({**FILES, "monks-1.test": TEST * 9}), r"monks-1.test is not the published file"),
        (404, "HTTP 404"),
    ],
)
def test_after_a_bad_zip_the_single_files_are_tried(server, monkeypatch, archive, reason):
    homes = (Home(f"{server.url}/", "monk.zip"), Home(f"{server.url}/old/"))
    monkeypatch.setitem(SOURCES, "monks-1", Source("monks", published(FILES), homes))
    monkeypatch.delenv("GATEGRAD_MIRROR")
    server.content["/monk.zip"] = archive
    with pytest.raises(data.DataUnavailableError, match=reason):
        data.fetch("monks-1")
    serve(server, "/old/", FILES)
    data.load("monks-1")


RECORD = bytes([7, 42]) + bytes(range(256)) * 12
CIFAR_100 = {"cifar-100-binary/train.bin": RECORD * 3, "cifar-100-binary/test.bin": RECORD}


def cifar_100(monkeypatch, archive):
    files = tuple(PublishedFile(name, None, len(content)) for name, content in CIFAR_100.items())
    md5 = "md5:" + hashlib.md5(archive).hexdigest()
    home = Home("http://published.invalid/", "cifar-100-binary.tar.gz", md5, len(archive))
    monkeypatch.setitem(SOURCES, "cifar-100", Source("cifar-100", files, (home,)))


def test_cifar_100_comes_from_its_archive(server, monkeypatch, cache):
    archive = tarred({"cifar-100-binary/fine_label_names.txt": b"apple", **CIFAR_100})
    cifar_100(monkeypatch, archive)
    monkeypatch.setenv("GATEGRAD_MIRROR", server.url)
    server.content["/cifar-100/cifar-100-binary.tar.gz"] = archive
    x_train, y_train, x_test, y_test = data.load("cifar-100")
    assert np.array_equal(x_train, np.tile(np.arange(3072).astype(np.uint8), (3, 1)))
    assert (y_train.tolist(), x_test.shape, y_test.tolist()) == ([42] * 3, (1, 3072), [42])
    assert left_in(cache) == [
        f"cifar-100/cifar-100-binary/{part}.bin" for part in ("test", "train")
    ]


def test_an_archive_with_another_checksum_is_not_opened(server, monkeypatch, cache):
    archive = tarred(CIFAR_100)
    cifar_100(monkeypatch, archive)
    monkeypatch.setenv("GATEGRAD_MIRROR", server.url)
    damaged = bytearray(archive)
    damaged[len(damaged) // 2] ^= 1
    server.content["/cifar-100/cifar-100-binary.tar.gz"] = bytes(damaged)
    message = r"cifar-100-binary\.tar\.gz: not the published file \(md5 is .*, expected"
    with pytest.raises(data.DataUnavailableError, match=message):
        data.load("cifar-100")
    assert left_in(cache) == []


def test_a_cache_that_cannot_be_made(monks, cache):
    cache.write_text("a file")
    with pytest.raises(
        data.DataError, match=r"cannot be written: .*Set GATEGRAD_CACHE to a folder"
    ):
        data.fetch("monks-1")


@pytest.mark.parametrize("name", data.names()[1:])
def test_every_set_has_a_published_home_and_checksums(name):
    source = SOURCES[name]
    assert all(home.base.startswith("http") and home.base.endswith("/") for home in source.homes)
    guarded = all(home.checksum for home in source.homes)
    assert guarded or all(file.checksum for file in source.files)


def test_a_body_that_does_not_end_is_cut_off(monks, cache):
    serve(monks, "/a/", {"monks-1.train": (None, TRAIN * 100_000), "monks-1.test": TEST})
    message = rf"/a/monks-1.train: not the published file \(more than its {len(TRAIN)} bytes\)"
    with pytest.raises(data.DataUnavailableError, match=message):
        data.fetch("monks-1")
    assert left_in(cache) == ["monks/monks-1.test"]


def test_an_archive_of_unknown_size_is_cut_off(server, monkeypatch):
    homes = (Home(f"{server.url}/", "monk.zip"),)
    monkeypatch.setitem(SOURCES, "monks-1", Source("monks", published(FILES), homes))
    monkeypatch.delenv("GATEGRAD_MIRROR")
    monkeypatch.setattr(download, "_LARGEST_UNKNOWN", 1000)
    server.content["/monk.zip"] = (None, bytes(200_000))
    with pytest.raises(data.DataUnavailableError, match="more than its 1,000 bytes"):
        data.fetch("monks-1")


def test_a_body_is_never_unpacked(monks, monkeypatch, cache):
    """Whatever the server calls it: 100 MB would come of these bytes."""
    bomb = gzip.compress(bytes(100_000_000), mtime=0)
    source = Source("monks", published({"monks-1.train": bomb}), SOURCES["monks-1"].homes)
    monkeypatch.setitem(SOURCES, "monks-1", source)
    serve(monks, "/a/", {"monks-1.train": bomb})
    monks.encodes = True
    data.fetch("monks-1")
    assert (cache / "monks" / "monks-1.train").read_bytes() == bomb


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_addresses_of_https_come_first(source):
    safe = [home.base.startswith("https://") for home in source.homes]
    assert safe == sorted(safe, reverse=True)
    assert safe[0]
