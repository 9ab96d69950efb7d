/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "plugin_stage.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <scanpipe/time.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sp_error err;
static char path[300];

static struct plugin_stage start(const char *file, const char *append, const struct sp_table *table)
{
    snprintf(path, sizeof path, "%s%s%s", file[0] == '/' ? "" : tap_scratch_dir(), file[0] == '/' ? "" : "/",
             file);
    const char *options[] = {"path", strcmp(file, "-") == 0 ? file : path, "append", append, "sync", "true",
                             NULL};
    struct plugin_stage stage;
    plugin_stage_load(&stage, SP_SINK, options, table);
    return stage;
}

static int write_events(struct plugin_stage *stage, void *handle, const char *const *texts, size_t count,
                        int64_t deadline)
{
    struct sp_slice events[8];
    for (size_t i = 0; i < count; i++)
        events[i] = sp_slice_of(texts[i]);
    struct sp_batch batch = {.size = sizeof batch, .events = events, .event_count = count};
    struct sp_written written = {.size = sizeof written};
    int status = stage->plugin->sink->write(handle, &batch, NULL, &written, deadline, &err);
    CU_ASSERT(status != 0 || written.rows_touched == count);
    return status;
}

static int write_event(struct plugin_stage *stage, void *handle, const char *text)
{
    return write_events(stage, handle, &text, 1, plugin_stage_later());
}

static void put_file(const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static bool file_is(const char *expected)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    if (strcmp(text, expected) != 0)
        printf("# the file holds: %s\n", text);
    return strcmp(text, expected) == 0;
}

static void events_are_lines(void)
{
    struct plugin_stage stage = start("events.ndjson", "true", NULL);
    void *one = plugin_stage_open(&stage), *other = plugin_stage_open(&stage);
    CU_ASSERT_EQUAL(stage.plugin->probe(one, 0, &err), 0);
    CU_ASSERT_EQUAL(access(path, F_OK), -1);
    const char *const batch[] = {"{\"a\":1}", "{\"a\": 2 }"};
    CU_ASSERT_EQUAL(write_events(&stage, one, batch, 2, plugin_stage_later()), 0);
    CU_ASSERT_EQUAL(write_events(&stage, one, batch, 0, plugin_stage_later()), 0);
    CU_ASSERT_EQUAL(write_event(&stage, other, "{}"), 0);
    CU_ASSERT_EQUAL(stage.plugin->probe(other, 0, &err), 0);
    CU_ASSERT(file_is("{\"a\":1}\n{\"a\": 2 }\n{}\n"));
    stage.plugin->close(one);
    stage.plugin->close(other);
    plugin_stage_unload(&stage);
}

static const struct sp_column columns[] = {
    {.name = "Id", .type = SP_TYPE_BIGINT, .role = SP_ROLE_KEY, .group = -1},
    {.name = "Name \"x\"", .type = SP_TYPE_TEXT},
    {.name = "Price", .type = SP_TYPE_DECIMAL, .precision = 9, .scale = 2},
    {.name = "Order_1a2b", .type = SP_TYPE_BIGINT, .role = SP_ROLE_ORDER, .hidden = true},
    {.name = "Open", .type = SP_TYPE_BOOLEAN},
    {.name = "At", .type = SP_TYPE_TIMESTAMP},
    {.name = "Raw", .type = SP_TYPE_JSON},
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };
static const struct sp_group group = {.keep = SP_KEEP_LAST, .order_column = 3};
static const struct sp_table table = {.size = sizeof table,
                                      .name = "t",
                                      .columns = columns,
                                      .column_count = COLUMN_COUNT,
                                      .key_count = 1,
                                      .groups = &group,
                                      .group_count = 1};

static struct sp_value text_value(const char *text)
{
    return (struct sp_value){.text = text, .length = (uint32_t)strlen(text), .present = true};
}

static struct sp_value number_value(int64_t number)
{
    return (struct sp_value){.number = number, .present = true};
}

static void rows_are_objects_in_the_order_of_columns(void)
{
    struct plugin_stage stage = start("rows.ndjson", "true", &table);
    void *handle = plugin_stage_open(&stage);
    int64_t ticks = 0;
    CU_ASSERT_PTR_NULL(sp_time_parse(sp_slice_of("2021-05-11T21:11:34.1506147Z"), &ticks));
    struct sp_value values[2 * COLUMN_COUNT] = {
        number_value(-7), text_value("a\"\\\n\x01ö"), text_value("-0.50"),        number_value(99),
        number_value(1),  number_value(ticks),        text_value("{\"k\": [1]}"), number_value(INT64_MAX),
    };
    struct sp_batch batch = {.size = sizeof batch, .table = &table, .values = values, .row_count = 2};
    struct sp_written written = {.size = sizeof written};
    CU_ASSERT_EQUAL(stage.plugin->sink->write(handle, &batch, NULL, &written, plugin_stage_later(), &err), 0);
    CU_ASSERT_EQUAL(written.rows_touched, 2);
    CU_ASSERT(file_is("{\"Id\":-7,\"Name \\\"x\\\"\":\"a\\\"\\\\\\u000a\\u0001ö\",\"Price\":-0.50,"
                      "\"Open\":true,\"At\":\"2021-05-11T21:11:34.1506147Z\",\"Raw\":{\"k\": [1]}}\n"
                      "{\"Id\":9223372036854775807,\"Name \\\"x\\\"\":null,\"Price\":null,\"Open\":null,"
                      "\"At\":null,\"Raw\":null}\n"));
    const char *plan = NULL;
    CU_ASSERT_EQUAL(stage.plugin->sink->migrate(handle, SP_MIGRATE_DRY_RUN, NULL, &plan, 0, &err), 0);
    CU_ASSERT_STRING_EQUAL(plan, "");
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
}

static void a_torn_last_line_is_cut_off(void)
{
    struct plugin_stage stage = start("torn.ndjson", "true", NULL);
    void *handle = plugin_stage_open(&stage);
    put_file("{\"a\":1}\n{\"a\":2,\"b");
    CU_ASSERT_EQUAL(stage.plugin->probe(handle, 0, &err), 0);
    CU_ASSERT(file_is("{\"a\":1}\n{\"a\":2,\"b"));
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{}"), 0);
    CU_ASSERT(file_is("{\"a\":1}\n{}\n"));

    /* Another process that writes to the same file is killed, while this one goes on. */
    int fd = open(path, O_WRONLY | O_APPEND);
    CU_ASSERT_EQUAL(write(fd, "{\"torn", 6), 6);
    close(fd);
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{\"b\":1}"), 0);
    CU_ASSERT(file_is("{\"a\":1}\n{}\n{\"b\":1}\n"));
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
}

static void append_false_empties_once(void)
{
    struct plugin_stage stage = start("fresh.ndjson", "false", NULL);
    void *handle = plugin_stage_open(&stage);
    put_file("old\n");
    CU_ASSERT_EQUAL(stage.plugin->probe(handle, 0, &err), 0);
    CU_ASSERT(file_is("old\n"));
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{\"n\":1}"), 0);
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{\"n\":2}"), 0);
    CU_ASSERT(file_is("{\"n\":1}\n{\"n\":2}\n"));
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
}

static void a_file_that_was_moved_away_is_made_again(void)
{
    struct plugin_stage stage = start("rotated.ndjson", "true", NULL);
    void *handle = plugin_stage_open(&stage);
    char moved[320];
    snprintf(moved, sizeof moved, "%s.1", path);
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{\"n\":1}"), 0);
    CU_ASSERT_EQUAL(rename(path, moved), 0);
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{\"n\":2}"), 0);
    CU_ASSERT(file_is("{\"n\":2}\n"));
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
}

static void a_failed_write_is_taken_back(void)
{
    struct plugin_stage stage = start("limited.ndjson", "true", NULL);
    void *handle = plugin_stage_open(&stage);
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{\"n\":1}"), 0);

    struct rlimit before, small = {12, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    small.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    int status = write_event(&stage, handle, "{\"n\":2,\"too\":\"long\"}");
    setrlimit(RLIMIT_FSIZE, &before);

    CU_ASSERT_EQUAL(status, -1);
    CU_ASSERT_EQUAL(err.class, SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "ulimit"));
    CU_ASSERT(file_is("{\"n\":1}\n"));
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{\"n\":2,\"too\":\"long\"}"), 0);
    CU_ASSERT(file_is("{\"n\":1}\n{\"n\":2,\"too\":\"long\"}\n"));
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
}

static enum sp_class class_of_write(const char *file)
{
    struct plugin_stage stage = start(file, "true", NULL);
    void *handle = plugin_stage_open(&stage);
    err = (struct sp_error){0};
    write_event(&stage, handle, "{}");
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
    return err.class;
}

static enum sp_class class_of_probe(const char *file)
{
    struct plugin_stage stage = start(file, "true", NULL);
    void *handle = plugin_stage_open(&stage);
    err = (struct sp_error){0};
    stage.plugin->probe(handle, plugin_stage_later(), &err);
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
    return err.class;
}

static void failures_say_what_they_are(void)
{
    CU_ASSERT_EQUAL(class_of_write("/dev/full"), SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(class_of_write("no/such/folder.ndjson"), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "folder"));
    CU_ASSERT_EQUAL(class_of_write("/"), SP_REFUSED);
    CU_ASSERT_EQUAL(class_of_probe("/"), SP_REFUSED);
    CU_ASSERT_EQUAL(class_of_probe("no/such/folder.ndjson"), SP_REFUSED);
    CU_ASSERT_EQUAL(class_of_probe("/dev/null"), SP_OK);

    struct plugin_stage stage = start("pipe-without-reader", "true", NULL);
    mkfifo(path, 0600);
    plugin_stage_unload(&stage);
    CU_ASSERT_EQUAL(class_of_write("pipe-without-reader"), SP_UNAVAILABLE);
}

static void another_process_that_writes_is_a_lost_race(void)
{
    struct plugin_stage stage = start("locked.ndjson", "true", NULL);
    void *handle = plugin_stage_open(&stage);
    put_file("");
    int fd = open(path, O_WRONLY);
    flock(fd, LOCK_EX);
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{}"), -1);
    CU_ASSERT_EQUAL(err.class, SP_CONTENDED);
    close(fd);
    CU_ASSERT_EQUAL(write_event(&stage, handle, "{}"), 0);
    CU_ASSERT(file_is("{}\n"));
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
}

/* Puts the write end of a pipe in place of standard output, which TAP needs back. */
static int redirect_output(int pipe_ends[2])
{
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    CU_ASSERT_EQUAL(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDOUT_FILENO);
    close(pipe_ends[1]);
    return kept;
}

static void restore_output(int kept)
{
    dup2(kept, STDOUT_FILENO);
    close(kept);
}

static void standard_output_finishes_its_lines(void)
{
    struct plugin_stage stage = start("-", "true", NULL);
    void *handle = plugin_stage_open(&stage);
    static char large[200000], seen[3 * sizeof large];
    memset(large, 'x', sizeof large - 1);
    const char *texts[] = {large};
    int ends[2];
    int kept = redirect_output(ends);

    /* Given a reader that sleeps, the write ends at its deadline with the line written in part. */
    int status = write_events(&stage, handle, texts, 1, sp_clock_now() + SP_SECOND / 5);
    enum sp_class class = err.class;
    /* When the reader wakes, that line is whole before the next one begins. */
    size_t size = 0;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    int second = -1;
    for (int i = 0; i < 50 && second != 0; i++) {
        ssize_t got;
        while ((got = read(ends[0], seen + size, sizeof seen - size)) > 0)
            size += (size_t)got;
        texts[0] = "{}";
        second = write_events(&stage, handle, texts, 1, sp_clock_now() + SP_SECOND / 50);
    }
    ssize_t last = read(ends[0], seen + size, sizeof seen - size);
    size += last > 0 ? (size_t)last : 0;
    restore_output(kept);

    CU_ASSERT_EQUAL(status, -1);
    CU_ASSERT_EQUAL(class, SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(second, 0);
    CU_ASSERT_EQUAL(size, sizeof large + 3);
    CU_ASSERT_EQUAL(memcmp(seen + sizeof large - 2, "x\n{}\n", 5), 0);
    close(ends[0]);
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
}

static void a_reader_that_has_gone_is_refused(void)
{
    struct plugin_stage stage = start("-", "true", NULL);
    void *handle = plugin_stage_open(&stage);
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    int kept = redirect_output(ends);
    close(ends[0]);
    int status = write_event(&stage, handle, "{}");
    restore_output(kept);
    CU_ASSERT_EQUAL(status, -1);
    CU_ASSERT_EQUAL(err.class, SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "standard output"));
    stage.plugin->close(handle);
    plugin_stage_unload(&stage);
}

struct stuck {
    struct plugin_stage *stage;
    void *handle;
    struct sp_error err;
    int status;
    atomic_bool ended;
};

static void *write_stuck(void *argument)
{
    struct stuck *stuck = argument;
    static char large[200000];
    struct sp_slice event = {large, sizeof large};
    struct sp_batch batch = {.size = sizeof batch, .events = &event, .event_count = 1};
    struct sp_written written = {.size = sizeof written};
    stuck->status = stuck->stage->plugin->sink->write(stuck->handle, &batch, NULL, &written,
                                                      plugin_stage_later(), &stuck->err);
    atomic_store(&stuck->ended, true);
    return NULL;
}

static void interrupt_ends_a_write_that_nobody_reads(void)
{
    struct plugin_stage stage = start("pipe", "true", NULL);
    mkfifo(path, 0600);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct stuck writers[2];
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        writers[i] = (struct stuck){.stage = &stage, .handle = plugin_stage_open(&stage)};
        pthread_create(&threads[i], NULL, write_stuck, &writers[i]);
    }
    /* One is stuck in the write, the other waits for its turn. */
    for (int i = 0; i < 100; i++) {
        struct timespec pause = {.tv_nsec = 20000000};
        nanosleep(&pause, NULL);
        for (size_t w = 0; w < 2; w++)
            if (!atomic_load(&writers[w].ended))
                stage.plugin->interrupt(writers[w].handle);
    }
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT(atomic_load(&writers[i].ended));
        pthread_join(threads[i], NULL);
        CU_ASSERT_EQUAL(writers[i].status, -1);
        CU_ASSERT_EQUAL(writers[i].err.class, SP_STOPPED);
        stage.plugin->close(writers[i].handle);
    }
    close(reader);
    plugin_stage_unload(&stage);
}

enum { WRITERS = 4, BATCHES = 50 };

static void *write_many(void *argument)
{
    struct plugin_stage *stage = argument;
    void *handle = plugin_stage_open(stage);
    struct sp_error error;
    struct sp_slice events[3] = {sp_slice_of("{\"first\":1}"), sp_slice_of("{\"second\":2}"),
                                 sp_slice_of("{\"third\":3}")};
    struct sp_batch batch = {.size = sizeof batch, .events = events, .event_count = 3};
    struct sp_written written = {.size = sizeof written};
    size_t failed = 0;
    for (size_t i = 0; i < BATCHES; i++)
        failed +=
            stage->plugin->sink->write(handle, &batch, NULL, &written, plugin_stage_later(), &error) != 0;
    stage->plugin->close(handle);
    return (void *)failed;
}

static void batches_of_many_workers_stay_together(void)
{
    struct plugin_stage stage = start("shared.ndjson", "true", NULL);
    pthread_t threads[WRITERS];
    for (size_t i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, write_many, &stage);
    for (size_t i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        CU_ASSERT_PTR_NULL(failed);
    }
    FILE *file = fopen(path, "r");
    const char *expected[] = {"{\"first\":1}\n", "{\"second\":2}\n", "{\"third\":3}\n"};
    char line[100];
    size_t count = 0, wrong = 0;
    while (fgets(line, sizeof line, file))
        wrong += strcmp(line, expected[count++ % 3]) != 0;
    fclose(file);
    CU_ASSERT_EQUAL(count, 3 * WRITERS * BATCHES);
    CU_ASSERT_EQUAL(wrong, 0);
    plugin_stage_unload(&stage);
}

int main(void)
{
    const struct tap_test tests[] = {
        {"events are lines", events_are_lines},
        {"rows are objects in the order of columns", rows_are_objects_in_the_order_of_columns},
        {"a torn last line is cut off", a_torn_last_line_is_cut_off},
        {"append: false empties once", append_false_empties_once},
        {"a file that was moved away is made again", a_file_that_was_moved_away_is_made_again},
        {"a failed write is taken back", a_failed_write_is_taken_back},
        {"failures say what they are", failures_say_what_they_are},
        {"another process that writes is a lost race", another_process_that_writes_is_a_lost_race},
        {"standard output finishes its lines", standard_output_finishes_its_lines},
        {"a reader that has gone is refused", a_reader_that_has_gone_is_refused},
        {"interrupt ends a write that nobody reads", interrupt_ends_a_write_that_nobody_reads},
        {"batches of many workers stay together", batches_of_many_workers_stay_together},
    };
    return tap_run("sink_file", tests, sizeof tests / sizeof *tests);
}
