/* A service of several threads in C99: labels and sums of rows must be those of a file, in every
 * batch, and no call may allocate. usage: check MODEL.gg ROWS LABELS SUMS (uint8, int64, int32) */
#define _POSIX_C_SOURCE 200809L
#include <gategrad.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4

static gg_model *model;
static gg_description about;
static uint8_t *rows;
static int64_t *labels;
static int32_t *sums;
static size_t n_rows;

/* What glibc calls its own; everything that allocates ends here. */
extern void *__libc_malloc(size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
static volatile int counts, n_allocations;

void *malloc(size_t size) {
  if (counts) ++n_allocations;
  return __libc_malloc(size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (counts) ++n_allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory == NULL;
}

static void fail(const char *what) {
  fprintf(stderr, "check: %s\n", what);
  exit(1);
}

static void *read_file(const char *name, size_t *size) {
  FILE *file = fopen(name, "rb");
  char *content;
  if (file == NULL || fseek(file, 0, SEEK_END)) fail(name);
  *size = (size_t)ftell(file);
  rewind(file);
  content = malloc(*size + 1);
  if (fread(content, 1, *size, file) != *size) fail(name);
  fclose(file);
  return content;
}

static gg_scratch *make_scratch(void) {
  size_t size = gg_scratch_size(model);
  gg_error error;
  gg_scratch *scratch = gg_scratch_place(model, malloc(size), size, &error);
  if (scratch == NULL) fail(error.text);
  return scratch;
}

/* All rows, `batch` at a time. */
static void compare(gg_scratch *scratch, size_t batch, int64_t *found, int32_t *summed) {
  size_t first;
  for (first = 0; first < n_rows; first += batch) {
    gg_rows some = {NULL, GG_UINT8, 0, 0};
    gg_error error;
    some.data = rows + first * about.n_features;
    some.n_rows = batch < n_rows - first ? batch : n_rows - first;
    if (gg_predict(model, &some, found, summed, scratch, &error) != GG_OK) fail(error.text);
    if (memcmp(found, labels + first, some.n_rows * sizeof *found)) fail("other labels");
    if (memcmp(summed, sums + first * about.n_classes,
               some.n_rows * about.n_classes * sizeof *summed))
      fail("other sums");
  }
}

static void *work(void *argument) {
  static const size_t batches[] = {1, 7, 64, 200, 1000, 100000};
  int64_t *found = malloc(n_rows * sizeof *found);
  int32_t *summed = malloc(n_rows * about.n_classes * sizeof *summed);
  gg_scratch *scratch = make_scratch();
  size_t i;
  for (i = 0; i < sizeof batches / sizeof *batches; ++i)
    compare(scratch, batches[i], found, summed);
  if (argument != NULL) {
    counts = 1;
    for (i = 0; i < sizeof batches / sizeof *batches; ++i)
      compare(scratch, batches[i], found, summed);
    counts = 0;
    if (n_allocations) fail("a call allocated");
  }
  return NULL;
}

static void refuse(gg_code code, gg_code expected) {
  if (code != expected) fail("another code than expected");
}

/* Arguments that can't be. */
static void check_refusals(const void *bytes, size_t size) {
  gg_model *none;
  gg_error error;
  gg_rows some = {NULL, GG_UINT8, 1, 0};
  gg_scratch *scratch = make_scratch();
  char little[64];
  int64_t label;
  refuse(gg_load(bytes, size / 2, &none, &error), GG_BAD_FILE);
  refuse(gg_load(bytes, size / 2, &none, NULL), GG_BAD_FILE);
  refuse(gg_load(NULL, 0, &none, &error), GG_BAD_ARGUMENT);
  refuse(gg_load(bytes, size, NULL, &error), GG_BAD_ARGUMENT);
  if (none != NULL) fail("a model of nothing");
  gg_free(NULL);
  if (gg_scratch_place(model, little, sizeof little, &error) || error.code != GG_BAD_ARGUMENT)
    fail("a scratch in too little memory");
  refuse(gg_predict(model, &some, &label, NULL, scratch, &error), GG_BAD_ARGUMENT);
  some.data = rows;
  refuse(gg_predict(model, &some, NULL, NULL, scratch, &error), GG_BAD_ARGUMENT);
  refuse(gg_predict(model, &some, &label, NULL, NULL, &error), GG_BAD_ARGUMENT);
  refuse(gg_predict(model, NULL, &label, NULL, scratch, &error), GG_BAD_ARGUMENT);
  some.row_stride = about.n_features - 1;
  refuse(gg_predict(model, &some, &label, NULL, scratch, &error), GG_BAD_ARGUMENT);
  some.row_stride = 0;
  some.dtype = 99;
  refuse(gg_predict(model, &some, &label, NULL, scratch, &error), GG_BAD_ARGUMENT);
  some.dtype = GG_FLOAT32;
  some.data = rows + 1;
  refuse(gg_predict(model, &some, &label, NULL, scratch, &error), GG_BAD_ARGUMENT);
  some.data = rows;
  some.n_rows = (size_t)-1;
  refuse(gg_predict(model, &some, &label, NULL, scratch, &error), GG_BAD_ARGUMENT);
}

int main(int argc, char **argv) {
  pthread_t threads[THREADS];
  size_t size, model_size, rows_size;
  void *bytes;
  gg_error error;
  int i;
  if (argc != 5) fail("usage: check MODEL.gg ROWS LABELS SUMS");
  bytes = read_file(argv[1], &model_size);
  if (gg_load(bytes, model_size, &model, &error)) fail(error.text);
  gg_describe(model, &about);
  rows = read_file(argv[2], &rows_size);
  labels = read_file(argv[3], &size);
  sums = read_file(argv[4], &size);
  n_rows = rows_size / about.n_features;
  check_refusals(bytes, model_size);
  free(bytes);
  work(&about);
  for (i = 0; i < THREADS; ++i)
    if (pthread_create(&threads[i], NULL, work, NULL)) fail("no thread");
  for (i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
  printf("%lu rows, %lu gates, %s: equal\n", (unsigned long)n_rows, (unsigned long)about.n_gates,
         about.isa);
  gg_free(model);
  return 0;
}
