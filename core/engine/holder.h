/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_HOLDER_H
#define ENGINE_HOLDER_H

/*
 * Who holds something: a process on a machine.  Gone means: same boot, same pid namespace, and
 * kill(pid, 0) says ESRCH; never a look into /proc, which hardening hides.
 */

#include <scanpipe/base.h>

struct holder {
    char boot[40];      /* /proc/sys/kernel/random/boot_id, or SCANPIPE_BOOT_ID; "" where unknown */
    char namespace[40]; /* "pid:[4026531836]"; "" where unknown */
    int64_t pid;
    char host[65]; /* for people */
};

/* Before anything else: SCANPIPE_BOOT_ID as systemd writes it (%b) becomes what the kernel writes, so that a
 * service and a person's command know that they are on one machine. */
void holder_setup(void);

/* This process. */
void holder_self(struct holder *out);

/* Whether it is known to be this very process, or one that had its pid before. */
bool holder_is(const struct holder *holder, const struct holder *self);

/* Whether the process is known to be gone.  False where that cannot be told. */
bool holder_gone(const struct holder *holder, const struct holder *self);

#endif
