/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls a plugin as the core does, one call a line of standard input, and says what came of it: for tests
 * that do something to the server meanwhile.
 *
 * usage: odbc-calls PLUGIN.so CONNECTION PASSWORD
 *
 *   write FIRST COUNT ORDER WORD TIMEOUT-MS   rows FIRST.. of the table Words
 *   migrate | probe | read ID
 *   turn                                      from now on another handle of the sink calls: there are two
 *   put NAME VALUE EXPECTED | get NAME
 *
 * Answers: "CLASS MS TEXT = CURE", or "ok MS VALUE".  It interrupts a call that is late, as the core does
 * when it stops: so late that what a server or a driver does by itself at the deadline comes first.
 */
#include <config.h>

#include "base/arena.h"
#include "plugin/plugin.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct sp_column columns[] = {
    {.name = "Id", .type = SP_TYPE_INT, .role = SP_ROLE_KEY, .group = -1},
    {.name = "Number", .type = SP_TYPE_BIGINT, .role = SP_ROLE_ORDER, .nullable = true},
    {.name = "Word", .type = SP_TYPE_TEXT, .length = 2000, .role = SP_ROLE_VALUE, .nullable = true},
};
static const struct sp_group groups[] = {{.keep = SP_KEEP_LAST, .order_column = 1}};
static const struct sp_table table = {.size = sizeof table,
                                      .name = "Words",
                                      .columns = columns,
                                      .column_count = 3,
                                      .key_count = 1,
                                      .groups = groups,
                                      .group_count = 1};

struct stage {
    const struct sp_plugin *about;
    void *loaded, *handle, *other;
};

static const int64_t grace_ns = 3 * SP_SECOND;
static struct stage *_Atomic at_work;
static _Atomic int64_t late_at;
static struct sp_error err;

static void *watch(void *nothing)
{
    for (;; nanosleep(&(struct timespec){.tv_nsec = 50 * SP_MILLISECOND}, NULL)) {
        struct stage *stage = atomic_load(&at_work);
        if (stage && sp_clock_now() > atomic_load(&late_at))
            stage->about->interrupt(stage->handle);
    }
    return nothing;
}

static void set_option(void *config, const struct sp_option *option, const char *connection,
                       const char *password)
{
    char *field = (char *)config + option->offset;
    if (strcmp(option->name, "connection") == 0)
        memcpy(field, &connection, sizeof connection);
    else if (strcmp(option->name, "password") == 0)
        memcpy(field, &password, sizeof password);
    else if (option->type == SP_OPT_DURATION)
        *(int64_t *)field = 3 * SP_SECOND;
    else if (option->type == SP_OPT_BOOLEAN)
        *(bool *)field = true;
}

static void stage_start(struct stage *stage, const char *path, enum sp_kind kind, const char *connection,
                        const char *password)
{
    static struct sp_stage told = {.size = sizeof told, .pipeline = "calls", .name = "stage"};
    const struct plugin *plugin;
    if (plugin_load(path, kind, &plugin, &err) != 0)
        abort();
    stage->about = &plugin->about;
    void *config = calloc(1, stage->about->config_size);
    told.table = &table;
    for (size_t i = 0; i < stage->about->option_count; i++)
        set_option(config, &stage->about->options[i], connection, password);
    if (stage->about->load(config, &told, &stage->loaded, &err) != 0 ||
        stage->about->open(stage->loaded, &stage->handle, &err) != 0 ||
        stage->about->open(stage->loaded, &stage->other, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

static int64_t begin(struct stage *stage, int64_t timeout_ms)
{
    int64_t deadline = sp_clock_now() + timeout_ms * SP_MILLISECOND;
    err = (struct sp_error){0};
    atomic_store(&late_at, deadline + grace_ns);
    atomic_store(&at_work, stage);
    return deadline;
}

static void answer(int rc, int64_t began, const char *value)
{
    int64_t ms = (sp_clock_now() - began) / SP_MILLISECOND;
    atomic_store(&at_work, NULL);
    if (rc == 0)
        printf("ok %" PRId64 " %s\n", ms, value);
    else
        printf("%s %" PRId64 " %s = %s\n", sp_class_name(err.class), ms, err.text, err.cure);
    fflush(stdout);
}

static void do_write(struct stage *sink, struct sp_arena *arena, char **words)
{
    size_t count = (size_t)atoll(words[2]);
    struct sp_value *rows = sp_arena_zalloc(arena, count * 3 * sizeof *rows);
    struct sp_result *results = sp_arena_zalloc(arena, count * sizeof *results);
    struct sp_batch batch = {.size = sizeof batch, .table = &table, .values = rows, .row_count = count};
    struct sp_written written = {.size = sizeof written};
    for (size_t i = 0; i < count; i++) {
        rows[i * 3] = (struct sp_value){.number = atoll(words[1]) + (int64_t)i, .present = true};
        rows[i * 3 + 1] = (struct sp_value){.number = atoll(words[3]), .present = true};
        rows[i * 3 + 2] =
            (struct sp_value){.text = words[4], .length = (uint32_t)strlen(words[4]), .present = true};
    }
    int64_t began = sp_clock_now(), deadline = begin(sink, atoll(words[5]));
    int rc = sink->about->sink->write(sink->handle, &batch, results, &written, deadline, &err);
    if (rc != 0 && results[0].class == SP_REJECTED && results[0].column < table.column_count)
        sp_error_context(&err, "blames %s", columns[results[0].column].name);
    answer(rc, began, sp_arena_printf(arena, "%" PRIu64, written.rows_touched));
}

static void do_read(struct stage *sink, struct sp_arena *arena, const char *id)
{
    struct sp_value row[3] = {{.number = atoll(id), .present = true}}, got[3] = {{.number = 0}};
    struct sp_batch batch = {.size = sizeof batch, .table = &table, .values = row, .row_count = 1};
    bool found = false;
    int64_t began = sp_clock_now(), deadline = begin(sink, 10000);
    int rc = sink->about->sink->read(sink->handle, &batch, arena, got, &found, deadline, &err);
    answer(rc, began,
           found ? sp_arena_printf(arena, "%" PRId64 " %.*s", got[1].number, (int)got[2].length, got[2].text)
                 : "nothing");
}

static void do_put(struct stage *state, struct sp_arena *arena, char **words)
{
    bool swapped = false;
    int64_t version = 0, began = sp_clock_now(), deadline = begin(state, 10000);
    int rc = state->about->state->put(state->handle, words[1], sp_slice_of(words[2]), atoll(words[3]),
                                      &swapped, &version, deadline, &err);
    answer(rc, began, sp_arena_printf(arena, "%s %" PRId64, swapped ? "swapped" : "kept", version));
}

static void do_get(struct stage *state, struct sp_arena *arena, const char *name)
{
    struct sp_slice value = {"", 0};
    int64_t version = 0, began = sp_clock_now(), deadline = begin(state, 10000);
    int rc = state->about->state->get(state->handle, name, arena, &value, &version, deadline, &err);
    answer(rc, began, sp_arena_printf(arena, "%" PRId64 " %.*s", version, (int)value.size, value.data));
}

static void do_turn(struct stage *sink)
{
    void *before = sink->handle;
    sink->handle = sink->other;
    sink->other = before;
    answer(0, sp_clock_now(), "");
}

static void do_call(struct stage *sink, struct stage *state, struct sp_arena *arena, char **words)
{
    int64_t began = sp_clock_now();
    if (strcmp(words[0], "write") == 0)
        do_write(sink, arena, words);
    else if (strcmp(words[0], "read") == 0)
        do_read(sink, arena, words[1]);
    else if (strcmp(words[0], "put") == 0)
        do_put(state, arena, words);
    else if (strcmp(words[0], "get") == 0)
        do_get(state, arena, words[1]);
    else if (strcmp(words[0], "turn") == 0)
        do_turn(sink);
    else if (strcmp(words[0], "probe") == 0)
        answer(sink->about->probe(sink->handle, begin(sink, 5000), &err), began, "");
    else
        answer(sink->about->sink->migrate(sink->handle, SP_MIGRATE_APPLY, arena, NULL, begin(sink, 5000),
                                          &err),
               began, "");
}

int main(int count, char **arguments)
{
    struct stage sink, state;
    char line[4096], usual[] = "10000", *words[7];
    pthread_t thread;
    if (count != 4)
        return 64;
    stage_start(&sink, arguments[1], SP_SINK, arguments[2], arguments[3]);
    stage_start(&state, arguments[1], SP_STATE, arguments[2], arguments[3]);
    if (pthread_create(&thread, NULL, watch, NULL) != 0)
        return 70;
    while (fgets(line, sizeof line, stdin)) {
        SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
        size_t found = 0;
        for (char *word = strtok(line, " \n"); word && found < 6; word = strtok(NULL, " \n"))
            words[found++] = word;
        while (found < 7)
            words[found++] = usual;
        do_call(&sink, &state, arena, words);
    }
    sink.about->close(sink.handle);
    sink.about->close(sink.other);
    state.about->close(state.handle);
    state.about->close(state.other);
    return 0;
}
