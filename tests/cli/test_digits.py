"""Images as text."""

import numpy as np

from gategrad.cli.digits import as_text, side_by_side


def test_a_cell_is_four_rows_of_two_columns():
    assert as_text(np.ones((4, 2), bool)) == ["⣿"]
    assert as_text(np.zeros((8, 4), bool)) == ["⠀⠀", "⠀⠀"]


def test_each_pixel_has_its_dot():
    dots = ["⠁", "⠈", "⠂", "⠐", "⠄", "⠠", "⡀", "⢀"]
    assert [as_text(row.reshape(4, 2)) for row in np.eye(8, dtype=bool)] == [[dot] for dot in dots]


def test_other_sizes_are_padded():
    assert as_text(np.ones((5, 3), bool)) == ["⣿⡇", "⠉⠁"]


def test_pictures_stand_side_by_side():
    assert side_by_side([["ab", "cd"], ["ef", "gh"]], ["1", "two"]) == [
        " ab   ef",
        " cd   gh",
        " 1   two",
    ]
