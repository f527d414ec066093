"""The published files of each data set: names, checksums, addresses."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedFile:
    """A file that a loader reads.

    Attributes:
        name: path below the set's folder, as published.
        checksum: "md5:..." or "sha256:..."; None where its authors publish none.
        size: bytes.
    """

    name: str
    checksum: str | None
    size: int


@dataclass(frozen=True)
class Home:
    """An address at which the files of a set are published.

    Attributes:
        base: address of a folder, ending in "/".
        archive: the archive in it that holds all files; None: the files lie there one by one.
        checksum: of the archive; None where its publisher remakes it (the members have their own).
        size: bytes of the archive as published; 0 if unknown.
    """

    base: str
    archive: str | None = None
    checksum: str | None = None
    size: int = 0


@dataclass(frozen=True)
class Source:
    """Where a data set comes from: its folder's name, its files, its homes in the order to try."""

    folder: str
    files: tuple[PublishedFile, ...]
    homes: tuple[Home, ...]


def _idx(folder: str, sums_and_sizes: tuple[tuple[str, int], ...], *bases: str) -> Source:
    published = (
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    )
    files = tuple(
        PublishedFile(name, f"md5:{md5}", size)
        for name, (md5, size) in zip(published, sums_and_sizes, strict=True)
    )
    return Source(folder, files, tuple(Home(base) for base in bases))


def _cifar(folder: str, archive: str, md5: str, size: int, *files: PublishedFile) -> Source:
    bases = ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/")
    homes = tuple(Home(base, archive, f"md5:{md5}", size) for base in bases)
    return Source(folder, files, homes)


def _cifar_10_batch(name: str, md5: str) -> PublishedFile:
    return PublishedFile(f"cifar-10-batches-bin/{name}.bin", f"md5:{md5}", 30_730_000)


def _uci(folder: str, number: int, archive: str, old_folder: str, *files: PublishedFile) -> Source:
    site = "https://archive.ics.uci.edu/"
    zipped = Home(f"{site}static/public/{number}/", archive)
    return Source(
        folder, files, (zipped, Home(f"{site}ml/machine-learning-databases/{old_folder}/"))
    )


def _monks(problem: int, train_md5: str, train_size: int, test_md5: str) -> Source:
    return _uci(
        *("monks", 70, "monk+s+problems.zip", "monks-problems"),
        PublishedFile(f"monks-{problem}.train", f"md5:{train_md5}", train_size),
        PublishedFile(f"monks-{problem}.test", f"md5:{test_md5}", 10_260),
    )


SOURCES = {
    "mnist": _idx(
        "mnist",
        (
            ("f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
            ("d53e105ee54ea40749a09fcbcd1e9432", 28_881),
            ("9fb629c4189551a2d022fa330f9573f3", 1_648_877),
            ("ec29112dd5afa0611ce80d1b7f02629c", 4_542),
        ),
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion-mnist": _idx(
        "fashion-mnist",
        (
            ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
            ("25c81989df183df01b3e8a0aad5dffbe", 29_515),
            ("bef4ecab320f06d8554ea6380940ec79", 4_422_102),
            ("bb300cfdad3c16e7a12a480ee83cd310", 5_148),
        ),
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        # This host speaks no https.
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    "cifar-10": _cifar(
        *("cifar-10", "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 170_052_171),
        _cifar_10_batch("data_batch_1", "5dd7e06a14cb22eb9f671a540d1b7c25"),
        _cifar_10_batch("data_batch_2", "5ea93a67294ea407fff1d09f752e9692"),
        _cifar_10_batch("data_batch_3", "942cd6a4bcdd0dd3c604fbe906cb4421"),
        _cifar_10_batch("data_batch_4", "ae636b3ba5c66a11e91e8cb52e771fcb"),
        _cifar_10_batch("data_batch_5", "53f37980c15c3d472c316c40844f3f0d"),
        _cifar_10_batch("test_batch", "803d5f7f4d78ea53de84dbe85f74fb6d"),
    ),
    "cifar-100": _cifar(
        *("cifar-100", "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", 168_513_733),
        PublishedFile("cifar-100-binary/train.bin", None, 153_700_000),
        PublishedFile("cifar-100-binary/test.bin", None, 30_740_000),
    ),
    "adult": _uci(
        *("adult", 2, "adult.zip", "adult"),
        PublishedFile("adult.data", "md5:5d7c39d7b8804f071cdd1f2a7c460872", 3_974_305),
        PublishedFile("adult.test", "md5:35238206dfdf7f1fe215bbb874adecdc", 2_003_153),
    ),
    "breast-cancer": _uci(
        *("breast-cancer", 14, "breast+cancer.zip", "breast-cancer"),
        PublishedFile("breast-cancer.data", "md5:d887db31e2b99e39c4b7fc79d2f36a3a", 18_654),
    ),
    "monks-1": _monks(
        1, "fc1fc3a673e00908325c67cf16283335", 2_947, "de4255acb72fb29be5125a7c874e28a0"
    ),
    "monks-2": _monks(
        2, "f109ee3f95805745af6cdff06d6fbc94", 4_013, "106cb9049ba5ccd7969a0bd5ff19681d"
    ),
    "monks-3": _monks(
        3, "613e44dbb8ffdf54d364bd91e4e74afd", 2_886, "46815731e31c07f89422cf60de8738e7"
    ),
}
