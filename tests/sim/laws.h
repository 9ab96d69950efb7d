/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_LAWS_H
#define SIM_LAWS_H

/*
 * What must hold, whatever happens.  Most is looked at in the moment in which it could be broken; the rest
 * at the end of the run.  Who breaks a law is told with it, and the run is over.
 */

#include "plan.h"

#include <scanpipe/letters.h>

struct event;

/* Does not return.  `law` is a word or two. */
void law_broken(const char *law, const char *format, ...) SP_PRINTF(2, 3) __attribute__((noreturn));

void laws_open(const struct plan *plan);

/* A life of a process, as the poller's record knows it. */
struct writer {
    const struct process *process;
    unsigned life;
};
struct writer writer_self(void);

/* 1. A message leaves the queue when each of its events is in the sink or among the dead letters. */
void law_settled(const struct event *event);

/* 1 and 7. The cursor moves over what is durable, never back, and only by who took the record over last. */
void law_record(struct sp_slice before, struct sp_slice after, const struct writer *writer);
bool law_owns(const struct process *process, int64_t token);

/* 3 and 4. Nobody is marked while the sink is away; who is well renews his mark, and does not count as dead.
 */
void law_marks_open(void);
void law_marks(struct sp_slice before, struct sp_slice after, const struct writer *writer);

/* For laws that only hold where the process, or what it needs, is well: the state keeps its lease. */
bool law_writer_is_well(const struct writer *writer);
bool law_is_steady(enum sim_stage stage);
int64_t law_lease_ns(void);

/* 3 and 4. Only poison dies, with the right reason. */
void law_letter(const struct event *event, const struct sp_letter *letter);
/* The process is about to die of an event.  Its neighbours, in the write of these keys, are not to blame;
 * what another thread writes under a mark at the same time may be thought to be. */
void law_poison_strikes(const struct process *process, const bool *keys);
/* It has ended, or a thread of it was held up for so long that it may count as gone. */
void law_gone(const struct process *process);
void law_held_up(const struct process *process, int64_t ns);

/* 6. Nobody aborts or exits without a plugin that hangs; a stop is over within its grace. */
void law_may_abort(const struct process *process);
void law_may_exit(const struct process *process);
void law_stopped(const struct process *process, int64_t asked_at);

/* A process that ends hands back what it has received. */
void law_handed_back(const struct process *process);

/* What is worked on stays leased: whether the lease of what is settled now still runs. */
void law_lease(bool runs);

/* Retry-After is honoured. */
void law_call(enum sim_stage stage, int64_t not_before, const char *op);

/* 5. And what was allocated is freed. */
void law_memory(const struct process *process);

/* Whether all is where it must be; and the same as a law. */
bool laws_settled(void);
void laws_final(void);

#endif
