/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <scanpipe/host.h>

/* Simulations put their own time and randomness in place; NULL brings the real ones back. */
struct clock_source {
    int64_t (*now)(void);
    int64_t (*wall_ms)(void);
    uint64_t (*random)(void);
};
void clock_replace(const struct clock_source *source);

/* For people's commands, one thread of their own: a thread of the engine waits for the stop as well. */
void clock_sleep(int64_t ns);

/* "2018-01-01T00:00:00.123Z" of a wall clock. */
void clock_format_wall(int64_t wall_ms, char out[32]);

#endif
