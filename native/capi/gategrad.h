/* gategrad: runs circuits of logic gates (.gg files) in programs that have no Python.
 *
 *     gg_model *model;
 *     gg_error error;
 *     if (gg_load(bytes, n_bytes, &model, &error)) return puts(error.text);
 *     gg_scratch *scratch =
 *         gg_scratch_place(model, malloc(gg_scratch_size(model)), gg_scratch_size(model), &error);
 *     gg_rows rows = {pixels, GG_UINT8, 100, 0};
 *     if (gg_predict(model, &rows, labels, NULL, scratch, &error)) return puts(error.text);
 *
 * A model never changes once it is loaded, so any number of threads may use it at once, each with
 * a scratch of its own. gg_predict runs on the calling thread, takes no lock and allocates nothing.
 * No function throws or ends the process, whatever bytes a file holds.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(GATEGRAD_BUILDS) && defined(_WIN32)
#define GG_API __declspec(dllexport)
#elif defined(GATEGRAD_BUILDS)
#define GG_API __attribute__((visibility("default")))
#else
#define GG_API
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/* What a call ended with; 0 is good. */
typedef enum gg_code {
  GG_OK = 0,
  GG_BAD_ARGUMENT = 1, /* a pointer, a size or a setting that can't be */
  GG_BAD_FILE = 2,     /* no .gg file, a damaged one, or one of a newer gategrad */
  GG_UNSUPPORTED = 3,  /* a sound file of a model that only Python runs */
  GG_BAD_VALUE = 4,    /* a value in a row; the text names row and column, both from 0 */
  GG_NO_MEMORY = 5,
  GG_INTERNAL = 6 /* a bug of this library */
} gg_code;

/* Why a call failed, for people. Where it is good, it is left alone. */
typedef struct gg_error {
  gg_code code;
  char text[252];
} gg_error;

/* What values of rows are; integers of more than 53 bits are refused. */
typedef enum gg_dtype {
  GG_BOOL = 0, /* bytes of 0 and 1 */
  GG_UINT8 = 1,
  GG_FLOAT32 = 2,
  GG_FLOAT64 = 3, /* the four above are read in place, the others are converted */
  GG_INT8 = 4,
  GG_INT16 = 5,
  GG_UINT16 = 6,
  GG_INT32 = 7,
  GG_UINT32 = 8,
  GG_INT64 = 9,
  GG_UINT64 = 10
} gg_dtype;

typedef enum gg_kind {
  GG_ARGMAX = 0,     /* a label a row: the class of the largest sum, of equals the first */
  GG_BINARY = 1,     /* a label a row: 1 where the sum is above 0 */
  GG_MULTILABEL = 2, /* a label for each sum of a row: 1 where it is above 0 */
  GG_REGRESSION = 3  /* no labels; what gg_scores makes of the sums */
} gg_kind;

/* Rows of n_features values, in memory of the caller that has their alignment. */
typedef struct gg_rows {
  const void* data;
  int dtype; /* a gg_dtype */
  size_t n_rows;
  size_t row_stride; /* bytes from one row to the next; 0 where rows follow one another */
} gg_rows;

typedef struct gg_description {
  gg_kind kind;
  int takes_bits;    /* 1: without an encoder; values must be 0 or 1 */
  size_t n_features; /* values of a row */
  size_t n_classes;  /* sums of a row */
  size_t n_labels;   /* labels of a row: 1, n_classes or 0, by kind */
  size_t n_names;    /* names that gg_class_name knows */
  size_t n_gates;    /* gates of the file's circuit */
  size_t code_bytes; /* machine code that the circuit became; 0 where kernels run it */
  const char* isa;   /* the instruction set that runs it */
} gg_description;

typedef struct gg_model gg_model;
typedef struct gg_scratch gg_scratch;

/* Reads a .gg file that lies in memory and lowers it for this machine. `bytes` may go afterwards.
 * GATEGRAD_ISA and GATEGRAD_CODE in the environment choose what runs, as in Python. `error` may be
 * null, here and below. Where it fails, *model is null. */
GG_API gg_code gg_load(const void* bytes, size_t n_bytes, gg_model** model, gg_error* error);

/* Null is fine. No call may use the model any more. */
GG_API void gg_free(gg_model* model);

GG_API void gg_describe(const gg_model* model, gg_description* description);

/* UTF-8, and a text for names that are numbers; null from n_names on. Lives as long as `model`. */
GG_API const char* gg_class_name(const gg_model* model, size_t index);

/* Bytes that one call takes at a time, of any number of rows. */
GG_API size_t gg_scratch_size(const gg_model* model);

/* Makes a scratch for one thread in `memory`, of any alignment, and writes its constants there. It
 * serves any number of calls, one at a time, as long as memory and model stay; nothing is to be
 * undone. Null where n_bytes are fewer than gg_scratch_size(model). */
GG_API gg_scratch* gg_scratch_place(const gg_model* model, void* memory, size_t n_bytes,
                                    gg_error* error);

/* Decides on rows. `labels` is (n_rows, n_labels), `sums` (n_rows, n_classes), row by row; either
 * may be null. What they hold is undefined where the call fails. */
GG_API gg_code gg_predict(const gg_model* model, const gg_rows* rows, int64_t* labels,
                          int32_t* sums, gg_scratch* scratch, gg_error* error);

/* Sums of n_rows rows times scale plus offset of each class. */
GG_API void gg_scores(const gg_model* model, const int32_t* sums, size_t n_rows, float* scores);

/* Such as "0.1.0". */
GG_API const char* gg_version(void);

#if defined(__cplusplus)
}
#endif
