/* Times libgategrad on rows of bytes; benchmarks/library.py compiles and runs it.
 * usage: library MODEL.gg ROWS N_ROWS; prints nanoseconds a row of all, and microseconds of one. */
#define _POSIX_C_SOURCE 200809L
#include <gategrad.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SINGLES 2000

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static char *read_file(const char *name, size_t *size) {
  FILE *file = fopen(name, "rb");
  char *content = NULL;
  if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
    *size = (size_t)ftell(file);
    rewind(file);
    content = malloc(*size + 1);
    if (fread(content, 1, *size, file) != *size) content = NULL;
    fclose(file);
  }
  if (content == NULL) exit(fprintf(stderr, "%s can't be read\n", name));
  return content;
}

int main(int argc, char **argv) {
  size_t size, rows_size, i;
  char *bytes = read_file(argc > 3 ? argv[1] : "", &size), *data = read_file(argv[2], &rows_size);
  gg_rows rows = {NULL, GG_UINT8, 0, 0}, one = {NULL, GG_UINT8, 1, 0};
  gg_model *model;
  gg_error error;
  gg_description about;
  gg_scratch *scratch;
  int64_t *labels;
  int32_t *sums;
  double start, all = 0;
  if (gg_load(bytes, size, &model, &error)) return fprintf(stderr, "%s\n", error.text);
  gg_describe(model, &about);
  scratch = gg_scratch_place(model, malloc(gg_scratch_size(model)), gg_scratch_size(model), &error);
  rows.data = data;
  rows.n_rows = (size_t)atol(argv[3]);
  labels = about.kind == GG_ARGMAX ? calloc(rows.n_rows, sizeof *labels) : NULL;
  sums = labels ? NULL : calloc(rows.n_rows * about.n_classes, sizeof *sums);
  /* The first call finds its memory as the system gave it. */
  for (i = 0; i < 2; ++i) {
    start = now();
    if (gg_predict(model, &rows, labels, sums, scratch, &error))
      return fprintf(stderr, "%s\n", error.text);
    all = now() - start;
  }
  for (start = now(), i = 0; i < SINGLES; ++i) {
    one.data = data + i % rows.n_rows * about.n_features;
    gg_predict(model, &one, labels, sums, scratch, &error);
  }
  printf("%.6f %.6f\n", 1e9 * all / (double)rows.n_rows, 1e6 * (now() - start) / SINGLES);
  return 0;
}
