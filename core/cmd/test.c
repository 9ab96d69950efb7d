/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/file.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/rows.h"
#include "table/fold.h"
#include <scanpipe/json.h>

#include <inttypes.h>

const struct arg_option cmd_test_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("json", ARG_JSON, NULL, "a JSON object a line: {\"row\": ...} and {\"rejected\": ...}"),
    ARG_OPTION("fail-on-rejected", ARG_FAIL_ON_REJECTED, NULL, "exit with 65 where events were rejected"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

#define EVENTS_MAX ((size_t)64 << 20)

struct test_options {
    const char *file, *events;
    bool fail_on_rejected, json;
};

/* One look at a file of events: what came of each line. */
struct trial {
    const struct pipeline *pipeline;
    bool json;
    uint64_t taken, unwanted, rejected;
    struct buffer rejections;
    uint32_t line;
};

static void reject(struct trial *trial, const struct fold_reject *why)
{
    struct buffer *out = &trial->rejections;
    trial->rejected++;
    if (trial->json) {
        buffer_printf(out, "{\"rejected\":{\"line\":%" PRIu32, trial->line);
        cmd_add_member(out, "class", why->reason_class);
        cmd_add_member(out, "column", why->column);
        cmd_add_member(out, "pointer", why->pointer);
        cmd_add_member(out, "reason", why->reason);
        buffer_add_text(out, "}}\n");
        return;
    }
    buffer_printf(out, "line %" PRIu32 ": ", trial->line);
    if (why->column)
        cmd_add_escaped(out, sp_slice_of(why->column));
    if (why->pointer) {
        buffer_add_text(out, why->column ? " (" : "(");
        cmd_add_escaped(out, sp_slice_of(why->pointer));
        buffer_add_char(out, ')');
    }
    buffer_add_text(out, why->column || why->pointer ? ": " : "");
    cmd_add_escaped(out, sp_slice_of(why->reason));
    buffer_add_char(out, '\n');
}

/* What ingest would say of it before any table does. */
static bool fits(struct trial *trial, struct sp_slice line)
{
    char text[96];
    if (line.size <= (size_t)trial->pipeline->max_event_bytes)
        return true;
    snprintf(text, sizeof text, "has %zu bytes, and max_event_bytes is %" PRId64, line.size,
             trial->pipeline->max_event_bytes);
    reject(trial, &(struct fold_reject){.reason_class = "too_large", .reason = text});
    return false;
}

/* Without a table all that is asked of an event is to be a JSON object. */
static bool is_object(struct trial *trial, struct sp_slice line)
{
    char text[160] = "is JSON, but not an object";
    struct sp_json_fault fault;
    if (sp_json_scan_whole(NULL, line, NULL, &fault) < 0)
        snprintf(text, sizeof text, "is not JSON: %s (at byte %zu)", fault.reason, fault.offset);
    else if (line.data[strspn(line.data, " \t")] == '{')
        return true;
    reject(trial, &(struct fold_reject){.reason_class = "malformed", .reason = text});
    return false;
}

static void try_line(struct trial *trial, struct fold *fold, struct sp_slice line)
{
    if (!fits(trial, line))
        return;
    if (!fold) {
        trial->taken += is_object(trial, line);
        return;
    }
    struct fold_reject why;
    switch (fold_add(fold, line, trial->line, &why)) {
    case FOLD_TAKEN:
        trial->taken++;
        break;
    case FOLD_UNWANTED:
        trial->unwanted++;
        break;
    case FOLD_REJECTED:
        reject(trial, &why);
        break;
    }
}

/* Lines end at LF, or CR LF; blank ones are no events. */
static void try_lines(struct trial *trial, struct fold *fold, struct sp_slice events)
{
    while (events.size > 0) {
        const char *end = memchr(events.data, '\n', events.size);
        size_t size = end ? (size_t)(end - events.data) : events.size;
        struct sp_slice line = {events.data, size};
        events.data += size + (end != NULL);
        events.size -= size + (end != NULL);
        trial->line++;
        while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]) && line.data[line.size - 1])
            line.size--;
        if (line.size > 0)
            try_line(trial, fold, line);
    }
}

static void add_totals(struct buffer *out, const struct trial *trial, const struct sp_batch *batch)
{
    uint64_t all = trial->taken + trial->unwanted + trial->rejected;
    buffer_printf(out, "%" PRIu64 " event%s: ", all, cmd_plural(all));
    if (batch)
        buffer_printf(out, "%zu row%s, %" PRIu64 " unwanted, ", batch->row_count,
                      cmd_plural(batch->row_count), trial->unwanted);
    else
        buffer_printf(out, "%" PRIu64 " JSON object%s, ", trial->taken, cmd_plural(trial->taken));
    buffer_printf(out, "%" PRIu64 " rejected\n", trial->rejected);
}

static bool try_events(struct trial *trial, struct sp_slice events)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    const struct table_plan *table = trial->pipeline->table;
    const struct stage *sink = &trial->pipeline->sink;
    struct fold *fold = table ? fold_new(table) : NULL;
    struct sp_batch batch = {0};
    if (fold)
        fold_start(fold);
    try_lines(trial, fold, events);
    if (fold) {
        fold_finish(fold, &batch);
        unsigned digits = sink->plugin ? sink->plugin->capabilities.time_digits : 7;
        (trial->json ? rows_add_json : rows_add_text)(&out, table_of(table), &batch, digits);
    }
    buffer_add(&out, trial->rejections.data, trial->rejections.size);
    bool printed = cmd_print(&out);
    buffer_clear(&out);
    add_totals(&out, trial, fold ? &batch : NULL);
    fputs(buffer_text(&out), stderr);
    fold_free(fold);
    return printed;
}

static int test(const struct pipeline *pipeline, const struct test_options *options)
{
    SP_AUTO(buffer_fini) struct buffer events = {0};
    struct sp_error err = {0};
    if (file_read(options->events, EVENTS_MAX, &events, &err) < 0) {
        cmd_complain("a test looks at a part: head -n 10000 EVENTS | scanpipe test -c FILE -", "%s",
                     err.text);
        return EXIT_NO_INPUT;
    }
    if (events.size > 2 && memcmp(events.data, "\x1f\x8b", 2) == 0) {
        cmd_complain("zcat EVENTS | scanpipe test -c FILE -", "%s is compressed", options->events);
        return EXIT_NO_INPUT;
    }
    struct trial trial = {.pipeline = pipeline, .json = options->json};
    bool printed = try_events(&trial, (struct sp_slice){events.data, events.size});
    buffer_fini(&trial.rejections);
    if (!printed)
        return EXIT_AWAY;
    return options->fail_on_rejected && trial.rejected > 0 ? EXIT_REJECTED : 0;
}

int cmd_test(int argc, char **argv)
{
    struct args args = {"test", cmd_test_options, argc, argv};
    struct test_options options = {0};
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("test", stdout);
            return 0;
        }
        if (option == 'c')
            options.file = optarg;
        options.json = options.json || option == ARG_JSON;
        options.fail_on_rejected = options.fail_on_rejected || option == ARG_FAIL_ON_REJECTED;
    }
    if (!args_count_is(&args, 1, 1, "the file of events"))
        return EXIT_USAGE;
    options.events = argv[optind];
    if (!options.file)
        return args_wrong("test", "scanpipe test -c FILE EVENTS.ndjson",
                          "which pipeline? -c FILE is missing");
    int code;
    struct pipeline *pipeline = cmd_load(options.file, &code);
    if (!pipeline)
        return code;
    code = test(pipeline, &options);
    pipeline_free(pipeline);
    return code;
}
