/*
 * vimogen: a sentence, or a sentence and a reference motion, to 3D human motion.
 *
 *     #include <stdio.h>
 *     #include <vimogen.h>
 *
 *     static int32_t on_progress(const vimogen_progress *progress, void *user_data) {
 *       (void)user_data;
 *       fprintf(stderr, "\rstep %d of %d ", (int)progress->step, (int)progress->total);
 *       return 0; // anything else cancels
 *     }
 *
 *     int main(void) {
 *       vimogen_pipeline *pipeline = NULL;
 *       vimogen_motion *motion = NULL;
 *       const float *joints = NULL;
 *       size_t len = 0;
 *
 *       vimogen_generate_params params;
 *       vimogen_status status = vimogen_generate_params_init(&params, sizeof params);
 *       params.num_frames = 60;
 *       params.progress = on_progress;
 *
 *       if (!status) status = vimogen_pipeline_load(NULL, NULL, &pipeline); // NULL: the built-in model
 *       if (!status) status = vimogen_generate(pipeline, "a person waves", &params, &motion);
 *       if (!status) status = vimogen_motion_joints(motion, &joints, &len);
 *       if (!status) printf("the head starts %.2f m above the ground\n", joints[15 * 3 + 2]);
 *       if (!status) status = vimogen_motion_save(motion, "wave.bvh");
 *       if (status) fprintf(stderr, "error %d: %s\n", (int)status, vimogen_last_error());
 *
 *       vimogen_motion_free(motion);
 *       vimogen_pipeline_free(pipeline);
 *       return status ? 1 : 0;
 *     }
 *
 * Build it with: cc wave.c $(pkg-config --cflags --libs vimogen)
 *
 * Conventions
 *
 * Errors. Every function that can fail returns a vimogen_status; 0, VIMOGEN_STATUS_OK, is success. The message of the
 * last failure on the calling thread is vimogen_last_error(): it names the fault and the remedy. Results
 * are written through pointers, and only on success. A missing argument (NULL), a string that is not UTF-8, a
 * size or value out of range and an unknown enum value are errors, not crashes. No exception, panic or signal leaves
 * the library; only running out of memory ends the program.
 *
 * Ownership. A result in a `T **` (pipeline, motion, trainer, string) is yours: free it with the library's own _free
 * function, never with free(). Freeing NULL does nothing; freeing twice is an error that is not detected. A result in a
 * `const T **` belongs to the object of the call and lives as long as that object. All arguments are yours; the library
 * keeps none after the call.
 *
 * Strings are UTF-8 and end with NUL, paths too. Arrays are contiguous, the last index fastest: [frames][22][3].
 *
 * Units. Metres, radians, seconds; z is up in the world, and a motion starts facing +y. Quaternions are w, x, y, z.
 *
 * Threads. Any function may be called from any thread. An object may be used by several threads at once through
 * `const T *`; through `T *`, and to be freed, only by one, while no other uses it. So several threads may generate
 * with one pipeline. Callbacks run on the thread that made the call.
 *
 * Structs with a size. Fill a struct that begins with struct_size with its _init function, which takes sizeof(struct),
 * then change fields. Other structs are written by the library, which takes sizeof(struct) as well. A program therefore
 * keeps running with a later library whose structs are longer. Enums are passed as int32_t.
 *
 * Memory checkers. The library allocates with mimalloc. Set VIMOGEN_SYSTEM_ALLOCATOR=1 in the environment to let
 * valgrind and the sanitizers see its blocks.
 */
