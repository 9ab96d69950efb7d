/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks of events, and of rows that are lines. */
#include <config.h>

#include "sink_kit.h"

#include "base/file.h"

#include <scanpipe/json.h>

#include <stdio.h>

static struct sink begin(struct kit *kit)
{
    if (!kit_can(kit, SP_EVENTS))
        kit_not_for("it takes no events");
    return sink_begin(kit, NULL);
}

static void write_events(struct sink *sink, void *handle, const struct sp_slice *events, size_t count)
{
    struct sp_result results[1000] = {{.class = SP_OK}};
    struct sp_written written = {.size = sizeof written};
    struct sp_batch batch = {.size = sizeof batch, .events = events, .event_count = count};
    REQUIRE(count <= 1000, "too many events");
    WORKS(sink->ops->write(handle, &batch, results, &written, kit_soon(sink->kit), &kit_error));
    for (size_t i = 0; i < count; i++)
        REQUIRE(results[i].class == SP_OK, "the batch is written, and event %zu is %s", i,
                sp_class_name(results[i].class));
}

/* What the file of --output holds; ${KIT_DIR} is the check's folder. */
static struct sp_slice output(struct kit *kit)
{
    static const char folder[] = "${KIT_DIR}";
    if (!kit->output && !options_have_place(kit->plugin))
        kit_not_for("no option says where its events go, so they cannot be read");
    if (!kit->output)
        kit_skip("it is not known where its events can be read: --output FILE");
    const char *at = strstr(kit->output, folder), *path = kit->output;
    if (at)
        path =
            sp_arena_printf(kit->arena, "%.*s%s%s", (int)(at - path), path, kit->folder, at + strlen(folder));
    if (strcmp(path, "-") == 0)
        path = sp_arena_printf(kit->arena, "%s.out", kit->folder);
    struct buffer bytes = {0};
    struct sp_error err = {0};
    REQUIRE(file_read(path, 256 * 1024 * 1024, &bytes, &err) == 0, "%s", err.text);
    struct sp_slice copy = sp_arena_copy(kit->arena, (struct sp_slice){bytes.data, bytes.size});
    buffer_fini(&bytes);
    return copy;
}

/* Takes the first line off, without its end. */
static bool next_line(struct sp_slice *rest, struct sp_slice *line)
{
    if (rest->size == 0)
        return false;
    const char *end = memchr(rest->data, '\n', rest->size);
    REQUIRE(end, "the last line has no end");
    *line = (struct sp_slice){rest->data, (size_t)(end - rest->data)};
    rest->data += line->size + 1;
    rest->size -= line->size + 1;
    return true;
}

static void require_lines(struct kit *kit, const struct sp_slice *events, size_t count)
{
    struct sp_slice rest = output(kit), line;
    for (size_t i = 0; i < count; i++) {
        REQUIRE(next_line(&rest, &line), "%zu of %zu events are there", i, count);
        REQUIRE(sp_slice_equal(line, events[i]), "line %zu is '%s', not '%s'", i + 1, kit_shown(kit, line),
                kit_shown(kit, events[i]));
    }
    REQUIRE(rest.size == 0, "there is more than was written: '%s'", kit_shown(kit, rest));
}

static void events_come_in_order(struct kit *kit)
{
    enum { COUNT = 300 };
    struct sink sink = begin(kit);
    struct sp_slice events[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        events[i] = sp_slice_of(
            sp_arena_printf(kit->arena, "{\"EventId\": %zu, \"a\":\"\xf0\x9f\x98\x80\\u0000\"}", i));
    for (size_t at = 0, some; at < COUNT; at += some) {
        some = 1 + kit_below(&kit->dice, COUNT - at < 50 ? COUNT - at : 50);
        write_events(&sink, at % 2 ? sink.one : sink.other, events + at, some);
    }
    require_lines(kit, events, COUNT);
}

static void large_events(struct kit *kit)
{
    struct sink sink = begin(kit);
    struct sp_slice events[3];
    for (size_t i = 0; i < 3; i++)
        events[i] = sp_slice_of(sp_arena_printf(kit->arena, "{\"a\":\"%0*zu\"}", 1000000, i));
    write_events(&sink, sink.one, events, 3);
    require_lines(kit, events, 3);
}

/* What several threads write. */
enum { THREADS = 4, EACH = 20, BATCH = 7 };

static void write_in_a_thread(const struct kit_thread *thread)
{
    struct sink *sink = thread->with;
    char texts[BATCH][60];
    struct sp_slice events[BATCH];
    for (size_t i = 0; i < EACH; i++) {
        for (size_t j = 0; j < BATCH; j++) {
            snprintf(texts[j], sizeof texts[j], "{\"thread\":%zu,\"event\":%zu}", thread->number,
                     i * BATCH + j);
            events[j] = sp_slice_of(texts[j]);
        }
        write_events(sink, sink->stage->handles[thread->number], events, BATCH);
    }
}

static void many_threads(struct kit *kit)
{
    struct sink sink = begin(kit);
    size_t next[THREADS] = {0};
    kit_open(sink.stage);
    kit_open(sink.stage);
    kit_threads(THREADS, write_in_a_thread, &sink);
    struct sp_slice rest = output(kit), line;
    while (next_line(&rest, &line)) {
        size_t thread, event;
        char text[80];
        snprintf(text, sizeof text, "%.*s", (int)line.size, line.data);
        REQUIRE(sscanf(text, "{\"thread\":%zu,\"event\":%zu}", &thread, &event) == 2 && thread < THREADS,
                "a line that nobody wrote: '%s'", text);
        REQUIRE(event == next[thread], "thread %zu: event %zu comes where %zu should", thread, event,
                next[thread]);
        next[thread]++;
    }
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(next[i] == EACH * BATCH, "thread %zu wrote %d events, %zu are there", i, EACH * BATCH,
                next[i]);
}

static void write_until_killed(struct kit *kit, struct helper_side *side, void *with)
{
    const int64_t *from = with;
    struct sink sink = begin(kit);
    for (int64_t number = *from;; number++) {
        struct sp_slice event =
            sp_slice_of(sp_arena_printf(kit->arena, "{\"event\":%lld}", (long long)number));
        write_events(&sink, sink.one, &event, 1);
        pipe_say(side->to, number);
    }
}

static void killed_while_writing(struct kit *kit)
{
    if (!kit_can(kit, SP_EVENTS))
        kit_not_for("it takes no events");
    int64_t from = 0, said = -1;
    for (int times = 0; times < 4; times++) {
        struct helper helper = helper_start(kit, write_until_killed, &from);
        said = pipe_hear(helper.from);
        kit_sleep((int64_t)kit_below(&kit->dice, 30) * SP_MILLISECOND);
        helper_kill(&helper);
        while (pipe_drain(helper.from, &said))
            ;
        from = said + 1;
    }
    struct sink sink = begin(kit);
    struct sp_slice last = sp_slice_of("{\"event\":\"last\"}"), line = {0};
    write_events(&sink, sink.one, &last, 1); /* cuts off what is torn */
    struct sp_slice rest = output(kit);
    int64_t next = 0;
    while (next_line(&rest, &line)) {
        long long number;
        char text[80];
        snprintf(text, sizeof text, "%.*s", (int)line.size, line.data);
        if (sscanf(text, "{\"event\":%lld}", &number) == 1) {
            REQUIRE(number == next || number == next - 1, "after event %lld comes %lld", (long long)next - 1,
                    number);
            next = number + 1;
        }
    }
    REQUIRE(sp_slice_equal(line, last), "the last line is '%s'", kit_shown(kit, line));
    REQUIRE(next > said, "event %lld was written before kill -9, %lld is the last one there", (long long)said,
            (long long)next - 1);
}

static void rows_are_lines(struct kit *kit)
{
    if (!kit->output || !kit_can(kit, SP_TABLES) || kit->plugin->about.sink->read)
        kit_not_for("it does not write rows as lines");
    struct sink sink = sink_begin(kit, rows_shape(kit, 0));
    size_t width = sink.table->column_count, lines = 0;
    struct sp_value *rows = sp_arena_zalloc(kit->arena, ROWS_VALUES * width * sizeof *rows);
    for (size_t i = 0; i < ROWS_VALUES; i++) {
        for (size_t j = 1; j < width; j++)
            rows[i * width + j] = rows_value(kit, &sink.table->columns[j], i);
        rows[i * width] = (struct sp_value){.number = (int64_t)i, .present = true};
    }
    sink_write(&sink, sink.one, rows, ROWS_VALUES);
    struct sp_slice rest = output(kit), line;
    while (next_line(&rest, &line)) {
        struct sp_json_fault fault;
        REQUIRE(sp_json_scan_whole(NULL, line, NULL, &fault) == 0, "line %zu is not JSON: %s", lines + 1,
                fault.reason);
        lines++;
    }
    REQUIRE(lines == ROWS_VALUES, "%d rows were written, %zu lines are there", ROWS_VALUES, lines);
}

static const struct check checks[] = {
    {"given events in several writes, when they are read, then each is there once, in order",
     events_come_in_order},
    {"given events of 1 MB, when they are read, then they are as they were", large_events},
    {"given four threads that write events, when they are read, then none is lost, torn or out of order",
     many_threads},
    {"given a process that writes events, when it is killed (-9) four times, then what was told is there",
     killed_while_writing},
    {"given rows of every type, when they are written as lines, then each line is JSON", rows_are_lines},
};

CHECK_LIST(sink_event_checks, checks);
