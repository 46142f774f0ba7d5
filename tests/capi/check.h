// Checks that print the expectation, its place and the library's message.
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vimogen.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: not true: %s (last error: %s)\n", __FILE__, __LINE__, #condition, vimogen_last_error()); \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)

// A call that succeeds.
#define OK(call) CHECK((call) == VIMOGEN_STATUS_OK)

// A call that fails with this status and a message that holds this text.
#define FAILS(status, text, call)                                                                                      \
  do {                                                                                                                 \
    CHECK((call) == VIMOGEN_STATUS_##status);                                                                          \
    CHECK(strstr(vimogen_last_error(), text) != NULL);                                                                 \
  } while (0)

// Parameters that cost little.
static inline vimogen_generate_params quick(void) {
  vimogen_generate_params params;
  OK(vimogen_generate_params_init(&params, sizeof params));
  params.num_frames = 8;
  params.num_inference_steps = 2;
  return params;
}

#endif
