// A hash under a key that each process draws: whoever writes a circuit can't choose what collides.
//
// SipHash-1-3 (Aumasson and Bernstein 2012) over whole words, without its length byte: keys of one
// table have one length. What is built with it must not depend on the order of a table.
#pragma once

#include <bit>
#include <cstdint>
#include <random>

namespace gategrad {

struct HashKey {
  uint64_t low, high;

  // The key of this process.
  static const HashKey& own() {
    static const HashKey key = [] {
      std::random_device draw;
      auto word = [&] { return uint64_t{draw()} << 32 | draw(); };
      uint64_t low = word();
      return HashKey{low, word()};
    }();
    return key;
  }
};

class KeyedHash {
 public:
  explicit KeyedHash(const HashKey& key)
      : v0_(key.low ^ 0x736f6d6570736575ull), v1_(key.high ^ 0x646f72616e646f6dull),
        v2_(key.low ^ 0x6c7967656e657261ull), v3_(key.high ^ 0x7465646279746573ull) {}

  KeyedHash& add(uint64_t word) {
    v3_ ^= word;
    round();
    v0_ ^= word;
    return *this;
  }

  uint64_t finish() {
    v2_ ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_, v1_, v2_, v3_;
};

// For tables of the standard library whose keys are truth tables.
struct TableHash {
  size_t operator()(uint64_t table) const {
    return static_cast<size_t>(KeyedHash(HashKey::own()).add(table).finish());
  }
};

}  // namespace gategrad
