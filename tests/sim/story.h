/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_STORY_H
#define SIM_STORY_H

/* One run: everything goes wrong for a while, then nothing does, and the laws are looked at. */

#include <stdbool.h>
#include <stdint.h>

struct story {
    uint64_t digest, steps;
    int64_t fake_ns;
    unsigned lives;
};

/* A law that is broken ends the program. */
void story_run(uint64_t seed, struct story *out);

#endif
