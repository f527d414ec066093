// The border of choices. gategrad/nn/executors/cpu/native_pins.py and native_slots.py are the only
// callers; they vouch for the arrays' lifetimes, and what they say of types and shapes is compared
// with the description.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "arrays.h"
#include "train/bind.h"
#include "train/choice/choice.h"
#include "train/common/arrays.h"

namespace gategrad {
namespace {

using namespace train;

struct ChoiceDescription {
  std::string isa;
  size_t pins, n, k;  // of a gate that choose, or 0 where n gates choose themselves; terms of each
  size_t n_in, batch, threads;
  double grad_factor;  // on the gradient of the rows

  size_t items() const { return (pins ? pins : 1) * n; }
};

// Pins choose among candidates: wires (pins, n, k) int32, chosen_wires (pins, n). Gates choose among
// slots: wires (2, n, k), tables (n, k) int64, chosen_wires (2, n), chosen_tables (n).
struct TermArrays {
  Array wires;
  Given tables, chosen_wires, chosen_tables;
};

// An array with `last` numbers of each item.
template <typename T, typename A>
auto* of_items(const ChoiceDescription& d, const A& array, size_t last, const char* name) {
  return d.pins ? elements<T>(array, {d.pins, d.n, last}, name)
                : elements<T>(array, {d.n, last}, name);
}

template <typename S>
struct PinCall {
  PinCall(const ChoiceDescription& d, const TermArrays& terms) {
    const Candidates all{of_items<int32_t>(d, terms.wires, d.k, "candidates"), d.items(), d.k};
    layer = {&kernels_of<S>(d.isa).pins, all, d.n_in, d.batch, d.threads};
    chosen = {elements<int32_t>(terms.chosen_wires, {d.pins, d.n}, "chosen wires"), d.items(), 1};
  }
  ChoiceLayer<S, Candidates> layer;
  Candidates chosen;
};

template <typename S>
struct SlotCall {
  SlotCall(const ChoiceDescription& d, const TermArrays& terms) {
    const Slots all{elements<int64_t>(terms.wires, {2, d.n, d.k}, "slot wires"),
                    elements<int64_t>(terms.tables, {d.n, d.k}, "slot tables"), d.n, d.k};
    if (!all.tables || bool(terms.chosen_wires) != bool(terms.chosen_tables))
      throw std::invalid_argument("slots have wires and tables; one of them is missing");
    layer = {&kernels_of<S>(d.isa).slots, all, d.n_in, d.batch, d.threads};
    chosen = {elements<int64_t>(terms.chosen_wires, {2, d.n}, "chosen wires"),
              elements<int64_t>(terms.chosen_tables, {d.n}, "chosen tables"), d.n, 1};
  }
  ChoiceLayer<S, Slots> layer;
  Slots chosen;
};

// Calls body(call) for pins or slots.
template <typename S, typename Body>
void with_call(const ChoiceDescription& d, const TermArrays& terms, const Body& body) {
  if (d.threads == 0 || d.k == 0 || d.n == 0)
    throw std::invalid_argument("a choice has threads, items and terms");
  if (d.pins)
    body(PinCall<S>(d, terms));
  else
    body(SlotCall<S>(d, terms));
}

template <typename S>
void forward(const ChoiceDescription& d, const TermArrays& terms, const Given& share,
             const Given& logits, const Array& rows, const Array& out) {
  if (!share && !(logits && terms.chosen_wires))
    throw std::invalid_argument("a choice is mixed by shares, or made by logits");
  with_call<S>(d, terms, [&](const auto& call) {
    choice_forward(call.layer, of_items<const S>(d, share, d.k, "shares"),
                   of_items<const S>(d, logits, d.k, "logits"),
                   elements<const S>(rows, {d.n_in, d.batch}, "rows"), call.chosen,
                   of_items<S>(d, out, d.batch, "out"));
  });
}

template <typename S>
void backward(const ChoiceDescription& d, const TermArrays& terms, const Given& share,
              const Array& rows, const Array& grad, const Given& grad_logits,
              const Given& grad_rows) {
  if (!share && (grad_logits || !terms.chosen_wires))
    throw std::invalid_argument("these gradients need shares");
  with_call<S>(d, terms, [&](const auto& call) {
    choice_backward(call.layer, of_items<const S>(d, share, d.k, "shares"), call.chosen,
                    elements<const S>(rows, {d.n_in, d.batch}, "rows"),
                    of_items<const S>(d, grad, d.batch, "grad"), static_cast<S>(d.grad_factor),
                    of_items<S>(d, grad_logits, d.k, "grad_logits"),
                    elements<S>(grad_rows, {d.n_in, d.batch}, "grad_rows"));
  });
}

// One code under two names, so that profiles and tests tell who called.
void bind_calls(nb::module_& m, const std::string& kind) {
  m.def((kind + "_forward").c_str(),
        [](const ChoiceDescription& d, const TermArrays& terms, const Given& share,
           const Given& logits, const Array& rows, const Array& out) {
          nb::gil_scoped_release release;
          const bool is_double = rows.type == ScalarType::kFloat64;
          (is_double ? forward<double> : forward<float>)(d, terms, share, logits, rows, out);
        },
        nb::arg("choice"), nb::arg("terms"), nb::kw_only(), nb::arg("share").none(),
        nb::arg("logits").none(), nb::arg("rows"), nb::arg("out"));
  m.def((kind + "_backward").c_str(),
        [](const ChoiceDescription& d, const TermArrays& terms, const Given& share,
           const Array& rows, const Array& grad, const Given& grad_logits, const Given& grad_rows) {
          nb::gil_scoped_release release;
          const bool is_double = rows.type == ScalarType::kFloat64;
          (is_double ? backward<double> : backward<float>)(d, terms, share, rows, grad, grad_logits,
                                                           grad_rows);
        },
        nb::arg("choice"), nb::arg("terms"), nb::kw_only(), nb::arg("share").none(),
        nb::arg("rows"), nb::arg("grad"), nb::arg("grad_logits").none(),
        nb::arg("grad_rows").none());
}

}  // namespace

void bind_choice(nb::module_& m) {
  nb::class_<ChoiceDescription>(m, "ChoiceDescription")
      .def(nb::init<std::string, size_t, size_t, size_t, size_t, size_t, size_t, double>(),
           nb::kw_only(), nb::arg("isa"), nb::arg("pins"), nb::arg("n"), nb::arg("k"),
           nb::arg("n_in"), nb::arg("batch"), nb::arg("threads"), nb::arg("grad_factor"));
  nb::class_<TermArrays>(m, "TermArrays")
      .def(nb::init<Array, Given, Given, Given>(), nb::kw_only(), nb::arg("wires"),
           nb::arg("tables").none(), nb::arg("chosen_wires").none(),
           nb::arg("chosen_tables").none());
  bind_calls(m, "pins");
  bind_calls(m, "slots");
}

}  // namespace gategrad
