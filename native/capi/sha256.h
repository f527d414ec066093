// SHA-256 of bytes (FIPS 180-4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gategrad::capi {

class Sha256 {
 public:
  void add(const uint8_t* data, size_t n);
  // 64 lower-case digits; nothing is added afterwards.
  std::string digits();

 private:
  void take_block(const uint8_t* block);

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> rest_{};
  size_t n_rest_ = 0;
  uint64_t n_bytes_ = 0;
};

}  // namespace gategrad::capi
