/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "story.h"

#include "base/clock.h"
#include "config/diag.h"
#include "engine/engine.h"
#include "fate.h"
#include "laws.h"
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* In so much time everything must have been drained. */
static const int64_t drain_most_ns = 4 * 3600 * SP_SECOND;

static const int64_t tick_ns = 200 * SP_MILLISECOND;

/* What the director knows of a process. */
struct actor {
    struct process *process;
    const struct process_plan *plan; /* NULL: the one that drains */
    const struct pipeline *pipeline;
    bool until_caught_up;
    int64_t stop_asked_at; /* 0: was not */
    bool held;             /* the poller's record, when it began to stop */
    bool supervised;       /* it is started again when it ends */
    struct dice dice;
};

static struct {
    struct plan plan;
    struct actor actors[PROCESSES + 1];
    struct pipeline *pipelines[ROLES];
    struct dice engine_dice;
    unsigned lives;
} story;

/* Plugins are found here. */
int __wrap_plugin_find(enum sp_kind kind, const char *name, const struct plugin **out, struct sp_error *err);
int __wrap_plugin_find(enum sp_kind kind, const char *name, const struct plugin **out, struct sp_error *err)
{
    const struct plugin *plugins[] = {&sim_source, story.plan.batch_messages ? &sim_queue_of_ten : &sim_queue,
                                      &sim_sink, &sim_state, &sim_letters};
    (void)name;
    (void)err;
    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        if (plugins[i]->about.kind == kind)
            *out = plugins[i];
    return 0;
}

const struct plugin *__wrap_plugin_sibling(const struct plugin *plugin, enum sp_kind kind);
const struct plugin *__wrap_plugin_sibling(const struct plugin *plugin, enum sp_kind kind)
{
    (void)plugin;
    (void)kind;
    return NULL;
}

static int64_t engine_now(void)
{
    sim_point();
    return process_clock(process_self());
}

static uint64_t engine_random(void)
{
    return dice_roll(&story.engine_dice);
}

static const struct clock_source engine_clock = {engine_now, world_wall_ms, engine_random};

static struct pipeline *load_pipeline(enum role role)
{
    char path[64];
    int fd = memfd_create("pipeline", 0);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file)
        law_broken("setup", "no file for the pipeline");
    plan_write_file(&story.plan, role, file);
    fflush(file);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct diag *diag = diag_new("pipeline", (struct sp_slice){NULL, 0});
    struct pipeline *pipeline = pipeline_load(path, diag);
    fclose(file);
    if (!pipeline) {
        struct buffer text = {0};
        diag_print(diag, &text);
        law_broken("setup", "%s", buffer_text(&text));
    }
    diag_free(diag);
    return pipeline;
}

/* The main thread of a process, as `scanpipe run` has it. */
static void process_main(void *argument)
{
    struct actor *actor = argument;
    struct engine *engine;
    struct sp_error err = {0};
    if (engine_start(actor->pipeline, actor->until_caught_up, &engine, &err) != 0) {
        trace("cannot start: %s", err.text);
        return;
    }
    struct engine_report report;
    bool ended = false;
    while (!ended && !actor->stop_asked_at)
        ended = engine_wait(engine, tick_ns);
    engine_report(engine, &report);
    actor->held = report.holds_poller;
    actor->process->stopping = true;
    engine_stop(engine);
    int64_t asked_at = actor->stop_asked_at ? actor->stop_asked_at : sim_now();
    engine_end(engine, NULL);
    law_stopped(actor->process, asked_at);
}

static void start(struct actor *actor)
{
    struct process *process = actor->process;
    bool same = actor->plan && actor->plan->same_pid;
    process->namespace = same ? process->number : 0;
    process->pid = same ? 1 : 1000 * (process->number + 1) + process->life;
    actor->stop_asked_at = 0;
    story.lives++;
    trace("process %u starts", process->number);
    process_start(process, process_main, actor);
}

static void await_end(struct actor *actor)
{
    while (actor->process->alive)
        task_wait(actor->process, SIM_NEVER);
}

/* Supervision: what ends is started again. */
static void supervise(void *argument)
{
    struct actor *actor = argument;
    while (actor->supervised) {
        start(actor);
        await_end(actor);
        if (actor->supervised)
            task_sleep(
                dice_spread(&actor->dice, SP_MILLISECOND, actor->plan ? actor->plan->restart_ns : SP_SECOND));
    }
}

/* Around the mean; at least a little. */
static int64_t about(struct dice *dice, int64_t mean_ns)
{
    return dice_between(dice, SP_MILLISECOND, 2 * mean_ns);
}

static void kill_now_and_then(void *argument)
{
    struct actor *actor = argument;
    while (world.faults) {
        task_sleep(about(&actor->dice, actor->plan->kill_ns));
        if (world.faults && actor->process->alive)
            actor->process->dies_in = (uint64_t)dice_spread(&actor->dice, 1, 3000);
    }
}

static void thaw(struct actor *actor, int64_t was_frozen_ns)
{
    struct process *process = actor->process;
    process->frozen = false;
    process->disturbed_ns += was_frozen_ns;
    trace("process %u is thawed", process->number);
}

static void freeze_now_and_then(void *argument)
{
    struct actor *actor = argument;
    struct process *process = actor->process;
    while (world.faults) {
        task_sleep(about(&actor->dice, actor->plan->freeze_ns));
        int64_t ns = dice_spread(&actor->dice, SP_MILLISECOND, actor->plan->frozen_ns);
        unsigned life = process->life;
        if (!world.faults || !process->alive)
            continue;
        tally(A_FREEZE);
        trace("process %u is frozen for %.3f s", process->number, (double)ns / 1e9);
        process->frozen = true;
        law_held_up(process, ns);
        task_sleep(ns);
        if (process->alive && process->life == life)
            thaw(actor, ns);
    }
}

static void ask_to_stop(struct actor *actor)
{
    if (!actor->process->alive || actor->stop_asked_at)
        return;
    tally(A_STOP);
    trace("process %u is asked to stop", actor->process->number);
    actor->stop_asked_at = sim_now();
}

static void stop_now_and_then(void *argument)
{
    struct actor *actor = argument;
    while (world.faults) {
        task_sleep(about(&actor->dice, actor->plan->stop_ns));
        if (world.faults)
            ask_to_stop(actor);
    }
}

static void jump_the_wall_clock(void *argument)
{
    struct dice dice = dice_of(story.plan.seed, 5);
    (void)argument;
    while (world.faults) {
        task_sleep(about(&dice, 10 * SP_SECOND));
        tally(A_WALL_JUMP);
        world.wall_offset_ms += dice_between(&dice, -86400000, 86400000);
    }
}

static void send_foreign(void *argument)
{
    struct dice dice = dice_of(story.plan.seed, 6);
    (void)argument;
    for (size_t i = 0; i < feed.count; i++) {
        if (!feed.events[i].foreign)
            continue;
        task_sleep(dice_spread(&dice, SP_MILLISECOND, story.plan.chaos_ns / (story.plan.foreign + 1)));
        queue_put_foreign(&feed.events[i]);
    }
}

/* Who cannot tell a bad event from a bad sink waits until another write is accepted: let there be some, and
 * more where much is left: each such event takes eight. */
static void send_good_ones(void *argument)
{
    (void)argument;
    for (;;) {
        size_t from = dice_below(&world.dice, feed.count), i = 0;
        while (i < feed.count && feed.events[(from + i) % feed.count].kind != EVENT_GOOD)
            i++;
        if (queue_left() > 0 && i < feed.count)
            queue_put_foreign(&feed.events[(from + i) % feed.count]);
        task_sleep(queue_left() > 100 ? SP_SECOND : 10 * SP_SECOND);
    }
}

static void raise_chaos(void)
{
    for (unsigned i = 0; i < story.plan.processes; i++) {
        struct actor *actor = &story.actors[i];
        task_new(world_process(), supervise, actor);
        if (actor->plan->kill_ns > 0)
            task_new(world_process(), kill_now_and_then, actor);
        if (actor->plan->freeze_ns > 0)
            task_new(world_process(), freeze_now_and_then, actor);
        if (actor->plan->stop_ns > 0)
            task_new(world_process(), stop_now_and_then, actor);
    }
    if (story.plan.wall_jumps)
        task_new(world_process(), jump_the_wall_clock, NULL);
    task_new(world_process(), send_foreign, NULL);
}

static void end_chaos(void)
{
    trace("from now on nothing goes wrong");
    world.faults = false;
    clockwork_calm();
    for (unsigned i = 0; i < story.plan.processes; i++) {
        struct actor *actor = &story.actors[i];
        actor->process->dies_in = 0;
        if (actor->process->alive && actor->process->frozen)
            thaw(actor, 1);
    }
}

/* All of them, from now on: they are stopped, or killed where the dice say so. */
static void end_processes(bool kill_some)
{
    for (unsigned i = 0; i <= story.plan.processes; i++) {
        struct actor *actor = &story.actors[i];
        actor->supervised = false;
        if (kill_some && actor->process->alive && dice_below(&world.dice, 2) == 0)
            process_die(actor->process, PROCESS_KILLED);
        ask_to_stop(actor);
    }
    for (unsigned i = 0; i <= story.plan.processes; i++)
        await_end(&story.actors[i]);
}

/* Whether the processes that are there can do both halves. */
static bool can_drain(void)
{
    bool in = false, out = false;
    for (unsigned i = 0; i < story.plan.processes; i++) {
        enum role role = story.plan.process[i].role;
        in = in || role != ROLE_DELIVER;
        out = out || role != ROLE_INGEST;
    }
    return in && out;
}

static void drain(void)
{
    struct actor *last = &story.actors[story.plan.processes];
    struct process *process = last->process;
    int64_t from = sim_now(), least = from + story.plan.timeout_ns + story.plan.lease_ns;
    bool fresh = story.plan.clean_drain || !can_drain(), done = false;
    if (fresh) {
        end_processes(true);
        last->supervised = true;
        last->until_caught_up = true;
        task_new(world_process(), supervise, last);
    }
    if (story.plan.per_10000[EVENT_UNKNOWN] > 0)
        task_new(world_process(), send_good_ones, NULL);
    while (!done && sim_now() < from + drain_most_ns) {
        task_sleep(SP_SECOND);
        done = sim_now() >= least && !timers_left() && laws_settled();
        if (fresh) /* it ends by itself */
            done = done && !process->alive && process->end == PROCESS_ENDED;
    }
    if (!done) {
        queue_tell();
        law_broken("progress",
                   "not all was drained in %.0f s: the cursor stands at %lld of %zu, %zu messages are left",
                   (double)(sim_now() - from) / 1e9, (long long)state_cursor(), feed.place_count,
                   queue_left());
    }
    trace("drained");
    end_processes(false);
}

/* What a stop without faults leaves: nothing in its name. */
static void expect_all_given_back(void)
{
    for (unsigned i = 0; i <= story.plan.processes; i++) {
        const struct actor *actor = &story.actors[i];
        const struct process *process = actor->process;
        if (process->life > 0 && process->end == PROCESS_ENDED && actor->held && state_held_by(process))
            law_broken("stopping", "process %u has ended and still holds the poller's record",
                       process->number);
    }
}

static void direct(void *argument)
{
    (void)argument;
    raise_chaos();
    task_sleep(story.plan.chaos_ns);
    end_chaos();
    drain();
    expect_all_given_back();
    laws_final();
    clockwork_finish();
}

static void process_died(struct process *process)
{
    law_gone(process);
    law_memory(process);
    law_handed_back(process);
}

static void cast_actors(void)
{
    world.process_count = story.plan.processes + 1;
    for (unsigned i = 0; i < world.process_count; i++) {
        struct actor *actor = &story.actors[i];
        bool last = i == story.plan.processes;
        *actor = (struct actor){.process = &world.processes[i],
                                .plan = last ? NULL : &story.plan.process[i],
                                .supervised = !last,
                                .dice = dice_of(story.plan.seed, 10 + i)};
        actor->pipeline = story.pipelines[last ? ROLE_BOTH : actor->plan->role];
        *actor->process = (struct process){.number = i + 1, .machine = last ? 0 : actor->plan->machine};
        process_add(actor->process);
    }
}

void story_run(uint64_t seed, struct story *out)
{
    plan_draw(&story.plan, seed);
    if (trace_on())
        plan_tell(&story.plan, stdout);
    laws_open(&story.plan);
    clockwork_open(seed, &story.plan.clockwork, process_died);
    clock_replace(&engine_clock);
    feed_make(&story.plan);
    world_open(&story.plan);
    story.engine_dice = dice_of(seed, 7);
    story.lives = 0;
    for (int role = 0; role < ROLES; role++)
        story.pipelines[role] = load_pipeline((enum role)role);
    cast_actors();
    if (story.plan.processes > 1)
        tally(SEVERAL_PROCESSES);
    task_new(world_process(), direct, NULL);
    clockwork_run();
    *out = (struct story){sim_digest(), sim_steps(), sim_now(), story.lives};
    clockwork_close();
    for (int role = 0; role < ROLES; role++)
        pipeline_free(story.pipelines[role]);
    world_drop_memory();
    clock_replace(NULL);
}
