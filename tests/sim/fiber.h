/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_FIBER_H
#define SIM_FIBER_H

/* Threads of control that take turns on one thread of the system.  One runs until it yields; one that is
 * never resumed can be thrown away in the middle of what it does. */

struct fiber;

struct fiber *fiber_new(void (*run)(void *), void *argument);
void fiber_free(struct fiber *fiber);

/* From outside of fibers: runs it until it yields or returns. */
void fiber_resume(struct fiber *fiber);
/* From within one. */
void fiber_yield(void);

#endif
