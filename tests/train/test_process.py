"""Settings of the process during a run."""

import torch

from gategrad.train import process


def test_training_takes_no_more_threads_than_the_process_may_keep_busy(monkeypatch):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        monkeypatch.setattr(process, "usable_cores", lambda: 2)
        with process.torch_threads(None):
            assert torch.get_num_threads() == 2
        with process.torch_threads(3):
            assert torch.get_num_threads() == 3
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
