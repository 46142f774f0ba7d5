// vimogen for C++17: objects that free themselves, over the C interface of vimogen.h. Header only.
//
//     #include <cstdio>
//     #include <vimogen.hpp>
//
//     int main() {
//       try {
//         auto pipeline = vimogen::Pipeline::load().value(); // the built-in model
//         vimogen::GenerateParams params;
//         params.num_frames = 60;
//         auto motion = pipeline.generate("a person waves", params).value();
//         std::printf("the head starts %.2f m above the ground\n", motion.joints()[15 * 3 + 2]);
//         motion.save("wave.bvh").value();
//       } catch (const vimogen::Error &error) {
//         std::fprintf(stderr, "error %d: %s\n", static_cast<int>(error.status()), error.what());
//         return 1;
//       }
//     }
//
// Build it with: c++ -std=c++17 wave.cpp $(pkg-config --cflags --libs vimogen)
//
// Errors. Functions that can fail return a Result: check ok(), then take value(). value() of a failure throws
// vimogen::Error; without exceptions (-fno-exceptions) it ends the program with the message, so check first. Objects are
// moved, not copied; const members may be called from several threads at once. Other conventions are those of vimogen.h.
#ifndef VIMOGEN_HPP
#define VIMOGEN_HPP

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "vimogen.h"

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define VIMOGEN_EXCEPTIONS 1
#include <exception>
#include <stdexcept>
#else
#define VIMOGEN_EXCEPTIONS 0
#endif

namespace vimogen {

#if VIMOGEN_EXCEPTIONS
/// Exception of Result::value.
class Error : public std::runtime_error {
public:
  Error(vimogen_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  /// Kind of the error.
  vimogen_status status() const noexcept { return status_; }

private:
  vimogen_status status_;
};
#endif

namespace detail {

[[noreturn]] inline void fail(vimogen_status status, const std::string &message) {
#if VIMOGEN_EXCEPTIONS
  throw Error(status, message);
#else
  std::fprintf(stderr, "vimogen: %s: %s\n", vimogen_status_name(status), message.c_str());
  std::abort();
#endif
}

/// For calls that fail only through a bug in the library.
inline void must(vimogen_status status) {
  if (status != VIMOGEN_STATUS_OK) {
    fail(status, vimogen_last_error());
  }
}

struct Nothing {};

} // namespace detail

/// A value or an error.
template <class T> class [[nodiscard]] Result {
  using Stored = std::conditional_t<std::is_void_v<T>, detail::Nothing, T>;

public:
  Result(Stored value) : value_(std::move(value)) {}

  /// The failure of this thread's last call.
  static Result failure(vimogen_status status) { return Result(status, vimogen_last_error()); }

  bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  vimogen_status status() const noexcept { return status_; }
  /// Message with the fault and the remedy; empty on success.
  const std::string &message() const noexcept { return message_; }

  /// The value; of a failure, throws Error or ends the program.
  std::conditional_t<std::is_void_v<T>, void, T> value() && {
    if (!ok()) {
      detail::fail(status_, message_);
    }
    if constexpr (!std::is_void_v<T>) {
      return std::move(*value_);
    }
  }

  /// As above, without moving the value.
  std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<Stored>> value() & {
    if (!ok()) {
      detail::fail(status_, message_);
    }
    if constexpr (!std::is_void_v<T>) {
      return *value_;
    }
  }

private:
  Result(vimogen_status status, std::string message) : status_(status), message_(std::move(message)) {}

  std::optional<Stored> value_;
  vimogen_status status_ = VIMOGEN_STATUS_OK;
  std::string message_;
};

namespace detail {

inline Result<void> done(vimogen_status status) {
  return status == VIMOGEN_STATUS_OK ? Result<void>(Nothing{}) : Result<void>::failure(status);
}

/// Object that owns the handle from a call.
template <class Object, class Call> Result<Object> made(Call &&call) {
  typename Object::Handle *handle = nullptr;
  const vimogen_status status = call(&handle);
  return status == VIMOGEN_STATUS_OK ? Result<Object>(Object(handle)) : Result<Object>::failure(status);
}

/// Struct that a call fills; it takes the size.
template <class T, class Call> Result<T> filled(Call &&call) {
  T value{};
  const vimogen_status status = call(&value, sizeof value);
  return status == VIMOGEN_STATUS_OK ? Result<T>(value) : Result<T>::failure(status);
}

/// Value that a call writes; the call fails only through a bug in the library.
template <class T, class Call> T number(Call &&call) {
  T value{};
  must(call(&value));
  return value;
}

/// Takes over a string of the library.
inline Result<std::string> taken(vimogen_status status, char *text) {
  if (status != VIMOGEN_STATUS_OK) {
    return Result<std::string>::failure(status);
  }
  const std::unique_ptr<char, vimogen_status (*)(char *)> owner(text, vimogen_string_free);
  return std::string(text);
}

} // namespace detail

/// Values that belong to a Motion and live as long as it.
class View {
public:
  View(const float *data, std::size_t size) noexcept : data_(data), size_(size) {}
  const float *data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  const float *begin() const noexcept { return data_; }
  const float *end() const noexcept { return data_ + size_; }
  float operator[](std::size_t index) const noexcept { return data_[index]; }

private:
  const float *data_;
  std::size_t size_;
};

namespace detail {

/// A struct of the C interface with its defaults.
template <class T, vimogen_status (*Init)(T *, std::size_t)> struct Defaults : T {
  Defaults() { must(Init(this, sizeof(T))); }
};

} // namespace detail

using LoadParams = detail::Defaults<vimogen_load_params, vimogen_load_params_init>;
/// For progress reports, pass a callable to generate or evaluate instead.
using GenerateParams = detail::Defaults<vimogen_generate_params, vimogen_generate_params_init>;
using Request = detail::Defaults<vimogen_request, vimogen_request_init>;
using TrainerParams = detail::Defaults<vimogen_trainer_params, vimogen_trainer_params_init>;
using TrainBatch = detail::Defaults<vimogen_train_batch, vimogen_train_batch_init>;
using RenderParams = detail::Defaults<vimogen_render_params, vimogen_render_params_init>;
using EvaluateParams = detail::Defaults<vimogen_evaluate_params, vimogen_evaluate_params_init>;
using MotionLoadParams = detail::Defaults<vimogen_motion_load_params, vimogen_motion_load_params_init>;

/// Result of a progress callable.
enum class Next { Continue, Cancel };

namespace detail {

/// A callable `Next(const vimogen_progress &)` behind the C callback. Its exceptions travel around the library, not
/// through it.
template <class F> class Callback {
public:
  explicit Callback(F &callable) noexcept : callable_(callable) {}

  template <class P> void install(P &params) noexcept {
    params.progress = &Callback::call;
    params.user_data = this;
  }

  void rethrow() const {
#if VIMOGEN_EXCEPTIONS
    if (thrown_) {
      std::rethrow_exception(thrown_);
    }
#endif
  }

private:
  static std::int32_t call(const vimogen_progress *progress, void *user_data) {
    auto *self = static_cast<Callback *>(user_data);
#if VIMOGEN_EXCEPTIONS
    try {
      return self->callable_(*progress) == Next::Continue ? 0 : 1;
    } catch (...) {
      self->thrown_ = std::current_exception();
      return 1;
    }
#else
    return self->callable_(*progress) == Next::Continue ? 0 : 1;
#endif
  }

  F &callable_;
#if VIMOGEN_EXCEPTIONS
  std::exception_ptr thrown_;
#endif
};

/// Owns a handle of the C interface.
template <class T, vimogen_status (*Free)(T *)> class Object {
public:
  using Handle = T;

  /// Takes over a handle.
  explicit Object(T *handle) noexcept : handle_(handle) {}

  /// The handle; this object still owns it.
  const T *get() const noexcept { return handle_.get(); }
  T *get() noexcept { return handle_.get(); }

private:
  struct Deleter {
    void operator()(T *handle) const noexcept { Free(handle); }
  };
  std::unique_ptr<T, Deleter> handle_;
};

} // namespace detail

/// A motion of at least one frame.
class Motion : public detail::Object<vimogen_motion, vimogen_motion_free> {
public:
  using Object::Object;

  /// Reads a file of any format that vimogen_motion_load names; params override what is found in it.
  static Result<Motion> load(const std::string &path, const MotionLoadParams &params = {}) {
    return detail::made<Motion>([&](auto **handle) { return vimogen_motion_load_with(path.c_str(), &params, handle); });
  }

  /// The reader's report on the motion's file, as JSON; see vimogen_motion_source.
  Result<std::string> source() const {
    char *json = nullptr;
    const auto status = vimogen_motion_source(get(), &json);
    return detail::taken(status, json);
  }

  /// How the motion was made, as JSON; see vimogen_motion_meta.
  Result<std::string> meta() const {
    char *json = nullptr;
    const auto status = vimogen_motion_meta(get(), &json);
    return detail::taken(status, json);
  }

  /// Copies features, [frames][VIMOGEN_FEATURES].
  static Result<Motion> from_features(const float *features, std::size_t frames, float fps) {
    return detail::made<Motion>(
        [&](auto **handle) { return vimogen_motion_from_features(features, frames, VIMOGEN_FEATURES, fps, handle); });
  }

  std::size_t frames() const {
    return detail::number<std::size_t>([&](auto *frames) { return vimogen_motion_frames(get(), frames); });
  }

  /// Frames per second.
  float fps() const {
    return detail::number<float>([&](auto *fps) { return vimogen_motion_fps(get(), fps); });
  }

  /// Length in seconds.
  double duration() const { return static_cast<double>(frames()) / fps(); }

  /// [frames][VIMOGEN_FEATURES]
  View features() const { return view(vimogen_motion_features); }
  /// Positions, [frames][VIMOGEN_JOINTS][3], metres, z up.
  View joints() const { return view(vimogen_motion_joints); }
  /// Quaternions w, x, y, z, [frames][VIMOGEN_JOINTS][4]; see vimogen_motion_local_rotations.
  View local_rotations() const { return view(vimogen_motion_local_rotations); }
  /// Positions of the pelvis, [frames][3], metres, z up.
  View root_positions() const { return view(vimogen_motion_root_positions); }

  /// Parameters of the SMPL body.
  vimogen_smpl smpl() const {
    return detail::filled<vimogen_smpl>([&](auto *smpl, auto size) { return vimogen_motion_smpl(get(), smpl, size); })
        .value();
  }

  /// The pose at a moment, interpolated.
  vimogen_pose pose_at(double seconds) const {
    return detail::filled<vimogen_pose>(
               [&](auto *pose, auto size) { return vimogen_motion_pose_at(get(), seconds, pose, size); })
        .value();
  }

  /// The same movement at another frame rate.
  Result<Motion> resample(float fps) const {
    return detail::made<Motion>([&](auto **handle) { return vimogen_motion_resample(get(), fps, handle); });
  }

  /// Joints that follow from the rotations and a root that follows from its steps; standing feet stay in place if asked.
  Result<Motion> refit(bool lock_feet = false) const {
    return detail::made<Motion>([&](auto **handle) { return vimogen_motion_refit(get(), lock_feet, handle); });
  }

  /// The seconds from `start` to `end`; an `end` below 0: to its end.
  Result<Motion> trimmed(double start, double end = -1.0) const { return edited(vimogen_motion_trim, start, end); }
  /// Turned about the vertical through its start, degrees; 90 turns to the left.
  Result<Motion> turned(float degrees) const { return edited(vimogen_motion_turn, degrees); }
  /// Shifted on the ground, metres.
  Result<Motion> moved(float x, float y) const { return edited(vimogen_motion_move, x, y); }
  /// Left and right exchanged.
  Result<Motion> mirrored() const { return edited(vimogen_motion_mirror); }
  /// One round that leads to its own start.
  Result<Motion> looped(double blend = 0.3) const { return edited(vimogen_motion_loop, blend); }
  /// A loop that is played several times and travels on.
  Result<Motion> repeated(std::size_t times, double blend = 0.3) const {
    return edited(vimogen_motion_repeat, times, blend);
  }
  /// The last pose for some seconds more.
  Result<Motion> hold(double seconds) const { return edited(vimogen_motion_hold, seconds); }
  /// The same movement faster; 2 halves the duration.
  Result<Motion> retimed(float factor) const { return edited(vimogen_motion_retime, factor); }
  /// A Gaussian mean over time, of a standard deviation in seconds.
  Result<Motion> smoothed(float seconds = 0.05F) const { return edited(vimogen_motion_smooth, seconds); }
  /// Bent to a path, `count` points of x and y in metres; see vimogen_motion_along.
  Result<Motion> along(const float *points, std::size_t count) const {
    return edited(vimogen_motion_along, points, count);
  }
  /// Followed by another, which starts where this one ends.
  Result<Motion> then(const Motion &other, double blend = 0.3) const {
    return edited(vimogen_motion_then, other.get(), blend);
  }
  /// With spine, head and arms of another.
  Result<Motion> with_upper_body(const Motion &other) const {
    return edited(vimogen_motion_with_upper_body, other.get());
  }

  /// A range of frames.
  Result<Motion> slice(std::size_t first, std::size_t count) const {
    return detail::made<Motion>([&](auto **handle) { return vimogen_motion_slice(get(), first, count, handle); });
  }

  /// Writes the format of the extension; see vimogen_motion_save.
  Result<void> save(const std::string &path) const { return detail::done(vimogen_motion_save(get(), path.c_str())); }

  /// Writes the joint positions as MBench reads them, a .npy array.
  Result<void> save_mbench_joints(const std::string &path) const {
    return detail::done(vimogen_motion_save_mbench_joints(get(), path.c_str()));
  }

  /// Writes a page that plays the motion.
  Result<void> save_html(const std::string &path, const std::string &title) const {
    return detail::done(vimogen_motion_save_html(get(), path.c_str(), title.c_str()));
  }

  /// Draws the motion in the format of the extension; see vimogen_motion_render.
  Result<void> render(const std::string &path, const vimogen_render_params *params = nullptr) const {
    return detail::done(vimogen_motion_render(get(), path.c_str(), params));
  }

  /// MBench's motion-quality metrics.
  Result<vimogen_quality> quality() const {
    return detail::filled<vimogen_quality>(
        [&](auto *quality, auto size) { return vimogen_motion_quality(get(), quality, size); });
  }

private:
  template <class Edit, class... Values> Result<Motion> edited(Edit edit, Values... values) const {
    return detail::made<Motion>([&](auto **handle) { return edit(get(), values..., handle); });
  }

  View view(vimogen_status (*getter)(const vimogen_motion *, const float **, std::size_t *)) const {
    const float *data = nullptr;
    std::size_t size = 0;
    detail::must(getter(get(), &data, &size));
    return View(data, size);
  }
};

/// A loaded model. Several threads may generate with it at once.
class Pipeline : public detail::Object<vimogen_pipeline, vimogen_pipeline_free> {
public:
  using Object::Object;

  /// Loads the built-in model.
  static Result<Pipeline> load(const LoadParams &params = {}) { return load_from(nullptr, params); }

  /// Loads a model directory.
  static Result<Pipeline> load(const std::string &path, const LoadParams &params = {}) {
    return load_from(path.c_str(), params);
  }

  /// Description of the model.
  vimogen_pipeline_info info() const {
    return detail::filled<vimogen_pipeline_info>(
               [&](auto *info, auto size) { return vimogen_pipeline_get_info(get(), info, size); })
        .value();
  }

  /// The model's config.json.
  Result<std::string> config() const {
    char *json = nullptr;
    const auto status = vimogen_pipeline_config(get(), &json);
    return detail::taken(status, json);
  }

  /// Encodes a prompt as rows of info().text_dim values.
  Result<std::vector<float>> encode(const std::string &prompt) const {
    std::size_t rows = 0;
    std::vector<float> numbers;
    auto status = vimogen_pipeline_encode(get(), prompt.c_str(), nullptr, 0, &rows);
    if (status == VIMOGEN_STATUS_OK) {
      numbers.resize(rows * info().text_dim);
      status = vimogen_pipeline_encode(get(), prompt.c_str(), numbers.data(), numbers.size(), &rows);
    }
    return status == VIMOGEN_STATUS_OK ? Result<std::vector<float>>(std::move(numbers))
                                       : Result<std::vector<float>>::failure(status);
  }

  /// Generates a motion from a prompt.
  Result<Motion> generate(const std::string &prompt, const vimogen_generate_params &params = GenerateParams()) const {
    return detail::made<Motion>(
        [&](auto **handle) { return vimogen_generate(get(), prompt.c_str(), &params, handle); });
  }

  /// As above, and calls `on_progress`, `Next(const vimogen_progress &)`, after each step. An exception stops the
  /// work and is thrown here.
  template <class F>
  Result<Motion> generate(const std::string &prompt, vimogen_generate_params params, F &&on_progress) const {
    detail::Callback<std::remove_reference_t<F>> callback(on_progress);
    callback.install(params);
    auto motion = generate(prompt, params);
    callback.rethrow();
    return motion;
  }

  /// Generates a motion from an encoded prompt, [rows][text_dim].
  Result<Motion> generate_from_embeddings(const float *embeddings, std::size_t rows, std::size_t text_dim,
                                          const vimogen_generate_params &params = GenerateParams()) const {
    return detail::made<Motion>([&](auto **handle) {
      return vimogen_generate_from_embeddings(get(), embeddings, rows, text_dim, &params, handle);
    });
  }

  /// Generates a motion that meets constraints, given as JSON; see vimogen_generate_constrained.
  Result<Motion> generate_constrained(const std::string &prompt, const std::string &constraints,
                                      const vimogen_generate_params &params = GenerateParams()) const {
    return detail::made<Motion>([&](auto **handle) {
      return vimogen_generate_constrained(get(), prompt.c_str(), constraints.c_str(), &params, handle);
    });
  }

  /// Generates one motion of prompts and their seconds, each after the other.
  Result<Motion> sequence(const std::vector<std::pair<std::string, double>> &parts,
                          const vimogen_generate_params &params = GenerateParams()) const {
    const auto [prompts, seconds] = split(parts);
    return detail::made<Motion>([&, prompts = prompts.data(), seconds = seconds.data()](auto **handle) {
      return vimogen_generate_sequence(get(), prompts, seconds, parts.size(), &params, handle);
    });
  }

  /// Goes on from the end of a motion: the motion as it is, then prompts and their seconds, each after the other.
  Result<Motion> extend(const Motion &motion, const std::vector<std::pair<std::string, double>> &parts,
                        const vimogen_generate_params &params = GenerateParams()) const {
    const auto [prompts, seconds] = split(parts);
    return detail::made<Motion>([&, prompts = prompts.data(), seconds = seconds.data()](auto **handle) {
      return vimogen_generate_extend(get(), motion.get(), prompts, seconds, parts.size(), &params, handle);
    });
  }

  /// Changes what a motion shows; see vimogen_generate_edit. An empty `source` is not known.
  Result<Motion> edit(const Motion &motion, const std::string &prompt, const std::string &source = {},
                      double strength = -1.0, const vimogen_generate_params &params = GenerateParams()) const {
    return detail::made<Motion>([&](auto **handle) {
      return vimogen_generate_edit(get(), motion.get(), prompt.c_str(), source.empty() ? nullptr : source.c_str(),
                                   strength, &params, handle);
    });
  }

  /// Generates a motion like another, of the seed in `params`.
  Result<Motion> variation(const Motion &motion, double strength = -1.0,
                           const vimogen_generate_params &params = GenerateParams()) const {
    return detail::made<Motion>([&](auto **handle) {
      return vimogen_generate_variation(get(), motion.get(), nullptr, strength, &params, handle);
    });
  }

  /// Generates a motion that follows another.
  Result<Motion> generate_from_reference(const Motion &reference,
                                         const vimogen_generate_params &params = GenerateParams()) const {
    return detail::made<Motion>(
        [&](auto **handle) { return vimogen_generate_from_reference(get(), reference.get(), &params, handle); });
  }

  /// Generates a motion from each prompt, at once.
  Result<std::vector<Motion>> generate_all(const std::vector<std::string> &prompts,
                                           const vimogen_generate_params &params = GenerateParams()) const {
    std::vector<vimogen_request> requests;
    for (const auto &prompt : prompts) {
      Request request;
      request.prompt = prompt.c_str();
      requests.push_back(request);
    }
    return generate_batch(requests, params);
  }

  /// Generates a motion for each request, at once.
  Result<std::vector<Motion>> generate_batch(const std::vector<vimogen_request> &requests,
                                             const vimogen_generate_params &params = GenerateParams()) const {
    std::vector<vimogen_motion *> handles(requests.size(), nullptr);
    std::vector<Motion> motions;
    motions.reserve(requests.size());
    const auto status = vimogen_generate_batch(get(), requests.data(), requests.size(), &params, handles.data());
    if (status != VIMOGEN_STATUS_OK) {
      return Result<std::vector<Motion>>::failure(status);
    }
    for (auto *handle : handles) {
      motions.emplace_back(handle);
    }
    return motions;
  }

private:
  static std::pair<std::vector<const char *>, std::vector<double>>
  split(const std::vector<std::pair<std::string, double>> &parts) {
    std::pair<std::vector<const char *>, std::vector<double>> columns;
    for (const auto &part : parts) {
      columns.first.push_back(part.first.c_str());
      columns.second.push_back(part.second);
    }
    return columns;
  }

  static Result<Pipeline> load_from(const char *path, const LoadParams &params) {
    return detail::made<Pipeline>([&](auto **handle) { return vimogen_pipeline_load(path, &params, handle); });
  }
};

/// A skinned character to which motions are added as animations.
class Character : public detail::Object<vimogen_character, vimogen_character_free> {
public:
  using Object::Object;

  /// Reads a .glb, .gltf or .vrm file; `names`, if not empty, says which joint is which, see vimogen_character_open.
  static Result<Character> open(const std::string &path, const std::string &names = {}) {
    return detail::made<Character>([&](auto **handle) {
      return vimogen_character_open(path.c_str(), names.empty() ? nullptr : names.c_str(), handle);
    });
  }

  /// Makes a skeleton with the joint names of a well-known rig, such as "unreal", see vimogen_character_preset.
  static Result<Character> preset(const std::string &name) {
    return detail::made<Character>([&](auto **handle) { return vimogen_character_preset(name.c_str(), handle); });
  }

  /// Adds a motion as an animation and gives the report as JSON, see vimogen_character_add.
  Result<std::string> add(const Motion &motion, const std::string &name, bool plant = true) {
    char *json = nullptr;
    const auto status = vimogen_character_add(get(), motion.get(), name.c_str(), plant, &json);
    return detail::taken(status, json);
  }

  /// Writes the character with its animations.
  Result<void> save(const std::string &path) const {
    return detail::done(vimogen_character_save(get(), path.c_str()));
  }
};

/// A humanoid robot whose joints follow motions.
class Robot : public detail::Object<vimogen_robot, vimogen_robot_free> {
public:
  using Object::Object;

  /// Reads a MuJoCo model (.xml); `names`, if not empty, says which body is which, see vimogen_robot_open.
  static Result<Robot> open(const std::string &path, const std::string &names = {}) {
    return detail::made<Robot>([&](auto **handle) {
      return vimogen_robot_open(path.c_str(), names.empty() ? nullptr : names.c_str(), handle);
    });
  }

  /// Writes the joint values that follow a motion and gives the report as JSON, see vimogen_robot_retarget.
  Result<std::string> retarget(const Motion &motion, const std::string &path, const std::string &layout = "",
                               bool plant = true, double velocity = 0.0) const {
    char *json = nullptr;
    const char *chosen = layout.empty() ? nullptr : layout.c_str();
    const auto status = vimogen_robot_retarget(get(), motion.get(), path.c_str(), chosen, plant, velocity, &json);
    return detail::taken(status, json);
  }
};

/// Motion without an end. The pipeline must outlive it.
class Stream : public detail::Object<vimogen_stream, vimogen_stream_free> {
public:
  using Object::Object;

  /// Opens a stream; 0 steps are 6 for each window.
  static Result<Stream> open(const Pipeline &pipeline, const std::string &prompt, std::uint64_t seed = 0,
                             std::uint32_t num_inference_steps = 0) {
    return detail::made<Stream>([&](auto **handle) {
      return vimogen_stream_open(pipeline.get(), prompt.c_str(), seed, num_inference_steps, handle);
    });
  }

  /// The next frames, which go on where the last ones ended.
  Result<Motion> block(std::size_t frames) {
    return detail::made<Motion>([&](auto **handle) { return vimogen_stream_next(get(), frames, handle); });
  }

  /// Sets what the person does from the next frame on.
  Result<void> set_prompt(const std::string &prompt) {
    return detail::done(vimogen_stream_set_prompt(get(), prompt.c_str()));
  }

  /// Turns the person to a heading in degrees to the left of the first one; it turns while it moves.
  Result<void> set_heading(float degrees) { return detail::done(vimogen_stream_set_heading(get(), degrees)); }

  /// Leads the person to a place on the ground, metres to the right and forward.
  Result<void> set_target(float x, float y) { return detail::done(vimogen_stream_set_target(get(), x, y)); }

  /// Ends steering.
  Result<void> release() { return detail::done(vimogen_stream_release(get())); }

  /// Whether the person is within 0.4 m of its target.
  bool reached() {
    return detail::number<std::int32_t>([&](auto *reached) { return vimogen_stream_reached(get(), reached); }) != 0;
  }
};

/// A model in training.
class Trainer : public detail::Object<vimogen_trainer, vimogen_trainer_free> {
public:
  using Object::Object;

  /// Starts or resumes a training.
  static Result<Trainer> create(const TrainerParams &params) {
    return detail::made<Trainer>([&](auto **handle) { return vimogen_trainer_create(&params, handle); });
  }

  /// Does one step of the optimiser.
  Result<vimogen_train_report> step(const TrainBatch &batch) {
    return detail::filled<vimogen_train_report>(
        [&](auto *report, auto size) { return vimogen_train_step(get(), &batch, report, size); });
  }

  /// Number of steps done.
  std::uint64_t steps() const {
    return detail::number<std::uint64_t>([&](auto *steps) { return vimogen_trainer_steps(get(), steps); });
  }

  /// Writes the moving average of the weights as .safetensors.
  Result<void> save(const std::string &path) const { return detail::done(vimogen_trainer_save(get(), path.c_str())); }

  /// Writes a checkpoint below a folder.
  Result<void> checkpoint(const std::string &folder) const {
    return detail::done(vimogen_trainer_checkpoint(get(), folder.c_str()));
  }
};

/// Scores the motions in a folder; the report is JSON.
inline Result<std::string> evaluate(const std::string &folder, const EvaluateParams &params = {}) {
  char *json = nullptr;
  const auto status = vimogen_evaluate(folder.c_str(), &params, &json);
  return detail::taken(status, json);
}

/// As above, and calls `on_progress`, `Next(const vimogen_progress &)`, after each file and each question of MBench
/// (`params.info`). An exception stops the work and is thrown here.
template <class F>
Result<std::string> evaluate(const std::string &folder, EvaluateParams params, F &&on_progress) {
  detail::Callback<std::remove_reference_t<F>> callback(on_progress);
  callback.install(params);
  auto report = evaluate(folder, params);
  callback.rethrow();
  return report;
}

/// A joint of the skeleton; `index` below VIMOGEN_JOINTS.
inline Result<vimogen_joint> skeleton_joint(std::size_t index) {
  return detail::filled<vimogen_joint>(
      [&](auto *joint, auto size) { return vimogen_skeleton_joint(index, joint, size); });
}

} // namespace vimogen

#endif // VIMOGEN_HPP
