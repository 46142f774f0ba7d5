// Incorrect use of the library: a status and a message that names the argument, and no crash.
#include <math.h>

#include "check.h"

static const char *BAD_UTF8 = "a person \xff\xfe";

static void nothing_may_be_null(const vimogen_pipeline *pipeline, const vimogen_motion *motion) {
  vimogen_pipeline *loaded = NULL;
  vimogen_motion *made = NULL;
  vimogen_generate_params params = quick();
  vimogen_pipeline_info info;
  vimogen_quality quality;
  vimogen_smpl smpl;
  vimogen_pose pose;
  const float *data;
  char *text;
  float fps, numbers[4] = {0, 0, 0, 0};
  size_t n;
  FAILS(INVALID_ARGUMENT, "pipeline", vimogen_pipeline_load(NULL, NULL, NULL));
  FAILS(INVALID_ARGUMENT, "params", vimogen_load_params_init(NULL, sizeof(vimogen_load_params)));
  FAILS(INVALID_ARGUMENT, "params", vimogen_generate_params_init(NULL, sizeof params));
  FAILS(INVALID_ARGUMENT, "pipeline", vimogen_pipeline_get_info(NULL, &info, sizeof info));
  FAILS(INVALID_ARGUMENT, "info", vimogen_pipeline_get_info(pipeline, NULL, sizeof info));
  FAILS(INVALID_ARGUMENT, "pipeline", vimogen_pipeline_config(NULL, &text));
  FAILS(INVALID_ARGUMENT, "json", vimogen_pipeline_config(pipeline, NULL));
  FAILS(INVALID_ARGUMENT, "prompt", vimogen_pipeline_encode(pipeline, NULL, NULL, 0, &n));
  FAILS(INVALID_ARGUMENT, "rows", vimogen_pipeline_encode(pipeline, "a", NULL, 0, NULL));
  FAILS(INVALID_ARGUMENT, "embeddings", vimogen_pipeline_encode(pipeline, "a", NULL, 9, &n));
  FAILS(INVALID_ARGUMENT, "pipeline", vimogen_generate(NULL, "a", &params, &made));
  FAILS(INVALID_ARGUMENT, "prompt", vimogen_generate(pipeline, NULL, &params, &made));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_generate(pipeline, "a", &params, NULL));
  FAILS(INVALID_ARGUMENT, "embeddings", vimogen_generate_from_embeddings(pipeline, NULL, 2, 2, &params, &made));
  FAILS(INVALID_ARGUMENT, "reference", vimogen_generate_from_reference(pipeline, NULL, &params, &made));
  FAILS(INVALID_ARGUMENT, "requests", vimogen_generate_batch(pipeline, NULL, 1, &params, &made));
  FAILS(INVALID_ARGUMENT, "path", vimogen_motion_load(NULL, &made));
  FAILS(INVALID_ARGUMENT, "path", vimogen_motion_load_with(NULL, NULL, &made));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_load_with("a.bvh", NULL, NULL));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_source(NULL, &text));
  FAILS(INVALID_ARGUMENT, "json", vimogen_motion_source(motion, NULL));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_meta(NULL, &text));
  FAILS(INVALID_ARGUMENT, "json", vimogen_motion_meta(motion, NULL));
  FAILS(INVALID_ARGUMENT, "features", vimogen_motion_from_features(NULL, 2, 276, 20, &made));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_frames(NULL, &n));
  FAILS(INVALID_ARGUMENT, "frames", vimogen_motion_frames(motion, NULL));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_fps(NULL, &fps));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_joints(NULL, &data, &n));
  FAILS(INVALID_ARGUMENT, "data", vimogen_motion_joints(motion, NULL, &n));
  FAILS(INVALID_ARGUMENT, "len", vimogen_motion_joints(motion, &data, NULL));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_features(NULL, &data, &n));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_local_rotations(NULL, &data, &n));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_root_positions(NULL, &data, &n));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_smpl(NULL, &smpl, sizeof smpl));
  FAILS(INVALID_ARGUMENT, "pose", vimogen_motion_pose_at(motion, 0, NULL, sizeof pose));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_resample(NULL, 60, &made));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_refit(NULL, 0, &made));
  FAILS(INVALID_ARGUMENT, "derived", vimogen_motion_slice(motion, 0, 1, NULL));
  FAILS(INVALID_ARGUMENT, "path", vimogen_motion_save(motion, NULL));
  FAILS(INVALID_ARGUMENT, "path", vimogen_motion_save_mbench_joints(motion, NULL));
  FAILS(INVALID_ARGUMENT, "title", vimogen_motion_save_html(motion, "a.html", NULL));
  FAILS(INVALID_ARGUMENT, "path", vimogen_motion_render(motion, NULL, NULL));
  FAILS(INVALID_ARGUMENT, "params", vimogen_render_params_init(NULL, sizeof(vimogen_render_params)));
  FAILS(INVALID_ARGUMENT, "motion", vimogen_motion_quality(NULL, &quality, sizeof quality));
  FAILS(INVALID_ARGUMENT, "joint", vimogen_skeleton_joint(0, NULL, sizeof(vimogen_joint)));
  FAILS(INVALID_ARGUMENT, "input", vimogen_convert_rotations(0, 3, NULL, 1, numbers));
  FAILS(INVALID_ARGUMENT, "output", vimogen_convert_rotations(0, 3, numbers, 1, NULL));
  FAILS(INVALID_ARGUMENT, "folder", vimogen_evaluate(NULL, NULL, &text));
  FAILS(INVALID_ARGUMENT, "json", vimogen_evaluate(".", NULL, NULL));
  CHECK(loaded == NULL && made == NULL);
}

static void null_may_be_freed_any_number_of_times(void) {
  for (int i = 0; i < 2; i++) {
    OK(vimogen_pipeline_free(NULL));
    OK(vimogen_motion_free(NULL));
    OK(vimogen_trainer_free(NULL));
    OK(vimogen_string_free(NULL));
  }
}

static void text_is_utf8_and_paths_exist(const vimogen_pipeline *pipeline, const vimogen_motion *motion) {
  vimogen_pipeline *loaded = NULL;
  vimogen_motion *made = NULL;
  char *json = NULL;
  vimogen_generate_params params = quick();
  FAILS(INVALID_ARGUMENT, "not UTF-8 from byte 9", vimogen_generate(pipeline, BAD_UTF8, &params, &made));
  FAILS(INVALID_ARGUMENT, "UTF-8", vimogen_motion_save(motion, BAD_UTF8));
  FAILS(INVALID_ARGUMENT, "UTF-8", vimogen_pipeline_load(BAD_UTF8, NULL, &loaded));
  FAILS(NOT_FOUND, "none/such", vimogen_pipeline_load("none/such", NULL, &loaded));
  FAILS(NOT_FOUND, "none.npz", vimogen_motion_load("none.npz", &made));
  FAILS(NOT_FOUND, "clip.mp3", vimogen_motion_load("clip.mp3", &made));
  vimogen_motion_load_params reading;
  OK(vimogen_motion_load_params_init(&reading, sizeof reading));
  CHECK(reading.up == VIMOGEN_FROM_FILE && reading.unit == VIMOGEN_FROM_FILE && reading.fps == 0);
  FAILS(NOT_FOUND, "none.bvh", vimogen_motion_load_with("none.bvh", &reading, &made));
  reading.up = 9;
  FAILS(INVALID_ARGUMENT, "9 is not one of 0 (y)", vimogen_motion_load_with("none.bvh", &reading, &made));
  reading.up = VIMOGEN_UP_AXIS_MINUS_Y;
  reading.unit = -7;
  FAILS(INVALID_ARGUMENT, "unit", vimogen_motion_load_with("none.bvh", &reading, &made));
  reading.unit = VIMOGEN_UNIT_INCHES;
  reading.names = "{\"Hips\": \"pelvis\"}";
  FAILS(INVALID_ARGUMENT, "not a joint", vimogen_motion_load_with("none.bvh", &reading, &made));
  reading.names = "none.json";
  FAILS(NOT_FOUND, "none.json", vimogen_motion_load_with("none.bvh", &reading, &made));
  reading.names = NULL;
  reading.person = BAD_UTF8;
  FAILS(INVALID_ARGUMENT, "person", vimogen_motion_load_with("none.bvh", &reading, &made));
  reading.person = NULL;
  reading.body = "none.pkl";
  FAILS(NOT_FOUND, "none.pkl", vimogen_motion_load_with("none.bvh", &reading, &made));
  reading.struct_size = 4;
  FAILS(INVALID_ARGUMENT, "struct_size", vimogen_motion_load_with("none.bvh", &reading, &made));
  FAILS(INVALID_ARGUMENT, "extension", vimogen_motion_save(motion, "clip.mp3"));
  vimogen_character *character = NULL;
  FAILS(FORMAT, ".glb, .gltf or .vrm", vimogen_character_open("hero.fbx", NULL, &character));
  FAILS(NOT_FOUND, "hero.glb", vimogen_character_open("none/such/hero.glb", NULL, &character));
  FAILS(INVALID_ARGUMENT, "character", vimogen_character_save(NULL, "hero.glb"));
  CHECK(character == NULL);
  FAILS(NOT_FOUND, "none/such", vimogen_motion_save(motion, "none/such/clip.npz"));
  FAILS(NOT_FOUND, "none/such", vimogen_evaluate("none/such", NULL, &json));
  CHECK(made == NULL && loaded == NULL && json == NULL);
}

static void numbers_have_ranges(const vimogen_pipeline *pipeline, const vimogen_motion *motion) {
  vimogen_motion *made = NULL;
  vimogen_generate_params params = quick();
  params.num_frames = 72001;
  FAILS(INVALID_ARGUMENT, "num_frames", vimogen_generate(pipeline, "a", &params, &made));
  params = quick();
  params.num_inference_steps = 0;
  FAILS(INVALID_ARGUMENT, "num_inference_steps", vimogen_generate(pipeline, "a", &params, &made));
  params = quick();
  params.guidance_scale = NAN;
  FAILS(INVALID_ARGUMENT, "guidance_scale", vimogen_generate(pipeline, "a", &params, &made));
  params = quick();
  params.guidance_low = 0.8;
  params.guidance_high = 0.2;
  FAILS(INVALID_ARGUMENT, "guidance_interval", vimogen_generate(pipeline, "a", &params, &made));
  params = quick();
  params.strength = 1.5;
  FAILS(INVALID_ARGUMENT, "strength", vimogen_generate(pipeline, "a", &params, &made));
  params.strength = 0;
  FAILS(INVALID_ARGUMENT, "strength", vimogen_generate(pipeline, "a", &params, &made));

  float row[2 * VIMOGEN_FEATURES] = {0};
  FAILS(SHAPE, "features", vimogen_motion_from_features(row, 2, 275, 20, &made));
  FAILS(SHAPE, "features", vimogen_motion_from_features(row, 0, 276, 20, &made));
  FAILS(INVALID_ARGUMENT, "features", vimogen_motion_from_features(row, SIZE_MAX, 276, 20, &made));
  FAILS(INVALID_ARGUMENT, "fps", vimogen_motion_from_features(row, 2, 276, 0, &made));
  row[300] = NAN;
  FAILS(NON_FINITE, "[1, 24]", vimogen_motion_from_features(row, 2, 276, 20, &made));
  FAILS(INVALID_ARGUMENT, "fps", vimogen_motion_resample(motion, -1, &made));
  FAILS(INVALID_ARGUMENT, "range", vimogen_motion_slice(motion, 7, 2, &made));
  FAILS(INVALID_ARGUMENT, "range", vimogen_motion_slice(motion, 3, SIZE_MAX, &made));

  float rows[6] = {0};
  FAILS(SHAPE, "embeds", vimogen_generate_from_embeddings(pipeline, rows, 2, 3, NULL, &made));
  FAILS(INVALID_ARGUMENT, "embeddings", vimogen_generate_from_embeddings(pipeline, rows, SIZE_MAX, 3, NULL, &made));
  FAILS(INVALID_ARGUMENT, "from", vimogen_convert_rotations(9, 0, rows, 1, rows));
  {
    float broken[8] = {1, 0, 0, 0, 1, 0, NAN, 0}, converted[18];
    for (int to = 0; to < 3; ++to) FAILS(NON_FINITE, "[1, 2]", vimogen_convert_rotations(3, to, broken, 2, converted));
    broken[6] = INFINITY;
    FAILS(NON_FINITE, "[1, 2]", vimogen_convert_rotations(3, 0, broken, 2, converted));
    /* The trace of a matrix other than a rotation may overflow. */
    float huge[9] = {3e38f, 0, 0, 0, 3e38f, 0, 0, 0, 3e38f};
    FAILS(INVALID_ARGUMENT, "not finite", vimogen_convert_rotations(1, 3, huge, 1, converted));
  }
  FAILS(INVALID_ARGUMENT, "to", vimogen_convert_rotations(0, -1, rows, 1, rows));
  FAILS(INVALID_ARGUMENT, "input", vimogen_convert_rotations(0, 1, rows, SIZE_MAX / 2, rows));
  vimogen_joint joint;
  FAILS(INVALID_ARGUMENT, "index", vimogen_skeleton_joint(VIMOGEN_JOINTS, &joint, sizeof joint));
  CHECK(made == NULL);
}

static void enums_and_devices_are_known(void) {
  vimogen_pipeline *loaded = NULL;
  vimogen_load_params params;
  OK(vimogen_load_params_init(&params, sizeof params));
  params.dtype = 77;
  FAILS(INVALID_ARGUMENT, "dtype", vimogen_pipeline_load(NULL, &params, &loaded));
  OK(vimogen_load_params_init(&params, sizeof params));
  params.device = "abacus";
  FAILS(DEVICE, "abacus", vimogen_pipeline_load(NULL, &params, &loaded));
  vimogen_evaluate_params scores;
  char *json = NULL;
  OK(vimogen_evaluate_params_init(&scores, sizeof scores));
  scores.up_axis = -1;
  FAILS(INVALID_ARGUMENT, "up_axis", vimogen_evaluate(".", &scores, &json));
  OK(vimogen_evaluate_params_init(&scores, sizeof scores));
  scores.dimensions = "Beauty";
  FAILS(INVALID_ARGUMENT, "Beauty", vimogen_evaluate(".", &scores, &json));
  CHECK(loaded == NULL && json == NULL);
  CHECK(strcmp(vimogen_status_name(VIMOGEN_STATUS_NOT_FOUND), "NotFound") == 0);
  CHECK(strcmp(vimogen_status_name(12345), "unknown") == 0);
}

static void structs_have_the_size_of_some_version(const vimogen_pipeline *pipeline) {
  vimogen_motion *made = NULL;
  vimogen_generate_params params;
  memset(&params, 0, sizeof params);
  FAILS(INVALID_ARGUMENT, "vimogen_generate_params", vimogen_generate(pipeline, "a", &params, &made));
  CHECK(strstr(vimogen_last_error(), "_init"));
  params.struct_size = sizeof params + 64;
  FAILS(INVALID_ARGUMENT, "newer", vimogen_generate(pipeline, "a", &params, &made));
  vimogen_pipeline_info info;
  FAILS(INVALID_ARGUMENT, "vimogen_pipeline_info", vimogen_pipeline_get_info(pipeline, &info, sizeof info - 1));
  vimogen_request requests[2];
  for (int i = 0; i < 2; i++) OK(vimogen_request_init(&requests[i], sizeof requests[i]));
  requests[0].prompt = "a";
  FAILS(INVALID_ARGUMENT, "exactly one", vimogen_generate_batch(pipeline, requests, 2, NULL, &made));
  requests[1].prompt = "b";
  requests[1].struct_size = 0;
  FAILS(INVALID_ARGUMENT, "struct_size", vimogen_generate_batch(pipeline, requests, 2, NULL, &made));
  FAILS(INVALID_ARGUMENT, "count", vimogen_generate_batch(pipeline, requests, 0, NULL, &made));
  CHECK(made == NULL);
}

static int32_t stop(const vimogen_progress *progress, void *user_data) {
  (void)progress;
  ++*(int *)user_data;
  return -5;
}

static void cancelling_leaves_everything_usable(const vimogen_pipeline *pipeline) {
  int calls = 0;
  vimogen_motion *made = NULL;
  vimogen_generate_params params = quick();
  params.progress = stop;
  params.user_data = &calls;
  FAILS(CANCELLED, "cancelled", vimogen_generate(pipeline, "a person jumps", &params, &made));
  CHECK(made == NULL && calls == 1);
  params.progress = NULL;
  OK(vimogen_generate(pipeline, "a person jumps", &params, &made));
  CHECK(strstr(vimogen_last_error(), "cancelled")); // success leaves the last error
  OK(vimogen_motion_free(made));
}

int main(void) {
  CHECK(vimogen_last_error()[0] == 0);
  vimogen_pipeline *pipeline = NULL;
  vimogen_motion *motion = NULL;
  vimogen_generate_params params = quick();
  OK(vimogen_pipeline_load(NULL, NULL, &pipeline));
  OK(vimogen_generate(pipeline, "a person waves", &params, &motion));
  nothing_may_be_null(pipeline, motion);
  null_may_be_freed_any_number_of_times();
  text_is_utf8_and_paths_exist(pipeline, motion);
  numbers_have_ranges(pipeline, motion);
  enums_and_devices_are_known();
  structs_have_the_size_of_some_version(pipeline);
  cancelling_leaves_everything_usable(pipeline);
  OK(vimogen_motion_free(motion));
  OK(vimogen_pipeline_free(pipeline));
  puts("ok");
  return 0;
}
