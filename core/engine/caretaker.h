/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_CARETAKER_H
#define ENGINE_CARETAKER_H

/* Looks after the store of dead letters where it wants that: a thread. */

#include "engine/work.h"

struct caretaker {
    struct work *work;
    struct seat state, letters;
};
void *caretaker_run(void *caretaker);

#endif
