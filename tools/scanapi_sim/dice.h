/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_DICE_H
#define SCANAPI_SIM_DICE_H

/* Chance that comes out the same for the same seed: splitmix64, read at a place or one after another. */

#include <stdbool.h>
#include <stdint.h>

#define DICE_STEP UINT64_C(0x9e3779b97f4a7c15)

struct dice {
    uint64_t state;
};

static inline uint64_t dice_mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* The draw at a place: a pure function of both. */
static inline uint64_t dice_at(uint64_t seed, uint64_t place)
{
    return dice_mix(dice_mix(seed + DICE_STEP) + place * DICE_STEP);
}

static inline uint64_t dice_next(struct dice *dice)
{
    dice->state += DICE_STEP;
    return dice_mix(dice->state);
}

/* Evenly one of 0 ... bound - 1; bound > 0. */
static inline uint64_t dice_below(uint64_t draw, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)draw * bound) >> 64);
}

/* Percentages are turned once into thresholds, which draws are compared with. */
static inline uint64_t dice_threshold(double percent)
{
    return (uint64_t)(percent / 100 * 4294967296.0);
}

static inline bool dice_hits(uint64_t draw, uint64_t threshold)
{
    return draw >> 32 < threshold;
}

#endif
