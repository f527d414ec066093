"""`docs/cli.md` names verbs, options and keys that exist."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli import test_bench, test_demo, test_train

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
COMMANDS = [
    shlex.split(line, comments=True)
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands_have_the_verbs_and_options_that_they_use(gategrad, command):
    program, *rest = command
    assert program == "gategrad"
    verbs = rest[: 2 if rest[0] == "data" else 1]
    shown = gategrad(*verbs, "--help")
    assert shown.code == 0
    for option in (word for word in rest if word.startswith("-")):
        assert re.search(rf"{option}\b", shown.out), option


def test_keys_of_json_are_listed():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    keys = {verb: set(re.findall(r"`(\w+)`", text)) for verb, text in rows.items()}
    assert keys["train"] == test_train.KEYS
    assert keys["bench"] == test_bench.KEYS
    assert keys["demo"] | test_train.KEYS == test_demo.KEYS | {"train"}
    assert keys["inspect"] == {
        *("neurons", "gates", "adders", "comparators", "depth", "inputs", "classes")
    }
    assert keys["eval"] == {
        *("accuracy", "constant_accuracy", "n", "per_class"),
        *("recall", "precision", "f1", "rows", "unseen", "seen_in_training"),
        *("balanced_accuracy", "macro_f1", "auc", "log_loss", "confusion"),
    }


def test_options_in_the_text_exist(gategrad):
    verbs = ("train", "sweep", "eval", "predict", "bench", "report")
    helps = "".join(gategrad(verb, "--help").out for verb in verbs)
    for option in set(re.findall(r"`(--[a-z-]+)", PAGE)):
        assert option in helps, option
