/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

#include <time.h>

/* How often to look whether another process sent something, and whether one is gone. */
#define POLL_NS      (25 * SP_MILLISECOND)
#define POLLS_A_LOOK 10

int64_t queue_version(struct queue_handle *handle)
{
    sqlite3_stmt *statement = handle->lite.statements[QUEUE_VERSION];
    int64_t version = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    lite_reset(statement);
    return version;
}

uint64_t queue_changes(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    uint64_t seen = queue->changes;
    pthread_mutex_unlock(&queue->lock);
    return seen;
}

/* Sleeps at most `wait_ns`, until this process changes the queue or is interrupted. */
static void sleep_until_change(struct queue_handle *handle, uint64_t seen, int64_t wait_ns)
{
    struct queue *queue = handle->queue;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += wait_ns;
    until.tv_sec += until.tv_nsec / SP_SECOND;
    until.tv_nsec %= SP_SECOND;
    pthread_mutex_lock(&queue->lock);
    int rc = 0;
    while (rc == 0 && queue->changes == seen && !atomic_load(&handle->lite.interrupted))
        rc = pthread_cond_clockwait(&queue->changed, &queue->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&queue->lock);
}

void queue_wait(struct queue_handle *handle, uint64_t seen, int64_t version, int64_t until)
{
    for (int polls = 0; polls < POLLS_A_LOOK; polls++) {
        int64_t left = until - sp_clock_now();
        if (left <= 0)
            return;
        sleep_until_change(handle, seen, left < POLL_NS ? left : POLL_NS);
        if (atomic_load(&handle->lite.interrupted) || queue_changes(handle->queue) != seen ||
            queue_version(handle) != version)
            return;
    }
}

void queue_tell_change(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->changes++;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}
