"""The program main.c: what it reads and prints."""

import numpy as np

from gategrad.export.source import Source


def _quoted(label: str | int) -> str:
    """A label as a C string; bytes that are no plain text as octal escapes, `?` apart."""
    escaped = (
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in str(label).encode("utf-8", "surrogateescape")
    )
    return '"' + "".join(escaped) + '"'


def label_macros(upper: str, model: Source) -> str:
    """A macro for the names of the classes, where they have any."""
    labels = model.labels
    if labels is None:
        return ""
    texts = ", ".join(_quoted(label) for label in labels)
    comment = "/* Names of the classes, to initialize an array of char pointers. */"
    return f"{comment}\n#define {upper}_LABELS {{{texts}}}"


def main_values(upper: str, model: Source, rows: str) -> dict[str, str]:
    """What main.c reads, by the type of values, and prints, by the kind of decision."""
    kind = model.readout.kind
    many = kind in ("multilabel", "regression")
    named = model.labels is not None and not many
    return _parsing(np.dtype(rows)) | {
        "labels_a_row": f"{upper}_CLASSES" if many else "1",
        "label_table": f"static const char *const names[] = {upper}_LABELS;" if named else "",
        "print": _printing(kind, upper, named=named),
    }


def _parsing(dtype: np.dtype) -> dict[str, str]:
    if dtype.kind == "f":
        return {"number": "double", "parse": "strtod(*text, &end)", "range_check": ""}
    limits = np.iinfo(dtype)
    outside = f" || number < {limits.min} || number > {limits.max}"
    return {"number": "long", "parse": "strtol(*text, &end, 10)", "range_check": outside}


def _printing(kind: str, upper: str, *, named: bool) -> str:
    if named:
        return "puts(names[label[0]]);"
    if kind not in ("multilabel", "regression"):
        return 'printf("%ld\\n", (long)label[0]);'
    form, number = ("%.9g", "double") if kind == "regression" else ("%ld", "long")
    return (
        f"for (i = 0; i < {upper}_CLASSES; ++i)\n"
        f'      printf("%s{form}", i ? " " : "", ({number})label[i]);\n'
        "    putchar('\\n');"
    )
