// Why a file is not loaded: a code for programs and a sentence for people.
#pragma once

#include <string>
#include <utility>

#include "capi/gategrad.h"

namespace gategrad::capi {

// Thrown on the way of a file, and caught at the border to C.
struct Refusal {
  gg_code code;
  std::string text;
};

[[noreturn]] inline void refuse(std::string text) { throw Refusal{GG_BAD_FILE, std::move(text)}; }

[[noreturn]] inline void refuse_damaged(const std::string& what) {
  refuse("it is damaged: " + what + "; copy or train it again");
}

[[noreturn]] inline void refuse_unsupported(std::string text) {
  throw Refusal{GG_UNSUPPORTED, std::move(text)};
}

inline void require(bool good, const char* text) {
  if (!good) refuse(text);
}

}  // namespace gategrad::capi
