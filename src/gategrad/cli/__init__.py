"""The command line: one file a verb, torch imported only inside those that train.

app.py       the verbs together, and the entry point
demo.py  train.py  eval.py  predict.py  bench.py  inspect.py  data.py

errors.py         which errors are the user's to mend, and their one sentence
report.py         tables on stdout, notes on stderr, the JSON line
options.py        options that several verbs share; train_options.py  those of train
loading.py        models from files
sources.py        DATA, a set's name or the user's file, as rows to train and to test on
encoders.py       from those rows to bits
fitting.py        networks for those bits, and from a trained one to the saved model
speed.py          rows a second, beside the read limit
digits.py         images as text
"""

import sys
from importlib.util import find_spec

_missing = [name for name in ("typer", "rich") if find_spec(name) is None]
if _missing:

    def main(*, prog_name: str = "gategrad") -> None:
        """Say what the command line needs; ends the process."""
        sys.exit(
            f"error: {prog_name} as a command needs {' and '.join(_missing)}: "
            "pip install 'gategrad[cli]'"
        )

    __all__ = ["main"]
else:
    from gategrad.cli.app import app, main

    __all__ = ["app", "main"]
