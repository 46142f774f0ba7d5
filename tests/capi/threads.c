// Several threads with one pipeline and one motion: the same results as one thread, and one last error per thread.
#include <pthread.h>

#include "check.h"

enum { THREADS = 4, ROUNDS = 2 };

struct job {
  const vimogen_pipeline *pipeline;
  const vimogen_motion *shared;
  uint64_t seed;
  const float *joints; // of `shared`
  vimogen_motion *made;
};

static void *work(void *argument) {
  struct job *job = argument;
  CHECK(vimogen_last_error()[0] == 0);
  // All threads read data that is decoded on first use.
  size_t len;
  const float *rotations;
  OK(vimogen_motion_joints(job->shared, &job->joints, &len));
  OK(vimogen_motion_local_rotations(job->shared, &rotations, &len));
  for (int round = 0; round < ROUNDS; round++) {
    vimogen_generate_params params = quick();
    params.seed = job->seed;
    OK(vimogen_motion_free(job->made));
    job->made = NULL;
    OK(vimogen_generate(job->pipeline, "a person jumps", &params, &job->made));
    char path[64];
    snprintf(path, sizeof path, "missing-%d.npz", (int)job->seed);
    vimogen_motion *none = NULL;
    FAILS(NOT_FOUND, path, vimogen_motion_load(path, &none));
  }
  return NULL;
}

int main(void) {
  vimogen_pipeline *pipeline = NULL;
  vimogen_motion *shared = NULL;
  vimogen_generate_params params = quick();
  OK(vimogen_pipeline_load(NULL, NULL, &pipeline));
  OK(vimogen_generate(pipeline, "a person waves", &params, &shared));

  pthread_t threads[THREADS];
  struct job jobs[THREADS];
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (struct job){pipeline, shared, (uint64_t)i, NULL, NULL};
    CHECK(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  CHECK(vimogen_last_error()[0] == 0);

  for (int i = 0; i < THREADS; i++) {
    CHECK(jobs[i].joints == jobs[0].joints);
    const float *a, *b;
    size_t len;
    vimogen_motion *alone = NULL;
    params = quick();
    params.seed = (uint64_t)i;
    OK(vimogen_generate(pipeline, "a person jumps", &params, &alone));
    OK(vimogen_motion_features(alone, &a, &len));
    OK(vimogen_motion_features(jobs[i].made, &b, &len));
    CHECK(memcmp(a, b, len * sizeof *a) == 0);
    OK(vimogen_motion_free(alone));
    OK(vimogen_motion_free(jobs[i].made));
  }
  OK(vimogen_motion_free(shared));
  OK(vimogen_pipeline_free(pipeline));
  puts("ok");
  return 0;
}
