"""C for microcontrollers, compiled for this computer: the model's sums and decisions."""

import re
import shutil

import pytest

from gategrad import export
from gategrad.encoding import Thermometer
from gategrad.export.verify import verify
from tests.export.models import KINDS, odd_models, random_model
from tests.export.test_c import FLAGS

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler")


def _verified(model, folder, monkeypatch, **options):
    """What `verify` says of the form for microcontrollers, compiled with all warnings."""
    flags = folder / "cc"
    flags.write_text(f'#!/bin/sh\nexec gcc {" ".join(FLAGS)} "$@"\n')
    flags.chmod(0o755)
    monkeypatch.setenv("GATEGRAD_CC", str(flags))
    export.c(model, profile="mcu", **options).write(folder)
    return verify(model, folder / "model.c", n_random=3000)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_proven(tmp_path, monkeypatch, kind) -> None:
    verdict = _verified(random_model(kind, width=4), tmp_path, monkeypatch)
    whole = "sums" if kind == "regression" else "sums and labels"
    assert verdict.proven == (f"{whole} of model.c: equal for all 4,096 rows",)
    assert (tmp_path / "main.c").exists() == (kind != "regression")


@pytest.mark.parametrize("name", odd_models())
def test_odd_circuits(tmp_path, monkeypatch, name) -> None:
    assert _verified(odd_models()[name], tmp_path, monkeypatch).proven


@pytest.mark.parametrize("rows", ["uint8", "int16", "int32"])
def test_encoders(tmp_path, monkeypatch, rows) -> None:
    encoder = Thermometer.fixed([-40000, -1, 0, 127.5, 255, 300], 20)
    model = random_model(encoder=encoder)
    assert _verified(model, tmp_path, monkeypatch, rows=rows).tested


def test_the_header_says_what_it_takes() -> None:
    model = random_model(n_inputs=12, gates=60)
    made = export.c(model, profile="mcu")
    assert "float" not in made["model.c"] + made["model.h"]
    # A bit for each of 12 inputs, 2 constants and 60 gates.
    assert "#define MODEL_RAM_BYTES 10\n" in made["model.h"]
    sizes = {"uint8_t": 1, "uint16_t": 2, "uint32_t": 4, "model_value": 1, "model_slot": 2}
    arrays = re.findall(r"static const (\w+) \w+\[\] MODEL_FLASH = \{([^}]*)\}", made["model.c"])
    assert len(arrays) == 11
    total = sum(sizes[kind] * len(values.split(",")) for kind, values in arrays)
    assert f"#define MODEL_FLASH_BYTES {total}\n" in made["model.h"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": "float32"}, "rows='float32' needs floating point, which profile='mcu' leaves"),
        ({"word": "uint8"}, "word and style are for profile='host'"),
        ({"profile": "big"}, "unknown profile 'big'; known: host, mcu"),
    ],
)
def test_messages(options, message) -> None:
    with pytest.raises(export.ExportError, match=message):
        export.c(random_model(), **({"profile": "mcu"} | options))
