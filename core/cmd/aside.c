/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/aside.h"

#include "engine/call.h"

static const int64_t tick_ns = 50 * SP_MILLISECOND;

struct aside {
    int (*work)(void *context, struct sp_error *err);
    void *context;
    struct sp_error *err;
    int rc;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool done;
};

static void *run(void *argument)
{
    struct aside *aside = argument;
    aside->rc = aside->work(aside->context, aside->err);
    pthread_mutex_lock(&aside->lock);
    aside->done = true;
    pthread_cond_signal(&aside->changed);
    pthread_mutex_unlock(&aside->lock);
    return NULL;
}

static void await(struct aside *aside, void (*tick)(void *context))
{
    pthread_mutex_lock(&aside->lock);
    while (!aside->done) {
        cond_wait_ns(&aside->changed, &aside->lock, tick_ns);
        if (aside->done)
            break;
        pthread_mutex_unlock(&aside->lock);
        tick(aside->context);
        pthread_mutex_lock(&aside->lock);
    }
    pthread_mutex_unlock(&aside->lock);
}

int aside_run(int (*work)(void *context, struct sp_error *err), void (*tick)(void *context), void *context,
              struct sp_error *err)
{
    struct aside aside = {.work = work, .context = context, .err = err};
    pthread_t thread;
    pthread_mutex_init(&aside.lock, NULL);
    cond_init_monotonic(&aside.changed);
    if (pthread_create(&thread, NULL, run, &aside) == 0) {
        await(&aside, tick);
        pthread_join(thread, NULL);
    } else {
        run(&aside);
    }
    pthread_cond_destroy(&aside.changed);
    pthread_mutex_destroy(&aside.lock);
    return aside.rc;
}
