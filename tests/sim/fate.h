/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_FATE_H
#define SIM_FATE_H

/*
 * How a call of a plugin goes: how long it takes, whether it fails, and whether what it was to do happens
 * before that, afterwards, later or never.
 *
 *     if (call_enter(handle, OP_SEND, deadline, &fate, err) != 0)
 *         return -1;
 *     ... do it, or have it done at fate.late_at ...
 *     return call_leave(handle, &fate, err);
 */

#include "world.h"

enum op {
    OP_READ,
    OP_SEND,
    OP_RECEIVE,
    OP_SETTLE,
    OP_EXTEND,
    OP_DEPTH,
    OP_PROBE,
    OP_WRITE,
    OP_GET,
    OP_PUT,
    OPS
};

/* A handle of any stage. */
struct handle {
    enum sim_stage stage;
    bool interrupted;
    const void *waits_at;    /* what its call waits for beside the handle itself, or NULL */
    int64_t not_before[OPS]; /* a call of this kind was throttled until then */
    uint64_t failed_in;      /* its last failure: see pressure.c */
};

struct fate {
    enum op op;
    int64_t deadline;
    const struct outage *outage; /* during which it began, or NULL */
    uint64_t spell;              /* see pressure.c */
    bool retries;
    enum sp_class fails; /* SP_OK: it does not */
    bool after;          /* the effect is there all the same */
    int64_t late_at;     /* the effect comes then, where nobody waits for it any more; 0: now */
    int64_t before_ns, after_ns;
    bool hangs_before, hangs_after; /* it heeds neither deadline nor interrupt meanwhile */
    int64_t retry_after_ns;
};

/* -1: it has failed without an effect. */
int call_enter(struct handle *handle, enum op op, int64_t deadline, struct fate *fate, struct sp_error *err);
int call_leave(struct handle *handle, const struct fate *fate, struct sp_error *err);

/* Instead of call_leave(): the stage has answered, with a failure of its own. */
void call_answered(struct handle *handle, const struct fate *fate);

/* Some entries of a call fail by themselves: SP_OK, or the class; *done_out says whether it is done anyway.
 */
enum sp_class entry_fate(const struct handle *handle, bool *done_out);

/* Does not return for longer than is allowed: with this call, or for ever. */
void call_hang(int64_t ns);

/* Whether the process is in a call that does not return, or was lately. */
bool fate_hangs(const struct process *process);

/* What all stages share. */
int handle_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err);
void handle_unload(void *loaded);
int handle_open(void *loaded, void **out, struct sp_error *err);
void handle_close(void *handle);
int handle_probe(void *handle, int64_t deadline, struct sp_error *err);
void handle_interrupt(void *handle);

#define SIM_PLUGIN(the_kind, the_plugin)                                                                     \
    .about = {SP_PLUGIN_HEAD,                                                                                \
              .kind = (the_kind),                                                                            \
              .name = "sim",                                                                                 \
              .version = "0",                                                                                \
              .summary = "in memory, and unreliable",                                                        \
              .capabilities = &(the_plugin).capabilities,                                                    \
              .load = handle_load,                                                                           \
              .unload = handle_unload,                                                                       \
              .open = handle_open,                                                                           \
              .close = handle_close,                                                                         \
              .probe = handle_probe,                                                                         \
              .interrupt = handle_interrupt,                                                                 \
              .ops = &(the_plugin).ops}

#endif
