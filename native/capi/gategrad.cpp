// The border to C: arguments are checked here, and no exception passes.
#include "capi/gategrad.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>

#include "capi/dtypes.h"
#include "capi/model.h"
#include "capi/predict.h"
#include "capi/refusal.h"

namespace {

using gategrad::capi::Refusal;

constexpr uintptr_t kAlignment = 64;

gg_code report(gg_error* error, gg_code code, const char* text) noexcept {
  if (error == nullptr) return code;
  error->code = code;
  const int n = std::snprintf(error->text, sizeof error->text, "%s", text);
  // Of a message that is too long the end is left out, at the beginning of a character.
  size_t end = std::min(static_cast<size_t>(std::max(n, 0)), sizeof error->text - 1);
  if (static_cast<size_t>(n) > end) {
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
    error->text[end] = '\0';
  }
  return code;
}

const char* wrong_rows(const gg_model& model, const gg_rows* rows) {
  if (rows == nullptr) return "rows is null";
  if (!gategrad::capi::is_known(rows->dtype)) return "the rows' dtype is unknown";
  const size_t size = gategrad::capi::size_of(static_cast<gg_dtype>(rows->dtype));
  const size_t width = model.n_features * size;
  if (rows->row_stride != 0 && (rows->row_stride < width || rows->row_stride % size != 0))
    return "row_stride is less than a row, or no multiple of a value's size";
  const size_t stride = std::max<size_t>(rows->row_stride, std::max<size_t>(width, 1));
  if (rows->n_rows > PTRDIFF_MAX / stride ||
      rows->n_rows > PTRDIFF_MAX / (sizeof(int64_t) * model.n_classes))
    return "n_rows are more than memory could hold";
  if (rows->n_rows > 0 && width > 0 && rows->data == nullptr) return "the rows' data is null";
  if (reinterpret_cast<uintptr_t>(rows->data) % size != 0)
    return "the rows' data is not aligned to its values";
  return nullptr;
}

const char* wrong_call(const gg_model* model, const gg_rows* rows, const int64_t* labels,
                       const int32_t* sums, const gg_scratch* scratch) {
  if (model == nullptr) return "model is null";
  if (scratch == nullptr) return "scratch is null; make one with gg_scratch_place";
  if (scratch->model != model) return "scratch was placed for another model";
  if (labels == nullptr && sums == nullptr) return "labels and sums are both null";
  if (labels != nullptr && model->kind == GG_REGRESSION)
    return "a regression has no labels; take sums, and gg_scores of them";
  return wrong_rows(*model, rows);
}

}  // namespace

gg_code gg_load(const void* bytes, size_t n_bytes, gg_model** model, gg_error* error) {
  if (model == nullptr) return report(error, GG_BAD_ARGUMENT, "model is null");
  *model = nullptr;
  if (bytes == nullptr) return report(error, GG_BAD_ARGUMENT, "bytes is null");
  try {
    *model = gategrad::capi::make_model(static_cast<const uint8_t*>(bytes), n_bytes).release();
    return GG_OK;
  } catch (const Refusal& refusal) {
    return report(error, refusal.code, refusal.text.c_str());
  } catch (const std::bad_alloc&) {
    return report(error, GG_NO_MEMORY, "there is too little memory for the model");
  } catch (const std::length_error& failure) {
    return report(error, GG_UNSUPPORTED, failure.what());
  } catch (const std::exception& failure) {
    return report(error, GG_INTERNAL, failure.what());
  } catch (...) {
    return report(error, GG_INTERNAL, "an unknown failure");
  }
}

void gg_free(gg_model* model) { delete model; }

void gg_describe(const gg_model* model, gg_description* description) {
  const gategrad::capi::Lowered& main = model->main();
  const auto& code = main.program().code;
  *description = {model->kind,      model->takes_bits,       model->n_features,
                  model->n_classes, model->n_labels(),       model->names.size(),
                  model->n_gates,   code ? code->size() : 0, main.isa()};
}

const char* gg_class_name(const gg_model* model, size_t index) {
  return index < model->names.size() ? model->names[index].c_str() : nullptr;
}

size_t gg_scratch_size(const gg_model* model) {
  return gategrad::capi::scratch_bytes(*model) + kAlignment - 1;
}

gg_scratch* gg_scratch_place(const gg_model* model, void* memory, size_t n_bytes, gg_error* error) {
  const char* wrong = model == nullptr                   ? "model is null"
                      : memory == nullptr                ? "memory is null"
                      : n_bytes < gg_scratch_size(model) ? "the memory is less than gg_scratch_size"
                                                         : nullptr;
  if (wrong != nullptr) {
    report(error, GG_BAD_ARGUMENT, wrong);
    return nullptr;
  }
  const uintptr_t over = reinterpret_cast<uintptr_t>(memory) % kAlignment;
  uint8_t* first = static_cast<uint8_t*>(memory) + (over ? kAlignment - over : 0);
  return gategrad::capi::place_scratch(*model, first);
}

gg_code gg_predict(const gg_model* model, const gg_rows* rows, int64_t* labels, int32_t* sums,
                   gg_scratch* scratch, gg_error* error) {
  const char* wrong = wrong_call(model, rows, labels, sums, scratch);
  if (wrong != nullptr) return report(error, GG_BAD_ARGUMENT, wrong);
  return gategrad::capi::predict(*rows, labels, sums, *scratch, error);
}

void gg_scores(const gg_model* model, const int32_t* sums, size_t n_rows, float* scores) {
  const size_t n = model->n_classes;
  for (size_t i = 0; i < n_rows * n; ++i)
    scores[i] = static_cast<float>(sums[i]) * model->scale[i % n] + model->offset[i % n];
}

const char* gg_version(void) { return GATEGRAD_VERSION; }
