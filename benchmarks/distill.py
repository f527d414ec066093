"""From trained networks to gates: exactly on a table, and on MNIST against students from scratch.

    python -m benchmarks.distill exact [--data adult]
    python -m benchmarks.distill teacher cnn     # or mlp, of 1-bit MNIST; or cifar
    python -m benchmarks.distill mnist cnn --seeds 0 1 2
    python -m benchmarks.distill cifar           # a dense network by labels alone, and by a teacher
    python -m benchmarks.distill report          # writes the tables of docs/distill.md

`mnist` makes four students of a teacher, all of the same layers and candidate wires: layer by
layer, the same trained end to end, and from scratch by labels alone and by labels and the teacher's
soft targets. Students from scratch take as many steps as all stages together. What is recorded is
skipped, and what was interrupted goes on from its checkpoint.
"""

import argparse

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import distill_report, distill_students, distill_teachers
from benchmarks.machine import describe
from gategrad import distill
from gategrad.cli.encoders import choose_encoder
from gategrad.cli.sources import load_source
from gategrad.distill import Sizes

SIZES = (Sizes((32, 16), 4, 2, 4, 8), Sizes((64, 32), 5, 2, 5, 12))


def main() -> None:
    """Do what the arguments say."""
    options = _options()
    print(describe(), flush=True)
    torch.set_num_threads(options.threads)
    if options.what == "exact":
        exact_table(options.data)
    elif options.what == "teacher":
        distill_teachers.train_teacher(options.kind, options.epochs)
    elif options.what == "mnist":
        for seed in options.seeds:
            distill_students.students(options.teacher, seed)
    elif options.what == "cifar":
        for seed in options.seeds:
            distill_students.taught_and_not(seed)
    else:
        distill_report.report()


def exact_table(name: str) -> None:
    """Sparse quantized MLPs as circuits: neurons, tables, gates, and rows whose sums are equal."""
    source = load_source(name)
    encoder = choose_encoder(source)
    for sizes in SIZES:
        x, y = source.x_train, source.y_train
        trained = distill.sparse_mlp(x, y, encoder=encoder, sizes=sizes, steps=1500)
        for rows in (None, x):
            found = distill.exact(trained.net, encoder=encoder, rows=rows)
            test = (found.model.program().labels(source.x_test) == source.y_test).mean()
            equal = [_equal(trained, found, part) for part in (x, source.x_test)]
            what = "everywhere" if rows is None else "don't-cares"
            print(
                f"{name} {sizes.widths} {what}: test {test:.2%}, {found.neurons} neurons, "
                f"{found.luts} tables, {found.gates} gates, equal rows {equal}"
            )


def _equal(trained: distill.SparseMlp, found: distill.Exact, x: NDArray) -> int:
    bits = torch.from_numpy(trained.encoder.encode(x).view(np.uint8))
    with torch.no_grad():
        wanted = torch.cat([trained.net.codes(part)[-1] for part in bits.split(8192)])
    return int((found.model.sums(x) == wanted.long().numpy()).all(1).sum())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    verbs = parser.add_subparsers(dest="what", required=True)
    verbs.add_parser("exact").add_argument("--data", default="adult")
    teacher = verbs.add_parser("teacher")
    teacher.add_argument("kind", choices=distill_teachers.NETWORKS)
    teacher.add_argument("--epochs", type=int)
    mnist = verbs.add_parser("mnist")
    mnist.add_argument("teacher", choices=distill_students.STUDENTS)
    for verb in (mnist, verbs.add_parser("cifar")):
        verb.add_argument("--seeds", type=int, nargs="+", default=[0])
    verbs.add_parser("report")
    return parser.parse_args()


if __name__ == "__main__":
    main()
