// Training from C: ./train FOLDER
#include <math.h>

#include "check.h"

#define MODEL                                                                                                          \
  "{\"dim\": 16, \"ffn_dim\": 24, \"freq_dim\": 8, \"num_heads\": 2, \"num_layers\": 2, \"text_dim\": 6, "             \
  "\"text_len\": 4, \"reference\": true}"
#define CONFIG "{\"lr\": 0.01, \"warmup_steps\": 1, \"batch_size\": 2, \"num_steps\": 100, \"grad_clip\": 10.0}"

enum { B = 2, T = 5, L = 4, D = 6 };

static float motion[B * T * VIMOGEN_FEATURES], prompts[B * L * D], reference[B * T * VIMOGEN_REFERENCE_FEATURES];
static float noise[B * T * VIMOGEN_FEATURES];
static const uint32_t levels[B] = {300, 600};

static vimogen_train_batch sample(void) {
  for (int i = 0; i < B * T * VIMOGEN_FEATURES; i++) motion[i] = sinf(0.7f * (float)i);
  for (int i = 0; i < B * T * VIMOGEN_FEATURES; i++) noise[i] = cosf(1.3f * (float)i);
  for (int i = 0; i < B * L * D; i++) prompts[i] = sinf(0.3f * (float)i);
  // The second clip follows a reference.
  for (int i = 0; i < T * VIMOGEN_REFERENCE_FEATURES; i++) reference[T * VIMOGEN_REFERENCE_FEATURES + i] = 0.5f;
  vimogen_train_batch batch;
  OK(vimogen_train_batch_init(&batch, sizeof batch));
  batch.batch = B;
  batch.frames = T;
  batch.text_rows = L;
  batch.motion = motion;
  batch.prompt_embeddings = prompts;
  batch.reference = reference;
  batch.noise = noise;
  batch.timestep_index = levels;
  return batch;
}

static vimogen_trainer *create(const char *resume) {
  vimogen_trainer *trainer = NULL;
  vimogen_trainer_params params;
  OK(vimogen_trainer_params_init(&params, sizeof params));
  params.model = MODEL;
  params.config = CONFIG;
  params.resume = resume;
  OK(vimogen_trainer_create(&params, &trainer));
  return trainer;
}

static void the_loss_falls_and_a_resumed_run_goes_on(const char *folder) {
  char checkpoints[1024], path[1024];
  snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", folder);
  snprintf(path, sizeof path, "%s/weights.safetensors", folder);
  const vimogen_train_batch batch = sample();
  vimogen_trainer *trainer = create(checkpoints);
  vimogen_train_report report, first, resumed;
  for (int i = 0; i < 6; i++) {
    OK(vimogen_train_step(trainer, &batch, &report, sizeof report));
    CHECK(report.step == (uint64_t)i && isfinite(report.loss) && report.grad_norm > 0);
    CHECK(isfinite(report.loss_text) && isfinite(report.loss_reference));
    if (i == 0) first = report;
  }
  CHECK(first.lr == 0 && report.lr > 0 && report.loss < first.loss);
  OK(vimogen_trainer_checkpoint(trainer, checkpoints));
  OK(vimogen_trainer_save(trainer, path));

  vimogen_trainer *other = create(checkpoints);
  uint64_t steps = 0;
  OK(vimogen_trainer_steps(other, &steps));
  CHECK(steps == 6);
  OK(vimogen_train_step(trainer, &batch, &report, sizeof report));
  OK(vimogen_train_step(other, &batch, &resumed, sizeof resumed));
  CHECK(report.step == 6 && memcmp(&report, &resumed, sizeof report) == 0);
  OK(vimogen_trainer_free(trainer));
  OK(vimogen_trainer_free(other));
}

static void masks_and_flags_have_defaults(void) {
  float ones[B * T], channels[B * VIMOGEN_FEATURES];
  const uint8_t flags[B] = {1, 0};
  for (int i = 0; i < B * T; i++) ones[i] = 1;
  for (int i = 0; i < B * VIMOGEN_FEATURES; i++) channels[i] = 1;
  vimogen_train_report a, b;
  for (int said = 0; said < 2; said++) {
    vimogen_train_batch batch = sample();
    vimogen_trainer *trainer = create(NULL);
    if (said) {
      batch.motion_mask = batch.reference_mask = ones;
      batch.channel_mask = channels;
      batch.attend_to_text = flags;
    }
    OK(vimogen_train_step(trainer, &batch, said ? &a : &b, sizeof a));
    OK(vimogen_trainer_free(trainer));
  }
  CHECK(memcmp(&a, &b, sizeof a) == 0);
}

static void a_pipeline_is_tuned(void) {
  vimogen_pipeline *pipeline = NULL;
  vimogen_trainer *trainer = NULL;
  vimogen_trainer_params params;
  OK(vimogen_pipeline_load(NULL, NULL, &pipeline));
  OK(vimogen_trainer_params_init(&params, sizeof params));
  params.pipeline = pipeline;
  params.config = CONFIG;
  OK(vimogen_trainer_create(&params, &trainer));
  OK(vimogen_pipeline_free(pipeline));

  vimogen_train_report report;
  vimogen_train_batch batch = sample();
  FAILS(SHAPE, "motion", vimogen_train_step(trainer, (batch.frames = 0, &batch), &report, sizeof report));
  OK(vimogen_trainer_free(trainer));
}

static void mistakes_are_named(const char *folder) {
  vimogen_trainer *none = NULL, *trainer = create(NULL);
  vimogen_trainer_params params;
  OK(vimogen_trainer_params_init(&params, sizeof params));
  FAILS(INVALID_ARGUMENT, "either", vimogen_trainer_create(&params, &none));
  params.model = "{\"dim\": 1";
  FAILS(CONFIG, "model", vimogen_trainer_create(&params, &none));
  params.model = "{\"dim\": 16, \"wings\": 2}";
  FAILS(CONFIG, "wings", vimogen_trainer_create(&params, &none));
  params.model = MODEL;
  params.config = "{\"lr\": -1}";
  FAILS(CONFIG, "lr", vimogen_trainer_create(&params, &none));
  params.config = NULL;
  params.device = "abacus";
  FAILS(DEVICE, "abacus", vimogen_trainer_create(&params, &none));
  FAILS(INVALID_ARGUMENT, "params", vimogen_trainer_create(NULL, &none));
  FAILS(INVALID_ARGUMENT, "trainer", vimogen_trainer_create(&params, NULL));
  CHECK(none == NULL);

  vimogen_train_report report;
  uint64_t steps = 9;
  vimogen_train_batch batch = sample();
  FAILS(INVALID_ARGUMENT, "trainer", vimogen_train_step(NULL, &batch, &report, sizeof report));
  FAILS(INVALID_ARGUMENT, "batch", vimogen_train_step(trainer, NULL, &report, sizeof report));
  FAILS(INVALID_ARGUMENT, "report", vimogen_train_step(trainer, &batch, NULL, sizeof report));
  batch.motion = NULL;
  FAILS(INVALID_ARGUMENT, "motion", vimogen_train_step(trainer, &batch, &report, sizeof report));
  batch = sample();
  batch.batch = SIZE_MAX / 8;
  FAILS(INVALID_ARGUMENT, "more than", vimogen_train_step(trainer, &batch, &report, sizeof report));
  batch = sample();
  const uint32_t beyond[B] = {0, 1000};
  batch.timestep_index = beyond;
  FAILS(INVALID_ARGUMENT, "timestep_index", vimogen_train_step(trainer, &batch, &report, sizeof report));
  batch = sample();
  motion[7] = NAN;
  FAILS(NON_FINITE, "motion", vimogen_train_step(trainer, &batch, &report, sizeof report));
  OK(vimogen_trainer_steps(trainer, &steps));
  CHECK(steps == 0);
  char path[1024];
  snprintf(path, sizeof path, "%s/weights.txt", folder);
  FAILS(INVALID_ARGUMENT, "safetensors", vimogen_trainer_save(trainer, path));
  FAILS(INVALID_ARGUMENT, "folder", vimogen_trainer_checkpoint(trainer, NULL));
  OK(vimogen_trainer_free(trainer));
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  the_loss_falls_and_a_resumed_run_goes_on(argv[1]);
  masks_and_flags_have_defaults();
  a_pipeline_is_tuned();
  mistakes_are_named(argv[1]);
  puts("ok");
  return 0;
}
