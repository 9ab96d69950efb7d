/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "faults.h"

#include "dice.h"

struct share_of_fault {
    enum fault fault;
    struct share *share;
};

#define SHARES 6

static enum fault by_count(const struct share_of_fault shares[SHARES])
{
    for (size_t i = 0; i < SHARES; i++)
        if (shares[i].share->count) {
            shares[i].share->count--;
            return shares[i].fault;
        }
    return FAULT_NONE;
}

static enum fault by_chance(const struct share_of_fault shares[SHARES], uint64_t chance)
{
    double upto = 0;
    for (size_t i = 0; i < SHARES; i++) {
        upto += shares[i].share->percent;
        if (dice_hits(chance, dice_threshold(upto)))
            return shares[i].fault;
    }
    return FAULT_NONE;
}

enum fault faults_next(struct faults *faults, int64_t now, uint64_t *chance_out)
{
    struct fault_options *options = &faults->options;
    const struct share_of_fault shares[SHARES] = {
        {FAULT_401, &options->fail_401}, {FAULT_429, &options->fail_429}, {FAULT_503, &options->fail_503},
        {FAULT_HTML, &options->html},    {FAULT_CUT, &options->cut},      {FAULT_RESET, &options->reset},
    };
    uint64_t chance = dice_at(faults->seed, faults->requests++);
    *chance_out = dice_mix(chance);
    if (now < options->down_until)
        return FAULT_RESET;
    if (now < options->html_until)
        return FAULT_HTML;
    enum fault fault = by_count(shares);
    if (fault != FAULT_NONE)
        return fault;
    if (faults->streak < options->max_streak)
        fault = by_chance(shares, chance);
    faults->streak = fault == FAULT_NONE ? 0 : faults->streak + 1;
    return fault;
}

const char *fault_name(enum fault fault)
{
    static const char *const names[FAULT_COUNT] = {"none", "401", "429", "503", "html", "cut", "reset"};
    return names[fault];
}
