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
// Errors. What can fail returns a Result: ask ok(), then take value(). value() of a failure throws vimogen::Error; where
// exceptions are switched off (-fno-exceptions) it ends the program with the message, so ask first.
//
// Objects are moved, not copied. Const members may be called from several threads at once. The other conventions are
// those of vimogen.h.
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
/// What Result::value throws.
class Error : public std::runtime_error {
public:
  Error(vimogen_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  /// Which kind of error it is.
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

/// A value, or why there is none.
template <class T> class [[nodiscard]] Result {
  using Stored = std::conditional_t<std::is_void_v<T>, detail::Nothing, T>;

public:
  Result(Stored value) : value_(std::move(value)) {}

  /// The failure of the call that this thread made last.
  static Result failure(vimogen_status status) { return Result(status, vimogen_last_error()); }

  bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  vimogen_status status() const noexcept { return status_; }
  /// What went wrong and what to do about it; empty if nothing did.
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

  /// As above, of a Result that stays.
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

/// Takes over a string of the library.
inline Result<std::string> taken(vimogen_status status, char *text) {
  if (status != VIMOGEN_STATUS_OK) {
    return Result<std::string>::failure(status);
  }
  const std::unique_ptr<char, vimogen_status (*)(char *)> owner(text, vimogen_string_free);
  return std::string(text);
}

} // namespace detail

/// Numbers that belong to a Motion and live as long as it.
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

/// vimogen_load_params with their defaults.
struct LoadParams : vimogen_load_params {
  LoadParams() { detail::must(vimogen_load_params_init(this, sizeof(vimogen_load_params))); }
};

/// vimogen_generate_params with their defaults. To be told of progress, pass a callable to generate instead.
struct GenerateParams : vimogen_generate_params {
  GenerateParams() { detail::must(vimogen_generate_params_init(this, sizeof(vimogen_generate_params))); }
};

/// vimogen_request with its defaults.
struct Request : vimogen_request {
  Request() { detail::must(vimogen_request_init(this, sizeof(vimogen_request))); }
};

/// vimogen_trainer_params with their defaults.
struct TrainerParams : vimogen_trainer_params {
  TrainerParams() { detail::must(vimogen_trainer_params_init(this, sizeof(vimogen_trainer_params))); }
};

/// vimogen_train_batch with its defaults.
struct TrainBatch : vimogen_train_batch {
  TrainBatch() { detail::must(vimogen_train_batch_init(this, sizeof(vimogen_train_batch))); }
};

/// What a progress callable returns.
enum class Next { Continue, Cancel };

namespace detail {

/// A callable `Next(const vimogen_progress &)` behind the C callback. What it throws travels around the library, not
/// through it.
template <class F> class Callback {
public:
  explicit Callback(F &callable) noexcept : callable_(callable) {}

  void install(vimogen_generate_params &params) noexcept {
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

template <class T, vimogen_status (*Free)(T *)> struct Deleter {
  void operator()(T *object) const noexcept { Free(object); }
};

template <class T, vimogen_status (*Free)(T *)> using Owned = std::unique_ptr<T, Deleter<T, Free>>;

} // namespace detail

/// A motion of at least one frame.
class Motion {
public:
  /// Takes over a handle of the C interface.
  explicit Motion(vimogen_motion *handle) noexcept : handle_(handle) {}

  /// Reads .pt, .npy or .npz.
  static Result<Motion> load(const std::string &path) {
    vimogen_motion *handle = nullptr;
    const auto status = vimogen_motion_load(path.c_str(), &handle);
    return made(status, handle);
  }

  /// Copies features, [frames][VIMOGEN_FEATURES].
  static Result<Motion> from_features(const float *features, std::size_t frames, float fps) {
    vimogen_motion *handle = nullptr;
    const auto status = vimogen_motion_from_features(features, frames, VIMOGEN_FEATURES, fps, &handle);
    return made(status, handle);
  }

  std::size_t frames() const {
    std::size_t frames = 0;
    detail::must(vimogen_motion_frames(get(), &frames));
    return frames;
  }

  /// Frames per second.
  float fps() const {
    float fps = 0;
    detail::must(vimogen_motion_fps(get(), &fps));
    return fps;
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
    vimogen_smpl smpl;
    detail::must(vimogen_motion_smpl(get(), &smpl, sizeof smpl));
    return smpl;
  }

  /// The pose at a moment, interpolated.
  vimogen_pose pose_at(double seconds) const {
    vimogen_pose pose;
    detail::must(vimogen_motion_pose_at(get(), seconds, &pose, sizeof pose));
    return pose;
  }

  /// The same movement at another frame rate.
  Result<Motion> resample(float fps) const {
    vimogen_motion *handle = nullptr;
    const auto status = vimogen_motion_resample(get(), fps, &handle);
    return made(status, handle);
  }

  /// Some of the frames.
  Result<Motion> slice(std::size_t first, std::size_t count) const {
    vimogen_motion *handle = nullptr;
    const auto status = vimogen_motion_slice(get(), first, count, &handle);
    return made(status, handle);
  }

  /// Writes the format that the extension names; see vimogen_motion_save.
  Result<void> save(const std::string &path) const { return detail::done(vimogen_motion_save(get(), path.c_str())); }

  /// Writes a page that plays the motion.
  Result<void> save_html(const std::string &path, const std::string &title) const {
    return detail::done(vimogen_motion_save_html(get(), path.c_str(), title.c_str()));
  }

  /// MBench's motion-quality metrics.
  Result<vimogen_quality> quality() const {
    vimogen_quality quality;
    const auto status = vimogen_motion_quality(get(), &quality, sizeof quality);
    return status == VIMOGEN_STATUS_OK ? Result<vimogen_quality>(quality) : Result<vimogen_quality>::failure(status);
  }

  /// The handle of the C interface, which stays ours.
  const vimogen_motion *get() const noexcept { return handle_.get(); }

private:
  friend class Pipeline;

  static Result<Motion> made(vimogen_status status, vimogen_motion *handle) {
    return status == VIMOGEN_STATUS_OK ? Result<Motion>(Motion(handle)) : Result<Motion>::failure(status);
  }

  View view(vimogen_status (*getter)(const vimogen_motion *, const float **, std::size_t *)) const {
    const float *data = nullptr;
    std::size_t size = 0;
    detail::must(getter(get(), &data, &size));
    return View(data, size);
  }

  detail::Owned<vimogen_motion, vimogen_motion_free> handle_;
};

/// A loaded model. Several threads may generate with it at once.
class Pipeline {
public:
  /// Takes over a handle of the C interface.
  explicit Pipeline(vimogen_pipeline *handle) noexcept : handle_(handle) {}

  /// Loads the built-in model.
  static Result<Pipeline> load(const LoadParams &params = {}) { return load_from(nullptr, params); }

  /// Loads a model directory.
  static Result<Pipeline> load(const std::string &path, const LoadParams &params = {}) {
    return load_from(path.c_str(), params);
  }

  /// What the model is.
  vimogen_pipeline_info info() const {
    vimogen_pipeline_info info;
    detail::must(vimogen_pipeline_get_info(get(), &info, sizeof info));
    return info;
  }

  /// The model's config.json.
  Result<std::string> config() const {
    char *json = nullptr;
    const auto status = vimogen_pipeline_config(get(), &json);
    return detail::taken(status, json);
  }

  /// Encodes a prompt as rows of info().text_dim numbers.
  Result<std::vector<float>> encode(const std::string &prompt) const {
    std::size_t rows = 0;
    auto status = vimogen_pipeline_encode(get(), prompt.c_str(), nullptr, 0, &rows);
    if (status != VIMOGEN_STATUS_OK) {
      return Result<std::vector<float>>::failure(status);
    }
    std::vector<float> numbers(rows * info().text_dim);
    status = vimogen_pipeline_encode(get(), prompt.c_str(), numbers.data(), numbers.size(), &rows);
    if (status != VIMOGEN_STATUS_OK) {
      return Result<std::vector<float>>::failure(status);
    }
    return numbers;
  }

  /// Generates a motion from a prompt.
  Result<Motion> generate(const std::string &prompt, const vimogen_generate_params &params = GenerateParams()) const {
    vimogen_motion *handle = nullptr;
    const auto status = vimogen_generate(get(), prompt.c_str(), &params, &handle);
    return Motion::made(status, handle);
  }

  /// As above, and calls `on_progress`, `Next(const vimogen_progress &)`, after each step. What it throws stops the work
  /// and comes out here.
  template <class F>
  Result<Motion> generate(const std::string &prompt, vimogen_generate_params params, F &&on_progress) const {
    detail::Callback<std::remove_reference_t<F>> callback(on_progress);
    callback.install(params);
    vimogen_motion *handle = nullptr;
    const auto status = vimogen_generate(get(), prompt.c_str(), &params, &handle);
    callback.rethrow();
    return Motion::made(status, handle);
  }

  /// Generates a motion from an encoded prompt, [rows][text_dim].
  Result<Motion> generate_from_embeddings(const std::vector<float> &embeddings, std::size_t text_dim,
                                          const vimogen_generate_params &params = GenerateParams()) const {
    vimogen_motion *handle = nullptr;
    // Numbers that are left over would be dropped by the division; the width is then refused.
    const bool whole = text_dim != 0 && embeddings.size() % text_dim == 0;
    const auto status = vimogen_generate_from_embeddings(get(), embeddings.data(), whole ? embeddings.size() / text_dim : 1,
                                                         whole ? text_dim : embeddings.size(), &params, &handle);
    return Motion::made(status, handle);
  }

  /// Generates a motion that follows another.
  Result<Motion> generate_from_reference(const Motion &reference,
                                         const vimogen_generate_params &params = GenerateParams()) const {
    vimogen_motion *handle = nullptr;
    const auto status = vimogen_generate_from_reference(get(), reference.get(), &params, &handle);
    return Motion::made(status, handle);
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

  /// The handle of the C interface, which stays ours.
  const vimogen_pipeline *get() const noexcept { return handle_.get(); }

private:
  static Result<Pipeline> load_from(const char *path, const LoadParams &params) {
    vimogen_pipeline *handle = nullptr;
    const auto status = vimogen_pipeline_load(path, &params, &handle);
    return status == VIMOGEN_STATUS_OK ? Result<Pipeline>(Pipeline(handle)) : Result<Pipeline>::failure(status);
  }

  detail::Owned<vimogen_pipeline, vimogen_pipeline_free> handle_;
};

/// A model in training.
class Trainer {
public:
  /// Takes over a handle of the C interface.
  explicit Trainer(vimogen_trainer *handle) noexcept : handle_(handle) {}

  /// Starts or resumes a training.
  static Result<Trainer> create(const TrainerParams &params) {
    vimogen_trainer *handle = nullptr;
    const auto status = vimogen_trainer_create(&params, &handle);
    return status == VIMOGEN_STATUS_OK ? Result<Trainer>(Trainer(handle)) : Result<Trainer>::failure(status);
  }

  /// Does one step of the optimiser.
  Result<vimogen_train_report> step(const TrainBatch &batch) {
    vimogen_train_report report;
    const auto status = vimogen_train_step(get(), &batch, &report, sizeof report);
    return status == VIMOGEN_STATUS_OK ? Result<vimogen_train_report>(report)
                                       : Result<vimogen_train_report>::failure(status);
  }

  /// Number of steps done.
  std::uint64_t steps() const {
    std::uint64_t steps = 0;
    detail::must(vimogen_trainer_steps(handle_.get(), &steps));
    return steps;
  }

  /// Writes the moving average of the weights as .safetensors.
  Result<void> save(const std::string &path) const {
    return detail::done(vimogen_trainer_save(handle_.get(), path.c_str()));
  }

  /// Writes a checkpoint below a folder.
  Result<void> checkpoint(const std::string &folder) const {
    return detail::done(vimogen_trainer_checkpoint(handle_.get(), folder.c_str()));
  }

  /// The handle of the C interface, which stays ours.
  vimogen_trainer *get() noexcept { return handle_.get(); }

private:
  detail::Owned<vimogen_trainer, vimogen_trainer_free> handle_;
};

/// vimogen_evaluate_params with their defaults.
struct EvaluateParams : vimogen_evaluate_params {
  EvaluateParams() { detail::must(vimogen_evaluate_params_init(this, sizeof(vimogen_evaluate_params))); }
};

/// Scores the motions in a folder; the report is JSON.
inline Result<std::string> evaluate(const std::string &folder, const EvaluateParams &params = {}) {
  char *json = nullptr;
  const auto status = vimogen_evaluate(folder.c_str(), &params, &json);
  return detail::taken(status, json);
}

/// A joint of the skeleton; `index` below VIMOGEN_JOINTS.
inline Result<vimogen_joint> skeleton_joint(std::size_t index) {
  vimogen_joint joint;
  const auto status = vimogen_skeleton_joint(index, &joint, sizeof joint);
  return status == VIMOGEN_STATUS_OK ? Result<vimogen_joint>(joint) : Result<vimogen_joint>::failure(status);
}

} // namespace vimogen

#endif // VIMOGEN_HPP
