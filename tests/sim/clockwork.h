/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_CLOCKWORK_H
#define SIM_CLOCKWORK_H

/*
 * Time, processes and tasks.  A task is a thread of a simulated process.  One runs at a time; which one is
 * next, and where it gives way, is drawn from the seed.  Time moves by microseconds while there is something
 * to do, and jumps to the earliest end of a wait where there is not.
 */

#include "dice.h"
#include "heap.h"

#include <scanpipe/base.h>

#define SIM_NEVER INT64_MAX

struct task;

enum process_end { PROCESS_ENDED, PROCESS_KILLED, PROCESS_ABORTED, PROCESS_EXITED };

struct process {
    unsigned number; /* 0: the world's own, which is never killed */
    unsigned life;   /* grows with each start */
    int64_t pid;
    unsigned machine;
    unsigned namespace; /* of pids, on its machine */
    bool alive, frozen;
    bool stopping;        /* it was asked to */
    enum process_end end; /* of its last life */
    uint64_t dies_in;     /* so many steps; 0: does not */
    int64_t disturbed_ns; /* how long it, or a thread of it, was held up from outside in this life */
    struct task *tasks;
    struct heap heap;
    struct process *next;
};

/* How the threads are run; drawn once a run. */
struct clockwork_plan {
    unsigned yields_one_in;   /* points at which a task gives way */
    unsigned stalls_one_in;   /* points at which a task is not run for long; 0: never */
    int64_t stall_ns;         /* at most */
    int64_t step_ns;          /* what a turn takes */
    bool priorities;          /* the most important task runs, and importance changes now and then */
    unsigned spurious_one_in; /* waits on conditions that end for no reason; 0: none */
};

/* Told of each death: what a process had in flight is known then. */
typedef void clockwork_death(struct process *process);

void clockwork_open(uint64_t seed, const struct clockwork_plan *plan, clockwork_death *death);
void clockwork_close(void);

/* Runs until clockwork_finish() was called from a task. */
void clockwork_run(void);
void clockwork_finish(void);

/* No more stalls from here on. */
void clockwork_calm(void);

int64_t sim_now(void);
uint64_t sim_steps(void);
uint64_t sim_digest(void); /* of all that happened so far: the same for the same seed */

struct process *world_process(void);
void process_add(struct process *process);
/* A new life with one task. */
void process_start(struct process *process, void (*run)(void *), void *argument);
/* What it does next never happens.  Does not return to a task of its own. */
void process_die(struct process *process, enum process_end how);
/* From a task of it: the process ends by itself once its task returns. */
struct process *process_self(void);

struct task *task_new(struct process *process, void (*run)(void *), void *argument);
struct task *task_self(void); /* NULL outside of tasks */
bool task_done(const struct task *task);
const char *task_name(struct task *task, const char *name); /* returns the one before */

/* A point at which the task may give way, be held up, or die with its process. */
void sim_point(void);

/* Waits until somebody wakes who waits on this, or until `until`: false. */
bool task_wait(const void *on, int64_t until);
/* When a wait on a condition that ends at `until` ends: now and then sooner, for no reason. */
int64_t sim_wait_end(int64_t until);
void task_sleep(int64_t ns);
void tasks_wake(const void *on);
void task_wake_one(const void *on);

/* Calls `act` at a time, from no task. */
void timer_add(int64_t at, void (*act)(void *), void *argument);
bool timers_left(void);

/* In the name of which machine's clock: what a process calls now. */
int64_t process_clock(const struct process *process);
int64_t process_clock_offset(const struct process *process);

/* One line of the trace; printed where the run is verbose. */
void trace_verbose(bool verbose);
bool trace_on(void);
void trace(const char *format, ...) SP_PRINTF(1, 2);

#endif
