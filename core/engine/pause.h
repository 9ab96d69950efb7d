/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PAUSE_H
#define ENGINE_PAUSE_H

/*
 * The state's record `pause`: which halves of the pipeline people have paused.  `scanpipe pause` and
 * `resume` write it, every process reads it every few seconds.  As JSON, for people.  Pure.
 *
 * Writing it, whatever it says, also lets a deliver go on that stopped by itself (`stop_at`).
 */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>

#define PAUSE_RECORD "pause"

struct pause {
    bool ingest, deliver;
};

/* An empty value: nothing is paused.  -1: no record of ours (SP_REFUSED). */
int pause_parse(struct sp_slice value, struct sp_arena *arena, struct pause *out,
                struct sp_error *err) SP_MUST_CHECK;
struct sp_slice pause_format(const struct pause *pause, struct sp_arena *arena);

#endif
