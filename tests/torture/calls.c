// Random calls of the C interface from several threads: calls SEED SECONDS FOLDER THREADS.
//
// Arguments are right, wrong, null, not finite, too large or of the wrong size. Each call must return: with success and whole
// outputs, or with an error that has a message and is not an internal one. Built under AddressSanitizer by tests/torture.
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vimogen.h>

enum { MOTIONS = 6, MAX_FRAMES_KEPT = 400 };

struct worker {
  uint64_t state;
  int number;
  uint64_t calls, errors, wrong;
  vimogen_motion *motions[MOTIONS];
};

static const vimogen_pipeline *pipeline;
static const char *folder;
static double end;
static const char *const ENDINGS[] = {"npz",  "npy", "pt",  "bvh", "glb",  "vrma", "fbx", "usda", "usdz",
                                      "csv",  "html", "svg", "gif", "png", "mp4",  "vrm", "gltf", "xyz", ""};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// SplitMix64.
static uint64_t draw(struct worker *w) {
  uint64_t z = (w->state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static size_t below(struct worker *w, size_t count) { return (size_t)(draw(w) % count); }

static double number(struct worker *w) {
  static const double odd[] = {0, -1, 1e-30, 1e30, -1e30, 1e-320, 1e300};
  switch (below(w, 8)) {
  case 0: return NAN;
  case 1: return INFINITY;
  case 2: return odd[below(w, sizeof odd / sizeof *odd)];
  default: return (double)below(w, 4000) / 1000.0;
  }
}

static const char *text(struct worker *w) {
  static const char *const texts[] = {
      "a person walks forward", "a person jumps", "", " ", "\xff\xfe", "{", "[]", "{\"lr\": 1e999}", "\xf0\x9f\x9a\xb6",
      "{\"constraints\": [{\"type\": \"loop\"}]}", "a person waves \xc3\xa9t\xc3\xa9", "none/such", "/"};
  size_t pick = below(w, sizeof texts / sizeof *texts + 1);
  return pick == sizeof texts / sizeof *texts ? NULL : texts[pick];
}

static size_t size_of(struct worker *w, size_t right) {
  static const size_t wrong[] = {0, 1, 4, 1000000};
  return below(w, 8) ? right : wrong[below(w, 4)];
}

static void complain(struct worker *w, const char *what, int32_t status) {
  w->wrong++;
  fprintf(stderr, "WRONG %s: status %d, %s\n", what, (int)status, vimogen_last_error());
}

// Counts a call; whether it succeeded.
static int done(struct worker *w, const char *what, vimogen_status status) {
  w->calls++;
  if (status == VIMOGEN_STATUS_OK) return 1;
  w->errors++;
  if (status == VIMOGEN_STATUS_INTERNAL || !vimogen_last_error()[0]) complain(w, what, status);
  return 0;
}

static void whole(struct worker *w, const char *what, const float *data, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (!isfinite(data[i])) {
      complain(w, what, 0);
      return;
    }
}

// A motion of this thread, or null.
static vimogen_motion *any(struct worker *w) { return w->motions[below(w, MOTIONS)]; }

// Keeps a new motion in the place of another one, unless it is long.
static void keep(struct worker *w, const char *what, vimogen_status status, vimogen_motion **result) {
  // Behind a pointer: the order in which arguments are evaluated is not fixed.
  vimogen_motion *made = *result;
  if (!done(w, what, status)) {
    if (made) complain(w, what, status);
    return;
  }
  if (!made) {
    complain(w, what, status);
    return;
  }
  size_t frames = 0, len = 0;
  const float *data = NULL;
  if (done(w, "frames", vimogen_motion_frames(made, &frames)) && frames == 0) complain(w, what, 0);
  if (done(w, "features", vimogen_motion_features(made, &data, &len))) whole(w, what, data, len);
  if (len != frames * VIMOGEN_FEATURES) complain(w, what, 0);
  vimogen_motion **place = &w->motions[below(w, MOTIONS)];
  if (frames > MAX_FRAMES_KEPT) place = &made;
  done(w, "free", vimogen_motion_free(*place));
  if (place != &made) *place = made;
}

static void generates(struct worker *w) {
  vimogen_generate_params params;
  done(w, "params", vimogen_generate_params_init(&params, sizeof params));
  params.num_frames = (uint32_t)(below(w, 6) ? 8 + below(w, 30) : below(w, 2000));
  params.num_inference_steps = (uint32_t)below(w, 4);
  params.guidance_scale = (float)number(w);
  params.strength = below(w, 3) ? -1 : number(w);
  params.seed = draw(w);
  params.solver = (int32_t)below(w, 6) - 1;
  params.smoothing = (int32_t)below(w, 5) - 1;
  if (!below(w, 6)) params.guidance_low = number(w);
  if (!below(w, 10)) params.struct_size = (uint32_t)below(w, 200);
  if (params.num_frames > 60) params.num_inference_steps = 1;
  vimogen_motion *made = NULL;
  switch (below(w, 4)) {
  case 0: keep(w, "reference", vimogen_generate_from_reference(pipeline, any(w), &params, &made), &made); break;
  case 1: keep(w, "constrained", vimogen_generate_constrained(pipeline, text(w), text(w), &params, &made), &made); break;
  case 2: {
    float rows[4 * 256] = {0};
    for (size_t i = 0; i < 4 * 256; i++) rows[i] = (float)below(w, 100) / 100.0f;
    if (!below(w, 5)) rows[below(w, 4 * 256)] = NAN;
    size_t dim = below(w, 4) ? 256 : below(w, 257);
    keep(w, "embeddings", vimogen_generate_from_embeddings(pipeline, rows, below(w, 5), dim, &params, &made), &made);
    break;
  }
  default: keep(w, "generate", vimogen_generate(pipeline, text(w), &params, &made), &made);
  }
}

// Prompts in order, changes by a prompt, and motion without an end.
static void goes_on(struct worker *w) {
  vimogen_generate_params params;
  done(w, "params", vimogen_generate_params_init(&params, sizeof params));
  params.num_inference_steps = 1 + (uint32_t)below(w, 2);
  params.seed = draw(w);
  const char *prompts[2] = {text(w), text(w)};
  double seconds[2] = {number(w), number(w)};
  // An hour of motion is asked for with a number that is too large, and not with one that is right.
  for (int i = 0; i < 2; i++)
    if (seconds[i] > 4 && seconds[i] <= 3600) seconds[i] = 4;
  size_t count = below(w, 3);
  double strength = below(w, 3) ? -1 : number(w);
  vimogen_motion *made = NULL;
  switch (below(w, 5)) {
  case 0: keep(w, "sequence", vimogen_generate_sequence(pipeline, prompts, seconds, count, &params, &made), &made); break;
  case 1: keep(w, "extend", vimogen_generate_extend(pipeline, any(w), prompts, seconds, count, &params, &made), &made); break;
  case 2: keep(w, "change", vimogen_generate_edit(pipeline, any(w), text(w), text(w), strength, &params, &made), &made); break;
  case 3: keep(w, "variation", vimogen_generate_variation(pipeline, any(w), text(w), strength, &params, &made), &made); break;
  default: {
    vimogen_stream *stream = NULL;
    int32_t reached = 7;
    if (!done(w, "stream", vimogen_stream_open(pipeline, text(w), draw(w), (uint32_t)below(w, 4), &stream)) && stream)
      complain(w, "stream", 0);
    for (size_t i = below(w, 4); i > 0; i--) {
      switch (below(w, 4)) {
      case 0: done(w, "wish", vimogen_stream_set_prompt(stream, text(w))); break;
      case 1: done(w, "heading", vimogen_stream_set_heading(stream, (float)(100 * number(w)))); break;
      case 2: done(w, "target", vimogen_stream_set_target(stream, (float)number(w), (float)number(w))); break;
      default: done(w, "release", vimogen_stream_release(stream));
      }
      made = NULL;
      keep(w, "block", vimogen_stream_next(stream, below(w, 12), &made), &made);
    }
    if (done(w, "reached", vimogen_stream_reached(stream, &reached)) && reached != 0 && reached != 1)
      complain(w, "reached", 0);
    done(w, "free", vimogen_stream_free(stream));
  }
  }
}

// Motions on characters: a preset, or one of the files that this thread has written.
static void dresses(struct worker *w) {
  static const char *const rigs[] = {"mixamo", "unreal", "unity", "vrm", "godot", "rigify", "makehuman", "soma", "cmu", "dog"};
  char path[512];
  const char *ending = ENDINGS[below(w, sizeof ENDINGS / sizeof *ENDINGS)];
  snprintf(path, sizeof path, "%s/%d-%d.%s", folder, w->number, (int)below(w, 4), below(w, 3) ? "glb" : ending);
  vimogen_character *character = NULL;
  vimogen_status opened = below(w, 3) ? vimogen_character_preset(rigs[below(w, sizeof rigs / sizeof *rigs)], &character)
                                      : vimogen_character_open(below(w, 9) ? path : NULL, below(w, 3) ? NULL : text(w), &character);
  if (!done(w, "character", opened) && character) complain(w, "character", opened);
  for (size_t i = below(w, 3); i > 0; i--) {
    char *report = NULL;
    int32_t plant = (int32_t)below(w, 2);
    if (done(w, "add", vimogen_character_add(character, any(w), text(w), plant, below(w, 3) ? &report : NULL)) && report &&
        report[0] != '{')
      complain(w, "add", 0);
    done(w, "string", vimogen_string_free(report));
  }
  done(w, "save", vimogen_character_save(character, below(w, 9) ? path : NULL));
  done(w, "free", vimogen_character_free(character));
}

static void edits(struct worker *w) {
  vimogen_motion *made = NULL;
  const vimogen_motion *a = any(w), *b = any(w);
  float points[8];
  for (int i = 0; i < 8; i++) points[i] = (float)number(w);
  switch (below(w, 14)) {
  case 0: keep(w, "trim", vimogen_motion_trim(a, number(w), number(w), &made), &made); break;
  case 1: keep(w, "turn", vimogen_motion_turn(a, (float)(100 * number(w)), &made), &made); break;
  case 2: keep(w, "move", vimogen_motion_move(a, (float)number(w), (float)number(w), &made), &made); break;
  case 3: keep(w, "mirror", vimogen_motion_mirror(a, &made), &made); break;
  case 4: keep(w, "loop", vimogen_motion_loop(a, number(w), &made), &made); break;
  case 5: keep(w, "repeat", vimogen_motion_repeat(a, below(w, 5), number(w), &made), &made); break;
  case 6: keep(w, "hold", vimogen_motion_hold(a, number(w), &made), &made); break;
  case 7: keep(w, "retime", vimogen_motion_retime(a, (float)number(w), &made), &made); break;
  case 8: keep(w, "smooth", vimogen_motion_smooth(a, (float)number(w), &made), &made); break;
  case 9: keep(w, "along", vimogen_motion_along(a, below(w, 5) ? points : NULL, below(w, 5), &made), &made); break;
  case 10: keep(w, "then", vimogen_motion_then(a, b, number(w), &made), &made); break;
  case 11: keep(w, "upper body", vimogen_motion_with_upper_body(a, b, &made), &made); break;
  case 12: keep(w, "resample", vimogen_motion_resample(a, (float)(20 * number(w)), &made), &made); break;
  default: keep(w, "slice", vimogen_motion_slice(a, below(w, 20), below(w, 40), &made), &made);
  }
}

static void reads(struct worker *w) {
  const vimogen_motion *a = any(w);
  const float *data = NULL;
  size_t len = 0;
  vimogen_pose pose;
  vimogen_quality quality;
  vimogen_smpl smpl;
  vimogen_joint joint;
  char *json = NULL;
  switch (below(w, 9)) {
  case 0: if (done(w, "joints", vimogen_motion_joints(a, &data, &len))) whole(w, "joints", data, len); break;
  case 1: if (done(w, "rotations", vimogen_motion_local_rotations(a, &data, &len))) whole(w, "rotations", data, len); break;
  case 2: if (done(w, "roots", vimogen_motion_root_positions(a, &data, &len))) whole(w, "roots", data, len); break;
  case 3: done(w, "pose", vimogen_motion_pose_at(a, number(w), &pose, size_of(w, sizeof pose))); break;
  case 4: done(w, "quality", vimogen_motion_quality(a, &quality, size_of(w, sizeof quality))); break;
  case 5: done(w, "smpl", vimogen_motion_smpl(a, &smpl, size_of(w, sizeof smpl))); break;
  case 6: done(w, "joint", vimogen_skeleton_joint(below(w, 30), &joint, size_of(w, sizeof joint))); break;
  case 7: if (done(w, "source", vimogen_motion_source(a, &json))) done(w, "string", vimogen_string_free(json)); break;
  default: if (done(w, "config", vimogen_pipeline_config(pipeline, &json))) done(w, "string", vimogen_string_free(json));
  }
}

static void files(struct worker *w) {
  char path[512];
  const char *ending = ENDINGS[below(w, sizeof ENDINGS / sizeof *ENDINGS)];
  snprintf(path, sizeof path, "%s/%d-%d.%s", below(w, 12) ? folder : "/none/such", w->number, (int)below(w, 4), ending);
  const char *where = below(w, 20) ? path : NULL;
  vimogen_motion *made = NULL;
  vimogen_motion_load_params load;
  vimogen_render_params render;
  switch (below(w, 5)) {
  case 0: done(w, "save", vimogen_motion_save(any(w), where)); break;
  case 1: keep(w, "load", vimogen_motion_load(where, &made), &made); break;
  case 2:
    done(w, "load params", vimogen_motion_load_params_init(&load, sizeof load));
    load.up = (int32_t)below(w, 9) - 2;
    load.unit = (int32_t)below(w, 9) - 2;
    load.fps = (float)(20 * number(w));
    load.person = below(w, 3) ? NULL : text(w);
    load.names = below(w, 3) ? NULL : text(w);
    keep(w, "load with", vimogen_motion_load_with(where, &load, &made), &made);
    break;
  case 3: done(w, "html", vimogen_motion_save_html(any(w), where, text(w))); break;
  default:
    done(w, "render params", vimogen_render_params_init(&render, sizeof render));
    render.width = (uint32_t)(below(w, 4) ? 32 : below(w, 40));
    render.height = 32;
    render.yaw = (float)number(w);
    render.pitch = (float)(10 * number(w));
    render.style = (int32_t)below(w, 4) - 1;
    render.figure = (int32_t)below(w, 2);
    done(w, "render", vimogen_motion_render(any(w), where, &render));
  }
}

static void arrays(struct worker *w) {
  enum { FRAMES = 12 };
  static _Thread_local float features[FRAMES * VIMOGEN_FEATURES], out[64 * 9];
  for (size_t i = 0; i < FRAMES * VIMOGEN_FEATURES; i++) features[i] = (float)below(w, 1000) / 1000.0f;
  if (!below(w, 4)) features[below(w, FRAMES * VIMOGEN_FEATURES)] = (float)number(w);
  vimogen_motion *made = NULL;
  size_t channels = below(w, 4) ? VIMOGEN_FEATURES : below(w, VIMOGEN_FEATURES), frames = below(w, FRAMES + 1);
  if (below(w, 2)) {
    float fps = below(w, 3) ? 20.0f : (float)number(w);
    keep(w, "from features", vimogen_motion_from_features(features, frames, channels, fps, &made), &made);
  } else {
    int32_t from = (int32_t)below(w, 6) - 1, to = (int32_t)below(w, 6) - 1;
    size_t count = below(w, 64);
    if (done(w, "rotations", vimogen_convert_rotations(from, to, features, count, out))) whole(w, "rotations", out, 3 * count);
  }
}

static void *work(void *argument) {
  struct worker *w = argument;
  while (now() < end) {
    switch (below(w, 14)) {
    case 12: goes_on(w); break;
    case 13: dresses(w); break;
    case 0: generates(w); break;
    case 1: case 2: files(w); break;
    case 3: case 4: arrays(w); break;
    case 5: case 6: case 7: reads(w); break;
    default: edits(w);
    }
  }
  for (int i = 0; i < MOTIONS; i++) done(w, "free", vimogen_motion_free(w->motions[i]));
  return NULL;
}

int main(int count, char **words) {
  if (count != 5) return 2;
  uint64_t seed = strtoull(words[1], NULL, 10);
  int threads = atoi(words[4]);
  folder = words[3];
  vimogen_pipeline *loaded = NULL;
  if (threads < 1 || threads > 64 || vimogen_pipeline_load(NULL, NULL, &loaded)) return 2;
  pipeline = loaded;
  end = now() + atof(words[2]);
  pthread_t handles[64];
  static struct worker workers[64];
  for (int i = 0; i < threads; i++) {
    workers[i].state = seed * 1000 + (uint64_t)i;
    workers[i].number = i;
    if (pthread_create(&handles[i], NULL, work, &workers[i])) return 2;
  }
  uint64_t calls = 0, errors = 0, wrong = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(handles[i], NULL);
    calls += workers[i].calls, errors += workers[i].errors, wrong += workers[i].wrong;
  }
  vimogen_pipeline_free(loaded);
  printf("%llu %llu %llu\n", (unsigned long long)calls, (unsigned long long)errors, (unsigned long long)wrong);
  return wrong != 0;
}
