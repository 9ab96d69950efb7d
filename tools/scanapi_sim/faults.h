/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_FAULTS_H
#define SCANAPI_SIM_FAULTS_H

/* What goes wrong with a request.  Pure but for its own struct: time is an argument, chance has a seed. */

#include "settings.h"

enum fault {
    FAULT_NONE,
    FAULT_401,
    FAULT_429,
    FAULT_503,
    FAULT_HTML,
    FAULT_CUT,
    FAULT_RESET,
    FAULT_COUNT,
};

struct faults {
    struct fault_options options;
    uint64_t seed;
    uint64_t requests;
    uint64_t streak; /* of faults by percentage */
};

/*
 * The fault of the next request.  A time that has not run out comes first, then what is left of a count,
 * then chance, which spares a request after max_streak faults in a row.  *chance_out serves the details.
 */
enum fault faults_next(struct faults *faults, int64_t now, uint64_t *chance_out);

const char *fault_name(enum fault fault);

#endif
