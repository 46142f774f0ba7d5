// Drives a rig at 60 frames per second: poses between the motion's 20 frames, forward kinematics on the neutral
// skeleton, y up as game engines have it.
//
//     c++ -std=c++17 examples/rig.cpp $(pkg-config --cflags --libs vimogen) -o rig && ./rig
#include <array>
#include <cmath>
#include <cstdio>
#include <vimogen.hpp>

namespace {

struct Vec {
  float x, y, z;
};

struct Quat {
  float w, x, y, z;
};

Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }

Quat operator*(Quat a, Quat b) {
  return {a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z, a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
          a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x, a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
}

Vec rotate(Quat q, Vec v) {
  const Quat r = q * Quat{0, v.x, v.y, v.z} * Quat{q.w, -q.x, -q.y, -q.z};
  return {r.x, r.y, r.z};
}

/// Half a turn about (0, 1, 1): (x, y, z) with z up becomes (-x, z, y) with y up. A motion that starts facing +y then
/// faces +z, with +x to its left.
const Quat kToYUp = {0, 0, std::sqrt(0.5f), std::sqrt(0.5f)};

/// An engine's skeleton: each bone's parent and offset at rest. Here the library's own; yours has its own lengths.
struct Rig {
  std::array<int, VIMOGEN_JOINTS> parents;
  std::array<Vec, VIMOGEN_JOINTS> offsets;
  std::array<Vec, VIMOGEN_JOINTS> positions;

  Rig() {
    for (int i = 0; i < VIMOGEN_JOINTS; i++) {
      const auto joint = vimogen::skeleton_joint(i).value();
      parents[i] = joint.parent;
      offsets[i] = {joint.rest_offset[0], joint.rest_offset[1], joint.rest_offset[2]};
    }
  }

  void set(const vimogen_pose &pose) {
    std::array<Quat, VIMOGEN_JOINTS> world;
    for (int i = 0; i < VIMOGEN_JOINTS; i++) { // a parent comes before its children
      const float *q = pose.rotations[i];
      const Quat local = {q[0], q[1], q[2], q[3]};
      if (parents[i] < 0) {
        world[i] = kToYUp * local;
        positions[i] = rotate(kToYUp, {pose.root[0], pose.root[1], pose.root[2]});
      } else {
        world[i] = world[parents[i]] * local;
        positions[i] = positions[parents[i]] + rotate(world[parents[i]], offsets[i]);
      }
    }
  }
};

void drive(const vimogen::Motion &motion) {
  Rig rig;
  const int frames = static_cast<int>(motion.duration() * 60);
  for (int frame = 0; frame < frames; frame++) {
    const double seconds = frame / 60.0;
    rig.set(motion.pose_at(seconds));
    if (frame % 30 == 0) {
      const Vec head = rig.positions[15], hand = rig.positions[21];
      std::printf("%.1f s: head %.3f %.3f %.3f, right hand %.3f %.3f %.3f\n", seconds, head.x, head.y, head.z, hand.x,
                  hand.y, hand.z);
    }
  }
}

/// Engines often disable exceptions, so each result is checked before its value is used.
template <class T> int fail(const vimogen::Result<T> &result) {
  std::fprintf(stderr, "error: %s\n", result.message().c_str());
  return 1;
}

} // namespace

int main() {
  auto pipeline = vimogen::Pipeline::load();
  if (!pipeline) return fail(pipeline);
  vimogen::GenerateParams params;
  params.num_frames = 60;
  auto motion = pipeline.value().generate("a person walks forward", params);
  if (!motion) return fail(motion);
  drive(motion.value());

  // The same as a clip of its own, for an engine that imports clips.
  auto clip = motion.value().resample(60);
  if (!clip) return fail(clip);
  std::printf("%zu frames at %g fps\n", clip.value().frames(), clip.value().fps());
  return 0;
}
