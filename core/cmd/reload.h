/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_RELOAD_H
#define CMD_RELOAD_H

#include "engine/pipeline.h"

/* Reads the file again from which `now` was read, and checks that the process may go on with what it says by
 * now.  NULL: it may not, and the log says why. */
struct pipeline *reload_read(const struct pipeline *now);

#endif
