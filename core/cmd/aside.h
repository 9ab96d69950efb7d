/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_ASIDE_H
#define CMD_ASIDE_H

/* Work that may take long, while the main thread goes on telling that the process lives. */

#include <scanpipe/base.h>
#include <scanpipe/error.h>

/* Runs `work` in a thread of its own, which has the caller's signals blocked, and `tick` in the caller's now
 * and then while that is not done; where the system has no thread for it, in the caller's.  Returns what
 * `work` returned. */
int aside_run(int (*work)(void *context, struct sp_error *err), void (*tick)(void *context), void *context,
              struct sp_error *err);

#endif
