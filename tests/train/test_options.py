"""Options are declared once: who must know each of them, and that none is spelled differently."""

import importlib
import inspect
import pkgutil
from dataclasses import fields

import pytest
import typer.main

import gategrad.cli
import gategrad.options
from gategrad import train
from gategrad.cli import app
from gategrad.cli.recipe_options import flag
from gategrad.nn.gates.gate_sets import GATE_SETS
from gategrad.options import (
    GROUPS,
    DataOptions,
    NetworkOptions,
    TrainingOptions,
    gathered,
    network,
    options_of,
)
from gategrad.train import Recipe
from gategrad.train.plan import make_plan
from gategrad.train.sweep import KNOBS

KNOWN = {name: about for group in GROUPS.values() for name, about in options_of(group).items()}
# Values other than the defaults, of the kinds that a recipe takes.
OTHERS = {int: 5, float: 0.25, str: "other", bool: True}
TEXTS = {"augment": 3, "candidates": "all", "anneal": (1.0, 0.1), "freeze": (0.3, 0.8)}


def other(name):
    """A value that is no default of this option."""
    return TEXTS.get(name, OTHERS[KNOWN[name].kind])


@pytest.fixture(scope="module")
def commands():
    return typer.main.get_command(app).commands


def test_a_recipe_has_the_options_and_no_other():
    assert list(options_of(Recipe)) == list(KNOWN)
    # Whose widths they are is no option.
    assert {field.name for field in fields(Recipe)} - set(KNOWN) == {"rounds"}


@pytest.mark.parametrize("name", KNOWN)
def test_the_command_line_knows(name, commands):
    (found,) = [p for p in commands["train"].params if p.name == name]
    assert flag(name) in found.opts
    assert found.default is None
    assert found.help.startswith(KNOWN[name].help)


@pytest.mark.parametrize("name", KNOWN)
def test_recipe_and_record_know(name):
    recipe = Recipe().but(**{name: other(name)})
    value = other(name)
    assert getattr(recipe, name) == value
    assert recipe.settings() == {name: list(value) if isinstance(value, tuple) else value}
    assert f"{name}={value!r}" in repr(recipe)


@pytest.mark.parametrize(
    ("function", "group", "differing"),
    [
        (train.build_network, NetworkOptions, {"layers", "connections"}),
        (train.fit, TrainingOptions, set()),
    ],
)
def test_public_functions_spell_them_with_the_same_defaults(function, group, differing):
    parameters = inspect.signature(function).parameters
    for field in fields(group):
        assert parameters[field.name].kind is inspect.Parameter.KEYWORD_ONLY
        if field.name not in differing:
            assert parameters[field.name].default == field.default, field.name


def test_checkpoints_note_what_a_run_that_goes_on_must_share():
    plan = make_plan(1000, TrainingOptions(steps=40, lr=0.5, patience=3), seed=7)
    assert plan.notes() == {
        "schedule": "cosine",
        "batch_size": 128,
        "steps": 40,
        "eval_every": 2,
        "grad_clip": None,
        "ema": None,
        "metric": None,
        "gate_penalty": 0.0,
        "seed": 7,
        "resample_every": None,
    }


def test_knobs_are_the_options_with_a_range():
    assert set(KNOBS) == {name for name, about in KNOWN.items() if about.sweep}
    ranks = [KNOWN[name].sweep.rank for name in KNOBS]
    assert ranks == sorted(set(ranks))


def test_sets_of_gates_are_those_of_nn():
    assert set(network.GATE_SETS) == set(GATE_SETS)


def test_gathering_misses_nothing():
    assert gathered(DataOptions, Recipe(shift=3.0)) == DataOptions(shift=3.0)
    with pytest.raises(KeyError, match="spacing"):
        gathered(DataOptions, {"thermometer": 1})


def test_options_that_do_nothing_are_named():
    recipe = Recipe(share=0.5, rotation=3.0, wiring_lr=0.1)
    assert recipe.idle(("share", "rotation", "lr", "wiring_lr")) == {
        "share": "images that are warped anew at every step, augment online",
        "rotation": "warped images, which augment asks for",
        "wiring_lr": "learned wiring, connections learned",
    }
    assert Recipe(augment="online", connections="learned").idle(tuple(KNOBS)) == {
        "thermometer": "rows of numbers"
    }


def test_no_signature_is_longer_than_ten_below_the_public_ones():
    """In the packages that options pass through; `train.__all__`, studies and verbs are public."""
    public = {*train.__all__, "run_study", "run"}
    for package in (gategrad.train, gategrad.cli, gategrad.options):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, made in inspect.getmembers(module, inspect.isfunction):
                if made.__module__ == module.__name__ and name not in public:
                    count = len(inspect.signature(made).parameters)
                    assert count <= 10, f"{found.name}.{name} has {count}"
