// Rows of Python objects or of fixed-width text, cell by cell as numbers: a number as it is, a category
// as its place among those that are known.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <vector>

#include "engine/cell_texts.h"

namespace gategrad {

// How a column's cells become numbers.
//
// `known` has the place of every text category, and is None in a column of numbers; `texts` has most of
// them, where all are ASCII, which Python gives without a copy. `values`, which rise, are the categories
// that are numbers, and `places` theirs. `resolve` is asked about every cell that the core does not read
// itself, and raises where there is no number for it.
struct CellColumn {
  nanobind::object known, resolve;
  std::vector<double> values, places;
  CellTexts texts;

  bool numeric() const { return known.is_none(); }
};

class CellReader {
 public:
  explicit CellReader(nanobind::list columns);

  // Whether `out` (n, m) float64 now holds a number for each cell of `x`, which is (n, m) of objects or
  // of text, m columns from `first` on: NaN for a missing value, and -1 for an unknown category.
  bool read(nanobind::handle x, nanobind::handle out, size_t first) const;

 private:
  std::vector<CellColumn> columns_;
};

}  // namespace gategrad
