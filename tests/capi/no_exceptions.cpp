// vimogen.hpp in a program without exceptions and run-time types. With an argument it takes the value of a failure,
// which ends the program.
#include <vimogen.hpp>

#include "check.h"

#if defined(__cpp_exceptions)
#error "compile this with -fno-exceptions"
#endif

int main(int argc, char **) {
  auto missing = vimogen::Motion::load("none.npz");
  CHECK(!missing && missing.status() == VIMOGEN_STATUS_NOT_FOUND);
  if (argc > 1) {
    missing.value();
  }
  auto pipeline = vimogen::Pipeline::load();
  CHECK(pipeline.ok());
  vimogen::GenerateParams params;
  params.num_frames = 8;
  params.num_inference_steps = 2;
  const auto stop = [](const vimogen_progress &) { return vimogen::Next::Cancel; };
  CHECK(pipeline.value().generate("a person waves", params, stop).status() == VIMOGEN_STATUS_CANCELLED);
  auto motion = pipeline.value().generate("a person waves", params);
  CHECK(motion.ok() && motion.value().frames() == 8);
  std::puts("ok");
}
