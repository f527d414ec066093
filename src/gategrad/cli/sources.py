"""DATA on the command line: a set's name or the user's own file, as a training and a test part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gategrad import data
from gategrad.cli.errors import CommandError
from gategrad.cli.loading import target_names
from gategrad.cli.own_test_part import tested_on
from gategrad.cli.seen import Seen, content_digest, row_hashes, seen, sketch
from gategrad.data import formats
from gategrad.data.columns import Taken
from gategrad.files.wanted import Wanted
from gategrad.model import Model

# A file without a test part is split the same way by every verb, whatever the training's seed.
TEST_SHARE, SPLIT_SEED = 0.25, 0

# Numbers of a set whose rows are compared; more would take seconds.
_MOST_COMPARED = 20_000_000

# What `--task` trains for: the kind of the head, and how a file's targets are read.
TASKS = {
    "classification": ("argmax", "classes"),
    "binary": ("binary", "classes"),
    "multilabel": ("multilabel", "labels"),
    "regression": ("regression", "numbers"),
}


@dataclass(frozen=True)
class Source:
    """Rows and labels.

    Attributes:
        name: as the user gave it; without its folders where that is an absolute path.
        x_train: (n, features) bool, uint8, float32, float64, or object (float or str).
        y_train: (n,) int64, indices into `classes`; (n, k) for labels and numbers.
        x_test: rows to test on.
        y_test: labels of x_test.
        classes: label names; for labels and numbers the names of the targets.
        test_part: what the rows to test on are, for people.
        image_shape: (channels, height, width) where rows are flattened images.
        columns: names of a table's columns, () where rows are no table.
        categories: the columns among them whose numbers are categories.
        kind: of the head to train: argmax, binary, multilabel or regression.
        labels: the classes as the model gives them back, integers or text.
        taken: what each column of a table was taken for.
        notes: sentences about the file for people.
        dates: the columns that are dates.
        whole: a checksum of a file's rows and labels, before they were split; None for a set.
    """

    name: str
    x_train: NDArray
    y_train: NDArray
    x_test: NDArray
    y_test: NDArray
    classes: tuple[str, ...]
    test_part: str
    image_shape: tuple[int, ...] | None = None
    columns: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    kind: str = "argmax"
    labels: tuple[int, ...] | tuple[str, ...] = ()
    taken: tuple[Taken, ...] = ()
    notes: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    whole: str | None = None

    @property
    def n_scores(self) -> int:
        """Scores that the head gives a row."""
        return 1 if self.kind == "binary" else len(self.classes)


def is_file(name: str) -> bool:
    """Whether DATA names a file rather than a set."""
    if name in data.names():
        return False
    return Path(name) == formats.STDIN or Path(name).suffix != "" or Path(name).exists()


def model_stem(name: str) -> str:
    """The name of a model of these data: without folders and ending."""
    path = Path(name)
    if path == formats.STDIN:
        return "model"
    end = formats.suffix(path)
    return path.name[: len(path.name) - len(end)] if is_file(name) and end else path.stem


def check_name(name: str) -> None:
    """Raise CommandError where DATA is neither a set's name nor that of a file."""
    if not is_file(name) and name not in data.names():
        raise CommandError(
            f"unknown data set {name!r}; known: {', '.join(data.names())}; "
            "a file of your own ends in .npz or .csv (or .tsv, .csv.gz, .parquet, .arrow, .feather)"
        )


def load_source(
    name: str,
    *,
    target: str | None = None,
    categories: Sequence[str] = (),
    task: str = "classification",
    ignore: Sequence[str] = (),
    decimal: str | None = None,
    gaps: bool = False,
    test: str | None = None,
) -> Source:
    """The set or file `name`, to train on.

    Args:
        name: a set's name, or a file as `gategrad.data.load_file` takes it.
        target: column of labels, only for a table.
        categories: columns of a table whose numbers are categories.
        task: a name among `TASKS`.
        ignore: columns of a table to leave out.
        decimal: of a `.csv`, see `gategrad.data.load_file`.
        gaps: whether cells of a table may be missing.
        test: a file to test on, of the same columns and classes.

    Raises:
        DataError: no such set, or a file that isn't as it should be.
        CommandError: an option of a `.csv` for something else, or a task that the data is not for.
    """
    check_name(name)
    if task not in TASKS:
        raise CommandError(f"--task is {task!r}; known: {', '.join(TASKS)}")
    if is_file(name):
        own = data.load_file(
            name,
            target=target,
            categories=tuple(categories),
            targets=TASKS[task][1],
            ignore=tuple(ignore),
            decimal=decimal,
            gaps=gaps,
        )
        if test is not None:
            own = tested_on(
                own, test, target=target, targets=TASKS[task][1], decimal=decimal, gaps=gaps
            )
        source = _from_file(Path(name), own, categories)
        if test is not None:
            source = replace(source, test_part=f"all rows of {test}")
    else:
        if test is not None:
            raise CommandError(
                f"--test is for files, and the set {name} has a test part of its own"
            )
        _refuse_table_options(name, target, categories, ignore, decimal)
        source = _from_set(name, task)
    if task == "binary" and len(source.classes) != 2:
        raise CommandError(
            f"--task binary is for two classes, and {name} has {len(source.classes)}; "
            "leave it out for one of several classes"
        )
    return replace(source, kind=TASKS[task][0])


def _refuse_table_options(name: str, target: str | None, *others: object) -> None:
    if target is not None or any(others):
        raise CommandError(
            "--target and --category are for .csv files, not for the set "
            f"{name}; so are --ignore and --decimal"
        )


def image_shape_of(name: str) -> tuple[int, ...] | None:
    """(channels, height, width) of a set of images; None of tables and files."""
    info = None if is_file(name) else data.info(name)
    return None if info is None or info.columns else info.shape


def _from_set(name: str, task: str) -> Source:
    info = data.info(name)
    if TASKS[task][1] != "classes":
        raise CommandError(
            f"--task {task} needs a .npz or .csv of your own; the set {name} has classes"
        )
    parts = data.load(name)
    coded = info.columns if info.columns and parts[0].dtype.kind in "iu" else ()
    return Source(
        name,
        *parts,
        classes=info.classes,
        test_part="published test part",
        image_shape=image_shape_of(name),
        columns=info.columns,
        categories=coded,
    )


@dataclass(frozen=True)
class Tested:
    """Rows to test a model on.

    Attributes:
        x: (n, features).
        y: their labels in the model's order of classes, -1 for one that it doesn't know.
        what: what they are, for people.
        seen: how many of them were trained on, None where nobody knows.
        notes: sentences about the file.
    """

    x: NDArray
    y: NDArray
    what: str
    seen: Seen | None = None
    notes: tuple[str, ...] = ()


def load_test(
    name: str, *, model: Model, target: str | None = None, decimal: str | None = None
) -> Tested:
    """Rows to test a model on.

    That is the test part of a set or of a file that has one; of a file in one part all rows, or
    those that `train` held out if the model was trained on it, which the rows themselves tell.

    Raises:
        DataError: no such set, or a file that isn't as it should be.
        CommandError: other classes than the model's, or targets of another kind.
    """
    names = target_names(model)
    if not is_file(name):
        if model.readout.kind in ("multilabel", "regression"):
            raise CommandError(
                f"the set {name} has classes, and the model is for {model.readout.kind}; name a "
                ".npz or .csv by --data"
            )
        source = load_source(name, target=target)
        if (model.labels is not None or len(names) != len(source.classes)) and (
            names != source.classes
        ):
            raise CommandError(
                f"the model's classes are {few(names)}, those of {name} are "
                f"{few(source.classes)}; name a set with the model's classes by --data"
            )
        return Tested(source.x_test, source.y_test, source.test_part)
    return _tested(Path(name), _load_own(Path(name), model, target, decimal), model)


def load_training(
    name: str, *, model: Model, target: str | None = None, decimal: str | None = None
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """x_train, y_train, x_test, y_test for a model that is there, split as `train` did it.

    Raises:
        DataError: no such set, or a file that isn't as it should be.
        CommandError: a column is named for a set, or the file that `train --test` named is gone.
    """
    if not is_file(name):
        source = load_source(name, target=target, decimal=decimal)
        return source.x_train, source.y_train, source.x_test, source.y_test
    own = _load_own(Path(name), model, target, decimal)
    if own.x_test is not None:
        return own.x_train, own.y_train, own.x_test, own.y_test
    if "test" not in model.meta or not _is_training_file(Path(name), model):
        return held_out(own.x_train, own.y_train)
    test = Path(model.meta["test"])
    if not test.exists():
        raise CommandError(
            f"all rows of {name} were trained on, and {test}, which the model was tested on, is "
            "not there; put it there, or name other rows by --data"
        )
    tested = _load_own(test, model, target, decimal)
    return own.x_train, own.y_train, tested.x_train, tested.y_train


def _is_training_file(path: Path, model: Model) -> bool:
    return path.name == _base(model.meta.get("data", ""))


def _load_own(path: Path, model: Model, target: str | None, decimal: str | None) -> data.OwnData:
    """A file as a model's: by its columns, its classes and its kind of targets."""
    targets = "classes"
    if model.readout.kind in ("multilabel", "regression"):
        targets = dict(TASKS.values())[model.readout.kind]
    columns, categories = None, ()
    if formats.is_table(path):
        target = model.meta.get("target") if target is None else target
        decimal = model.meta.get("decimal") if decimal is None else decimal
        columns, categories = table_columns(model)
    return data.load_file(
        path,
        target=target,
        columns=columns,
        categories=categories,
        classes=target_names(model),
        targets=targets,
        decimal=decimal,
        unseen="count",
        gaps=Wanted.by(model).gaps,
    )


def _tested(path: Path, own: data.OwnData, model: Model) -> Tested:
    """The rows of a file that are to be tested on."""
    if own.x_test is not None:
        x, y, what = own.x_test, own.y_test, "the file's test part"
    else:
        x, y, what = own.x_train, own.y_train, "all rows"
        known = model.meta.get("data_sha256")
        here = _is_training_file(path, model) and "test" not in model.meta
        if here and (known is None or known == content_digest(row_hashes(x), y)):
            x, y = held_out(x, y)[2:]
            what = _held_out_text(path)
        elif here:
            what = "all rows: the file is not as it was when the model was trained"
        if here and known is None:
            what += ", if the file is as it was"
    return Tested(x, y, what, seen(model.meta, row_hashes(x)), own.notes)


def _base(name: str) -> str:
    return Path(name).name


def held_out(x: NDArray, y: NDArray) -> tuple[NDArray, ...]:
    """x_train, y_train, x_test, y_test of a file that has one part."""
    return data.split(x, y, test=TEST_SHARE, seed=SPLIT_SEED)


def rows_meta(source: Source) -> dict[str, str]:
    """What a model's meta says of the rows that it was trained on, for `load_test`."""
    if source.whole is None:
        return {}
    return sketch(row_hashes(source.x_train)) | {"data_sha256": source.whole}


def doubled(source: Source) -> Seen | None:
    """How many rows to test on are equal to some that are trained on; None for many numbers."""
    if source.x_train.size + source.x_test.size > _MOST_COMPARED or not len(source.x_test):
        return None
    same = np.isin(row_hashes(source.x_test), row_hashes(source.x_train))
    return Seen(float(same.mean()), exact=True)


def table_columns(model: Model) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The columns of a `.csv` that a model takes, and those among them that hold text.

    Returns:
        `(columns, categories)`; `(None, ())` for a model that knows no names.
    """
    wanted = Wanted.by(model)
    if wanted.names is None:
        return None, ()
    return wanted.names, tuple(wanted.names[place] for place in wanted.texts)


def _from_file(path: Path, own: data.OwnData, categories: Sequence[str]) -> Source:
    parts, what = (own.x_train, own.y_train, own.x_test, own.y_test), "the file's test part"
    if own.x_test is None:
        parts, what = held_out(own.x_train, own.y_train), _held_out_text(path)
    whole = (own.x_train, own.y_train) if own.x_test is None else parts[:2]
    return Source(
        _name(path),
        *parts,
        classes=own.classes,
        test_part=what,
        columns=own.columns,
        categories=tuple(categories),
        labels=own.labels,
        taken=own.taken,
        notes=own.notes,
        dates=own.dates,
        whole=content_digest(row_hashes(whole[0]), whole[1]),
    )


def _name(path: Path) -> str:
    """The file as models keep it, in valid text whatever the file system has."""
    name = path.name if path.is_absolute() else path.as_posix()
    return (
        formats.name_of(path) if path == formats.STDIN else name.encode(errors="replace").decode()
    )


def _held_out_text(path: Path) -> str:
    name = formats.name_of(path) if path == formats.STDIN else path.name
    return f"a quarter of {name}, held out of training"


def few(names: Sequence[object]) -> str:
    """The first of some names, for messages."""
    return ", ".join(map(str, names[:10])) + (", ..." if len(names) > 10 else "")
