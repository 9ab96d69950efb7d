/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_ONLINE_H
#define CMD_ONLINE_H

/* What the stages of a pipeline say when they are asked: `scanpipe check --online`. */

#include "cmd/cmd.h"

/* Asks each stage whether it is there and what one should know of it.  Changes nothing.  False: one does not
 * answer (told to standard error), or says that something is wrong. */
bool online_look(struct buffer *out, const struct pipeline *pipeline);

#endif
