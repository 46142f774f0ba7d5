// A process that was forked after its parent has generated generates too, on threads of its own; many threads take turns.
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { CROWD = 64, SECONDS = 120 };

static const vimogen_pipeline *pipeline;
static vimogen_motion *wanted;

static void generate_and_compare(void) {
  vimogen_generate_params params = quick();
  vimogen_motion *made = NULL;
  OK(vimogen_generate(pipeline, "a person waves", &params, &made));
  const float *a, *b;
  size_t len_a, len_b;
  OK(vimogen_motion_features(made, &a, &len_a));
  OK(vimogen_motion_features(wanted, &b, &len_b));
  CHECK(len_a == len_b && memcmp(a, b, len_a * sizeof *a) == 0);
  OK(vimogen_motion_free(made));
}

static void *work(void *argument) {
  (void)argument;
  generate_and_compare();
  return NULL;
}

// Draws into a file of this thread.
static void *draw(void *argument) {
  char path[32];
  snprintf(path, sizeof path, "fork-%p.gif", (void *)&argument);
  vimogen_render_params params;
  OK(vimogen_render_params_init(&params, sizeof params));
  params.width = params.height = 16;
  OK(vimogen_motion_render(wanted, path, &params));
  CHECK(remove(path) == 0);
  return NULL;
}

static void crowd(int threads, void *(*body)(void *)) {
  pthread_t all[CROWD];
  pthread_attr_t small;
  CHECK(pthread_attr_init(&small) == 0);
  CHECK(pthread_attr_setstacksize(&small, 256 * 1024) == 0);
  for (int i = 0; i < threads; i++) CHECK(pthread_create(&all[i], &small, body, NULL) == 0);
  for (int i = 0; i < threads; i++) CHECK(pthread_join(all[i], NULL) == 0);
  CHECK(pthread_attr_destroy(&small) == 0);
}

// Runs `body` in a forked process. A process that hangs is ended by its alarm.
static void in_child(void (*body)(void)) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(SECONDS);
    body();
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void render(void) {
  vimogen_render_params params;
  OK(vimogen_render_params_init(&params, sizeof params));
  params.width = params.height = 64;
  OK(vimogen_motion_render(wanted, "fork.gif", &params));
  CHECK(remove("fork.gif") == 0);
}

// A call waits for others here: those of its own drawing, of its turn to generate.
static void crowds(void) {
  crowd(8, draw);
  crowd(CROWD, work);
  in_child(render);
}

static void load_and_generate(void) {
  vimogen_pipeline *own = NULL;
  OK(vimogen_pipeline_load(NULL, NULL, &own));
  pipeline = own;
  generate_and_compare();
  in_child(generate_and_compare); // the child of a child
  crowd(4, work);
}

int main(void) {
  alarm(4 * SECONDS);
  vimogen_pipeline *loaded = NULL;
  vimogen_generate_params params = quick();
  OK(vimogen_pipeline_load(NULL, NULL, &loaded));
  pipeline = loaded;
  OK(vimogen_generate(pipeline, "a person waves", &params, &wanted));
  in_child(generate_and_compare);
  in_child(render);
  in_child(load_and_generate);
  in_child(crowds);
  crowd(CROWD, work);
  generate_and_compare(); // the parent is as before
  OK(vimogen_motion_free(wanted));
  OK(vimogen_pipeline_free(loaded));
  puts("ok");
  return 0;
}
