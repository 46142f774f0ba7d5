// A program with a leak, to see that the tools that look for leaks would find one of the library's.
#include "check.h"

int main(void) {
  const float frame[VIMOGEN_FEATURES] = {0};
  vimogen_motion *lost = NULL;
  OK(vimogen_motion_from_features(frame, 1, VIMOGEN_FEATURES, 20, &lost));
  lost = NULL;
  puts("ok");
  return 0;
}
