"""A record to vary."""

from dataclasses import replace

from gategrad.records import Record

RECORD = Record(
    data="mnist-1bit",
    preset="small",
    options={"lr": 0.1, "gate_penalty": 0.5},
    settings={"layers": "400x2", "lr": 0.1, "gate_penalty": 0.5},
    seed=0,
    validation_hard=0.98,
    validation_soft=0.97,
    test_hard=0.981,
    test_soft=0.979,
    neurons=8000,
    gates=4000,
    steps=1000,
    best_step=900,
    seconds=90.0,
    total_seconds=120.0,
    resumed=False,
    threads=2,
    machine="AMD EPYC, 2 cores",
    gategrad="0.1.0",
    torch="2.13.0",
)
PLAIN = replace(RECORD, options={}, settings={"layers": "400x2"})


def seeds(*reached, of=RECORD):
    """One record a test accuracy, of seeds 0, 1, ..."""
    return [
        replace(of, seed=seed, test_hard=accuracy, gates=4000 + 100 * seed)
        for seed, accuracy in enumerate(reached)
    ]
