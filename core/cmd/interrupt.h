/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_INTERRUPT_H
#define CMD_INTERRUPT_H

/* SIGINT and SIGTERM in a command that may be stopped on its way. */

#include <scanpipe/base.h>

/* From now on the first signal ends the work where it can be told what was done; the second ends the process,
 * which loses nothing either. */
void interrupt_catch(void);

bool interrupt_asked(void);

/* Pauses, no longer than until a signal comes.  False: one came.  For callbacks: `context` is not looked at.
 */
bool interrupt_pause(void *context, int64_t ns);

#endif
