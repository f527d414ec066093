"""`gategrad train --filters`, and what the other verbs make of such models."""

import gategrad as gg

QUICK = ("--layers", "60x2", "--steps", 3, "--threads", 1)


def test_filters_over_images(gategrad, images, monk_csv, tmp_path):
    """Three planes of 6x6 images, two levels each; every verb knows the model."""
    out, shape = tmp_path / "filtered.gg", ("--image-shape", "6x6", "--batch-size", 16)
    options = ("--filters", "pixels,steps", "--thermometer", 2, *QUICK)
    for more in (("--arch", "compact-2"), ("--connections", "learned", "--radius", 2)):
        done = gategrad("train", images, *options, *more, *shape, "-o", out)
        assert done.code == 0, done.err
        encoder = gg.load(out).encoder
        assert encoder.filters == ("pixel", "across", "down")
        assert gg.load(out).circuit.n_inputs == 2 * 3 * 36
    assert gategrad("inspect", out).code == 0
    assert gategrad("eval", out, "--data", images).code == 0
    bench = gategrad("bench", out, "--seconds", 0.1, "--json")
    assert bench.code == 0, bench.err
    gategrad("bench", out, "--dtype", "float32").fails_with("filters take bytes: give uint8")
    table = gategrad("train", monk_csv, "--target", "answer", "--filters", "steps")
    table.fails_with("--filters are for images")
    unknown = gategrad("train", images, "--filters", "edges", *shape)
    unknown.fails_with("unknown filter 'edges'")
