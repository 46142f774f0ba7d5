// The quick start in C: a motion from a sentence, its first joints, a BVH file.
//
//     cc examples/quickstart.c $(pkg-config --cflags --libs vimogen) -o quickstart && ./quickstart out
#include <stdio.h>
#include <vimogen.h>
#ifdef _WIN32
#include <direct.h>
#define make_folder(path) _mkdir(path)
#else
#include <sys/stat.h>
#define make_folder(path) mkdir(path, 0777)
#endif

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : "out";
  char path[4096];
  vimogen_pipeline *pipeline = NULL;
  vimogen_motion *motion = NULL;
  vimogen_generate_params params;
  const float *joints = NULL;
  size_t frames = 0, len = 0;
  float fps = 0;

  vimogen_status status = vimogen_generate_params_init(&params, sizeof params);
  params.seed = 42;
  if (!status) status = vimogen_pipeline_load(NULL, NULL, &pipeline); // NULL: the built-in model
  if (!status) status = vimogen_generate(pipeline, "a person walks forward and waves", &params, &motion);
  if (!status) status = vimogen_motion_frames(motion, &frames);
  if (!status) status = vimogen_motion_fps(motion, &fps);
  if (!status) status = vimogen_motion_joints(motion, &joints, &len);
  if (!status) {
    printf("frames %zu fps %g\n", frames, fps);
    for (int i = 0; i < 3; i++) {
      printf("joint %d %.4f %.4f %.4f\n", i, joints[3 * i], joints[3 * i + 1], joints[3 * i + 2]);
    }
    double sum = 0;
    for (size_t i = 0; i < len; i++) {
      sum += joints[i];
    }
    printf("checksum %.3f\n", sum);
    (void)make_folder(folder); // may exist already; if it cannot be created, saving fails
    snprintf(path, sizeof path, "%s/quickstart.bvh", folder);
    status = vimogen_motion_save(motion, path);
  }
  if (status) fprintf(stderr, "error %d: %s\n", (int)status, vimogen_last_error());

  vimogen_motion_free(motion);
  vimogen_pipeline_free(pipeline);
  return status ? 1 : 0;
}
