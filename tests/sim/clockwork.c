/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "clockwork.h"
#include "fiber.h"
#include "laws.h"
#include "tally.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* A run that takes more turns than this goes round and round. */
#define STEPS_MAX UINT64_C(120000000)

enum { TASKS_MAX = 1024 };

enum task_state { TASK_READY, TASK_WAITS, TASK_DONE };

struct task {
    struct task *next; /* of its process */
    struct process *process;
    struct fiber *fiber;
    void (*run)(void *);
    void *argument;
    enum task_state state;
    const void *waits_on;
    int64_t until;
    bool woken;
    uint32_t importance;
    uint64_t number;
    const char *name;
    int kept_errno;
};

struct timer {
    struct timer *next;
    int64_t at;
    void (*act)(void *);
    void *argument;
};

static struct {
    struct clockwork_plan plan;
    struct dice dice;
    clockwork_death *death;
    int64_t now;
    uint64_t steps, digest, tasks_made;
    bool finished, calm;
    struct process world;
    struct process *processes;
    struct task *running;
    struct timer *timers;
    struct task *ready[TASKS_MAX];
} clockwork;

static bool verbose;

void trace_verbose(bool yes)
{
    verbose = yes;
}

bool trace_on(void)
{
    return verbose;
}

void trace(const char *format, ...)
{
    if (!verbose)
        return;
    const struct task *task = clockwork.running;
    printf("%12.6f ", (double)clockwork.now / 1e9);
    if (task && task->process->number > 0)
        printf("p%u.%u %s: ", task->process->number, task->process->life, task->name);
    else
        printf("world: ");
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static void digest(uint64_t what)
{
    clockwork.digest = (clockwork.digest ^ what) * UINT64_C(0x100000001b3);
}

void clockwork_open(uint64_t seed, const struct clockwork_plan *plan, clockwork_death *death)
{
    clockwork.plan = *plan;
    clockwork.dice = dice_of(seed, 1);
    clockwork.death = death;
    clockwork.now = 0;
    clockwork.steps = clockwork.tasks_made = 0;
    clockwork.digest = UINT64_C(0xcbf29ce484222325);
    clockwork.finished = clockwork.calm = false;
    clockwork.world = (struct process){.alive = true};
    clockwork.processes = &clockwork.world;
    clockwork.running = NULL;
    clockwork.timers = NULL;
}

static void drop_tasks(struct process *process)
{
    while (process->tasks) {
        struct task *task = process->tasks;
        process->tasks = task->next;
        fiber_free(task->fiber);
    }
}

void clockwork_close(void)
{
    for (struct process *process = clockwork.processes; process; process = process->next) {
        drop_tasks(process);
        heap_drop(&process->heap);
    }
    clockwork.processes = NULL;
    clockwork.timers = NULL;
}

void clockwork_finish(void)
{
    clockwork.finished = true;
}

void clockwork_calm(void)
{
    clockwork.calm = true;
}

int64_t sim_now(void)
{
    return clockwork.now;
}

uint64_t sim_steps(void)
{
    return clockwork.steps;
}

uint64_t sim_digest(void)
{
    return clockwork.digest;
}

struct process *world_process(void)
{
    return &clockwork.world;
}

struct process *process_self(void)
{
    return clockwork.running ? clockwork.running->process : NULL;
}

struct task *task_self(void)
{
    return clockwork.running;
}

bool task_done(const struct task *task)
{
    return task->state == TASK_DONE;
}

const char *task_name(struct task *task, const char *name)
{
    const char *before = task->name;
    task->name = name;
    return before;
}

/* Machines were not started at the same time. */
int64_t process_clock_offset(const struct process *process)
{
    return (int64_t)(process ? process->machine + 1 : 1) * 1234567 * SP_SECOND;
}

int64_t process_clock(const struct process *process)
{
    return clockwork.now + process_clock_offset(process);
}

void process_add(struct process *process)
{
    struct process **at = &clockwork.world.next;
    while (*at)
        at = &(*at)->next;
    process->next = NULL;
    *at = process;
}

static void task_main(void *argument)
{
    struct task *task = argument;
    task->run(task->argument);
    task->state = TASK_DONE;
    tasks_wake(task);
}

struct task *task_new(struct process *process, void (*run)(void *), void *argument)
{
    struct task *task = world_alloc(sizeof *task);
    *task = (struct task){.process = process,
                          .run = run,
                          .argument = argument,
                          .until = SIM_NEVER,
                          .importance = (uint32_t)dice_roll(&clockwork.dice),
                          .number = ++clockwork.tasks_made,
                          .name = "main"};
    task->fiber = fiber_new(task_main, task);
    struct task **at = &process->tasks;
    while (*at)
        at = &(*at)->next;
    *at = task;
    return task;
}

void process_start(struct process *process, void (*run)(void *), void *argument)
{
    process->life++;
    process->alive = true;
    process->frozen = process->stopping = false;
    process->dies_in = 0;
    process->disturbed_ns = 0;
    task_new(process, run, argument);
}

/* Its tasks and its memory go when none of them runs any more. */
void process_die(struct process *process, enum process_end how)
{
    static const char *const names[] = {"ended", "is killed", "aborts", "exits"};
    static const enum happening happened[] = {AN_END, A_KILL, AN_ABORT, AN_EXIT};
    trace("process %u %s", process->number, names[how]);
    tally(happened[how]);
    process->alive = false;
    process->end = how;
    clockwork.death(process);
    tasks_wake(process);
    if (process == process_self())
        for (;;)
            fiber_yield();
}

static void bury(struct process *process)
{
    drop_tasks(process);
    heap_drop(&process->heap);
}

static void give_way(struct task *task)
{
    task->kept_errno = errno;
    fiber_yield();
    errno = task->kept_errno;
}

bool task_wait(const void *on, int64_t until)
{
    struct task *task = clockwork.running;
    task->state = TASK_WAITS;
    task->waits_on = on;
    task->until = until;
    task->woken = false;
    give_way(task);
    return task->woken;
}

int64_t sim_wait_end(int64_t until)
{
    const struct clockwork_plan *plan = &clockwork.plan;
    if (!dice_chance(&clockwork.dice, plan->spurious_one_in > 0, plan->spurious_one_in))
        return until;
    int64_t end = clockwork.now + dice_spread(&clockwork.dice, 1000, SP_SECOND);
    if (end >= until)
        return until;
    tally(A_WAIT_FOR_NOTHING);
    return end;
}

void task_sleep(int64_t ns)
{
    task_wait(NULL, clockwork.now + ns);
}

static void wake(struct task *task, bool woken)
{
    task->state = TASK_READY;
    task->waits_on = NULL;
    task->until = SIM_NEVER;
    task->woken = woken;
}

void tasks_wake(const void *on)
{
    for (struct process *process = clockwork.processes; process; process = process->next)
        for (struct task *task = process->tasks; task; task = task->next)
            if (task->state == TASK_WAITS && task->waits_on == on)
                wake(task, true);
}

void task_wake_one(const void *on)
{
    size_t seen = 0;
    struct task *chosen = NULL;
    for (struct process *process = clockwork.processes; process; process = process->next)
        for (struct task *task = process->tasks; task; task = task->next)
            if (task->state == TASK_WAITS && task->waits_on == on && dice_below(&clockwork.dice, ++seen) == 0)
                chosen = task;
    if (chosen)
        wake(chosen, true);
}

static void stall(struct task *task)
{
    int64_t ns = dice_spread(&clockwork.dice, SP_MILLISECOND, clockwork.plan.stall_ns);
    trace("is not run for %.3f s", (double)ns / 1e9);
    tally(A_STALL);
    task->process->disturbed_ns += ns;
    law_held_up(task->process, ns);
    task_sleep(ns);
}

void sim_point(void)
{
    struct task *task = clockwork.running;
    if (!task || task->process == &clockwork.world)
        return;
    struct process *process = task->process;
    if (process->dies_in > 0 && --process->dies_in == 0)
        process_die(process, PROCESS_KILLED);
    unsigned stalls = clockwork.calm ? 0 : clockwork.plan.stalls_one_in;
    if (dice_chance(&clockwork.dice, stalls > 0, stalls))
        stall(task);
    else if (dice_below(&clockwork.dice, clockwork.plan.yields_one_in) == 0)
        give_way(task);
}

void timer_add(int64_t at, void (*act)(void *), void *argument)
{
    struct timer *timer = world_alloc(sizeof *timer), **place = &clockwork.timers;
    while (*place && (*place)->at <= at)
        place = &(*place)->next;
    *timer = (struct timer){*place, at, act, argument};
    *place = timer;
}

bool timers_left(void)
{
    return clockwork.timers != NULL;
}

static void fire_timers(void)
{
    while (clockwork.timers && clockwork.timers->at <= clockwork.now) {
        struct timer *timer = clockwork.timers;
        clockwork.timers = timer->next;
        timer->act(timer->argument);
    }
}

/* Ends waits whose time is over and gathers who can run; *next_out is when somebody will. */
static size_t gather_ready(int64_t *next_out)
{
    size_t count = 0;
    int64_t next = clockwork.timers ? clockwork.timers->at : SIM_NEVER;
    for (struct process *process = clockwork.processes; process; process = process->next) {
        if (!process->alive || process->frozen)
            continue;
        for (struct task *task = process->tasks; task; task = task->next) {
            if (task->state == TASK_WAITS && task->until <= clockwork.now)
                wake(task, false);
            if (task->state == TASK_READY)
                clockwork.ready[count++] = task;
            else if (task->state == TASK_WAITS && task->until < next)
                next = task->until;
        }
    }
    *next_out = next;
    return count;
}

static struct task *choose(size_t count)
{
    if (!clockwork.plan.priorities)
        return clockwork.ready[dice_below(&clockwork.dice, count)];
    struct task *best = clockwork.ready[0];
    for (size_t i = 1; i < count; i++)
        if (clockwork.ready[i]->importance > best->importance)
            best = clockwork.ready[i];
    if (dice_below(&clockwork.dice, 16) == 0)
        best->importance = (uint32_t)dice_roll(&clockwork.dice);
    return best;
}

static void run_task(struct task *task)
{
    struct process *process = task->process;
    clockwork.running = task;
    heap_use(process->number > 0 ? &process->heap : NULL);
    fiber_resume(task->fiber);
    heap_use(NULL);
    clockwork.running = NULL;
    if (process->alive && task->state == TASK_DONE && task == process->tasks && process->number > 0)
        process_die(process, PROCESS_ENDED);
}

static void bury_the_dead(void)
{
    for (struct process *process = clockwork.processes; process; process = process->next)
        if (!process->alive && process->tasks)
            bury(process);
}

void clockwork_run(void)
{
    while (!clockwork.finished) {
        int64_t next;
        fire_timers();
        bury_the_dead();
        size_t count = gather_ready(&next);
        if (count == 0) {
            if (next == SIM_NEVER)
                law_broken("progress", "nothing can run any more");
            clockwork.now = next;
            continue;
        }
        struct task *task = choose(count);
        clockwork.now += clockwork.plan.step_ns;
        digest(task->number);
        digest((uint64_t)clockwork.now);
        if (++clockwork.steps > STEPS_MAX)
            law_broken("progress", "%" PRIu64 " turns and no end", clockwork.steps);
        run_task(task);
    }
}
