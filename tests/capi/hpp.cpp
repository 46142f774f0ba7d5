// vimogen.hpp with exceptions: ./hpp FOLDER. Linked with hpp_other.cpp, which includes the header as well.
#include <algorithm>
#include <fstream>
#include <type_traits>
#include <vimogen.hpp>

#include "check.h"

std::size_t frames_of(const vimogen::Motion &motion); // hpp_other.cpp

namespace {

static_assert(!std::is_copy_constructible_v<vimogen::Motion> && std::is_nothrow_move_constructible_v<vimogen::Motion>);
static_assert(!std::is_copy_constructible_v<vimogen::Pipeline> && !std::is_copy_constructible_v<vimogen::Trainer>);

vimogen::GenerateParams cheap() {
  vimogen::GenerateParams params;
  params.num_frames = 8;
  params.num_inference_steps = 2;
  return params;
}

void failures_are_results_and_their_values_throw() {
  auto missing = vimogen::Pipeline::load("none/such");
  CHECK(!missing && missing.status() == VIMOGEN_STATUS_NOT_FOUND);
  CHECK(missing.message().find("none/such") != std::string::npos);
  bool thrown = false;
  try {
    missing.value();
  } catch (const vimogen::Error &error) {
    thrown = error.status() == VIMOGEN_STATUS_NOT_FOUND && error.what() == missing.message();
  }
  CHECK(thrown);
}

void progress_cancels_and_exceptions_travel_around_the_library(const vimogen::Pipeline &pipeline) {
  int calls = 0;
  const auto count = [&](const vimogen_progress &progress) {
    calls += progress.stage == VIMOGEN_STAGE_SAMPLE;
    return vimogen::Next::Continue;
  };
  CHECK(pipeline.generate("a person waves", cheap(), count).ok());
  CHECK(calls == 2);
  const auto stop = [](const vimogen_progress &) { return vimogen::Next::Cancel; };
  CHECK(pipeline.generate("a person waves", cheap(), stop).status() == VIMOGEN_STATUS_CANCELLED);
  bool thrown = false;
  try {
    (void)pipeline.generate("a person waves", cheap(), [](const vimogen_progress &) -> vimogen::Next { throw 42; });
  } catch (int number) {
    thrown = number == 42;
  }
  CHECK(thrown);
}

void motions_have_their_arrays(const vimogen::Pipeline &pipeline, const std::string &folder) {
  auto motion = pipeline.generate("a person waves", cheap()).value();
  const float *joints = motion.joints().data();
  const auto moved = std::move(motion);
  CHECK(motion.get() == nullptr && moved.joints().data() == joints && frames_of(moved) == 8);
  CHECK(moved.fps() == 20 && moved.duration() == 0.4);
  CHECK(moved.features().size() == 8 * VIMOGEN_FEATURES && moved.local_rotations().size() == 8 * VIMOGEN_JOINTS * 4);
  CHECK(moved.root_positions()[4] == moved.joints()[66 + 1] && moved.smpl().frames == 8);
  CHECK(moved.pose_at(0).root[2] == moved.root_positions()[2]);
  CHECK(moved.resample(60).value().frames() == 24 && moved.slice(1, 2).value().frames() == 2);
  CHECK(moved.refit(true).value().frames() == moved.frames());
  CHECK(!moved.slice(7, 9) && moved.quality().value().dynamic_degree > 0);
  const auto copy = vimogen::Motion::from_features(moved.features().data(), 8, 20).value();
  CHECK(std::equal(copy.features().begin(), copy.features().end(), moved.features().begin()));
  moved.save(folder + "/hpp.npz").value();
  moved.save_html(folder + "/hpp.html", "a person waves").value();
  moved.save_mbench_joints(folder + "/joints.npy").value();
  CHECK(moved.slice(0, 1).value().render(folder + "/hpp.png").ok());
  vimogen::RenderParams small;
  small.width = small.height = 64;
  CHECK(moved.slice(0, 1).value().render(folder + "/small.png", &small).ok());
  CHECK(vimogen::Motion::load(folder + "/hpp.npz").value().frames() == 8);
  moved.save(folder + "/hpp.bvh").value();
  moved.save(folder + "/hero.glb").value();
  auto hero = vimogen::Character::open(folder + "/hero.glb").value();
  CHECK(hero.add(moved, "waves").value().find("\"clip\": \"waves\"") != std::string::npos);
  hero.save(folder + "/hero-waves.glb").value();
  CHECK(!vimogen::Robot::open(folder + "/none.xml"));
  CHECK(vimogen::Character::preset("vrm").ok() && !vimogen::Character::preset("none"));
  vimogen::MotionLoadParams reading;
  reading.fps = 40;
  const auto read = vimogen::Motion::load(folder + "/hpp.bvh", reading).value();
  CHECK(read.fps() == 40 && read.source().value().find("\"given\"") != std::string::npos);
  CHECK(moved.source().value() == "null");
  CHECK(vimogen::evaluate(folder).value().find("\"hpp\"") != std::string::npos && !vimogen::evaluate("none/such"));
  vimogen::EvaluateParams asked;
  const std::string info = folder + "/hpp.json";
  std::ofstream(info) << R"([{"prompt": "a", "dimension": "Jitter_Degree", "id": 7}])";
  moved.save(folder + "/7.npy").value();
  asked.info = info.c_str();
  int heard = 0;
  const auto hear = [&](const vimogen_progress &progress) {
    heard += progress.stage == VIMOGEN_STAGE_EVALUATE;
    return vimogen::Next::Continue;
  };
  CHECK(vimogen::evaluate(folder, asked, hear).value().find("7.npy") != std::string::npos && heard == 1);
  CHECK(moved.save(folder + "/hpp.mp3").status() == VIMOGEN_STATUS_INVALID_ARGUMENT);
}

void prompts_references_and_batches(const vimogen::Pipeline &pipeline) {
  const auto info = pipeline.info();
  CHECK(info.fps == 20 && pipeline.config().value().find("\"dit\"") != std::string::npos);
  const auto rows = pipeline.encode("a person waves").value();
  const auto a = pipeline.generate("a person waves", cheap()).value();
  const auto b =
      pipeline.generate_from_embeddings(rows.data(), rows.size() / info.text_dim, info.text_dim, cheap()).value();
  CHECK(std::equal(a.joints().begin(), a.joints().end(), b.joints().begin()));
  CHECK(!pipeline.generate_from_embeddings(rows.data(), 1, rows.size() - 1) &&
        !pipeline.generate_from_embeddings(nullptr, 1, 1));
  CHECK(pipeline.generate_from_reference(a, cheap()).value().frames() == 8);
  const auto both = pipeline.generate_all({"a person waves", "a person jumps"}, cheap()).value();
  CHECK(both.size() == 2 && both[1].frames() == 8);
  CHECK(!pipeline.generate_all({}, cheap()));
  vimogen::Request request;
  request.reference = a.get();
  CHECK(pipeline.generate_batch({request, request}, cheap()).value().size() == 2);
}

void training() {
  vimogen::TrainerParams params;
  CHECK(vimogen::Trainer::create(params).status() == VIMOGEN_STATUS_INVALID_ARGUMENT);
  params.model =
      R"({"dim": 16, "ffn_dim": 24, "freq_dim": 8, "num_heads": 2, "num_layers": 2, "text_dim": 6, "text_len": 4,
                     "reference": true})";
  auto trainer = vimogen::Trainer::create(params).value();
  const std::vector<float> motion(5 * VIMOGEN_FEATURES, 0.5f), prompts(4 * 6, 0.1f);
  vimogen::TrainBatch batch;
  CHECK(!trainer.step(batch));
  batch.batch = 1;
  batch.frames = 5;
  batch.text_rows = 4;
  batch.motion = motion.data();
  batch.prompt_embeddings = prompts.data();
  CHECK(trainer.step(batch).value().loss > 0 && trainer.steps() == 1);
}

void sequences_and_streams(const vimogen::Pipeline &pipeline) {
  const auto scene = pipeline.sequence({{"walks forward", 3.0}, {"sits down", 1.0}}, cheap()).value();
  CHECK(scene.frames() == 80);
  CHECK(pipeline.edit(scene, "a person runs", "a person walks", -1.0, cheap()).value().frames() == 80);
  CHECK(pipeline.variation(scene, 0.3, cheap()).ok());
  auto stream = vimogen::Stream::open(pipeline, "a person walks forward", 1, 2).value();
  CHECK(stream.block(4).value().frames() == 4);
  CHECK(stream.set_prompt("a person jumps").ok() && stream.set_heading(45.0f).ok());
  CHECK(stream.set_target(1.0f, 1.0f).ok() && !stream.reached() && stream.release().ok());
  CHECK(stream.block(0).status() == VIMOGEN_STATUS_INVALID_ARGUMENT);
}

void the_skeleton() {
  CHECK(std::string(vimogen::skeleton_joint(15).value().name) == "head");
  CHECK(!vimogen::skeleton_joint(22));
}

} // namespace

int main(int argc, char **argv) {
  CHECK(argc == 2);
  failures_are_results_and_their_values_throw();
  const auto pipeline = vimogen::Pipeline::load().value();
  progress_cancels_and_exceptions_travel_around_the_library(pipeline);
  motions_have_their_arrays(pipeline, argv[1]);
  prompts_references_and_batches(pipeline);
  sequences_and_streams(pipeline);
  training();
  the_skeleton();
  std::puts("ok");
}
