/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * What the engine asks of the system, as a simulated process gets it: the linker turns its calls of
 * pthread_create() into calls of __wrap_pthread_create(), and so on (SIM_WRAPPED in tests/local.mk).
 */

#include "base/log.h"
#include "clockwork.h"
#include "engine/holder.h"
#include "laws.h"
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* What of a mutex and of a condition is used here; a static one is all zeros. */
struct lock {
    struct task *owner;
} __attribute__((may_alias));

_Static_assert(sizeof(struct lock) <= sizeof(pthread_mutex_t), "a lock fits a mutex");

struct errand {
    void *(*run)(void *);
    void *argument;
};

static void errand_run(void *argument)
{
    struct errand errand = *(struct errand *)argument;
    errand.run(errand.argument);
}

int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    (void)attributes;
    sim_point();
    if (fault_in_system())
        return EAGAIN;
    struct errand *errand = world_alloc(sizeof *errand);
    *errand = (struct errand){run, argument};
    *out = (pthread_t)task_new(process_self(), errand_run, errand);
    return 0;
}

int __wrap_pthread_join(pthread_t thread, void **out);
int __wrap_pthread_join(pthread_t thread, void **out)
{
    struct task *task = (struct task *)thread;
    (void)out;
    sim_point();
    while (!task_done(task))
        task_wait(task, SIM_NEVER);
    return 0;
}

pthread_t __wrap_pthread_self(void);
pthread_t __wrap_pthread_self(void)
{
    return (pthread_t)task_self();
}

int __wrap_pthread_sigmask(int how, const sigset_t *signals, sigset_t *before);
int __wrap_pthread_sigmask(int how, const sigset_t *signals, sigset_t *before)
{
    (void)how;
    (void)signals;
    if (before)
        sigemptyset(before);
    return 0;
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    (void)attributes;
    memset(mutex, 0, sizeof *mutex);
    return 0;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    if (((struct lock *)mutex)->owner)
        law_broken("threads", "a mutex is destroyed while it is locked");
    return 0;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    struct lock *lock = (struct lock *)mutex;
    if (!task_self())
        return 0;
    sim_point();
    if (lock->owner == task_self())
        law_broken("threads", "a thread locks a mutex that it has locked already");
    while (lock->owner)
        task_wait(lock, SIM_NEVER);
    lock->owner = task_self();
    return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    struct lock *lock = (struct lock *)mutex;
    if (!task_self())
        return 0;
    if (lock->owner != task_self())
        law_broken("threads", "a thread unlocks a mutex that it has not locked");
    lock->owner = NULL;
    task_wake_one(lock);
    sim_point();
    return 0;
}

int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    (void)attributes;
    memset(condition, 0, sizeof *condition);
    return 0;
}

int __wrap_pthread_cond_destroy(pthread_cond_t *condition);
int __wrap_pthread_cond_destroy(pthread_cond_t *condition)
{
    (void)condition;
    return 0;
}

static int wait_on(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until)
{
    struct lock *lock = (struct lock *)mutex;
    if (lock->owner != task_self())
        law_broken("threads", "a thread waits with a mutex that it has not locked");
    lock->owner = NULL;
    task_wake_one(lock);
    int64_t end = sim_wait_end(until);
    bool woken = task_wait(condition, end) || end < until;
    while (lock->owner)
        task_wait(lock, SIM_NEVER);
    lock->owner = task_self();
    return woken ? 0 : ETIMEDOUT;
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    sim_point();
    return wait_on(condition, mutex, SIM_NEVER);
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *until)
{
    int64_t at = until->tv_sec * SP_SECOND + until->tv_nsec - process_clock_offset(process_self());
    sim_point();
    return wait_on(condition, mutex, at);
}

int __wrap_pthread_cond_signal(pthread_cond_t *condition);
int __wrap_pthread_cond_signal(pthread_cond_t *condition)
{
    task_wake_one(condition);
    sim_point();
    return 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition);
int __wrap_pthread_cond_broadcast(pthread_cond_t *condition)
{
    tasks_wake(condition);
    sim_point();
    return 0;
}

int __wrap_clock_gettime(clockid_t which, struct timespec *out);
int __wrap_clock_gettime(clockid_t which, struct timespec *out)
{
    int64_t now = which == CLOCK_REALTIME ? world_wall_ms() * SP_MILLISECOND : process_clock(process_self());
    *out = (struct timespec){.tv_sec = now / SP_SECOND, .tv_nsec = now % SP_SECOND};
    return 0;
}

int __wrap_usleep(useconds_t us);
int __wrap_usleep(useconds_t us)
{
    task_sleep((int64_t)us * 1000);
    return 0;
}

int __wrap_nanosleep(const struct timespec *want, struct timespec *left);
int __wrap_nanosleep(const struct timespec *want, struct timespec *left)
{
    (void)left;
    task_sleep(want->tv_sec * SP_SECOND + want->tv_nsec);
    return 0;
}

pid_t __wrap_getpid(void);
pid_t __wrap_getpid(void)
{
    return (pid_t)process_self()->pid;
}

int __wrap_kill(pid_t pid, int number);
int __wrap_kill(pid_t pid, int number)
{
    if (number != 0)
        law_broken("threads", "a process sends the signal %d", number);
    if (world_pid_lives(process_self(), pid))
        return 0;
    errno = ESRCH;
    return -1;
}

void __wrap_holder_self(struct holder *out);
void __wrap_holder_self(struct holder *out)
{
    const struct process *process = process_self();
    memset(out, 0, sizeof *out);
    snprintf(out->boot, sizeof out->boot, "machine-%u", process->machine);
    snprintf(out->namespace, sizeof out->namespace, "pid:[%u]", process->namespace);
    snprintf(out->host, sizeof out->host, "host-%u", process->machine);
    out->pid = process->pid;
}

void __wrap_abort(void) __attribute__((noreturn));
void __wrap_abort(void)
{
    law_may_abort(process_self());
    process_die(process_self(), PROCESS_ABORTED);
    __builtin_unreachable();
}

void __wrap__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code)
{
    (void)code;
    law_may_exit(process_self());
    process_die(process_self(), PROCESS_EXITED);
    __builtin_unreachable();
}

/* The log is part of the trace. */
const char *__wrap_log_name(const char *name);
const char *__wrap_log_name(const char *name)
{
    return task_name(task_self(), name);
}

void __wrap_sp_log(enum sp_level level, const char *format, ...);
void __wrap_sp_log(enum sp_level level, const char *format, ...)
{
    static const char marks[] = "EWID";
    if (!trace_on())
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    trace("[%c] %s", marks[level], text);
}
