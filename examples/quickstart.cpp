// The quick start in C++17: a motion from a sentence, its first joints, a BVH file.
//
//     c++ -std=c++17 examples/quickstart.cpp $(pkg-config --cflags --libs vimogen) -o quickstart && ./quickstart out
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <string>
#include <system_error>
#include <vimogen.hpp>

int main(int argc, char **argv) {
  const std::string folder = argc > 1 ? argv[1] : "out";
  try {
    const auto pipeline = vimogen::Pipeline::load().value(); // the built-in model
    vimogen::GenerateParams params;
    params.seed = 42;
    const auto motion = pipeline.generate("a person walks forward and waves", params).value();

    std::printf("frames %zu fps %g\n", motion.frames(), motion.fps());
    const auto joints = motion.joints();
    for (int i = 0; i < 3; i++) {
      std::printf("joint %d %.4f %.4f %.4f\n", i, joints[3 * i], joints[3 * i + 1], joints[3 * i + 2]);
    }
    std::printf("checksum %.3f\n", std::accumulate(joints.begin(), joints.end(), 0.0));
    std::error_code failed; // if this fails, saving fails too
    std::filesystem::create_directories(folder, failed);
    motion.save(folder + "/quickstart.bvh").value();
  } catch (const vimogen::Error &error) {
    std::fprintf(stderr, "error %d: %s\n", static_cast<int>(error.status()), error.what());
    return 1;
  }
}
