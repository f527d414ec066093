/* Classifies the rows of rows.h on a Cortex-M3 without a system, and prints their labels through
 * semihosting, a call that an emulator takes. */
#include "model.h"
#include "rows.h"

extern char stack_top[];

static void call_host(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void print_label(int32_t label) {
  char text[4];
  text[0] = (char)('0' + label / 10);
  text[1] = (char)('0' + label % 10);
  text[2] = '\n';
  text[3] = '\0';
  call_host(0x04, text);
}

void start(void) {
  int32_t label;
  unsigned i;
  for (i = 0; i < ROWS; ++i) {
    model_predict(rows + i * MODEL_FEATURES, 1, MODEL_FEATURES, &label);
    print_label(label);
  }
  call_host(0x18, (const void *)0x20026);
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {stack_top, start};
