/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

/*
 * What a seed means: how large everything is, who takes part, what goes wrong and how often.  Each kind of
 * trouble is left out of many plans altogether: a plan with everything in it finds less.
 */

#include "clockwork.h"
#include "engine/retry.h"

#include <scanpipe/error.h>
#include <stdio.h>

enum sim_stage { SIM_SOURCE, SIM_QUEUE, SIM_SINK, SIM_STATE, SIM_LETTERS, SIM_STAGES };

enum role { ROLE_BOTH, ROLE_INGEST, ROLE_DELIVER, ROLES };

/* What an event is, and where it has to end. */
enum event_kind {
    EVENT_GOOD,
    EVENT_REJECTED_NAMED, /* by the sink, which says which row it is */
    EVENT_REJECTED,       /* by the sink, which does not */
    EVENT_UNKNOWN,        /* the sink fails with a code that the plugin does not know */
    EVENT_HANGS,          /* the sink does not return */
    EVENT_KILLS,          /* the process dies in the sink */
    EVENT_UNWANTED,       /* the table's `where` says no */
    EVENT_BAD_VALUE,      /* no value for a column */
    EVENT_NOT_ONE,        /* the source says that it is none */
    EVENT_TOO_LARGE,
    EVENT_QUEUE_REJECTED, /* the queue can never hold it */
    EVENT_KINDS,
};

struct outage {
    int64_t from, until;
    enum sp_class class;
    bool black_hole; /* calls return at their deadline only */
};

enum { OUTAGES = 4, PROCESSES = 4 };

struct stage_plan {
    unsigned fails_permille;  /* of calls */
    unsigned after_permille;  /* of failures: the effect is there all the same */
    unsigned late_permille;   /* of failures: the effect comes later */
    unsigned partly_permille; /* of calls with entries: some of them fail */
    unsigned hangs_per_10000; /* of calls: past the deadline by more than hang_timeout */
    int64_t latency_ns;       /* of a call, at most: on the way there, and on the way back */
    int64_t least_ns;
    struct outage outages[OUTAGES];
    unsigned outage_count;
};

struct process_plan {
    enum role role;
    unsigned machine;
    bool same_pid;     /* each life has the pid of the one before, as in a container, which has its own */
    int64_t kill_ns;   /* how long it lives about; 0: as long as it can */
    int64_t freeze_ns; /* how long until it is frozen, about; 0: never */
    int64_t frozen_ns; /* for how long at most */
    int64_t stop_ns;   /* how long until it is asked to stop, about; 0: never */
    int64_t restart_ns;
};

struct plan {
    uint64_t seed;
    struct clockwork_plan clockwork;
    bool table; /* else the sink takes events */
    unsigned events, keys, repeats_permille;
    unsigned per_10000[EVENT_KINDS]; /* how many of the events */
    unsigned foreign;                /* messages that other programs put into the queue */
    size_t padding;                  /* bytes that make events larger, at most */
    int64_t chaos_ns;                /* how long all goes wrong */
    unsigned page_events;
    int64_t poll_ns;
    bool fifo;                  /* else the queue gives what it has in any order */
    unsigned again_permille;    /* messages that are given to two */
    unsigned suspects_permille; /* messages that are called received before and were not */
    bool old_receipts;          /* settling works with a receipt that is not the last */
    unsigned batch_messages;    /* entries of a call of the queue; 0: any */
    int64_t visibility_ns, lease_ns, grace_ns, hang_ns;
    int64_t timeout_ns;
    struct retry_policy retry;
    unsigned pack_events, senders, workers, batch_events;
    int64_t linger_ns, read_ahead;
    bool wall_jumps, system_fails;
    struct stage_plan stages[SIM_STAGES];
    unsigned processes;
    struct process_plan process[PROCESSES];
    bool clean_drain; /* at the end a fresh process drains alone; else those that are there do */
    size_t heap_max;  /* of a process */
};

void plan_draw(struct plan *plan, uint64_t seed);
void plan_tell(const struct plan *plan, FILE *out);

/* The pipeline's file for a role. */
void plan_write_file(const struct plan *plan, enum role role, FILE *out);

#endif
