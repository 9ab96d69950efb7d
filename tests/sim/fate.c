/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "fate.h"
#include "laws.h"
#include "pressure.h"
#include "tally.h"

#include <inttypes.h>
#include <stdlib.h>

struct world world;

static const char *const stage_names[] = {"source", "queue", "sink", "state", "dead_letters"};
static const char *const op_names[] = {"read",  "send",  "receive", "settle", "extend",
                                       "depth", "probe", "write",   "get",    "put"};

/* Until when a process is known to have a call that hangs. */
static int64_t hangs_until[PROCESSES + 2];

void world_open(const struct plan *plan)
{
    world = (struct world){.plan = plan, .dice = dice_of(plan->seed, 4), .faults = true};
    memset(hangs_until, 0, sizeof hangs_until);
    queue_open_world();
    pressure_open(plan);
    sink_open_world();
    state_open_world();
    letters_open_world();
}

int64_t world_wall_ms(void)
{
    return INT64_C(1700000000000) + world.wall_offset_ms + sim_now() / SP_MILLISECOND;
}

bool world_pid_lives(const struct process *where, int64_t pid)
{
    for (size_t i = 0; i < world.process_count; i++) {
        const struct process *process = &world.processes[i];
        if (process->alive && process->machine == where->machine && process->namespace == where->namespace &&
            process->pid == pid)
            return true;
    }
    return false;
}

static int liar = -1;

bool world_lie(const char *stage)
{
    for (liar = 0; liar < SIM_STAGES; liar++)
        if (strcmp(stage, stage_names[liar]) == 0)
            return true;
    return false;
}

bool stage_lies(enum sim_stage stage)
{
    return liar == (int)stage && dice_chance(&world.dice, 1, 20);
}

bool fault_in_system(void)
{
    bool fault = world.faults && world.plan->system_fails && dice_chance(&world.dice, 1, 100);
    if (fault)
        tally(A_REFUSAL_OF_THE_SYSTEM);
    return fault;
}

bool fate_hangs(const struct process *process)
{
    return sim_now() <= hangs_until[process->number];
}

static const struct stage_plan *plan_of(const struct handle *handle)
{
    return &world.plan->stages[handle->stage];
}

static const struct outage *outage_now(const struct stage_plan *plan)
{
    for (unsigned i = 0; i < plan->outage_count; i++)
        if (sim_now() >= plan->outages[i].from && sim_now() < plan->outages[i].until)
            return &plan->outages[i];
    return NULL;
}

int64_t sink_away_for(void)
{
    const struct outage *outage = world.faults ? outage_now(&world.plan->stages[SIM_SINK]) : NULL;
    bool away =
        outage && (outage->black_hole || outage->class == SP_UNAVAILABLE || outage->class == SP_REFUSED);
    return away ? sim_now() - outage->from : 0;
}

static bool chance(unsigned permille)
{
    return dice_chance(&world.dice, permille, 1000);
}

/* What fails so may have been done; the other classes say that it was not. */
static bool may_be_done(enum sp_class class)
{
    return class == SP_UNAVAILABLE || class == SP_UNCERTAIN;
}

static enum sp_class draw_class(void)
{
    static const enum sp_class classes[] = {SP_UNAVAILABLE, SP_UNAVAILABLE, SP_UNCERTAIN, SP_UNCERTAIN,
                                            SP_CONTENDED,   SP_THROTTLED,   SP_REFUSED};
    return classes[dice_below(&world.dice, sizeof classes / sizeof *classes)];
}

static void draw_failure(const struct stage_plan *plan, enum sp_class class, struct fate *fate)
{
    fate->fails = class;
    fate->after = may_be_done(class) && chance(plan->after_permille);
    if (may_be_done(class) && !fate->after && chance(plan->late_permille))
        fate->late_at = sim_now() + dice_spread(&world.dice, SP_MILLISECOND, 20 * SP_SECOND);
    if (class == SP_THROTTLED && dice_chance(&world.dice, 1, 2))
        fate->retry_after_ns = dice_spread(&world.dice, SP_MILLISECOND, 10 * SP_SECOND);
}

static void draw_fate(const struct handle *handle, struct fate *fate)
{
    const struct stage_plan *plan = plan_of(handle);
    if (!world.faults) {
        fate->before_ns = dice_between(&world.dice, 0, SP_MILLISECOND);
        return;
    }
    const struct outage *outage = fate->outage = outage_now(plan);
    fate->before_ns = dice_spread(&world.dice, plan->least_ns, plan->latency_ns);
    fate->after_ns = dice_spread(&world.dice, plan->least_ns, plan->latency_ns);
    if (outage)
        tally(SOURCE_AWAY + (enum happening)handle->stage);
    if (outage && outage->black_hole)
        tally(A_BLACK_HOLE);
    if (outage && outage->black_hole)
        fate->before_ns = SIM_NEVER / 4; /* long after any deadline */
    else if (outage)
        draw_failure(plan, outage->class, fate);
    else if (chance(plan->fails_permille))
        draw_failure(plan, draw_class(), fate);
    else if (dice_chance(&world.dice, plan->hangs_per_10000, 10000)) {
        int64_t ns = world.plan->timeout_ns + dice_spread(&world.dice, SP_SECOND, 2 * world.plan->hang_ns);
        if (dice_chance(&world.dice, 1, 2))
            fate->hangs_before = true, fate->before_ns = ns;
        else
            fate->hangs_after = true, fate->after_ns = ns;
    }
}

enum call_end { CALL_GOES_ON, CALL_TIMED_OUT, CALL_INTERRUPTED };

void call_hang(int64_t ns)
{
    int64_t end = sim_now() + ns;
    trace("hangs for %.3f s", (double)ns / 1e9);
    tally(A_HANG);
    hangs_until[process_self()->number] = end + SP_SECOND;
    process_self()->disturbed_ns += ns;
    task_sleep(ns);
}

static enum call_end call_wait(const struct handle *handle, const struct fate *fate, int64_t ns, bool hangs)
{
    int64_t until = sim_now() + ns, end = until > fate->deadline ? fate->deadline : until;
    if (hangs) {
        call_hang(ns);
        return CALL_GOES_ON;
    }
    while (sim_now() < end && !handle->interrupted)
        task_wait(handle, end);
    if (handle->interrupted)
        return CALL_INTERRUPTED;
    return end < until ? CALL_TIMED_OUT : CALL_GOES_ON;
}

static void tally_failure(const struct fate *fate, enum sp_class class)
{
    static const enum happening happened[] = {
        [SP_UNAVAILABLE] = FAILED_UNAVAILABLE, [SP_THROTTLED] = FAILED_THROTTLED,
        [SP_CONTENDED] = FAILED_CONTENDED,     [SP_UNCERTAIN] = FAILED_UNCERTAIN,
        [SP_REFUSED] = FAILED_REFUSED,         [SP_UNKNOWN] = FAILED_UNKNOWN,
    };
    if (class < sizeof happened / sizeof *happened && happened[class])
        tally(happened[class]);
    if (fate->after)
        tally(FAILED_AND_DONE);
    if (fate->late_at)
        tally(FAILED_AND_DONE_LATER);
    if (class == SP_THROTTLED && fate->retry_after_ns > 0)
        tally(TOLD_WHEN_TO_RETRY);
}

static int fail(struct handle *handle, const struct fate *fate, enum sp_class class, struct sp_error *err)
{
    trace("%s %s fails: %s%s", stage_names[handle->stage], op_names[fate->op], sp_class_name(class),
          fate->after     ? ", and is done"
          : fate->late_at ? ", and will be done"
                          : "");
    tally_failure(fate, class);
    pressure_end(handle, fate, false);
    sp_fail(err, class, "%s of the %s failed", op_names[fate->op], stage_names[handle->stage]);
    err->retry_after_ns = class == SP_THROTTLED ? fate->retry_after_ns : 0;
    err->cure[0] = '\0';
    return -1;
}

/* Some calls that were cut off have been heard all the same. */
static int cut_off(struct handle *handle, struct fate *fate, enum sp_class class, struct sp_error *err)
{
    fate->fails = class;
    fate->after_ns = 0;
    if (world.faults && chance(plan_of(handle)->after_permille)) {
        fate->after = true;
        return 0;
    }
    if (world.faults && chance(plan_of(handle)->late_permille)) {
        fate->late_at = sim_now() + dice_spread(&world.dice, SP_MILLISECOND, 20 * SP_SECOND);
        return 0;
    }
    return fail(handle, fate, class, err);
}

void call_answered(struct handle *handle, const struct fate *fate)
{
    pressure_end(handle, fate, true);
}

int call_enter(struct handle *handle, enum op op, int64_t deadline, struct fate *fate, struct sp_error *err)
{
    *fate = (struct fate){.op = op, .deadline = deadline - process_clock_offset(process_self())};
    handle->interrupted = false;
    handle->waits_at = NULL;
    law_call(handle->stage, handle->not_before[op], op_names[op]);
    sim_point();
    draw_fate(handle, fate);
    pressure_begin(handle, fate);
    switch (call_wait(handle, fate, fate->before_ns, fate->hangs_before)) {
    case CALL_TIMED_OUT:
        return cut_off(handle, fate, op == OP_WRITE || op == OP_PUT ? SP_UNCERTAIN : SP_UNAVAILABLE, err);
    case CALL_INTERRUPTED:
        return cut_off(handle, fate, SP_STOPPED, err);
    case CALL_GOES_ON:
        break;
    }
    if (fate->retry_after_ns > 0)
        handle->not_before[op] = sim_now() + fate->retry_after_ns;
    if (fate->fails != SP_OK && !fate->after && !fate->late_at)
        return fail(handle, fate, fate->fails, err);
    return 0;
}

int call_leave(struct handle *handle, const struct fate *fate, struct sp_error *err)
{
    sim_point();
    enum call_end end = call_wait(handle, fate, fate->after_ns, fate->hangs_after);
    sim_point();
    if (fate->fails != SP_OK)
        return fail(handle, fate, fate->fails, err);
    if (end == CALL_INTERRUPTED && dice_chance(&world.dice, 1, 2))
        return fail(handle, fate, SP_STOPPED, err);
    if (end == CALL_TIMED_OUT)
        return fail(handle, fate, SP_UNCERTAIN, err);
    call_answered(handle, fate);
    return 0;
}

enum sp_class entry_fate(const struct handle *handle, bool *done_out)
{
    const struct stage_plan *plan = plan_of(handle);
    *done_out = true;
    if (!world.faults || !chance(plan->partly_permille))
        return SP_OK;
    enum sp_class class = draw_class();
    tally(FAILED_IN_PART);
    *done_out = may_be_done(class) && chance(plan->after_permille);
    return class;
}

int handle_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)config;
    if (fault_in_system())
        return sp_fail(err, SP_UNAVAILABLE, "cannot be loaded");
    enum sim_stage *kind = malloc(sizeof *kind);
    *kind = SIM_SOURCE;
    while (strcmp(stage_names[*kind], stage->name) != 0)
        ++*kind;
    *loaded = kind;
    return 0;
}

void handle_unload(void *loaded)
{
    free(loaded);
}

int handle_open(void *loaded, void **out, struct sp_error *err)
{
    if (fault_in_system())
        return sp_fail(err, SP_UNAVAILABLE, "cannot be opened");
    struct handle *handle = calloc(1, sizeof *handle);
    handle->stage = *(const enum sim_stage *)loaded;
    *out = handle;
    return 0;
}

void handle_close(void *handle)
{
    free(handle);
}

int handle_probe(void *pointer, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    if (call_enter(handle, OP_PROBE, deadline, &fate, err) != 0)
        return -1;
    return call_leave(handle, &fate, err);
}

void handle_interrupt(void *pointer)
{
    struct handle *handle = pointer;
    handle->interrupted = true;
    tally(AN_INTERRUPT);
    tasks_wake(handle);
    if (handle->waits_at)
        tasks_wake(handle->waits_at);
    sim_point();
}
