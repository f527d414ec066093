// Walking rows down the trees of a ForestPlan.
#pragma once

#include "engine/forest_plan.h"

namespace gategrad {

// Adds what the leaves say to `sums`, (n_rows, n_classes), of rows with a stride of `row_stride` elements.
// Group by group, so that many rows meet nodes that are in the cache.
void walk_forest(const ForestPlan& plan, const float* rows, ptrdiff_t row_stride, size_t n_rows,
                 size_t n_classes, uint32_t* sums);
void walk_forest(const ForestPlan& plan, const double* rows, ptrdiff_t row_stride, size_t n_rows,
                 size_t n_classes, uint32_t* sums);

}  // namespace gategrad
