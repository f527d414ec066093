#include "engine/run.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "engine/blocks.h"
#include "engine/map_source.h"
#include "engine/pool.h"

namespace gategrad {
namespace {

constexpr size_t kLine = 64, kBlockBytes = kBlockWords * sizeof(uint64_t);
// About what a gate or an entry of a sum takes of a block, and what a thread must have to do before
// it is worth waking: tens of microseconds pass until it begins, more where cores are busy.
constexpr double kGateNanoseconds = 1.5, kWorthWaking = 100'000;
// Blocks after which the rows that are left do not wait until all blocks are done.
constexpr size_t kMostShortBlocks = 2;
constexpr auto kAskEvery = std::chrono::milliseconds(50);

size_t blocks_of(size_t n_rows) { return (n_rows + kBlockRows - 1) / kBlockRows; }

// Blocks in portions of neighbours, each of which one thread takes, and the next when it is done.
class Portions {
 public:
  Portions(size_t n_blocks, size_t n_threads)
      : n_blocks_(n_blocks), size_(std::clamp<size_t>(n_blocks / (8 * n_threads), 1, 64)) {}

  size_t n_blocks() const { return n_blocks_; }
  // A thread's first block, and the one after a block of its own; n_blocks() where there is none.
  size_t first() { return std::min(n_blocks_, size_ * next_.fetch_add(1)); }
  size_t after(size_t block) {
    return (block + 1) % size_ ? std::min(block + 1, n_blocks_) : first();
  }

 private:
  size_t n_blocks_, size_;
  std::atomic<size_t> next_{0};
};

// Asks now and then whether to stop.
class Question {
 public:
  explicit Question(bool (*ask)()) : ask_(ask) {}

  bool answered_yes() {
    if (ask_ == nullptr) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now - asked_ < kAskEvery) return false;
    asked_ = now;
    return ask_();
  }

 private:
  bool (*ask_)();
  std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
};

Results results_from(const Results& all, size_t row, size_t n_classes) {
  return {all.sums ? all.sums + row * n_classes : nullptr, all.labels ? all.labels + row : nullptr};
}

// Of `n` rows, whose planes are in the workspace.
void store_results(const BlockKernels& kernels, const KernelProgram& view, Workspace& workspace,
                   size_t n, const Results& results) {
  if (results.labels) kernels.argmax(view, workspace.planes(), n, results.labels);
  if (results.sums) kernels.store_sums(view, workspace.planes(), n, results.sums);
}

// One call, which threads share.
template <typename Source>
class Work {
 public:
  Work(const Program& program, const BlockKernels& kernels, const Source& source, size_t n_threads,
       const Results& results, Question question)
      : program_(program), kernels_(kernels), view_(program.view()), source_(source),
        results_(results), question_(question), portions_(blocks_of(source.n_rows()), n_threads) {}

  Outcome outcome() const { return outcome_; }

  void run(Workspace& workspace, bool may_ask) {
    size_t block = portions_.first();
    size_t fetched = 0;  // bytes of the block, while the gates of the last one ran
    while (block < portions_.n_blocks() && outcome_ == Outcome::kGood) {
      if (!source_.load(block, fetched, workspace, workspace.slots(), kBlockWords))
        outcome_ = Outcome::kBadValue;
      const size_t next = portions_.after(block);
      fetched = evaluate(
          workspace, next < portions_.n_blocks() ? source_.upcoming(next) : Bytes{nullptr, 0, 0});
      store(workspace, block * kBlockRows);
      if (may_ask && question_.answered_yes()) outcome_ = Outcome::kInterrupted;
      block = next;
    }
  }

 private:
  // Gates and sums of the block in the workspace; returns how many of the first bytes of `next` are
  // fetched by then.
  size_t evaluate(Workspace& workspace, Bytes next) const {
    const size_t n = program_.code ? program_.code->n_fetches() : program_.gates.size();
    const size_t left = next.count - next.fetched;
    const size_t step = std::min(left / std::max<size_t>(1, n), kLine);
    const uint8_t* fetch = next.first + next.fetched;
    if (program_.code) {
      program_.code->function()(workspace.slots(), workspace.planes(), fetch, step);
    } else {
      kernels_.gates(view_, workspace.slots(), fetch, step);
      kernels_.sums(view_, workspace.slots(), workspace.planes());
    }
    return next.fetched + std::min(n * kLine, left);
  }

  void store(Workspace& workspace, size_t first) const {
    const size_t n = std::min(kBlockRows, source_.n_rows() - first);
    store_results(kernels_, view_, workspace, n, results_from(results_, first, view_.n_classes));
  }

  const Program& program_;
  const BlockKernels& kernels_;
  const KernelProgram view_;
  const Source& source_;
  const Results& results_;
  Question question_;
  Portions portions_;
  std::atomic<Outcome> outcome_{Outcome::kGood};
};

// Workspaces for as many threads as there is memory for, or the one that is given.
class Lent {
 public:
  static constexpr size_t kMost = 1024;

  Lent(Workspace* given, Workspaces& from, const Program& program, size_t n, size_t scratch_bytes)
      : from_(from), is_given_(given != nullptr) {
    if (is_given_) {
      lent_[count_++] = given;
      return;
    }
    while (count_ < std::min(n, kMost)) {
      Workspace* workspace = from_.borrow(program);
      if (workspace == nullptr) return;
      lent_[count_++] = workspace;
      if (workspace->reserve_scratch(scratch_bytes)) continue;
      from_.give_back(lent_[--count_]);
      return;
    }
  }
  ~Lent() {
    if (is_given_) return;
    while (count_ > 0) from_.give_back(lent_[--count_]);
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  size_t count() const { return count_; }
  Workspace& operator[](size_t thread) const { return *lent_[thread]; }

 private:
  Workspaces& from_;
  const bool is_given_;
  Workspace* lent_[kMost];
  size_t count_ = 0;
};

Rows rest_of(Rows rows, size_t first) {
  const auto skipped = static_cast<ptrdiff_t>(first * size_of(rows.type)) * rows.row_stride;
  return {static_cast<const char*>(rows.data) + skipped, rows.type, rows.n_rows - first,
          rows.row_stride, rows.column_stride};
}

PackedRows rest_of(PackedRows rows, size_t first) {
  return {rows.words + first / 64, rows.n_rows - first, rows.n_words};
}

template <typename Some>
Some first_of(Some rows, size_t n_rows) {
  rows.n_rows = n_rows;
  return rows;
}

double block_cost(const Program& program) {
  return kGateNanoseconds * static_cast<double>(program.n_gates + program.entries.size());
}

size_t threads_for(const Calling& calling, size_t n_blocks, double cost_of_block) {
  const size_t most = std::clamp<size_t>(calling.n_threads, 1, std::max<size_t>(1, n_blocks));
  if (!calling.as_pays || most == 1) return most;
  const double pays = static_cast<double>(n_blocks) * cost_of_block / kWorthWaking;
  return std::clamp<size_t>(pays < static_cast<double>(most) ? static_cast<size_t>(pays) : most, 1,
                            most);
}

}  // namespace

Engine::Engine(Program program, const BlockKernels& kernels)
    : Engine(std::move(program), kernels, nullptr) {}

Engine::Engine(Program program, const BlockKernels& kernels, std::unique_ptr<const MapFront> front)
    : program_(std::move(program)), kernels_(kernels), front_(std::move(front)) {}

Engine::~Engine() = default;

const Program& Engine::rows_program() const { return front_ ? front_->rows : program_; }

size_t Engine::n_gates() const { return program_.n_gates + (front_ ? front_->plan.n_gates() : 0); }

template <typename Source>
Outcome Engine::run_blocks(const Source& source, const Calling& calling,
                           const Results& results) noexcept {
  const size_t n_blocks = blocks_of(source.n_rows());
  const size_t wanted = threads_for(calling, n_blocks, source.cost() + block_cost(program_));
  const Lent lent(calling.given, workspaces_, program_, wanted, source.scratch_bytes());
  if (lent.count() == 0) return Outcome::kNoMemory;
  Work<Source> work(program_, kernels_, source, lent.count(), results,
                    Question(calling.interrupted));
  struct Shared {
    Work<Source>& work;
    const Lent& lent;
  } shared{work, lent};
  share(
      lent.count(),
      [](void* context, size_t thread) {
        const Shared& shared = *static_cast<Shared*>(context);
        shared.work.run(shared.lent[thread], thread == 0);
      },
      &shared);
  return work.outcome();
}

template <typename Source>
Outcome Engine::run_few(const Source& source, const FewProgram& few, const Calling& calling,
                        const Results& results) noexcept {
  if (source.n_rows() == 0) return Outcome::kGood;
  const Code* code = few.inputs.code.get();
  size_t width = code ? kCodeWidth : 0;
  while (source.n_rows() > size_t{64} << width) ++width;
  const Lent lent(calling.given, workspaces_, program_, 1, source.scratch_bytes());
  if (lent.count() == 0) return Outcome::kNoMemory;
  uint64_t* slots = lent[0].few_slots(width, few.n_slots);
  if (slots == nullptr) return Outcome::kNoMemory;
  if (!source.load(0, 0, lent[0], slots, size_t{1} << width)) return Outcome::kBadValue;
  if (code) {
    uint64_t* planes = slots + (few.inputs.n_slots << kCodeWidth);
    code->function()(slots, planes, nullptr, 0);
    for (size_t i = 0; i < program_.classes.size() * program_.n_planes; ++i)
      std::copy_n(planes + (i << kCodeWidth), 1 << kCodeWidth, lent[0].planes() + i * kBlockWords);
  } else {
    const FewPlan plan = few.plan();
    kernels_.few.gates[width](plan, slots);
    kernels_.few.sums[width](plan, slots, lent[0].planes());
  }
  store_results(kernels_, program_.view(), lent[0], source.n_rows(), results);
  return Outcome::kGood;
}

WorkspaceSize Engine::workspace_size() const {
  WorkspaceSize size;
  size.slots = program_.n_slots;
  size.planes = program_.classes.size() * program_.n_planes;
  const FewProgram* few = few_;
  const size_t first = few && few->inputs.code ? kCodeWidth : 0;
  const size_t end = few == nullptr ? 0 : few->inputs.code ? kCodeWidth + 1 : kFewWidths;
  for (size_t width = first; width < end; ++width)
    size.few[width] = ((few->n_slots << width) + kBlockWords - 1) / kBlockWords;
  size_t scratch_bytes = 0;
  for (const Type type : {Type::kUint8, Type::kFloat32, Type::kFloat64}) {
    const Rows rows{nullptr, type, kBlockRows, static_cast<ptrdiff_t>(program_.n_features), 1};
    scratch_bytes = std::max(scratch_bytes, MatrixSource(kernels_, program_, rows).scratch_bytes());
    if (few != nullptr)
      scratch_bytes =
          std::max(scratch_bytes, MatrixSource(kernels_, few->inputs, rows).scratch_bytes());
  }
  size.scratch = (scratch_bytes + kBlockBytes - 1) / kBlockBytes;
  return size;
}

void Engine::prepare_few(const Source& source) {
  if (few_.load() != nullptr) return;
  owned_few_ =
      plan_few(source.circuit(), source.readout(), source.encoder(), program_, kernels_.isa);
  few_ = owned_few_.get();
  program_.arrangement = nullptr;
}

// Few rows, and those that full blocks leave, in narrow slots.
template <typename Some, typename SourceOf>
Outcome Engine::run_some(const Some& rows, const Calling& calling, const Results& results,
                         const SourceOf& source_of) noexcept {
  const FewProgram* few = few_;
  const size_t full = rows.n_rows / kBlockRows * kBlockRows;
  if (few == nullptr || full > kMostShortBlocks * kBlockRows ||
      rows.n_rows - full > few->most_rows())
    return run_blocks(source_of(program_, rows), calling, results);
  if (full > 0) {
    const Outcome outcome = run_blocks(source_of(program_, first_of(rows, full)), calling, results);
    if (outcome != Outcome::kGood) return outcome;
  }
  const Some rest = rest_of(rows, full);
  return run_few(source_of(few->inputs, rest), *few, calling,
                 results_from(results, full, program_.classes.size()));
}

Outcome Engine::run(const Rows& rows, const Calling& calling, const Results& results) noexcept {
  if (front_) {
    const MatrixSource source(kernels_, front_->rows, rows);
    return run_blocks(MapSource(kernels_, program_, *front_, source), calling, results);
  }
  return run_some(rows, calling, results, [&](const Program& program, const Rows& some) {
    return MatrixSource(kernels_, program, some);
  });
}

Outcome Engine::run(const PackedRows& rows, const Calling& calling,
                    const Results& results) noexcept {
  if (front_) {
    const PackedSource source(front_->rows, rows);
    return run_blocks(MapSource(kernels_, program_, *front_, source), calling, results);
  }
  return run_some(rows, calling, results, [&](const Program& program, const PackedRows& some) {
    return PackedSource(program, some);
  });
}

}  // namespace gategrad
