"""Score a folder of Parquet files on all machines of a Ray cluster.

    pip install 'gategrad[ray]'
    python examples/ray_parquet.py model.gg rows/ labels/ --keep id

Folders may be `s3://` or `gs://` too. Without a cluster Ray uses the cores of this machine.
"""

import argparse
from collections.abc import Sequence

import ray

import gategrad as gg
from gategrad.ray import predict


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, predict and write, block by block."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a .gg file")
    parser.add_argument("rows", help="a folder of Parquet files")
    parser.add_argument("labels", help="the folder to write; should be new")
    parser.add_argument("--keep", nargs="*", help="columns to hand on; all by default")
    parser.add_argument("--workers", type=int, help="the most processes; all cores by default")
    options = parser.parse_args(arguments)
    ray.init(ignore_reinit_error=True)  # RAY_ADDRESS names a cluster
    rows = ray.data.read_parquet(options.rows)
    labelled = predict(rows, gg.load(options.model), workers=options.workers, keep=options.keep)
    labelled.write_parquet(options.labels)


if __name__ == "__main__":
    main()
