/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sqlite_stage.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static _Thread_local struct sp_error err;

/* ---- a queue, a handle, and what was received last */

/* What comes by itself, on a machine that does much else; less than what calls here have at most. */
static const int64_t soon_ns = 9 * SP_SECOND / 2;

struct desk {
    struct stage stage;
    void *handle;
    struct sp_arena *arena;
    const struct sp_received *got;
    size_t count;
};

static void desk_open(struct desk *desk, const char *path)
{
    stage_start(&desk->stage, SP_QUEUE, path);
    desk->handle = stage_open(&desk->stage);
    desk->arena = arena_new(65536);
    desk->count = 0;
}

static void desk_close(struct desk *desk)
{
    desk->stage.plugin->close(desk->handle);
    stage_end(&desk->stage);
    arena_free(desk->arena);
}

static const struct sp_attribute usual = {{"scanpipe-format", 15}, {"ndjson", 6}};

static int send_bytes(struct desk *desk, const void *data, size_t size)
{
    struct sp_message message = {{data, size}, &usual, 1, 1};
    struct sp_result result = {SP_UNKNOWN, 0, NULL};
    int rc = desk->stage.plugin->queue->send(desk->handle, &message, 1, &result, within(5000), &err);
    CU_ASSERT(rc < 0 || result.class == SP_OK);
    return rc;
}

static int send_text(struct desk *desk, const char *text)
{
    return send_bytes(desk, text, strlen(text));
}

static int receive_for(struct desk *desk, size_t max, int64_t lease_ms, int64_t wait_ms)
{
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = max,
                              .max_bytes = 1 << 30,
                              .lease_ns = lease_ms * SP_MILLISECOND,
                              .wait_ns = wait_ms * SP_MILLISECOND};
    return desk->stage.plugin->queue->receive(desk->handle, &want, desk->arena, &desk->got, &desk->count,
                                              within(10000), &err);
}

static int receive(struct desk *desk, size_t max)
{
    return receive_for(desk, max, 30000, 0);
}

static int settle(struct desk *desk, struct sp_slice receipt, bool done)
{
    struct sp_settle entry = {receipt, done};
    struct sp_result result = {SP_UNKNOWN, 0, NULL};
    int rc = desk->stage.plugin->queue->settle(desk->handle, &entry, 1, &result, within(5000), &err);
    CU_ASSERT(rc < 0 || result.class == SP_OK);
    return rc;
}

static enum sp_class extend(struct desk *desk, struct sp_slice receipt, int64_t lease_ms)
{
    struct sp_result result = {SP_UNKNOWN, 0, NULL};
    WORKS(desk->stage.plugin->queue->extend(desk->handle, &receipt, 1, lease_ms * SP_MILLISECOND, &result,
                                            within(5000), &err));
    return result.class;
}

static struct sp_depth depth_of(struct desk *desk)
{
    struct sp_depth depth = {.size = sizeof depth};
    WORKS(desk->stage.plugin->queue->depth(desk->handle, &depth, within(5000), &err));
    return depth;
}

/* Receives one and says whether it is a suspect; -1 where nothing was there. */
static int receive_one(struct desk *desk)
{
    WORKS(receive(desk, 1));
    return desk->count ? desk->got[0].received_before : -1;
}

/* ---- one process */

static void a_message_comes_back_as_it_was(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    struct sp_attribute odd[] = {{{"a", 1}, {NULL, 0}}, {{"scanpipe-format", 15}, {"envelope", 8}}};
    struct sp_message messages[] = {{{"{}\n{}\n", 6}, &usual, 1, 2},
                                    {{"\0\xff", 2}, odd, 2, 1},
                                    {{NULL, 0}, NULL, 0, 0}};
    struct sp_result results[3];
    WORKS(desk.stage.plugin->queue->send(desk.handle, messages, 3, results, within(5000), &err));
    int64_t sent = sp_clock_wall_ms();
    WORKS(receive(&desk, 10));
    CU_ASSERT_EQUAL(desk.count, 3);
    for (size_t i = 0; i < desk.count; i++) {
        const struct sp_received *got = &desk.got[i];
        CU_ASSERT(sp_slice_equal(got->body, messages[i].body));
        CU_ASSERT_EQUAL(got->attribute_count, messages[i].attribute_count);
        for (size_t j = 0; j < got->attribute_count; j++) {
            CU_ASSERT(sp_slice_equal(got->attributes[j].name, messages[i].attributes[j].name));
            CU_ASSERT(sp_slice_equal(got->attributes[j].value, messages[i].attributes[j].value));
        }
        CU_ASSERT(!got->received_before);
        CU_ASSERT(got->lease_end > sp_clock_now() + 25 * SP_SECOND);
        CU_ASSERT(got->sent_wall_ms <= sent && got->sent_wall_ms > sent - 5000);
    }
    desk_close(&desk);
}

static void settled_is_gone_and_released_is_there_again(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    WORKS(send_text(&desk, "a"));
    WORKS(send_text(&desk, "b"));
    CU_ASSERT_EQUAL(depth_of(&desk).visible, 2);
    CU_ASSERT(depth_of(&desk).oldest_wall_ms > 0);
    WORKS(receive(&desk, 10));
    CU_ASSERT_EQUAL(desk.count, 2);
    CU_ASSERT(depth_of(&desk).visible == 0 && depth_of(&desk).leased == 2);
    /* when one is settled and the other released */
    WORKS(settle(&desk, desk.got[0].receipt, true));
    WORKS(settle(&desk, desk.got[1].receipt, false));
    CU_ASSERT(depth_of(&desk).visible == 1 && depth_of(&desk).leased == 0);
    /* then the released one comes again, and is no suspect */
    CU_ASSERT_EQUAL(receive_one(&desk), 0);
    CU_ASSERT(sp_slice_equal(desk.got[0].body, sp_slice_of("b")));
    WORKS(settle(&desk, desk.got[0].receipt, true));
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    CU_ASSERT(depth_of(&desk).visible == 0 && depth_of(&desk).leased == 0);
    CU_ASSERT_EQUAL(depth_of(&desk).oldest_wall_ms, 0);
    desk_close(&desk);
}

static void what_a_lease_ran_out_for_is_a_suspect(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    WORKS(send_text(&desk, "a"));
    WORKS(receive(&desk, 1));
    struct sp_slice old = desk.got[0].receipt;
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    CU_ASSERT_EQUAL(extend(&desk, old, 1), SP_OK);
    sleep_ms(30);
    CU_ASSERT_EQUAL(depth_of(&desk).visible, 1);
    CU_ASSERT_EQUAL(receive_one(&desk), 1);
    /* the old lease is lost, and giving it back does nothing */
    CU_ASSERT_EQUAL(extend(&desk, old, 1000), SP_CONTENDED);
    WORKS(settle(&desk, old, false));
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    desk_close(&desk);
}

static void a_suspect_that_is_released_stays_one(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    WORKS(send_text(&desk, "a"));
    WORKS(receive_for(&desk, 1, 10, 0));
    struct sp_slice old = desk.got[0].receipt;
    sleep_ms(20);
    CU_ASSERT_EQUAL(receive_one(&desk), 1);
    WORKS(settle(&desk, desk.got[0].receipt, false));
    CU_ASSERT_EQUAL(receive_one(&desk), 1);
    /* what the first holder wrote after all is settled, whoever holds it now */
    WORKS(settle(&desk, old, true));
    CU_ASSERT_EQUAL(depth_of(&desk).visible + depth_of(&desk).leased, 0);
    WORKS(settle(&desk, desk.got[0].receipt, true));
    WORKS(settle(&desk, desk.got[0].receipt, false));
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    desk_close(&desk);
}

static void an_extended_lease_holds(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    WORKS(send_text(&desk, "a"));
    WORKS(receive_for(&desk, 1, 1000, 0));
    struct sp_slice receipt = desk.got[0].receipt;
    CU_ASSERT_EQUAL(extend(&desk, receipt, 60000), SP_OK);
    sleep_ms(1050);
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    /* a receipt is good on every handle of the stage */
    void *other = stage_open(&desk.stage);
    struct sp_settle entry = {receipt, true};
    struct sp_result result;
    WORKS(desk.stage.plugin->queue->settle(other, &entry, 1, &result, within(5000), &err));
    CU_ASSERT_EQUAL(extend(&desk, receipt, 5000), SP_CONTENDED);
    CU_ASSERT_EQUAL(extend(&desk, sp_slice_of("junk"), 5000), SP_CONTENDED);
    desk.stage.plugin->close(other);
    desk_close(&desk);
}

static void a_receive_keeps_its_bounds(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    char body[1000];
    memset(body, 'x', sizeof body);
    for (int i = 0; i < 200; i++)
        WORKS(send_bytes(&desk, body, sizeof body));
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = 10,
                              .max_bytes = 2500,
                              .lease_ns = SP_SECOND};
    WORKS(desk.stage.plugin->queue->receive(desk.handle, &want, desk.arena, &desk.got, &desk.count,
                                            within(5000), &err));
    CU_ASSERT_EQUAL(desk.count, 2);
    want.max_bytes = 1;
    WORKS(desk.stage.plugin->queue->receive(desk.handle, &want, desk.arena, &desk.got, &desk.count,
                                            within(5000), &err));
    CU_ASSERT_EQUAL(desk.count, 1);
    WORKS(receive(&desk, 150));
    CU_ASSERT_EQUAL(desk.count, 150);
    WORKS(receive(&desk, 150));
    CU_ASSERT_EQUAL(desk.count, 47);
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    desk_close(&desk);
}

static void an_id_is_never_used_again(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    int64_t last = 0;
    for (int round = 0; round < 3; round++) {
        desk_open(&desk, path);
        WORKS(send_text(&desk, "a"));
        int64_t id = ask(path, "SELECT max(Id) FROM QueueMessages");
        CU_ASSERT(id > last);
        last = id;
        CU_ASSERT_EQUAL(receive_one(&desk), 0);
        WORKS(settle(&desk, desk.got[0].receipt, true));
        desk_close(&desk);
    }
}

static void a_full_queue_pushes_back(void)
{
    struct desk desk;
    stage_configure(&desk.stage, SP_QUEUE, new_path("queue.db"));
    *(int64_t *)option_at(&desk.stage, "max_size", SP_OPT_SIZE) = 100;
    stage_load(&desk.stage);
    desk.handle = stage_open(&desk.stage);
    desk.arena = arena_new(4096);
    char body[150] = {0};
    WORKS(send_bytes(&desk, body, 150)); /* alone, else it could never be sent */
    FAILS(send_bytes(&desk, body, 1), SP_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "the queue is full"));
    CU_ASSERT_EQUAL(receive_one(&desk), 0);
    WORKS(settle(&desk, desk.got[0].receipt, true));
    WORKS(send_bytes(&desk, body, 60));
    WORKS(send_bytes(&desk, body, 40));
    FAILS(send_bytes(&desk, body, 1), SP_UNAVAILABLE);
    desk_close(&desk);
}

static int64_t settled_at;

static void *settle_soon(void *argument)
{
    struct desk *desk = argument;
    sleep_ms(150);
    if (settle(desk, desk->got[0].receipt, true) < 0)
        abort();
    settled_at = sp_clock_now();
    return NULL;
}

static void a_full_queue_is_waited_for_a_little(void)
{
    struct desk desk;
    stage_configure(&desk.stage, SP_QUEUE, new_path("queue.db"));
    *(int64_t *)option_at(&desk.stage, "max_size", SP_OPT_SIZE) = 100;
    stage_load(&desk.stage);
    desk.handle = stage_open(&desk.stage);
    desk.arena = arena_new(4096);
    char body[100] = {0};
    WORKS(send_bytes(&desk, body, 100));
    CU_ASSERT_EQUAL(receive_one(&desk), 0);
    struct desk other = desk;
    other.handle = stage_open(&desk.stage);
    pthread_t thread;
    pthread_create(&thread, NULL, settle_soon, &other);
    int64_t start = sp_clock_now();
    int rc = send_bytes(&desk, body, 100);
    CU_ASSERT(sp_clock_now() - start < soon_ns);
    pthread_join(thread, NULL);
    CU_ASSERT(rc == 0 || settled_at - start > SP_SECOND / 2); /* it is a little that it waits */
    desk.stage.plugin->close(other.handle);
    desk_close(&desk);
}

/* Bytes that this process has read from files so far; 0 where the system does not say. */
static long long bytes_read(void)
{
    long long bytes = 0;
    FILE *io = fopen("/proc/self/io", "r");
    if (io && fscanf(io, "rchar: %lld", &bytes) != 1)
        bytes = 0;
    if (io)
        fclose(io);
    return bytes;
}

static void counting_does_not_read_the_messages(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    static char body[300];
    enum { MANY = 100000, AT_ONCE = 1000 };
    struct sp_message messages[AT_ONCE];
    struct sp_result results[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++)
        messages[i] = (struct sp_message){{body, sizeof body}, &usual, 1, 1};
    for (int i = 0; i < MANY; i += AT_ONCE)
        WORKS(desk.stage.plugin->queue->send(desk.handle, messages, AT_ONCE, results, within(20000), &err));
    for (int i = 0; i < 5; i++)
        WORKS(receive(&desk, 5000)); /* a thousand at a time, at most */
    long long before = bytes_read(), all = (long long)MANY * (long long)sizeof body;
    struct sp_depth depth = depth_of(&desk);
    long long counted = bytes_read() - before;
    printf("# depth of %d messages, %lld bytes, read %lld\n", MANY, all, counted);
    CU_ASSERT(depth.visible == MANY - 5000 && depth.leased == 5000);
    CU_ASSERT(counted < all / 8);
    /* and neither does a receive past thousands that are leased */
    before = bytes_read();
    CU_ASSERT_EQUAL(receive_one(&desk), 0);
    counted = bytes_read() - before;
    printf("# a receive past 5000 leases read %lld bytes\n", counted);
    CU_ASSERT(counted < 5000LL * (long long)sizeof body / 2);
    desk_close(&desk);
}

/* ---- waiting */

struct waiter {
    struct desk *desk;
    int result;
    enum sp_class class;
    int64_t took, cpu;
};

static int64_t thread_cpu(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * SP_SECOND + now.tv_nsec;
}

static void *wait_for_message(void *argument)
{
    struct waiter *waiter = argument;
    int64_t start = sp_clock_now(), cpu = thread_cpu();
    waiter->result = receive_for(waiter->desk, 1, 30000, 5000);
    waiter->class = err.class;
    waiter->took = sp_clock_now() - start;
    waiter->cpu = thread_cpu() - cpu;
    return NULL;
}

/* How long after it was sent a message is here for who has waited for it. */
static int64_t hears_after(struct waiter *waiter, struct desk *sender)
{
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_message, waiter);
    sleep_ms(300);
    int64_t sent = sp_clock_now();
    WORKS(send_text(sender, "a"));
    pthread_join(thread, NULL);
    return sp_clock_now() - sent;
}

static void a_wait_ends_with_a_message_of_this_process(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    struct desk sender = desk;
    sender.handle = stage_open(&desk.stage);
    WORKS(send_text(&sender, "warm up"));
    CU_ASSERT_EQUAL(receive_one(&sender), 0);
    struct waiter waiter = {.desk = &desk};
    int64_t late = INT64_MAX;
    /* the soonest of a few: who is woken may have to wait for the machine */
    for (int i = 0; i < 5 && (late >= 100 * SP_MILLISECOND || waiter.cpu >= 30 * SP_MILLISECOND); i++) {
        late = hears_after(&waiter, &sender);
        CU_ASSERT(waiter.result == 0 && desk.count == 1);
    }
    printf("# heard after %lld us; 300 ms of waiting cost %lld us of CPU\n", (long long)late / 1000,
           (long long)waiter.cpu / 1000);
    CU_ASSERT(late < 100 * SP_MILLISECOND);
    CU_ASSERT(waiter.cpu < 30 * SP_MILLISECOND);
    desk.stage.plugin->close(sender.handle);
    desk_close(&desk);
}

static void a_wait_ends_with_a_message_of_another_process(void)
{
    const char *path = new_path("queue.db");
    pid_t child = fork();
    if (child == 0) {
        sleep_ms(300);
        struct desk sender;
        desk_open(&sender, path);
        _exit(send_text(&sender, "a") == 0 ? 0 : 1);
    }
    struct desk desk;
    desk_open(&desk, path);
    struct waiter waiter = {.desk = &desk};
    wait_for_message(&waiter);
    CU_ASSERT(waiter.result == 0 && desk.count == 1);
    CU_ASSERT(waiter.took < soon_ns);
    waitpid(child, NULL, 0);
    desk_close(&desk);
}

static void a_wait_ends_when_its_time_or_a_lease_is_over(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    int64_t start = sp_clock_now();
    WORKS(receive_for(&desk, 1, 1000, 150));
    int64_t took = sp_clock_now() - start;
    CU_ASSERT(desk.count == 0 && took >= 150 * SP_MILLISECOND && took < soon_ns);
    WORKS(send_text(&desk, "a"));
    start = sp_clock_now();
    WORKS(receive_for(&desk, 1, 200, 0));
    WORKS(receive_for(&desk, 1, 1000, 5000));
    took = sp_clock_now() - start;
    CU_ASSERT(desk.count == 1 && desk.got[0].received_before);
    CU_ASSERT(took > 150 * SP_MILLISECOND && took < soon_ns);
    desk_close(&desk);
}

static atomic_bool call_over;

/* As the core does it: again and again, until the call is over. */
static void *interrupt_soon(void *argument)
{
    struct desk *desk = argument;
    for (sleep_ms(100); !atomic_load(&call_over); sleep_ms(10))
        desk->stage.plugin->interrupt(desk->handle);
    return NULL;
}

static void an_interrupt_ends_a_wait(void)
{
    struct desk desk;
    desk_open(&desk, new_path("queue.db"));
    pthread_t thread;
    struct waiter waiter = {.desk = &desk};
    atomic_store(&call_over, false);
    pthread_create(&thread, NULL, interrupt_soon, &desk);
    wait_for_message(&waiter);
    atomic_store(&call_over, true);
    pthread_join(thread, NULL);
    CU_ASSERT(waiter.took < soon_ns);
    CU_ASSERT(waiter.result < 0 && waiter.class == SP_STOPPED);
    /* and the handle is good for the next call */
    WORKS(send_text(&desk, "a"));
    desk.stage.plugin->interrupt(desk.handle);
    CU_ASSERT_EQUAL(receive_one(&desk), 0);
    desk_close(&desk);
}

static void a_locked_file_is_waited_for_no_longer_than_allowed(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    WORKS(send_text(&desk, "a"));
    sqlite3 *other;
    sqlite3_open(path, &other);
    CU_ASSERT_EQUAL(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct sp_message message = {{"b", 1}, &usual, 1, 1};
    struct sp_result result;
    int64_t start = sp_clock_now();
    FAILS(desk.stage.plugin->queue->send(desk.handle, &message, 1, &result, within(150), &err), SP_CONTENDED);
    CU_ASSERT(sp_clock_now() - start < soon_ns);
    /* an interrupt ends that wait too */
    pthread_t thread;
    atomic_store(&call_over, false);
    pthread_create(&thread, NULL, interrupt_soon, &desk);
    start = sp_clock_now();
    FAILS(send_text(&desk, "b"), SP_STOPPED);
    CU_ASSERT(sp_clock_now() - start < soon_ns);
    atomic_store(&call_over, true);
    pthread_join(thread, NULL);
    sqlite3_close(other);
    WORKS(send_text(&desk, "b"));
    CU_ASSERT_EQUAL(depth_of(&desk).visible, 2);
    desk_close(&desk);
}

/* ---- many threads, many processes */

#define SENDERS   2
#define RECEIVERS 2
#define EACH      1500

struct crowd {
    struct stage stage;
    atomic_int received;
    atomic_uchar seen[SENDERS * EACH];
    atomic_int next_sender;
};

static void *send_many(void *argument)
{
    struct crowd *crowd = argument;
    int first = atomic_fetch_add(&crowd->next_sender, 1) * EACH;
    struct desk desk = {.stage = crowd->stage, .handle = stage_open(&crowd->stage)};
    for (int i = first; i < first + EACH; i++) {
        if (send_bytes(&desk, &i, sizeof i) < 0)
            abort();
    }
    crowd->stage.plugin->close(desk.handle);
    return NULL;
}

static void *receive_many(void *argument)
{
    struct crowd *crowd = argument;
    struct desk desk = {.stage = crowd->stage,
                        .handle = stage_open(&crowd->stage),
                        .arena = arena_new(65536)};
    while (atomic_load(&crowd->received) < SENDERS * EACH) {
        if (receive_for(&desk, 7, 30000, 50) < 0)
            abort();
        for (size_t i = 0; i < desk.count; i++) {
            int number;
            memcpy(&number, desk.got[i].body.data, sizeof number);
            atomic_fetch_add(&crowd->seen[number], 1);
            if (settle(&desk, desk.got[i].receipt, true) < 0)
                abort();
            atomic_fetch_add(&crowd->received, 1);
        }
    }
    crowd->stage.plugin->close(desk.handle);
    arena_free(desk.arena);
    return NULL;
}

static void threads_lose_nothing_and_get_nothing_twice(void)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    stage_configure(&crowd->stage, SP_QUEUE, new_path("queue.db"));
    *(int32_t *)option_at(&crowd->stage, "synchronous", SP_OPT_ENUM) = 1;
    stage_load(&crowd->stage);
    pthread_t threads[SENDERS + RECEIVERS];
    for (int i = 0; i < SENDERS + RECEIVERS; i++)
        pthread_create(&threads[i], NULL, i < SENDERS ? send_many : receive_many, crowd);
    for (int i = 0; i < SENDERS + RECEIVERS; i++)
        pthread_join(threads[i], NULL);
    int wrong = 0;
    for (int i = 0; i < SENDERS * EACH; i++)
        wrong += atomic_load(&crowd->seen[i]) != 1;
    CU_ASSERT_EQUAL(wrong, 0);
    stage_end(&crowd->stage);
    free(crowd);
}

/* A child that does something with a queue of its own and then, if told, waits to be killed. */
static pid_t in_child(const char *path, void (*work)(struct desk *), bool stay)
{
    int pipe_ends[2];
    if (pipe(pipe_ends) < 0)
        abort();
    pid_t child = fork();
    if (child == 0) {
        struct desk desk;
        desk_open(&desk, path);
        work(&desk);
        if (write(pipe_ends[1], "x", 1) != 1)
            _exit(1);
        while (stay)
            pause();
        desk_close(&desk);
        _exit(0);
    }
    char ready;
    close(pipe_ends[1]);
    CU_ASSERT_EQUAL(read(pipe_ends[0], &ready, 1), 1);
    close(pipe_ends[0]);
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void take_one(struct desk *desk)
{
    if (receive(desk, 1) < 0 || desk->count != 1)
        _exit(1);
}

static void what_a_killed_process_held_is_free_at_once(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    WORKS(send_text(&desk, "a"));
    pid_t child = in_child(path, take_one, true);
    /* while it lives, its lease holds */
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    CU_ASSERT_EQUAL(depth_of(&desk).leased, 1);
    end_child(child);
    CU_ASSERT(depth_of(&desk).visible == 1 && depth_of(&desk).leased == 0);
    CU_ASSERT_EQUAL(receive_one(&desk), 1);
    desk_close(&desk);
}

static void *kill_soon(void *argument)
{
    sleep_ms(200);
    end_child(*(pid_t *)argument);
    return NULL;
}

static void who_waits_hears_of_a_killed_process(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    WORKS(send_text(&desk, "a"));
    pid_t child = in_child(path, take_one, true);
    pthread_t thread;
    pthread_create(&thread, NULL, kill_soon, &child);
    struct waiter waiter = {.desk = &desk};
    wait_for_message(&waiter);
    CU_ASSERT(waiter.result == 0 && desk.count == 1 && desk.got[0].received_before);
    CU_ASSERT(waiter.took < soon_ns);
    pthread_join(thread, NULL);
    desk_close(&desk);
}

static void a_process_elsewhere_counts_as_there(void)
{
    /* given a lease of a process in another pid namespace, which cannot be looked for */
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    WORKS(send_text(&desk, "a"));
    end_child(in_child(path, take_one, true));
    ask(path, "UPDATE QueueHolders SET PidNamespace = 'pid:[1]'");
    CU_ASSERT_EQUAL(receive_one(&desk), -1);
    /* when the machine was started again since, it is gone */
    ask(path, "UPDATE QueueHolders SET Boot = 'another' WHERE PidNamespace = 'pid:[1]'");
    CU_ASSERT_EQUAL(receive_one(&desk), 1);
    desk_close(&desk);
}

static void the_boot_can_be_given(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    WORKS(send_text(&desk, "a"));
    CU_ASSERT_EQUAL(receive_one(&desk), 0);
    setenv("SCANPIPE_BOOT_ID", "the next one", 1);
    struct desk after;
    desk_open(&after, path);
    unsetenv("SCANPIPE_BOOT_ID");
    CU_ASSERT_EQUAL(receive_one(&after), 1);
    desk_close(&after);
    desk_close(&desk);
}

static void a_successor_under_the_same_number_frees_what_was_held(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    WORKS(send_text(&desk, "a"));
    CU_ASSERT_EQUAL(receive_one(&desk), 0);
    ask(path, "UPDATE QueueHolders SET StartedAt = StartedAt - 1");
    CU_ASSERT_EQUAL(receive_one(&desk), 1);
    desk_close(&desk);
}

static void leases_deleted_by_hand_strand_nothing(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    for (int i = 0; i < 3; i++)
        WORKS(send_text(&desk, "a"));
    WORKS(receive(&desk, 2));
    ask(path, "DELETE FROM QueueLeases");
    ask(path, "DELETE FROM QueueHolders"); /* as when another process comes */
    WORKS(receive(&desk, 10));
    CU_ASSERT_EQUAL(desk.count, 3);
    desk_close(&desk);
}

/* Sends numbers until it is killed; says each that was acknowledged. */
static void send_until_killed(const char *path, int acknowledge, int first)
{
    struct desk desk;
    desk_open(&desk, path);
    static char body[50000];
    for (int number = first;; number++) {
        memcpy(body, &number, sizeof number);
        if (send_bytes(&desk, body, sizeof body) < 0)
            _exit(1);
        if (write(acknowledge, &number, sizeof number) != sizeof number)
            _exit(1);
    }
}

/* Kills a sender at some moment; how many it had said were sent. */
static int kill_a_sender(const char *path, int first, long after_ms)
{
    int ends[2], count = 0, number;
    if (pipe(ends) < 0)
        abort();
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        send_until_killed(path, ends[1], first);
    }
    close(ends[1]);
    if (read(ends[0], &number, sizeof number) == sizeof number) /* it is at work */
        count = 1;
    sleep_ms(after_ms);
    kill(child, SIGKILL);
    while (read(ends[0], &number, sizeof number) == sizeof number)
        count++;
    close(ends[0]);
    waitpid(child, NULL, 0);
    return count;
}

static void what_was_acknowledged_survives_a_kill(void)
{
    const char *path = new_path("queue.db");
    enum { KILLS = 10 };
    int sent = 0, seen = 0;
    for (int i = 0; i < KILLS; i++)
        sent += kill_a_sender(path, i * 1000000, (long)(sp_random() % 40));
    struct desk desk;
    desk_open(&desk, path);
    for (;;) {
        WORKS(receive(&desk, 50));
        if (desk.count == 0)
            break;
        seen += (int)desk.count;
        for (size_t i = 0; i < desk.count; i++) {
            CU_ASSERT_EQUAL(desk.got[i].body.size, 50000);
            WORKS(settle(&desk, desk.got[i].receipt, true));
        }
    }
    printf("# %d acknowledged, %d there\n", sent, seen);
    CU_ASSERT(sent >= KILLS && seen >= sent && seen <= sent + KILLS);
    CU_ASSERT_EQUAL(ask(path, "SELECT Messages + Bytes FROM QueueTotals"), 0);
    desk_close(&desk);
}

static void take_and_settle_all(struct desk *desk)
{
    do {
        if (receive(desk, 5) < 0)
            _exit(1);
        for (size_t i = 0; i < desk->count; i++) {
            if (settle(desk, desk->got[i].receipt, true) < 0)
                _exit(1);
        }
    } while (desk->count);
}

static void two_processes_share_a_queue(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    for (int i = 0; i < 300; i++)
        WORKS(send_text(&desk, "a"));
    pid_t child = in_child(path, take_and_settle_all, true);
    take_and_settle_all(&desk);
    CU_ASSERT_EQUAL(depth_of(&desk).visible + depth_of(&desk).leased, 0);
    end_child(child);
    desk_close(&desk);
}

/* ---- the disk */

static void fill(struct desk *desk, int *sent)
{
    static char body[100000];
    int failed = 0;
    for (int i = 0; i < 200 && !failed; i++) {
        failed = send_bytes(desk, body, sizeof body) < 0;
        *sent += !failed;
    }
    CU_ASSERT(failed);
}

static void a_full_disk_is_waited_for(void)
{
    const char *folder = new_path("small");
    char *path = NULL;
    mkdir(folder, 0700);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=4m") < 0) {
        printf("# not done: a small file system cannot be mounted\n");
        return;
    }
    if (asprintf(&path, "%s/queue.db", folder) < 0)
        abort();
    struct desk desk;
    int sent = 0;
    desk_open(&desk, path);
    fill(&desk, &sent);
    CU_ASSERT_EQUAL(err.class, SP_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "make room"));
    printf("# %s\n", err.text);
    /* when there is room again, what was acknowledged is there, and sending goes on */
    CU_ASSERT_EQUAL(mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=32m"), 0);
    WORKS(send_text(&desk, "a"));
    CU_ASSERT_EQUAL((int)depth_of(&desk).visible, sent + 1);
    WORKS(receive(&desk, 500));
    CU_ASSERT_EQUAL((int)desk.count, sent + 1);
    desk_close(&desk);
    umount2(folder, MNT_DETACH);
    free(path);
}

static void a_file_that_must_not_grow_is_waited_for(void)
{
    const char *path = new_path("queue.db");
    pid_t child = fork();
    if (child == 0) {
        struct desk desk;
        static char body[100000];
        int sent = 0, rc = 0;
        signal(SIGXFSZ, SIG_IGN);
        desk_open(&desk, path);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, RLIM_INFINITY});
        while (sent < 100 && (rc = send_bytes(&desk, body, sizeof body)) == 0)
            sent++;
        bool right = rc < 0 && (err.class == SP_UNAVAILABLE || err.class == SP_UNCERTAIN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
        right = right && send_bytes(&desk, body, sizeof body) == 0;
        right = right && (int)depth_of(&desk).visible == sent + 1;
        _exit(right ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
}

static void a_file_that_may_not_be_written_is_told(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    WORKS(send_text(&desk, "a"));
    desk_close(&desk);
    chmod(path, 0444);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (chmod(tap_scratch_dir(), 0777) < 0 || setresuid(65534, 65534, 65534) < 0))
            _exit(1);
        desk_open(&desk, path);
        struct sp_depth depth = {.size = sizeof depth};
        bool right = desk.stage.plugin->queue->depth(desk.handle, &depth, within(5000), &err) < 0 &&
                     send_text(&desk, "b") < 0 && err.class == SP_UNAVAILABLE && err.cure[0];
        _exit(right ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    chmod(tap_scratch_dir(), 0700);
    /* To let the file be written again is enough: none was made beside it that could not be written either.
     */
    static const char *const endings[] = {"-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s%s", path, endings[i]);
        CU_ASSERT(access(file, F_OK) != 0);
    }
    chmod(path, 0644);
    desk_open(&desk, path);
    WORKS(send_text(&desk, "b"));
    desk_close(&desk);
}

static void a_missing_folder_is_refused(void)
{
    const char *folder = new_path("missing");
    char *path = NULL;
    if (asprintf(&path, "%s/queue.db", folder) < 0)
        abort();
    struct desk desk;
    desk_open(&desk, path);
    FAILS(send_text(&desk, "a"), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "No such file or directory"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "make the folder"));
    mkdir(folder, 0700);
    WORKS(send_text(&desk, "a"));
    desk_close(&desk);
    free(path);
}

static void overwrite(const char *path, off_t at, size_t size)
{
    char *junk = malloc(size);
    memset(junk, 0xa5, size);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CU_ASSERT_EQUAL(pwrite(fd, junk, size, at), (ssize_t)size);
    close(fd);
    free(junk);
}

static void a_file_that_is_no_database_is_refused(void)
{
    const char *path = new_path("queue.db");
    overwrite(path, 0, 5000);
    struct desk desk;
    desk_open(&desk, path);
    FAILS(send_text(&desk, "a"), SP_REFUSED);
    CU_ASSERT(err.cure[0]);
    unlink(path);
    WORKS(send_text(&desk, "a"));
    desk_close(&desk);
}

static void a_damaged_file_is_refused(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    static char body[30000];
    desk_open(&desk, path);
    for (int i = 0; i < 20; i++)
        WORKS(send_bytes(&desk, body, sizeof body));
    desk_close(&desk);
    overwrite(path, 8192, 500000);
    desk_open(&desk, path);
    FAILS(receive(&desk, 100), SP_REFUSED);
    CU_ASSERT(err.cure[0]);
    desk_close(&desk);
}

static void a_file_that_was_deleted_is_noticed(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    WORKS(send_text(&desk, "a"));
    unlink(path);
    FAILS(send_text(&desk, "b"), SP_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "deleted"));
    WORKS(send_text(&desk, "b"));
    CU_ASSERT_EQUAL(depth_of(&desk).visible, 1);
    desk_close(&desk);
}

static int64_t log_size(const char *path)
{
    char name[512];
    struct stat about;
    snprintf(name, sizeof name, "%s-wal", path);
    return stat(name, &about) == 0 ? (int64_t)about.st_size : -1;
}

static void churn(struct desk *desk, int rounds)
{
    static char body[500000];
    for (int i = 0; i < rounds; i++) {
        WORKS(send_bytes(desk, body, sizeof body));
        CU_ASSERT_EQUAL(receive_one(desk), 0);
        WORKS(settle(desk, desk->got[0].receipt, true));
        arena_reset(desk->arena, 1 << 20);
    }
}

static void the_log_does_not_grow_for_ever(void)
{
    const char *path = new_path("queue.db");
    struct desk desk;
    desk_open(&desk, path);
    churn(&desk, 100);
    CU_ASSERT(log_size(path) < 24 << 20);
    /* given somebody who reads for long: it must grow */
    sqlite3 *reader;
    sqlite3_open(path, &reader);
    sqlite3_exec(reader, "BEGIN; SELECT * FROM QueueTotals", NULL, NULL, NULL);
    churn(&desk, 200);
    CU_ASSERT(log_size(path) > 64 << 20);
    /* when he is done, then it shrinks again */
    sqlite3_close(reader);
    churn(&desk, 60);
    CU_ASSERT(log_size(path) <= 40 << 20);
    CU_ASSERT(ask(path, "PRAGMA page_count") < 2000);
    desk_close(&desk);
}

int main(void)
{
    struct tap_test tests[] = {
        {"a message comes back as it was", a_message_comes_back_as_it_was},
        {"settled is gone, and released is there again", settled_is_gone_and_released_is_there_again},
        {"what a lease ran out for is a suspect", what_a_lease_ran_out_for_is_a_suspect},
        {"a suspect that is released stays one", a_suspect_that_is_released_stays_one},
        {"an extended lease holds", an_extended_lease_holds},
        {"a receive keeps its bounds", a_receive_keeps_its_bounds},
        {"an id is never used again", an_id_is_never_used_again},
        {"a full queue pushes back", a_full_queue_pushes_back},
        {"a full queue is waited for a little", a_full_queue_is_waited_for_a_little},
        {"counting does not read the messages", counting_does_not_read_the_messages},
        {"a wait ends with a message of this process", a_wait_ends_with_a_message_of_this_process},
        {"a wait ends with a message of another process", a_wait_ends_with_a_message_of_another_process},
        {"a wait ends when its time or a lease is over", a_wait_ends_when_its_time_or_a_lease_is_over},
        {"an interrupt ends a wait", an_interrupt_ends_a_wait},
        {"a locked file is waited for no longer than allowed",
         a_locked_file_is_waited_for_no_longer_than_allowed},
        {"threads lose nothing and get nothing twice", threads_lose_nothing_and_get_nothing_twice},
        {"what a killed process held is free at once", what_a_killed_process_held_is_free_at_once},
        {"who waits hears of a killed process", who_waits_hears_of_a_killed_process},
        {"a process elsewhere counts as there", a_process_elsewhere_counts_as_there},
        {"the boot can be given", the_boot_can_be_given},
        {"a successor under the same number frees what was held",
         a_successor_under_the_same_number_frees_what_was_held},
        {"leases deleted by hand strand nothing", leases_deleted_by_hand_strand_nothing},
        {"what was acknowledged survives a kill", what_was_acknowledged_survives_a_kill},
        {"two processes share a queue", two_processes_share_a_queue},
        {"a full disk is waited for", a_full_disk_is_waited_for},
        {"a file that must not grow is waited for", a_file_that_must_not_grow_is_waited_for},
        {"a file that may not be written is told", a_file_that_may_not_be_written_is_told},
        {"a missing folder is refused", a_missing_folder_is_refused},
        {"a file that is no database is refused", a_file_that_is_no_database_is_refused},
        {"a damaged file is refused", a_damaged_file_is_refused},
        {"a file that was deleted is noticed", a_file_that_was_deleted_is_noticed},
        {"the log does not grow for ever", the_log_does_not_grow_for_ever},
    };
    return tap_run("queue_sqlite", tests, sizeof tests / sizeof *tests);
}
