#include "engine/run.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <thread>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace gategrad {
namespace {

constexpr size_t kBlockBytes = kBlockWords * sizeof(uint64_t);
// Slots are read in random order: on small pages, looking up addresses takes as long as the reads.
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLine = 64;

template <typename T>
Encode<T> encoder_of(const Kernels& kernels) {
  if constexpr (sizeof(T) == 1) return kernels.encode_u8;
  if constexpr (sizeof(T) == 4) return kernels.encode_f32;
  if constexpr (sizeof(T) == 8) return kernels.encode_f64;
}

// Columns [first, first + width) of `n` rows, row by row, padded with zeros to 64 columns.
template <typename T>
const T* gather(const T* rows, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t n,
                size_t first, size_t width, size_t padded, Workspace& workspace) {
  T* out = static_cast<T*>(workspace.scratch(n * padded * sizeof(T)));
  for (size_t r = 0; r < n; ++r) {
    const T* row = rows + static_cast<ptrdiff_t>(r) * row_stride;
    T* to = out + r * padded;
    for (size_t i = 0; i < width; ++i) to[i] = row[static_cast<ptrdiff_t>(first + i) * column_stride];
    std::fill(to + width, to + padded, T{});
  }
  return out;
}

// Encodes rows [first_row, first_row + n) of the matrix into slots; the first bytes of them are
// fetched.
template <typename T>
bool encode_block(const Kernels& kernels, const Program& program, const Rows& rows,
                  size_t first_row, size_t n, size_t fetched, Workspace& workspace) {
  KernelProgram view = program.view();
  const T* start = static_cast<const T*>(rows.data) + static_cast<ptrdiff_t>(first_row) * rows.row_stride;
  Check check = check_of(program.bits, rows.type);
  bool contiguous = rows.column_stride == 1 && program.n_features >= 64 && rows.row_stride >= 0;
  const size_t row_bytes = std::max<size_t>(1, static_cast<size_t>(rows.row_stride) * sizeof(T));
  const size_t fetched_rows = contiguous ? std::min(n, fetched / row_bytes) : n;
  bool good = true;
  for (size_t t = 0; t < view.n_tiles; t += kTilesAtOnce) {
    size_t end = std::min(t + kTilesAtOnce, view.n_tiles);
    const T* block = start;
    size_t stride = static_cast<size_t>(rows.row_stride), base = 0;
    if (!contiguous) {
      base = program.tiles[t].first_feature;
      size_t stop = std::min(program.tiles[end - 1].first_feature + size_t{64}, program.n_features);
      stride = std::max<size_t>(64, stop - base);
      block = gather(start, rows.row_stride, rows.column_stride, n, base, stop - base, stride, workspace);
    }
    good &= encoder_of<T>(kernels)(view, t, end, block, stride, base, n, check,
                                   fetched_rows, workspace.marks(), workspace.slots());
  }
  return good;
}

void unpack_block(const Program& program, const PackedRows& rows, size_t block, uint64_t* slots) {
  size_t first = block * kBlockWords;
  size_t n = std::min(kBlockWords, rows.n_words - first);
  for (size_t i = 0; i < program.input.size(); ++i) {
    uint64_t* slot = slots + size_t{program.input_slot[i]} * kBlockWords;
    const uint64_t* line = rows.words + size_t{program.input[i]} * rows.n_words + first;
    std::copy(line, line + n, slot);
    std::fill(slot + n, slot + kBlockWords, 0);
  }
}

}  // namespace

void Workspace::Free::operator()(uint64_t* p) const { std::free(p); }

Workspace::Blocks Workspace::allocate(size_t n_blocks) {
  size_t n_bytes = std::max<size_t>(1, n_blocks) * kBlockBytes;
  size_t alignment = n_bytes < kHugePage / 8 ? kBlockBytes : kHugePage;
  n_bytes = (n_bytes + alignment - 1) / alignment * alignment;
  void* p = std::aligned_alloc(alignment, n_bytes);
  if (p == nullptr) throw std::bad_alloc();
#if defined(__linux__)
  if (alignment == kHugePage) madvise(p, n_bytes, MADV_HUGEPAGE);
#endif
  return Blocks(static_cast<uint64_t*>(p));
}

Workspace::Workspace(const Program& program)
    : slots_(allocate(program.n_slots)),
      planes_(allocate(program.classes.size() * program.n_planes)),
      marks_(allocate(kTilesAtOnce * kTilePitch)) {
  std::memset(slots_.get() + kFalseSlot * kBlockWords, 0x00, kBlockBytes);
  std::memset(slots_.get() + kTrueSlot * kBlockWords, 0xFF, kBlockBytes);
}

void* Workspace::scratch(size_t n_bytes) {
  if (n_bytes > scratch_bytes_) {
    scratch_ = allocate((n_bytes + kBlockBytes - 1) / kBlockBytes);
    scratch_bytes_ = n_bytes;
  }
  return scratch_.get();
}

std::unique_ptr<Workspace> Engine::borrow() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto workspace = std::move(idle_.back());
      idle_.pop_back();
      return workspace;
    }
  }
  return std::make_unique<Workspace>(program_);
}

void Engine::give_back(std::unique_ptr<Workspace> workspace) {
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(workspace));
}

// Gates and sums of the block in the workspace; returns how many of the first bytes of `next` are
// fetched by then.
size_t Engine::evaluate(const Kernels& kernels, const KernelProgram& view, Workspace& workspace,
                        Bytes next) {
  const size_t n = program_.code ? program_.code->n_fetches() : program_.gates.size();
  const size_t left = next.count - next.fetched;
  const size_t step = std::min(left / std::max<size_t>(1, n), kLine);
  if (program_.code) {
    program_.code->function()(workspace.slots(), workspace.planes(), next.first + next.fetched, step);
  } else {
    kernels.gates(view, workspace.slots(), next.first + next.fetched, step);
    kernels.sums(view, workspace.slots(), workspace.planes());
  }
  return next.fetched + std::min(n * kLine, left);
}

// `load(block, fetched, workspace)` fills the input slots of one block and says whether its rows are
// good; the first `fetched` bytes of these are in the cache already.
// `upcoming(block)` is the memory that load will read.
template <typename Load, typename Upcoming>
bool Engine::run_blocks(const Kernels& kernels, size_t n_rows, size_t n_threads,
                        const Results& results, const Load& load, const Upcoming& upcoming) {
  const KernelProgram view = program_.view();
  const size_t n_blocks = (n_rows + kBlockRows - 1) / kBlockRows;
  n_threads = std::clamp<size_t>(n_threads, 1, std::max<size_t>(1, n_blocks));
  std::atomic<bool> good{true};
  std::vector<std::exception_ptr> errors(n_threads);
  auto work = [&](size_t thread) {
    try {
      auto workspace = borrow();
      size_t end = n_blocks * (thread + 1) / n_threads;
      size_t fetched = 0;  // bytes of the block, while the gates of the last one ran
      for (size_t block = n_blocks * thread / n_threads; block < end && good; ++block) {
        if (!load(block, fetched, *workspace)) good = false;
        size_t first = block * kBlockRows, n = std::min(kBlockRows, n_rows - first);
        Bytes next = block + 1 < end ? upcoming(block + 1) : Bytes{nullptr, 0, 0};
        fetched = evaluate(kernels, view, *workspace, next);
        if (results.labels) kernels.argmax(view, workspace->planes(), n, results.labels + first);
        if (results.sums)
          kernels.store_sums(view, workspace->planes(), n, results.sums + first * view.n_classes);
      }
      give_back(std::move(workspace));
    } catch (...) {
      errors[thread] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(n_threads);
  size_t started = 1;
  try {
    for (; started < n_threads; ++started) threads.emplace_back(work, started);
  } catch (const std::exception&) {
    // The system refuses further threads: this one does their share.
  }
  work(0);
  for (; started < n_threads; ++started) work(started);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return good;
}

bool Engine::run(const Kernels& kernels, const Rows& rows, size_t n_threads,
                 const Results& results) {
  auto load = [&](size_t block, size_t fetched, Workspace& work) {
    size_t first = block * kBlockRows, n = std::min(kBlockRows, rows.n_rows - first);
    auto encode = rows.type == Type::kFloat32   ? encode_block<float>
                  : rows.type == Type::kFloat64 ? encode_block<double>
                                                : encode_block<uint8_t>;
    return encode(kernels, program_, rows, first, n, fetched, work);
  };
  const size_t size = rows.type == Type::kFloat64 ? 8 : rows.type == Type::kFloat32 ? 4 : 1;
  auto upcoming = [&](size_t block) -> Bytes {
    size_t first = block * kBlockRows, n = std::min(kBlockRows, rows.n_rows - first);
    if (rows.column_stride != 1 || rows.row_stride < 0) return {nullptr, 0, 0};
    size_t stride = static_cast<size_t>(rows.row_stride) * size;
    return {static_cast<const uint8_t*>(rows.data) + first * stride, n * stride,
            kernels.fetches_ahead ? std::min(n, rows_ahead(size)) * stride : 0};
  };
  return run_blocks(kernels, rows.n_rows, n_threads, results, load, upcoming);
}

void Engine::run(const Kernels& kernels, const PackedRows& rows, size_t n_threads,
                 const Results& results) {
  auto load = [&](size_t block, size_t, Workspace& work) {
    unpack_block(program_, rows, block, work.slots());
    return true;
  };
  auto upcoming = [](size_t) -> Bytes { return {nullptr, 0, 0}; };
  run_blocks(kernels, rows.n_rows, n_threads, results, load, upcoming);
}

}  // namespace gategrad
