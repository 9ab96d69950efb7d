/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_DICE_H
#define SIM_DICE_H

/* Seeded randomness: splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
 */

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *dice)
{
    uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* Streams of one seed: what one of them is used for does not change what another gives. */
static inline struct dice dice_of(uint64_t seed, uint64_t stream)
{
    struct dice dice = {seed ^ (stream * UINT64_C(0xd1342543de82ef95))};
    dice_roll(&dice);
    return dice;
}

/* 0 to count - 1. */
static inline uint64_t dice_below(struct dice *dice, uint64_t count)
{
    return dice_roll(dice) % count;
}

/* Both ends included. */
static inline int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    return low + (int64_t)dice_below(dice, (uint64_t)(high - low) + 1);
}

/* As likely between 1 and 2 as between 100 and 200. */
static inline int64_t dice_spread(struct dice *dice, int64_t low, int64_t high)
{
    unsigned doublings = 0;
    while ((low << doublings) <= high / 2)
        doublings++;
    int64_t from = low << dice_below(dice, doublings + 1), to = 2 * from - 1;
    return dice_between(dice, from, to < high ? to : high);
}

static inline bool dice_chance(struct dice *dice, uint64_t in, uint64_t of)
{
    return in > 0 && dice_below(dice, of) < in;
}

#endif
