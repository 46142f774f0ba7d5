// Correct use of the library: ./api FOLDER
#include <math.h>
#include <stddef.h>

#include "check.h"

#define PROMPT "a person walks forward and waves"

static int near(float a, float b, float tolerance) { return fabsf(a - b) <= tolerance; }

static void asks_the_model_about_itself(const vimogen_pipeline *pipeline) {
  vimogen_pipeline_info info;
  OK(vimogen_pipeline_get_info(pipeline, &info, sizeof info));
  CHECK(info.fps == 20.0f && info.min_frames == 2 && info.max_frames == 72000);
  CHECK(info.has_text_encoder == 1 && info.has_reference == 1 && info.text_dim > 0);
  CHECK(info.strength > 0 && info.strength <= 1 && info.guidance_scale >= 0);
  char *json = NULL;
  OK(vimogen_pipeline_config(pipeline, &json));
  CHECK(strstr(json, "\"architecture\"") != NULL);
  OK(vimogen_string_free(json));
}

struct steps {
  int encoded, sampled, total, stop_after;
};

struct measured {
  uint64_t steps, total, stop_after;
};

static int32_t measure(const vimogen_progress *progress, void *user_data) {
  struct measured *measured = user_data;
  CHECK(progress->stage == VIMOGEN_STAGE_EVALUATE && progress->step <= progress->total);
  measured->steps++;
  measured->total = progress->total;
  return measured->stop_after != 0 && measured->steps >= measured->stop_after;
}

static int32_t count(const vimogen_progress *progress, void *user_data) {
  struct steps *steps = user_data;
  CHECK(progress->struct_size == sizeof *progress);
  CHECK(progress->step >= 1 && progress->step <= progress->total);
  if (progress->stage == VIMOGEN_STAGE_ENCODE) steps->encoded++;
  if (progress->stage == VIMOGEN_STAGE_SAMPLE) {
    steps->sampled++;
    steps->total = (int)progress->total;
  }
  return steps->stop_after != 0 && steps->sampled >= steps->stop_after;
}

static vimogen_motion *reports_progress_and_can_be_cancelled(const vimogen_pipeline *pipeline) {
  struct steps steps = {0, 0, 0, 0};
  vimogen_generate_params params = quick();
  params.num_inference_steps = 3;
  params.progress = count;
  params.user_data = &steps;
  vimogen_motion *motion = NULL;
  OK(vimogen_generate(pipeline, PROMPT, &params, &motion));
  CHECK(steps.encoded == 1 && steps.sampled == 3 && steps.total == 3);

  struct steps cancelling = {0, 0, 0, 2};
  params.user_data = &cancelling;
  vimogen_motion *none = NULL;
  FAILS(CANCELLED, "cancelled", vimogen_generate(pipeline, PROMPT, &params, &none));
  CHECK(none == NULL && cancelling.sampled == 2);
  return motion;
}

static void the_seed_decides(const vimogen_pipeline *pipeline, const vimogen_motion *motion) {
  const float *a, *b;
  size_t len, other_len;
  vimogen_generate_params params = quick();
  params.num_inference_steps = 3;
  OK(vimogen_motion_features(motion, &a, &len));
  for (uint64_t seed = 42; seed < 44; seed++) {
    vimogen_motion *other = NULL;
    params.seed = seed;
    OK(vimogen_generate(pipeline, PROMPT, &params, &other));
    OK(vimogen_motion_features(other, &b, &other_len));
    CHECK(len == other_len);
    CHECK((memcmp(a, b, len * sizeof *a) == 0) == (seed == 42));
    OK(vimogen_motion_free(other));
  }
}

static void fast_is_another_solver_with_fewer_steps(const vimogen_pipeline *pipeline) {
  const float *a, *b;
  size_t len, other_len;
  vimogen_generate_params fast, spelled = quick();
  OK(vimogen_generate_params_init_fast(&fast, sizeof fast));
  spelled.solver = VIMOGEN_SOLVER_AB2;
  spelled.num_inference_steps = 40;
  fast.num_frames = spelled.num_frames;
  vimogen_motion *motion = NULL, *same = NULL;
  OK(vimogen_generate(pipeline, PROMPT, &fast, &motion));
  OK(vimogen_generate(pipeline, PROMPT, &spelled, &same));
  OK(vimogen_motion_features(motion, &a, &len));
  OK(vimogen_motion_features(same, &b, &other_len));
  CHECK(len == other_len && memcmp(a, b, len * sizeof *a) == 0);
  OK(vimogen_motion_free(same));

  spelled.guidance_low = 0.9;
  OK(vimogen_generate(pipeline, PROMPT, &spelled, &same));
  OK(vimogen_motion_features(same, &b, &other_len));
  CHECK(memcmp(a, b, len * sizeof *a) != 0);
  OK(vimogen_motion_free(same));
  OK(vimogen_motion_free(motion));
}

static void embeddings_and_batches_give_what_the_prompt_gives(const vimogen_pipeline *pipeline,
                                                              const vimogen_motion *motion) {
  vimogen_pipeline_info info;
  OK(vimogen_pipeline_get_info(pipeline, &info, sizeof info));
  size_t rows = 0, rows_again = 0;
  OK(vimogen_pipeline_encode(pipeline, PROMPT, NULL, 0, &rows));
  CHECK(rows > 0);
  float *embeddings = malloc(rows * info.text_dim * sizeof *embeddings);
  OK(vimogen_pipeline_encode(pipeline, PROMPT, embeddings, rows * info.text_dim, &rows_again));
  FAILS(SHAPE, "embeddings", vimogen_pipeline_encode(pipeline, PROMPT, embeddings, 3, &rows_again));

  vimogen_generate_params params = quick();
  params.num_inference_steps = 3;
  vimogen_request requests[3];
  for (int i = 0; i < 3; i++) OK(vimogen_request_init(&requests[i], sizeof requests[i]));
  requests[0].prompt = PROMPT;
  requests[1].embeddings = embeddings;
  requests[1].rows = rows;
  requests[1].text_dim = info.text_dim;
  requests[2].reference = motion;
  requests[2].num_frames = 5;
  requests[2].has_seed = 1;
  requests[2].seed = 7;
  vimogen_motion *motions[4] = {NULL, NULL, NULL, NULL};
  OK(vimogen_generate_batch(pipeline, requests, 3, &params, motions));
  OK(vimogen_generate_from_embeddings(pipeline, embeddings, rows, info.text_dim, &params, &motions[3]));

  const float *want, *got;
  size_t len, got_len, frames;
  OK(vimogen_motion_joints(motion, &want, &len));
  const int same[] = {0, 1, 3};
  for (int i = 0; i < 3; i++) {
    OK(vimogen_motion_joints(motions[same[i]], &got, &got_len));
    CHECK(len == got_len);
    for (size_t k = 0; k < len; k++) CHECK(near(want[k], got[k], 1e-3f));
  }
  OK(vimogen_motion_frames(motions[2], &frames));
  CHECK(frames == 5);
  for (int i = 0; i < 4; i++) OK(vimogen_motion_free(motions[i]));
  free(embeddings);
}

static void follows_a_reference(const vimogen_pipeline *pipeline, const vimogen_motion *reference) {
  vimogen_generate_params params = quick();
  params.num_frames = 0; // as many as the reference
  vimogen_motion *motion = NULL;
  size_t frames = 0, reference_frames = 0;
  OK(vimogen_generate_from_reference(pipeline, reference, &params, &motion));
  OK(vimogen_motion_frames(motion, &frames));
  OK(vimogen_motion_frames(reference, &reference_frames));
  CHECK(frames == reference_frames);
  OK(vimogen_motion_free(motion));
}

static void arrays_fit_together(const vimogen_motion *motion) {
  size_t frames, len;
  float fps;
  const float *features, *joints, *rotations, *roots, *again;
  OK(vimogen_motion_frames(motion, &frames));
  OK(vimogen_motion_fps(motion, &fps));
  CHECK(frames == 8 && fps == 20.0f);
  OK(vimogen_motion_features(motion, &features, &len));
  CHECK(len == frames * VIMOGEN_FEATURES);
  OK(vimogen_motion_joints(motion, &joints, &len));
  CHECK(len == frames * VIMOGEN_JOINTS * 3);
  OK(vimogen_motion_joints(motion, &again, &len));
  CHECK(again == joints);
  OK(vimogen_motion_local_rotations(motion, &rotations, &len));
  CHECK(len == frames * VIMOGEN_JOINTS * 4);
  OK(vimogen_motion_root_positions(motion, &roots, &len));
  CHECK(len == frames * 3);
  for (size_t t = 0; t < frames; t++) {
    CHECK(memcmp(&roots[3 * t], &joints[3 * VIMOGEN_JOINTS * t], 3 * sizeof *roots) == 0);
    for (size_t j = 0; j < VIMOGEN_JOINTS; j++) {
      const float *q = &rotations[4 * (VIMOGEN_JOINTS * t + j)];
      CHECK(near(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3], 1, 1e-4f));
    }
  }
  vimogen_smpl smpl;
  OK(vimogen_motion_smpl(motion, &smpl, sizeof smpl));
  CHECK(smpl.frames == frames);
  // The quaternions are those of the axis-angle vectors, up to sign.
  float q[21 * 4];
  OK(vimogen_convert_rotations(VIMOGEN_ROTATION_AXIS_ANGLE, VIMOGEN_ROTATION_QUATERNION, smpl.body_pose, 21, q));
  for (int j = 0; j < 21; j++) {
    const float *p = &rotations[4 * (j + 1)];
    const float dot = p[0] * q[4 * j] + p[1] * q[4 * j + 1] + p[2] * q[4 * j + 2] + p[3] * q[4 * j + 3];
    CHECK(near(fabsf(dot), 1, 1e-4f));
  }
}

static void poses_and_clips_at_other_rates(const vimogen_motion *motion) {
  const float *roots, *rotations, *fast_joints, *joints;
  size_t len, frames;
  vimogen_pose pose;
  OK(vimogen_motion_root_positions(motion, &roots, &len));
  OK(vimogen_motion_local_rotations(motion, &rotations, &len));
  OK(vimogen_motion_pose_at(motion, 3 / 20.0, &pose, sizeof pose));
  for (int c = 0; c < 3; c++) CHECK(near(pose.root[c], roots[3 * 3 + c], 1e-5f));
  for (int c = 0; c < 4; c++) CHECK(near(pose.rotations[5][c], rotations[(3 * VIMOGEN_JOINTS + 5) * 4 + c], 1e-5f));
  OK(vimogen_motion_pose_at(motion, 3.5 / 20.0, &pose, sizeof pose));
  for (int c = 0; c < 3; c++) CHECK(near(pose.root[c], (roots[9 + c] + roots[12 + c]) / 2, 1e-5f));
  OK(vimogen_motion_pose_at(motion, 1e6, &pose, sizeof pose));
  CHECK(near(pose.root[0], roots[3 * 7], 1e-6f));

  vimogen_motion *fast = NULL, *part = NULL;
  OK(vimogen_motion_resample(motion, 60, &fast));
  OK(vimogen_motion_frames(fast, &frames));
  CHECK(frames == 24);
  OK(vimogen_motion_joints(motion, &joints, &len));
  OK(vimogen_motion_joints(fast, &fast_joints, &len));
  for (int t = 0; t < 8; t++) CHECK(near(joints[66 * t + 1], fast_joints[66 * 3 * t + 1], 1e-3f));
  OK(vimogen_motion_slice(motion, 2, 3, &part));
  OK(vimogen_motion_frames(part, &frames));
  CHECK(frames == 3);
  OK(vimogen_motion_free(fast));
  OK(vimogen_motion_free(part));
}

static void files_tell_what_they_are(const vimogen_motion *motion, const char *folder) {
  char path[1024], *json = NULL;
  float fps;
  vimogen_motion *read = NULL;
  vimogen_motion_load_params reading;
  OK(vimogen_motion_load_params_init(&reading, sizeof reading));
  reading.fps = 40;
  snprintf(path, sizeof path, "%s/clip.bvh", folder);
  OK(vimogen_motion_load_with(path, &reading, &read));
  OK(vimogen_motion_fps(read, &fps));
  OK(vimogen_motion_source(read, &json));
  CHECK(fps == 40 && strstr(json, "BVH") && strstr(json, "\"given\"") && strstr(json, "\"warnings\""));
  OK(vimogen_string_free(json));
  OK(vimogen_motion_free(read));
  OK(vimogen_motion_load_with(path, NULL, &read));
  OK(vimogen_motion_fps(read, &fps));
  CHECK(fps == 20);
  OK(vimogen_motion_free(read));
  OK(vimogen_motion_source(motion, &json));
  CHECK(strcmp(json, "null") == 0);
  OK(vimogen_string_free(json));
  OK(vimogen_motion_meta(motion, &json));
  CHECK(strstr(json, "\"seed\"") && strstr(json, "\"built-in\"") && strstr(json, "\"num_inference_steps\""));
  OK(vimogen_string_free(json));
}

static void files_come_back(const vimogen_motion *motion, const char *folder) {
  const char *names[] = {"clip.npz",  "clip.npy", "clip.pt",  "clip.bvh",  "clip.glb", "clip.vrma",
                         "clip.fbx",  "clip.usda", "clip.usdz", "clip.csv", "clip.html", "clip.svg"};
  char path[1024];
  for (int i = 0; i < 12; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    OK(vimogen_motion_save(motion, path));
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    fclose(file);
    if (i >= 3) continue;
    vimogen_motion *back = NULL;
    const float *a, *b;
    size_t len, back_len;
    OK(vimogen_motion_load(path, &back));
    OK(vimogen_motion_features(motion, &a, &len));
    OK(vimogen_motion_features(back, &b, &back_len));
    CHECK(len == back_len && memcmp(a, b, len * sizeof *a) == 0);
    OK(vimogen_motion_free(back));
  }
  files_tell_what_they_are(motion, folder);
  vimogen_motion *consistent = NULL;
  size_t frames, consistent_frames;
  OK(vimogen_motion_refit(motion, 1, &consistent));
  OK(vimogen_motion_frames(motion, &frames));
  OK(vimogen_motion_frames(consistent, &consistent_frames));
  CHECK(frames == consistent_frames);
  OK(vimogen_motion_free(consistent));
  snprintf(path, sizeof path, "%s/titled.html", folder);
  OK(vimogen_motion_save_html(motion, path, "a <title> & more"));
  snprintf(path, sizeof path, "%s/joints.npy", folder);
  OK(vimogen_motion_save_mbench_joints(motion, path));
}

static int32_t stop_at_the_third(const vimogen_progress *progress, void *user_data) {
  *(int *)user_data = (int)progress->step;
  CHECK(progress->stage == VIMOGEN_STAGE_RENDER);
  return progress->step == 3;
}

static long file_size(const char *folder, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  const long size = ftell(file);
  fclose(file);
  return size;
}

static void motions_become_pictures(const vimogen_motion *motion, const char *folder) {
  const char *names[] = {"clip.mp4", "clip.gif", "clip.png"};
  char path[1024];
  int step = 0;
  vimogen_render_params params;
  OK(vimogen_render_params_init(&params, sizeof params));
  CHECK(params.width == 960 && params.pitch == 12);
  params.width = 64;
  params.height = 48;
  params.view = VIMOGEN_VIEW_FOLLOW;
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    OK(vimogen_motion_render(motion, path, &params));
    CHECK(file_size(folder, names[i]) > 0);
  }
  CHECK(params.figure == 0);
  params.figure = 1;
  snprintf(path, sizeof path, "%s/figure.png", folder);
  OK(vimogen_motion_render(motion, path, &params));
  CHECK(file_size(folder, "figure.png") != file_size(folder, "clip.png"));
  params.progress = stop_at_the_third;
  params.user_data = &step;
  CHECK(vimogen_motion_render(motion, path, &params) == VIMOGEN_STATUS_CANCELLED && step == 3);
  params.style = 7;
  CHECK(vimogen_motion_render(motion, path, &params) == VIMOGEN_STATUS_INVALID_ARGUMENT);
}

static void motions_are_made_of_features_and_scored(const vimogen_motion *motion) {
  const float *features, *again;
  size_t len, again_len;
  vimogen_motion *copy = NULL;
  vimogen_quality a, b;
  OK(vimogen_motion_features(motion, &features, &len));
  OK(vimogen_motion_from_features(features, len / VIMOGEN_FEATURES, VIMOGEN_FEATURES, 20, &copy));
  OK(vimogen_motion_features(copy, &again, &again_len));
  CHECK(again != features && memcmp(features, again, len * sizeof *features) == 0);
  OK(vimogen_motion_quality(motion, &a, sizeof a));
  OK(vimogen_motion_quality(copy, &b, sizeof b));
  CHECK(a.dynamic_degree > 0 && memcmp(&a, &b, sizeof a) == 0);
  OK(vimogen_motion_free(copy));
}

static void a_folder_is_scored(const char *folder) {
  char *json = NULL, path[1024];
  vimogen_evaluate_params params;
  OK(vimogen_evaluate_params_init(&params, sizeof params));
  params.dimensions = "Jitter_Degree, foot_sliding";
  snprintf(path, sizeof path, "%s/scored", folder);
  OK(vimogen_evaluate(path, &params, &json));
  CHECK(strstr(json, "\"Jitter_Degree\"") && strstr(json, "\"Foot_Sliding\"") && !strstr(json, "\"Dynamic_Degree\""));
  CHECK(strstr(json, "\"one\"") && strstr(json, "\"two\""));
  OK(vimogen_string_free(json));
}

static void a_benchmark_is_scored(const char *folder) {
  char *json = NULL, scored[1024], info[1024], output[1024], path[1100];
  vimogen_evaluate_params params;
  OK(vimogen_evaluate_params_init(&params, sizeof params));
  CHECK(params.info == NULL && params.output == NULL && params.nrdf == NULL && params.progress == NULL);
  CHECK(params.seed == 42 && params.jobs == 0 && params.body_joints == 0);
  snprintf(scored, sizeof scored, "%s/scored", folder);
  snprintf(info, sizeof info, "%s/info.json", folder);
  snprintf(output, sizeof output, "%s/results", folder);
  FILE *file = fopen(info, "w");
  CHECK(file != NULL);
  fputs("[{\"prompt\": \"a\", \"dimension\": \"Jitter_Degree\", \"id\": 7}, "
        "{\"prompt\": \"b\", \"dimension\": \"Jitter_Degree\", \"id\": 8}]",
        file);
  fclose(file);
  vimogen_motion *motion = NULL;
  snprintf(path, sizeof path, "%s/one.npz", scored);
  OK(vimogen_motion_load(path, &motion));
  snprintf(path, sizeof path, "%s/7.npy", scored);
  OK(vimogen_motion_save(motion, path));
  OK(vimogen_motion_free(motion));
  params.info = info;
  params.output = output;
  OK(vimogen_evaluate(scored, &params, &json));
  CHECK(strstr(json, "\"per_motion\"") && strstr(json, "7.npy") && strstr(json, "8.npy"));
  OK(vimogen_string_free(json));
  snprintf(path, sizeof path, "%s/results/scored_eval_results.json", folder);
  file = fopen(path, "r");
  CHECK(file != NULL);
  fclose(file);
}

static void bodies_are_scored_with_progress(const char *folder) {
  char *json = NULL, scored[1024], info[1024], output[1024], nrdf[1024], body[1024];
  vimogen_evaluate_params params;
  OK(vimogen_evaluate_params_init(&params, sizeof params));
  snprintf(scored, sizeof scored, "%s/scored", folder);
  snprintf(info, sizeof info, "%s/bodies.json", folder);
  snprintf(output, sizeof output, "%s/bodies", folder);
  snprintf(nrdf, sizeof nrdf, "%s/models/nrdf_model", folder);
  snprintf(body, sizeof body, "%s/models/smpl.npz", folder);
  FILE *file = fopen(info, "w");
  CHECK(file != NULL);
  fputs("[{\"prompt\": \"a\", \"dimension\": \"Pose_Quality\", \"id\": 7}, "
        "{\"prompt\": \"a\", \"dimension\": \"Jitter_Degree\", \"id\": 7}]",
        file);
  fclose(file);
  struct measured measured = {0, 0, 1};
  params.info = info;
  params.output = output;
  params.nrdf = nrdf;
  params.body = body;
  params.name = "run";
  params.jobs = 1;
  params.progress = measure;
  params.user_data = &measured;
  FAILS(CANCELLED, "cancel", vimogen_evaluate(scored, &params, &json));
  CHECK(json == NULL && measured.steps == 1);
  measured.stop_after = 0; // goes on where it was stopped
  OK(vimogen_evaluate(scored, &params, &json));
  CHECK(measured.total == 2 && strstr(json, "\"Pose_Quality\"") && strstr(json, "smpl.npz"));
  CHECK(strstr(json, "NRDF nrdf_model") && !strstr(json, "21 body joints"));
  OK(vimogen_string_free(json));
  params.body_joints = 1;
  params.output = scored;
  OK(vimogen_evaluate(scored, &params, &json));
  CHECK(strstr(json, "21 body joints"));
  OK(vimogen_string_free(json));
  json = NULL;
  params.nrdf = "none/such";
  FAILS(NOT_FOUND, "none/such", vimogen_evaluate(scored, &params, &json));
  params.nrdf = NULL;
  params.jobs = 1000;
  FAILS(INVALID_ARGUMENT, "jobs", vimogen_evaluate(scored, &params, &json));
  // A program that was compiled for the shorter struct: fields beyond it are not read.
  params.struct_size = offsetof(vimogen_evaluate_params, body);
  params.dimensions = "Jitter_Degree";
  params.body = params.nrdf = (const char *)1;
  const uint64_t steps = measured.steps;
  OK(vimogen_evaluate(scored, &params, &json));
  CHECK(measured.steps == steps);
  OK(vimogen_string_free(json));
}

static size_t frames_of(vimogen_motion *motion) {
  size_t frames = 0;
  OK(vimogen_motion_frames(motion, &frames));
  OK(vimogen_motion_free(motion));
  return frames;
}

static void motions_are_put_onto_a_character(const vimogen_motion *motion, const char *folder) {
  char hero[1024], out[1024];
  snprintf(hero, sizeof hero, "%s/hero.glb", folder);
  snprintf(out, sizeof out, "%s/hero-walk.glb", folder);
  OK(vimogen_motion_save(motion, hero));
  vimogen_character *character = NULL;
  OK(vimogen_character_open(hero, NULL, &character));
  char *report = NULL;
  OK(vimogen_character_add(character, motion, "walk", 1, &report));
  CHECK(strstr(report, "\"how\": \"joint names of SMPL\"") != NULL && strstr(report, "\"slide\"") != NULL);
  OK(vimogen_string_free(report));
  OK(vimogen_character_add(character, motion, "again", 0, NULL));
  OK(vimogen_character_save(character, out));
  OK(vimogen_character_free(character));
  snprintf(out, sizeof out, "%s/unreal.bvh", folder);
  OK(vimogen_character_preset("unreal", &character));
  OK(vimogen_character_add(character, motion, "walk", 1, NULL));
  OK(vimogen_character_save(character, out));
  OK(vimogen_character_free(character));
  vimogen_motion *back = NULL;
  OK(vimogen_motion_load(out, &back));
  OK(vimogen_motion_free(back));
}

/* A side of a robot: leg and arm. */
#define ROBOT_LEG                                                                                                      \
  "<body name='%s_hip' pos='0 %s.1 0'><joint axis='0 1 0'/><body name='%s_knee' pos='0 0 -0.4'>"                     \
  "<joint axis='0 1 0' range='0 150'/><body name='%s_foot' pos='0 0 -0.38'><joint axis='0 1 0'/></body></body></body>"
#define ROBOT_ARM                                                                                                      \
  "<body name='%s_shoulder' pos='0 %s.2 0.2'><joint axis='1 0 0'/><body name='%s_elbow' pos='0 0 -0.3'>"             \
  "<joint axis='0 1 0'/></body></body>"

static void motions_are_put_onto_a_robot(const vimogen_motion *motion, const char *folder) {
  char model[1024], out[1024];
  snprintf(model, sizeof model, "%s/robot.xml", folder);
  snprintf(out, sizeof out, "%s/robot.csv", folder);
  FILE *file = fopen(model, "w");
  CHECK(file != NULL);
  const char *sides[2][2] = {{"left", ""}, {"right", "-"}};
  fprintf(file, "<mujoco><worldbody><body name='pelvis' pos='0 0 0.85'><freejoint/>");
  for (int side = 0; side < 2; side++) {
    const char *name = sides[side][0];
    fprintf(file, ROBOT_LEG, name, sides[side][1], name, name);
  }
  fprintf(file, "<body name='chest' pos='0 0 0.3'><joint axis='0 0 1'/>");
  for (int side = 0; side < 2; side++) {
    fprintf(file, ROBOT_ARM, sides[side][0], sides[side][1], sides[side][0]);
  }
  fprintf(file, "</body></body></worldbody></mujoco>");
  fclose(file);
  vimogen_robot *robot = NULL;
  OK(vimogen_robot_open(model, NULL, &robot));
  char *report = NULL;
  OK(vimogen_robot_retarget(robot, motion, out, "lafan1", 1, 0.0, &report));
  CHECK(strstr(report, "\"violations\": 0") != NULL && strstr(report, "\"left_knee\"") != NULL);
  OK(vimogen_string_free(report));
  FAILS(INVALID_ARGUMENT, "lafan1", vimogen_robot_retarget(robot, motion, out, "none", 1, 0.0, NULL));
  FAILS(INVALID_ARGUMENT, "velocity", vimogen_robot_retarget(robot, motion, out, NULL, 1, -1.0, NULL));
  OK(vimogen_robot_free(robot));
  FAILS(INVALID_ARGUMENT, "left_foot", vimogen_robot_open(model, "{\"left_knee\": \"none\"}", &robot));
}

static void edits_make_new_motions(const vimogen_motion *motion) {
  size_t frames = 0;
  OK(vimogen_motion_frames(motion, &frames));
  vimogen_motion *edited = NULL;
  OK(vimogen_motion_turn(motion, 90.0f, &edited));
  CHECK(frames_of(edited) == frames);
  OK(vimogen_motion_move(motion, 1.0f, 2.0f, &edited));
  CHECK(frames_of(edited) == frames);
  OK(vimogen_motion_mirror(motion, &edited));
  CHECK(frames_of(edited) == frames);
  OK(vimogen_motion_smooth(motion, 0.05f, &edited));
  CHECK(frames_of(edited) == frames);
  OK(vimogen_motion_with_upper_body(motion, motion, &edited));
  CHECK(frames_of(edited) == frames);
  OK(vimogen_motion_hold(motion, 1.0, &edited));
  CHECK(frames_of(edited) == frames + 20);
  OK(vimogen_motion_trim(motion, 0.2, -1.0, &edited));
  CHECK(frames_of(edited) == frames - 4);
  OK(vimogen_motion_retime(motion, 2.0f, &edited));
  CHECK(frames_of(edited) == frames / 2);
  OK(vimogen_motion_then(motion, motion, 0.3, &edited));
  CHECK(frames_of(edited) >= frames - 1); // short clips lose up to half of their frames to the cut
  OK(vimogen_motion_loop(motion, 0.3, &edited));
  CHECK(frames_of(edited) <= frames);
  OK(vimogen_motion_repeat(motion, 3, 0.3, &edited));
  CHECK(frames_of(edited) > frames);
  const float far_away[] = {0.0f, 0.0f, 0.0f, 300.0f};
  edited = NULL;
  FAILS(INVALID_ARGUMENT, "path", vimogen_motion_along(motion, far_away, 2, &edited));
  FAILS(INVALID_ARGUMENT, "times", vimogen_motion_repeat(motion, 0, 0.3, &edited));
  CHECK(edited == NULL);
}

static void constraints_are_met(const vimogen_pipeline *pipeline) {
  vimogen_generate_params params;
  OK(vimogen_generate_params_init(&params, sizeof params));
  params.num_frames = 40;
  params.num_inference_steps = 4;
  vimogen_motion *motion = NULL;
  const char *point = "{\"constraints\": [{\"type\": \"root\", \"frame\": 39, \"position\": [0.5, 1.0]}]}";
  OK(vimogen_generate_constrained(pipeline, "a person walks", point, &params, &motion));
  const float *roots = NULL;
  size_t len = 0;
  OK(vimogen_motion_root_positions(motion, &roots, &len));
  CHECK(len == 120 && near(roots[117], 0.5f, 0.01f) && near(roots[118], 1.0f, 0.01f));
  CHECK(frames_of(motion) == 40);
  motion = NULL;
  const char *late = "{\"constraints\": [{\"type\": \"root\", \"frame\": 40, \"position\": [0, 1]}]}";
  FAILS(INVALID_ARGUMENT, "constraint 0", vimogen_generate_constrained(pipeline, "a person walks", late, &params, &motion));
  FAILS(FORMAT, "constraints", vimogen_generate_constrained(pipeline, "a person walks", "{", &params, &motion));
  CHECK(motion == NULL);
}

static int32_t three_blocks(vimogen_stream *stream, const vimogen_motion *block, void *user_data) {
  size_t frames = 0;
  OK(vimogen_motion_frames(block, &frames));
  CHECK(frames == 5);
  if (++*(int *)user_data == 2) OK(vimogen_stream_set_prompt(stream, "a person waves the right hand"));
  return *(int *)user_data == 3;
}

static void directs_sequences_streams_and_changes(const vimogen_pipeline *pipeline) {
  vimogen_generate_params params;
  OK(vimogen_generate_params_init(&params, sizeof params));
  params.num_inference_steps = 4;
  const char *const prompts[] = {"walks forward", "sits down"};
  const double seconds[] = {3.0, 1.5};
  vimogen_motion *motion = NULL;
  OK(vimogen_generate_sequence(pipeline, prompts, seconds, 2, &params, &motion));
  size_t frames = 0;
  OK(vimogen_motion_frames(motion, &frames));
  CHECK(frames == 90);
  vimogen_motion *edited = NULL;
  OK(vimogen_generate_extend(pipeline, motion, prompts, seconds, 1, &params, &edited));
  OK(vimogen_motion_frames(edited, &frames));
  CHECK(frames == 150);
  OK(vimogen_motion_free(edited));
  FAILS(INVALID_ARGUMENT, "parts", vimogen_generate_extend(pipeline, motion, prompts, NULL, 0, &params, &edited));
  OK(vimogen_generate_edit(pipeline, motion, "a person runs", "a person walks", -1.0, &params, &edited));
  OK(vimogen_motion_free(edited));
  OK(vimogen_generate_variation(pipeline, motion, NULL, 0.3, &params, &edited));
  OK(vimogen_motion_free(edited));
  FAILS(INVALID_ARGUMENT, "strength",
        vimogen_generate_edit(pipeline, motion, "a person runs", NULL, 3.0, &params, &edited));
  OK(vimogen_motion_free(motion));
  FAILS(INVALID_ARGUMENT, "parts", vimogen_generate_sequence(pipeline, prompts, NULL, 0, &params, &motion));
  const double never[] = {3.0, -1.0};
  FAILS(INVALID_ARGUMENT, "part 1", vimogen_generate_sequence(pipeline, prompts, never, 2, &params, &motion));
  vimogen_stream *stream = NULL;
  OK(vimogen_stream_open(pipeline, "a person walks forward", 1, 4, &stream));
  int blocks = 0;
  OK(vimogen_stream_run(stream, 5, three_blocks, &blocks));
  CHECK(blocks == 3);
  OK(vimogen_stream_set_heading(stream, 90.0f));
  OK(vimogen_stream_set_target(stream, 1.0f, 2.0f));
  int32_t reached = 1;
  OK(vimogen_stream_reached(stream, &reached));
  CHECK(reached == 0);
  OK(vimogen_stream_release(stream));
  FAILS(INVALID_ARGUMENT, "frames", vimogen_stream_next(stream, 0, &motion));
  FAILS(INVALID_ARGUMENT, "callback", vimogen_stream_run(stream, 5, NULL, NULL));
  OK(vimogen_stream_free(stream));
}

static void the_skeleton_is_a_tree(void) {
  vimogen_joint joint;
  for (size_t i = 0; i < VIMOGEN_JOINTS; i++) {
    OK(vimogen_skeleton_joint(i, &joint, sizeof joint));
    CHECK(joint.name[0] != 0 && joint.parent < (int)i && (joint.parent >= 0) == (i > 0));
  }
  CHECK(strcmp(joint.name, "right_wrist") == 0 && joint.parent == 19);
}

static void rotations_survive_every_route(void) {
  const float vectors[6] = {0.3f, -0.8f, 1.1f, -0.2f, 0.4f, 0.9f};
  const int numbers[] = {3, 9, 6, 4};
  for (int from = 0; from < 4; from++) {
    for (int to = 0; to < 4; to++) {
      float a[18], b[18], back[6];
      CHECK(numbers[from] * 2 <= 18 && numbers[to] * 2 <= 18);
      OK(vimogen_convert_rotations(VIMOGEN_ROTATION_AXIS_ANGLE, from, vectors, 2, a));
      OK(vimogen_convert_rotations(from, to, a, 2, b));
      OK(vimogen_convert_rotations(to, VIMOGEN_ROTATION_AXIS_ANGLE, b, 2, back));
      for (int i = 0; i < 6; i++) CHECK(near(back[i], vectors[i], 2e-4f));
    }
  }
  OK(vimogen_convert_rotations(0, 1, NULL, 0, NULL));
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  CHECK(vimogen_abi_version() == VIMOGEN_ABI_VERSION);
  char version[64];
  snprintf(version, sizeof version, "%d.%d.%d", VIMOGEN_VERSION_MAJOR, VIMOGEN_VERSION_MINOR, VIMOGEN_VERSION_PATCH);
  CHECK(strcmp(version, vimogen_version()) == 0);

  vimogen_pipeline *pipeline = NULL;
  vimogen_load_params load;
  OK(vimogen_load_params_init(&load, sizeof load));
  load.device = "cpu";
  OK(vimogen_pipeline_load(NULL, &load, &pipeline));
  asks_the_model_about_itself(pipeline);
  vimogen_motion *motion = reports_progress_and_can_be_cancelled(pipeline);
  the_seed_decides(pipeline, motion);
  fast_is_another_solver_with_fewer_steps(pipeline);
  embeddings_and_batches_give_what_the_prompt_gives(pipeline, motion);
  follows_a_reference(pipeline, motion);
  constraints_are_met(pipeline);
  directs_sequences_streams_and_changes(pipeline);
  OK(vimogen_pipeline_free(pipeline)); // motions outlive their pipeline
  arrays_fit_together(motion);
  poses_and_clips_at_other_rates(motion);
  files_come_back(motion, argv[1]);
  motions_become_pictures(motion, argv[1]);
  motions_are_made_of_features_and_scored(motion);
  edits_make_new_motions(motion);
  motions_are_put_onto_a_character(motion, argv[1]);
  motions_are_put_onto_a_robot(motion, argv[1]);
  the_skeleton_is_a_tree();
  rotations_survive_every_route();

  char path[1024];
  const char *names[] = {"one", "two"};
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/scored/%s.npz", argv[1], names[i]);
    OK(vimogen_motion_save(motion, path));
  }
  a_folder_is_scored(argv[1]);
  a_benchmark_is_scored(argv[1]);
  bodies_are_scored_with_progress(argv[1]);
  OK(vimogen_motion_free(motion));
  puts("ok");
  return 0;
}
