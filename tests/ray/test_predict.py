"""A cluster of processes on this machine predicts a folder of Parquet files: each row once."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gategrad.files import FileError
from tests.files.examples import table_model, table_rows

pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("ray", reason="needs gategrad[ray]")

import pyarrow as pa
import pyarrow.parquet as pq
import ray

from gategrad.ray import Predictor, predict

FILES, ROWS = 12, 500
# Ray's own, of what it is installed with.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray gives its workers a low priority, with which they would wait for all else that runs here.
    os.environ |= {"RAY_worker_niceness": "0"}
    ray.init(
        num_cpus=4, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of rows for `table_model`, each with a number of its own."""
    path = tmp_path_factory.mktemp("rows")
    for i in range(FILES):
        x = table_rows(ROWS)
        columns = {"id": np.arange(i * ROWS, (i + 1) * ROWS), "age": x[:, 0].astype(float)}
        columns |= {"colour": x[:, 1].tolist(), "zip": x[:, 2].tolist()}
        pq.write_table(pa.table(columns), path / f"{i}.parquet")
    return path


def _expected() -> np.ndarray:
    return np.tile(table_model().predict(table_rows(ROWS)), FILES)


def _labels(path: Path) -> np.ndarray:
    """By the rows' numbers, which must all be there once."""
    found = pq.read_table(path).to_pydict()
    assert list(found) == ["id", "label"]
    assert sorted(found["id"]) == list(range(FILES * ROWS))
    return np.array(found["label"])[np.argsort(found["id"])]


def _by(work: Callable[[pa.Table, Callable], pa.Table]) -> type:
    """A predictor that does `work`; workers get it by value, for they don't import tests."""

    class Working(Predictor):
        def __call__(self, table: pa.Table) -> pa.Table:
            return work(table, super().__call__)

    return Working


def _dying(marker: Path) -> type:
    """The first worker that has predicted a block is killed before it hands it on."""

    def die_once(table: pa.Table, decide: Callable) -> pa.Table:
        decided = decide(table)
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            return decided
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    return _by(die_once)


def test_a_folder_is_predicted_as_the_model_predicts_it(folder: Path, tmp_path: Path) -> None:
    rows = ray.data.read_parquet(str(folder))
    predict(rows, table_model(), keep=["id"]).write_parquet(str(tmp_path / "out"))
    assert np.array_equal(_labels(tmp_path / "out"), _expected())


def _of_blocks(folder: Path) -> ray.data.Dataset:
    """A block a file; Ray's reader would make one of all that are so small."""
    return ray.data.from_arrow([pq.read_table(path) for path in sorted(folder.iterdir())])


@pytest.mark.parametrize("source", ["files", "blocks"])
def test_a_killed_worker_loses_and_doubles_nothing(
    source: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "one was killed"
    monkeypatch.setattr(sys.modules["gategrad.ray.predict"], "Predictor", _dying(marker))
    rows = ray.data.read_parquet(str(folder)) if source == "files" else _of_blocks(folder)
    predict(rows, table_model(), workers=3, keep=["id"]).write_parquet(str(tmp_path / "out"))
    assert marker.exists()
    assert np.array_equal(_labels(tmp_path / "out"), _expected())


def test_several_processes_share_the_rows_and_one_model(folder: Path) -> None:
    def with_process(table: pa.Table, decide: Callable) -> pa.Table:
        pids = pa.array([os.getpid()] * len(table))
        return decide(table).append_column("process", pids)

    done = _of_blocks(folder).map_batches(
        _by(with_process),
        fn_constructor_args=(ray.put(table_model()),),
        batch_format="pyarrow",
        batch_size=None,
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    assert len(done.unique("process")) == 2


def test_scores_and_a_category_that_is_unknown(folder: Path) -> None:
    rows = ray.data.read_parquet(str(folder)).limit(5)
    found = predict(rows, table_model(), keep=[], scores=True).to_pandas()
    assert list(found.columns) == ["0", "1"]
    assert np.array_equal(found.to_numpy(), table_model().scores(table_rows(ROWS)[:5]))


def test_what_is_wrong_is_said_before_workers_start(folder: Path) -> None:
    rows = ray.data.read_parquet(str(folder))
    with pytest.raises(FileError, match="scores and probabilities are two files"):
        predict(rows, table_model(), scores=True, probabilities=True)
    with pytest.raises(ValueError, match="workers is 0; expected at least 1, or None"):
        predict(rows, table_model(), workers=0)
    with pytest.raises(TypeError, match=r"expected a gategrad\.Model, or what ray\.put made"):
        Predictor(ray.put("a model"))


def test_the_example_scores_a_folder(folder: Path, tmp_path: Path) -> None:
    import runpy

    model = tmp_path / "model.gg"
    table_model().save(model)
    example = runpy.run_path("examples/ray_parquet.py")
    example["main"]([str(model), str(folder), str(tmp_path / "out"), "--keep", "id"])
    assert np.array_equal(_labels(tmp_path / "out"), _expected())
