"""`gategrad data`."""

import gategrad as gg


def test_list_shows_every_set(gategrad):
    done = gategrad("data", "list")
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(gg.data.names())
    assert lines[1].split() == [
        *("mnist-1bit", "1x28x28", "10", "60,000/10,000", "1.35", "MB"),
        *("CC", "BY-SA", "3.0", "embedded"),
    ]
    assert lines[2].endswith("not here")


def test_list_fits_a_terminal_of_80_columns(gategrad, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = gategrad("data", "list").out.splitlines()
    assert len(lines) == 1 + len(gg.data.names())
    assert not any("…" in line for line in lines)


def test_list_as_json(gategrad):
    sets = gategrad("data", "list", "--json").json["sets"]
    assert [each["name"] for each in sets] == list(gg.data.names())
    assert sets[0]["shape"] == [1, 28, 28]
    assert sets[0]["from"] == "embedded"


def test_fetch_of_the_embedded_set(gategrad):
    assert "(embedded)" in gategrad("data", "fetch", "mnist-1bit").out
    assert gategrad("data", "fetch", "mnist-1bit", "--json").json["from"] == "embedded"


def test_fetch_messages(gategrad, monkeypatch):
    gategrad("data", "fetch", "nope").fails_with("unknown data set 'nope'; known: mnist-1bit")
    gategrad("data", "fetch", "monks-1").fails_with("could not be downloaded")
    monkeypatch.setenv("GATEGRAD_DATA", "/nowhere")
    gategrad("data", "list").fails_with("GATEGRAD_DATA is '/nowhere', which is not a folder")
