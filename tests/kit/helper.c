/* SPDX-License-Identifier: Apache-2.0 */
/* Other processes, and threads. */
#include <config.h>

#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct helper helper_start(struct kit *kit, helper_main *main, void *with)
{
    int to[2], from[2];
    REQUIRE(!kit->stages, "a helper is started before the plugin is loaded");
    REQUIRE(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0, "pipe: %s", strerror(errno));
    pid_t parent = getpid(), pid = fork();
    REQUIRE(pid >= 0, "fork: %s", strerror(errno));
    if (pid > 0) {
        close(to[0]);
        close(from[1]);
        return (struct helper){pid, to[1], from[0]};
    }
    /* One that outlives the check would go on writing. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    close(to[1]);
    close(from[0]);
    struct helper_side side = {.to = from[1], .from = to[0]};
    kit->dice ^= (uint64_t)getpid();
    main(kit, &side, with);
    kit_unload_all(kit);
    exit(EXIT_SUCCESS);
}

static int wait_for(struct helper *helper)
{
    int status = 0;
    while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(helper->to);
    helper->pid = 0;
    return status;
}

void helper_kill(struct helper *helper)
{
    kill(helper->pid, SIGKILL);
    wait_for(helper);
}

void helper_end(struct helper *helper)
{
    int status = wait_for(helper);
    REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0, "another process of this check failed");
}

bool pipe_put(int fd, const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        ssize_t put = write(fd, at, size);
        if (put <= 0 && errno != EINTR)
            return false;
        at += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool pipe_get(int fd, void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        ssize_t got = read(fd, at, size);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        at += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

void pipe_say(int fd, int64_t number)
{
    if (!pipe_put(fd, &number, sizeof number))
        _exit(EXIT_FAILURE);
}

int64_t pipe_hear(int fd)
{
    int64_t number;
    REQUIRE(pipe_get(fd, &number, sizeof number), "another process of this check has ended");
    return number;
}

bool pipe_drain(int fd, int64_t *number)
{
    struct pollfd poll_it = {.fd = fd, .events = POLLIN};
    return poll(&poll_it, 1, 0) > 0 && pipe_get(fd, number, sizeof *number);
}

/* A thread and what it does. */
struct started {
    pthread_t thread;
    struct kit_thread about;
    void (*function)(const struct kit_thread *thread);
};

static void *start(void *started)
{
    struct started *self = started;
    self->function(&self->about);
    return NULL;
}

void kit_threads(size_t count, void (*function)(const struct kit_thread *thread), void *with)
{
    struct started all[64];
    REQUIRE(count <= 64, "too many threads");
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct started){.about = {with, i}, .function = function};
        REQUIRE(pthread_create(&all[i].thread, NULL, start, &all[i]) == 0, "there is no thread to be had");
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(all[i].thread, NULL);
}

void kit_interrupt(struct kit *kit, void *handle, const atomic_bool *done)
{
    int64_t until = sp_clock_now() + kit_soon_ns(kit);
    while (!atomic_load(done)) {
        REQUIRE(sp_clock_now() < until, "the call goes on although it was interrupted again and again");
        kit->plugin->about.interrupt(handle);
        kit_sleep(10 * SP_MILLISECOND);
    }
}
