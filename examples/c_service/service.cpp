// Decides on rows of bytes from standard input, such as pixels, by a .gg file: a number a line.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include <gategrad.h>

namespace {

constexpr size_t kRowsAtOnce = 512;

int fail(const char* what, const gg_error& error) {
  std::fprintf(stderr, "%s: %s\n", what, error.text);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: service MODEL.gg < ROWS\n"), 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  gg_model* model;
  gg_error error;
  if (gg_load(bytes.data(), bytes.size(), &model, &error)) return fail(argv[1], error);

  gg_description about;
  gg_describe(model, &about);
  std::vector<char> memory(gg_scratch_size(model));
  gg_scratch* scratch = gg_scratch_place(model, memory.data(), memory.size(), &error);
  std::vector<uint8_t> values(kRowsAtOnce * about.n_features);
  std::vector<int64_t> labels(kRowsAtOnce * about.n_labels);
  while (size_t n = std::fread(values.data(), about.n_features, kRowsAtOnce, stdin)) {
    const gg_rows rows = {values.data(), GG_UINT8, n, 0};
    if (gg_predict(model, &rows, labels.data(), nullptr, scratch, &error))
      return fail("standard input", error);
    for (size_t i = 0; i < n * about.n_labels; ++i)
      std::printf("%lld\n", static_cast<long long>(labels[i]));
  }
  gg_free(model);
}
