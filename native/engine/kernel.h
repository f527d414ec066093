// The border between the engine and its kernels: plain data and function pointers.
//
// Kernels are compiled once an instruction set; see isa/register.h for what that forbids.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/maps.h"
#include "engine/op.h"
#include "engine/ranks.h"

namespace gategrad {

// One block holds 512 samples: sample s is bit s % 64 of word s / 64 of every slot.
inline constexpr size_t kBlockRows = 512;
inline constexpr size_t kBlockWords = 8;
// Calls of few rows take slots of 1 << i words, 64 rows each, i = 0, 1, 2.
inline constexpr size_t kFewWidths = 3;
inline constexpr size_t kMostFewRows = 64 << (kFewWidths - 1);
// Values of a sum lie in slots from a multiple of that on, and zeros fill the last eight.
inline constexpr size_t kColumnSlots = 8;
// Blocks from one tile's marks to the next one's: 64, and one so that equal rows of several tiles
// do not share a cache set.
inline constexpr size_t kTilePitch = 65;
// Tiles compared in one pass over a block's rows: their marks (4 KiB each) stay in cache.
inline constexpr size_t kTilesAtOnce = 16;

// dst = a op b, all three slots.
struct Gate {
  uint32_t a, b, dst;
};

// `count` consecutive gates of one function.
struct Run {
  Op op;
  uint32_t count;
};

// Feature `lane` of a tile against its threshold becomes slot `slot`.
struct Lane {
  uint32_t lane, slot;
};

// 64 consecutive features compared with one threshold each.
struct Tile {
  uint32_t first_feature;
  uint32_t first_lane, n_lanes;  // into KernelProgram::lanes
  uint64_t valid;                // lanes that a uint8 can exceed
  uint8_t possible[64];          // the same as bytes, 0xFF or 0
  uint8_t u8[64];                // true where x >= u8
  float f32[64];                 // true where x > f32
  double f64[64];                // true where x > f64
  uint32_t slot[64];             // of each lane; the unused ones share a slot that nobody reads
  // Bit c: mark block c has a used lane; of float32 and float64 values, and of bytes.
  uint8_t used_blocks[2];
};

// `count` slots added with weight 2^column; complemented ones are added as ~slot.
struct Column {
  uint32_t column, count, inverted;
};

struct ClassSum {
  uint32_t first_column, n_columns;  // into KernelProgram::columns
  uint32_t first_entry;              // into KernelProgram::entries
  int32_t bias;
};

// `count` gates of one function, whose results go to the slots from `first` on.
struct FewRun {
  Op op;
  uint32_t count, first;
};

// The slots from `first` on are added with weight 2^plane, `n_eights` times eight of them.
struct FewColumn {
  uint32_t plane, first, n_eights;
};

struct FewClass {
  uint32_t n_columns;
  int32_t bias;
};

struct FewPlan {
  // Slots of a gate's operands, the first one in the lower half; short ones are null where slots are
  // more than 16 bits count.
  const uint32_t* short_pairs;
  const uint64_t* pairs;
  const FewRun* runs;
  size_t n_runs;
  const FewColumn* columns;  // of one class after the other
  const FewClass* classes;
  size_t n_classes;
  uint32_t n_planes;
};

struct KernelProgram {
  const Gate* gates;
  const Run* runs;
  size_t n_runs;
  const Tile* tiles;
  size_t n_tiles;
  const Lane* lanes;
  const ClassSum* classes;
  size_t n_classes;
  const Column* columns;
  const uint32_t* entries;  // slots
  uint32_t n_planes;        // bits of a sum, two's complement
};

// What a value must be, apart from being compared with its thresholds.
enum class Check : uint32_t { kNothing, kNotNan, kBit };

// Compares `n_rows` <= 512 rows with the thresholds of tiles [first, last) and stores their lanes
// as slots. `rows` starts at feature `base` of the first row and each row has at least 64 readable
// features. `marks` has room for (last - first) * kTilePitch blocks, last - first is at most
// kTilesAtOnce. The first `fetched` rows were fetched before; the others are as it goes, and so may
// be what follows the last one in memory. Slots have `words` words of 64 rows, at most 8. Returns whether every value passed the check.
template <typename T>
using Encode = bool (*)(const KernelProgram&, size_t first, size_t last, const T* rows,
                        size_t row_stride, size_t base, size_t n_rows, Check check, size_t fetched,
                        uint64_t* marks, uint64_t* slots, size_t words);

// The same for columns that are ranked (engine/ranks.h): compares `n_rows` <= 64 * words rows with
// their thresholds and stores slots of `words` words. Strides are in elements and may be negative or
// zero. `ranks` has kRankBytes for each column.
template <typename T>
using RankRows = bool (*)(const RankView&, const T* rows, ptrdiff_t row_stride,
                          ptrdiff_t column_stride, size_t n_rows, Check check, uint8_t* ranks,
                          uint64_t* slots, size_t words);

// How many rows that follow a block's, of features of `size` bytes, kernels with `fetches_ahead` fetch:
// the first 64 while rows are compared, the others while slots are stored.
inline constexpr size_t rows_ahead(size_t size) { return size == 1 ? 128 : 64; }

// By the width of slots; planes are as for blocks, of which the first words are set.
struct FewKernels {
  void (*gates[kFewWidths])(const FewPlan&, uint64_t* slots);
  void (*sums[kFewWidths])(const FewPlan&, const uint64_t* slots, uint64_t* planes);
};

struct BlockKernels {
  const char* isa;
  bool fetches_ahead;
  Encode<uint8_t> encode_u8;
  Encode<float> encode_f32;
  Encode<double> encode_f64;
  // Evaluates all gates and prefetches as it goes: with gate i, the byte next[i * step].
  void (*gates)(const KernelProgram&, uint64_t* slots, const uint8_t* next, size_t step);
  // Bit planes of the sums, n_classes * n_planes blocks, least significant plane first.
  void (*sums)(const KernelProgram&, const uint64_t* slots, uint64_t* planes);
  // Index of the largest sum of each row; ties go to the lowest class.
  void (*argmax)(const KernelProgram&, const uint64_t* planes, size_t n_rows, int64_t* labels);
  // Sums as integers, (n_rows, n_classes) row by row.
  void (*store_sums)(const KernelProgram&, const uint64_t* planes, size_t n_rows, int32_t* out);
  FewKernels few;
  // XOR of all 64-byte blocks, read once: the floor of any engine that must see its input.
  uint64_t (*read_plain)(const uint8_t* data, size_t n_bytes);
  uint64_t (*read_prefetching)(const uint8_t* data, size_t n_bytes);
  RankRows<uint8_t> rank_u8;
  RankRows<float> rank_f32;
  RankRows<double> rank_f64;
  MakeMaps make_maps;
};

}  // namespace gategrad
