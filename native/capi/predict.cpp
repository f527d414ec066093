#include "capi/predict.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <new>
#include <type_traits>

#include "capi/dtypes.h"

namespace gategrad::capi {
namespace {

constexpr size_t padded(size_t n_bytes) { return (n_bytes + 63) / 64 * 64; }

// Where the parts of a scratch begin, from its own address on; the last one is its end.
struct Layout {
  size_t direct, on_bits, sums, values, encoded, end;
};

Layout layout_of(const gg_model& model) {
  const size_t n = model.piece_rows;
  Layout at{};
  at.direct = padded(sizeof(gg_scratch));
  at.on_bits = at.direct + (model.direct ? padded(model.direct->memory_bytes()) : 0);
  at.sums = at.on_bits + (model.on_bits ? padded(model.on_bits->memory_bytes()) : 0);
  at.values = at.sums + padded(n * model.n_classes * sizeof(int32_t));
  at.encoded = at.values + padded(n * model.n_features * sizeof(double));
  at.end = at.encoded;
  if (model.encoder)
    at.end += padded(n * model.encoder->encoder().n_bits()) + padded(model.encoder->room_bytes());
  return at;
}

gg_code fail(gg_error* error, size_t row, size_t column, double value, const char* what) noexcept {
  if (error == nullptr) return GG_BAD_VALUE;
  error->code = GG_BAD_VALUE;
  std::snprintf(error->text, sizeof error->text, "row %zu, column %zu is %g; expected %s", row,
                column, value, what);
  return GG_BAD_VALUE;
}

// Rows of a call from `first` on, and where their results go.
struct Piece {
  const uint8_t* data;
  gg_dtype dtype;
  size_t first, n_rows, stride;
  int64_t* labels;
  int32_t* sums;
};

template <typename T>
const T* row_of(const Piece& piece, size_t row) {
  return reinterpret_cast<const T*>(piece.data + row * piece.stride);
}

// Names the first value that the engine refused.
gg_code locate(const gg_model& model, const Piece& piece, gg_error* error) noexcept {
  return with_type(piece.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t r = 0; r < piece.n_rows; ++r)
      for (size_t c = 0; c < model.n_features; ++c) {
        const T value = row_of<T>(piece, r)[c];
        const auto as_number = static_cast<double>(value);
        if (model.takes_bits && value != T{0} && value != T{1})
          return fail(error, piece.first + r, c, as_number, "bits, 0 or 1");
        if (std::isnan(as_number))
          return fail(error, piece.first + r, c, as_number,
                      "a number: fill in missing values or drop the row");
      }
    // The caller's memory was written to meanwhile.
    return fail(error, piece.first, 0, 0, "rows that stay as they are during the call");
  });
}

// One row as float64; false where an integer has more bits, and in `column` where it is.
template <typename T>
bool convert_row(const T* row, size_t n, double* out, size_t& column) {
  for (column = 0; column < n; ++column) {
    using Wide = std::conditional_t<std::is_same_v<T, uint64_t>, uint64_t,
                                    std::conditional_t<std::is_integral_v<T>, int64_t, double>>;
    if (!is_exact(static_cast<Wide>(row[column]))) return false;
    out[column] = static_cast<double>(row[column]);
  }
  return true;
}

class Call {
 public:
  Call(gg_scratch& scratch, gg_error* error)
      : model_(*scratch.model), scratch_(scratch), error_(error) {}

  gg_code run(const Piece& piece) noexcept {
    Piece own = piece;
    const bool decides = piece.labels != nullptr && model_.kind != GG_ARGMAX;
    if (decides && piece.sums == nullptr) own.sums = scratch_.sums;
    const gg_code code = in_place(piece.dtype) ? run_in_place(own) : run_converted(own);
    if (code == GG_OK && decides)
      for (size_t i = 0; i < piece.n_rows * model_.n_classes; ++i)
        piece.labels[i] = own.sums[i] > 0;
    return code;
  }

 private:
  Results results_of(const Piece& piece) const {
    return {piece.sums, model_.kind == GG_ARGMAX ? piece.labels : nullptr};
  }

  gg_code run_in_place(const Piece& piece) noexcept {
    if (!model_.direct) return run_encoded(piece);
    const auto stride = static_cast<ptrdiff_t>(piece.stride / size_of(piece.dtype));
    const Rows rows{piece.data, *in_place(piece.dtype), piece.n_rows, stride, 1};
    if (model_.direct->run(rows, scratch_.direct_memory, *scratch_.direct, results_of(piece)))
      return GG_OK;
    return model_.encoder ? run_encoded(piece) : locate(model_, piece, error_);
  }

  gg_code run_converted(const Piece& piece) noexcept {
    const size_t n = model_.n_features;
    for (size_t r = 0; r < piece.n_rows; ++r) {
      const gg_code code = convert(piece, r, scratch_.values + r * n);
      if (code != GG_OK) return code;
    }
    Piece converted = piece;
    converted.data = reinterpret_cast<const uint8_t*>(scratch_.values);
    converted.dtype = GG_FLOAT64;
    converted.stride = n * sizeof(double);
    return run_in_place(converted);
  }

  gg_code convert(const Piece& piece, size_t row, double* out) noexcept {
    return with_type(piece.dtype, [&](auto zero) {
      using T = decltype(zero);
      size_t column = 0;
      const T* values = row_of<T>(piece, row);
      if (convert_row(values, model_.n_features, out, column)) return GG_OK;
      return fail(error_, piece.first + row, column, static_cast<double>(values[column]),
                  "at most 2**53, beyond which float64 has gaps");
    });
  }

  // The encoder sees every row; some at a time.
  gg_code run_encoded(const Piece& piece) noexcept {
    for (size_t first = 0; first < piece.n_rows; first += model_.piece_rows) {
      const size_t n = std::min(model_.piece_rows, piece.n_rows - first);
      const size_t n_bits = model_.encoder->encoder().n_bits();
      for (size_t r = 0; r < n; ++r) {
        const gg_code code = encode(piece, first + r, scratch_.encoded + r * n_bits);
        if (code != GG_OK) return code;
      }
      Results results = results_of(piece);
      if (results.sums) results.sums += first * model_.n_classes;
      if (results.labels) results.labels += first;
      const Rows rows{scratch_.encoded, Type::kBool, n, static_cast<ptrdiff_t>(n_bits), 1};
      model_.on_bits->run(rows, scratch_.bits_memory, *scratch_.on_bits, results);
    }
    return GG_OK;
  }

  gg_code encode(const Piece& piece, size_t row, uint8_t* bits) noexcept {
    // Rows that were converted lie in `values` already.
    const double* values = row_of<double>(piece, row);
    if (piece.dtype != GG_FLOAT64) {
      const gg_code code = convert(piece, row, scratch_.values);
      if (code != GG_OK) return code;
      values = scratch_.values;
    }
    size_t column = 0;
    // Behind the bits of all rows of a piece.
    uint8_t* room =
        scratch_.encoded + padded(model_.piece_rows * model_.encoder->encoder().n_bits());
    const Fault fault =
        model_.encoder->encode(values, piece.dtype == GG_FLOAT32, bits, room, column);
    if (fault == Fault::kNone) return GG_OK;
    return fail(error_, piece.first + row, column, values[column], expected_for(fault));
  }

  static const char* expected_for(Fault fault) noexcept {
    switch (fault) {
      case Fault::kMissing: return "a number: fill in missing values or drop the row";
      case Fault::kNoByte: return "a pixel, an integer from 0 to 255";
      default: return "a category that the model was trained on";
    }
  }

  const gg_model& model_;
  gg_scratch& scratch_;
  gg_error* error_;
};

}  // namespace

size_t scratch_bytes(const gg_model& model) { return layout_of(model).end; }

gg_scratch* place_scratch(const gg_model& model, uint8_t* memory) noexcept {
  const Layout at = layout_of(model);
  auto* scratch = new (memory) gg_scratch{&model,
                                          memory + at.direct,
                                          memory + at.on_bits,
                                          std::nullopt,
                                          std::nullopt,
                                          reinterpret_cast<int32_t*>(memory + at.sums),
                                          reinterpret_cast<double*>(memory + at.values),
                                          memory + at.encoded};
  if (model.direct) model.direct->place(scratch->direct, scratch->direct_memory);
  if (model.on_bits) model.on_bits->place(scratch->on_bits, scratch->bits_memory);
  return scratch;
}

gg_code predict(const gg_rows& rows, int64_t* labels, int32_t* sums, gg_scratch& scratch,
                gg_error* error) noexcept {
  const gg_model& model = *scratch.model;
  const bool sums_apart = labels && !sums && model.kind != GG_ARGMAX;
  const auto dtype = static_cast<gg_dtype>(rows.dtype);
  const size_t stride = rows.row_stride ? rows.row_stride : model.n_features * size_of(dtype);
  const size_t step = sums_apart || !in_place(dtype) ? model.piece_rows : rows.n_rows;
  for (size_t first = 0; first < rows.n_rows; first += step) {
    const Piece piece{static_cast<const uint8_t*>(rows.data) + first * stride,
                      dtype,
                      first,
                      std::min(step, rows.n_rows - first),
                      stride,
                      labels ? labels + first * model.n_labels() : nullptr,
                      sums ? sums + first * model.n_classes : nullptr};
    const gg_code code = Call(scratch, error).run(piece);
    if (code != GG_OK) return code;
  }
  return GG_OK;
}

}  // namespace gategrad::capi
