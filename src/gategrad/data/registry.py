"""What each data set is: names, shapes, classes, licences, citations."""

from dataclasses import dataclass, replace

from gategrad.data import classes
from gategrad.data.errors import DataError


@dataclass(frozen=True)
class Info:
    """One data set.

    Attributes:
        name: what `load` takes.
        title: one line for people.
        shape: of one sample before it is flattened: (channels, height, width), or (columns,).
        classes: label names; label i of y is `classes[i]`.
        n_train: rows of the training part.
        n_test: rows of the test part.
        licence: as its authors state it.
        source: whom to cite.
        size: bytes of the published files that `load` reads (for an archive: unpacked).
        columns: column names of a table, () for images.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    n_train: int
    n_test: int
    licence: str
    source: str
    size: int
    columns: tuple[str, ...] = ()


_LECUN = (
    "Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits; "
    "Y. LeCun et al.: Gradient-based learning applied to document recognition. Proc. IEEE, 1998"
)
_KRIZHEVSKY = "A. Krizhevsky: Learning multiple layers of features from tiny images. 2009"
_NO_LICENCE = "none stated; free for research by custom"
_UCI = "CC BY 4.0"

_MNIST = Info(
    name="mnist",
    title="handwritten digits, 28x28, 8 bits a pixel",
    shape=(1, 28, 28),
    classes=classes.DIGITS,
    n_train=60_000,
    n_test=10_000,
    licence="CC BY-SA 3.0",
    source=_LECUN,
    size=11_594_722,
)

_MONKS_1 = Info(
    name="monks-1",
    title="MONK's problem 1: (a1 = a2) or (a5 = 1)",
    shape=(6,),
    classes=("0", "1"),
    n_train=124,
    n_test=432,
    licence=_UCI,
    source="S. B. Thrun et al.: The MONK's problems. CMU-CS-91-197, 1991; J. Wnek, UCI repository",
    size=13_207,
    columns=("a1", "a2", "a3", "a4", "a5", "a6"),
)

_ADULT_COLUMNS = (
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status"),
    *("occupation", "relationship", "race", "sex", "capital-gain", "capital-loss"),
    *("hours-per-week", "native-country"),
)

_BREAST_CANCER_COLUMNS = (
    *("age", "menopause", "tumor-size", "inv-nodes", "node-caps", "deg-malig"),
    *("breast", "breast-quad", "irradiat"),
)

_ALL = (
    replace(
        _MNIST,
        name="mnist-1bit",
        title="handwritten digits, 28x28, 1 bit a pixel (embedded)",
        size=1_350_468,
    ),
    _MNIST,
    replace(
        _MNIST,
        name="fashion-mnist",
        title="pieces of clothing, 28x28, 8 bits a pixel",
        classes=classes.FASHION,
        licence="MIT",
        source="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST. arXiv:1708.07747, 2017",
        size=30_878_645,
    ),
    Info(
        name="cifar-10",
        title="small colour images of 10 things, 3x32x32, 8 bits a value",
        shape=(3, 32, 32),
        classes=classes.CIFAR_10,
        n_train=50_000,
        n_test=10_000,
        licence=_NO_LICENCE,
        source=_KRIZHEVSKY,
        size=184_380_000,
    ),
    Info(
        name="cifar-100",
        title="small colour images of 100 things, 3x32x32, 8 bits a value",
        shape=(3, 32, 32),
        classes=classes.CIFAR_100,
        n_train=50_000,
        n_test=10_000,
        licence=_NO_LICENCE,
        source=_KRIZHEVSKY,
        size=184_440_000,
    ),
    Info(
        name="adult",
        title="census income: more than 50,000 dollars a year?",
        shape=(14,),
        classes=("<=50K", ">50K"),
        n_train=32_561,
        n_test=16_281,
        licence=_UCI,
        source="B. Becker, R. Kohavi: Adult. UCI repository, 1996",
        size=5_977_458,
        columns=_ADULT_COLUMNS,
    ),
    Info(
        name="breast-cancer",
        title="breast cancer, Ljubljana: does it come back?",
        shape=(9,),
        classes=("no-recurrence-events", "recurrence-events"),
        n_train=215,
        n_test=71,
        licence=_UCI,
        source="M. Zwitter, M. Soklic, University Medical Centre, Ljubljana. UCI repository, 1988",
        size=18_654,
        columns=_BREAST_CANCER_COLUMNS,
    ),
    _MONKS_1,
    replace(
        _MONKS_1,
        name="monks-2",
        title="MONK's problem 2: exactly two attributes are 1",
        n_train=169,
        size=14_273,
    ),
    replace(
        _MONKS_1,
        name="monks-3",
        title="MONK's problem 3: (a5 = 3 and a4 = 1) or (a5 /= 4 and a2 /= 3), 5 % noise",
        n_train=122,
        size=13_146,
    ),
)

_BY_NAME = {entry.name: entry for entry in _ALL}


def names() -> tuple[str, ...]:
    """The names that `load` takes.

    Examples:
        >>> names()[0]
        'mnist-1bit'
    """
    return tuple(_BY_NAME)


def info(name: str) -> Info:
    """What the data set `name` is.

    Raises:
        DataError: there is no such set.

    Examples:
        >>> info("mnist").shape
        (1, 28, 28)
    """
    if name not in _BY_NAME:
        raise DataError(
            f"unknown data set {name!r}; known: {', '.join(names())}. "
            "A file of your own is read by load_file(path)."
        )
    return _BY_NAME[name]
