/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/log.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/rows.h"
#include "config/options.h"
#include "ops/verify.h"

#include <inttypes.h>
#include <unistd.h>

enum { OPTION_FROM = 512, OPTION_TO, OPTION_STRICT, OPTION_WAIT };

const struct arg_option cmd_verify_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION(
        "from", OPTION_FROM, "PLACE",
        "where to begin, as the source's cursor is written: with the event of that id, or after that line of a file (FILE:LINE)"),
    ARG_OPTION("to", OPTION_TO, "PLACE", "where to end, after that event or line"),
    ARG_OPTION("wait", OPTION_WAIT, "TIME", "how long to wait for the queue where rows differ (60s)"),
    ARG_OPTION("strict", OPTION_STRICT, NULL, "also fail where a rejected event has no dead letter"),
    ARG_OPTION("progress", ARG_PROGRESS, "WHEN", "auto, always or never: a line on a terminal",
               .choices = "auto always never"),
    ARG_OPTION("json", ARG_JSON, NULL,
               "an object a line: {\"difference\": ...}, {\"no_letter\": ...}, then {\"verify\": ...}"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

static const char *const progress_names[] = {"auto", "always", "never"};
enum { PROGRESS_AUTO, PROGRESS_ALWAYS };

/* Of rejects without a dead letter, people are shown so many. */
enum { REJECTS_SHOWN = 10 };

static const int64_t draw_every_ns = 200 * SP_MILLISECOND;

struct options {
    const char *file;
    struct verify_options verify;
    bool json;
    int progress;
};

struct telling {
    const char *pipeline, *file;
    bool json, draws;
    unsigned digits; /* of times */
    uint64_t rejects;
    int64_t drawn_at;
    enum verify_phase drawn_phase;
};

/* ---- The line that says how far it is */

static bool drawn;

static void erase(void)
{
    if (drawn)
        (void)!write(STDERR_FILENO, "\r\033[K", strlen("\r\033[K"));
    drawn = false;
}

static void draw(const struct telling *telling, const struct verify_report *report)
{
    SP_AUTO(buffer_fini) struct buffer line = {0};
    buffer_printf(&line, "\r\033[K%s  ", telling->pipeline);
    switch (report->phase) {
    case VERIFY_READING:
        buffer_printf(&line, "read %" PRIu64 ", rows %" PRIu64 "  reading", report->events, report->rows);
        break;
    case VERIFY_COMPARING:
    case VERIFY_DONE:
        buffer_printf(&line, "read %" PRIu64 ", compared %" PRIu64 " of %" PRIu64 " rows  comparing",
                      report->events, report->compared, report->rows);
        break;
    case VERIFY_WAITING:
        buffer_printf(&line,
                      "read %" PRIu64 ", compared %" PRIu64 "  waiting for the queue, %" PRIu64 " left",
                      report->events, report->compared, report->queue_left);
        break;
    }
    (void)!write(STDERR_FILENO, line.data, line.size);
    drawn = true;
}

static void tell_progress(void *context, const struct verify_report *report)
{
    struct telling *telling = context;
    int64_t now = sp_clock_now();
    bool due = now - telling->drawn_at >= draw_every_ns || report->phase != telling->drawn_phase;
    if (!telling->draws || !due)
        return;
    telling->drawn_at = now;
    telling->drawn_phase = report->phase;
    draw(telling, report);
}

/* ---- What is found */

static void tell_note(void *context, const char *text)
{
    (void)context;
    SP_AUTO(buffer_fini) struct buffer out = {0};
    cmd_add_escaped(&out, sp_slice_of(text));
    erase();
    cmd_complain(NULL, "%s", buffer_text(&out));
}

static void add_key(struct buffer *out, const struct telling *telling,
                    const struct verify_difference *difference)
{
    const struct sp_table *table = difference->table;
    for (size_t i = 0; i < table->key_count; i++) {
        buffer_printf(out, "%s%s ", i ? ", " : "", table->columns[i].name);
        rows_add_cell(out, &table->columns[i], &difference->row[i], telling->digits);
    }
    buffer_add_text(out, ": ");
}

static void add_event(struct buffer *out, const char *event)
{
    if (event) {
        buffer_add_text(out, " (event ");
        cmd_add_escaped(out, sp_slice_of(event));
        buffer_add_char(out, ')');
    }
    buffer_add_char(out, '\n');
}

static void add_text(struct buffer *out, const struct telling *telling,
                     const struct verify_difference *difference)
{
    if (difference->kind != VERIFY_ROW_DIFFERS) {
        add_key(out, telling, difference);
        if (difference->kind == VERIFY_ROW_MISSING)
            buffer_add_text(out, "the row is missing");
        else
            cmd_add_escaped(out, sp_slice_of(difference->why));
        add_event(out, difference->event);
    }
    for (size_t i = 0; i < difference->column_count; i++) {
        const struct verify_column *column = &difference->columns[i];
        add_key(out, telling, difference);
        buffer_printf(out, "%s is ", column->column->name);
        rows_add_json_value(out, column->column, column->table, telling->digits);
        buffer_add_text(out, ", must be ");
        rows_add_json_value(out, column->column, column->feed, telling->digits);
        add_event(out, column->event);
    }
}

static const char *kind_name(enum verify_kind kind)
{
    static const char *const names[] = {[VERIFY_ROW_MISSING] = "missing",
                                        [VERIFY_ROW_DIFFERS] = "differs",
                                        [VERIFY_ROW_UNREADABLE] = "unreadable"};
    return names[kind];
}

static void add_json(struct buffer *out, const struct telling *telling,
                     const struct verify_difference *difference)
{
    const struct sp_table *table = difference->table;
    buffer_printf(out, "{\"difference\":{\"kind\":\"%s\",\"key\":{", kind_name(difference->kind));
    for (size_t i = 0; i < table->key_count; i++) {
        buffer_printf(out, "%s\"%s\":", i ? "," : "", table->columns[i].name);
        rows_add_json_value(out, &table->columns[i], &difference->row[i], telling->digits);
    }
    buffer_add_char(out, '}');
    cmd_add_member(out, "event", difference->event);
    cmd_add_member(out, "reason", difference->why);
    buffer_add_text(out, ",\"columns\":[");
    for (size_t i = 0; i < difference->column_count; i++) {
        const struct verify_column *column = &difference->columns[i];
        buffer_printf(out, "%s{\"column\":\"%s\",\"table\":", i ? "," : "", column->column->name);
        rows_add_json_value(out, column->column, column->table, telling->digits);
        buffer_add_text(out, ",\"source\":");
        rows_add_json_value(out, column->column, column->feed, telling->digits);
        cmd_add_member(out, "event", column->event);
        buffer_add_char(out, '}');
    }
    buffer_add_text(out, "]}}\n");
}

static bool tell_difference(void *context, const struct verify_difference *difference)
{
    struct telling *telling = context;
    SP_AUTO(buffer_fini) struct buffer out = {0};
    (telling->json ? add_json : add_text)(&out, telling, difference);
    erase();
    return cmd_print(&out);
}

static void add_reject_text(struct buffer *out, const struct verify_reject *reject)
{
    buffer_add_text(out, reject->perhaps_after ? "perhaps after the cursor, no dead letter: "
                                               : "no dead letter: ");
    buffer_add_text(out, reject->class);
    const struct {
        const char *before, *text;
    } parts[] = {{", event ", reject->event_id},
                 {", key ", reject->event_key},
                 {", column ", reject->column},
                 {", ", reject->pointer},
                 {": ", reject->reason}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].text)
            continue;
        buffer_add_text(out, parts[i].before);
        cmd_add_escaped(out, sp_slice_of(parts[i].text));
    }
    buffer_add_char(out, '\n');
}

static void add_reject_json(struct buffer *out, const struct verify_reject *reject)
{
    buffer_printf(out, "{\"no_letter\":{\"perhaps_after\":%s", reject->perhaps_after ? "true" : "false");
    cmd_add_member(out, "class", reject->class);
    cmd_add_member(out, "event_id", reject->event_id);
    cmd_add_member(out, "event_key", reject->event_key);
    cmd_add_member(out, "column", reject->column);
    cmd_add_member(out, "pointer", reject->pointer);
    cmd_add_member(out, "reason", reject->reason);
    buffer_add_text(out, "}}\n");
}

static bool tell_reject(void *context, const struct verify_reject *reject)
{
    struct telling *telling = context;
    SP_AUTO(buffer_fini) struct buffer out = {0};
    if (telling->rejects++ >= REJECTS_SHOWN && !telling->json)
        return true;
    (telling->json ? add_reject_json : add_reject_text)(&out, reject);
    erase();
    return cmd_print(&out);
}

/* ---- The summary */

static void add_line(struct buffer *out, const char *name, uint64_t count, const char *what)
{
    if (count > 0)
        buffer_printf(out, "  %-10s %" PRIu64 " %s\n", name, count, what);
}

static void add_summary_text(struct buffer *out, const struct telling *telling,
                             const struct verify_report *report, bool good)
{
    buffer_printf(out, "%s: %s, from ", telling->pipeline,
                  good ? "every row is accounted for" : "not every row is accounted for");
    cmd_add_escaped(out, sp_slice_of(report->from[0] ? report->from : "the start"));
    buffer_add_text(out, " to ");
    cmd_add_escaped(out, sp_slice_of(report->to[0] ? report->to : "the start"));
    buffer_printf(out, "\n  %-10s %" PRIu64 " event%s\n  %-10s %" PRIu64 " row%s\n", "read", report->events,
                  cmd_plural(report->events), "compared", report->compared, cmd_plural(report->compared));
    add_line(out, "different", report->different, "rows");
    add_line(out, "late", report->late, "rows that differed, and no more after waiting");
    add_line(out, "ahead", report->ahead, "rows with later events than were read");
    add_line(out, "before", report->before, "rows with earlier events than were read");
    add_line(out, "excused", report->excused, "rows whose event is a dead letter");
    add_line(out, "open", report->unexplained, "rows with a minimum or maximum that nothing read explains");
    add_line(out, "unwanted", report->unwanted, "events, by the table's where");
    add_line(out, "rejected", report->buried, "among the dead letters");
    add_line(out, "rejected", report->unaccounted, "and not among the dead letters");
    add_line(out, "perhaps", report->perhaps_after, "rejected, on the page of the cursor: perhaps after it");
    if (report->waited && !report->drained && report->queue_left > 0)
        buffer_printf(out,
                      "  %-10s %" PRIu64 " messages: it was not seen empty, and what differs may be in it\n",
                      "queue", report->queue_left);
}

static void add_summary_json(struct buffer *out, const struct telling *telling,
                             const struct verify_report *report, bool good)
{
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        {"events", report->events},         {"rows", report->compared},
        {"different", report->different},   {"late", report->late},
        {"ahead", report->ahead},           {"before", report->before},
        {"excused", report->excused},       {"unexplained", report->unexplained},
        {"unwanted", report->unwanted},     {"dead_letters", report->buried},
        {"no_letter", report->unaccounted}, {"perhaps_after", report->perhaps_after},
        {"queue", report->queue_left},
    };
    buffer_add_text(out, "{\"verify\":{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(telling->pipeline));
    cmd_add_member(out, "from", report->from);
    cmd_add_member(out, "to", report->to);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        buffer_printf(out, ",\"%s\":%" PRIu64, counts[i].name, counts[i].count);
    buffer_printf(out, ",\"waited\":%s,\"drained\":%s,\"good\":%s}}\n", report->waited ? "true" : "false",
                  report->drained ? "true" : "false", good ? "true" : "false");
}

/* Events that are written twice do no harm, so all that was compared may be sent again. */
static void add_cure(struct buffer *out, const struct telling *telling, const struct verify_report *report)
{
    if (report->waited && !report->drained && report->queue_left > 0) {
        buffer_add_text(out, "  = verify again when the queue is empty\n");
        return;
    }
    if (report->from[0]) {
        buffer_add_text(out, "  = send the range again: scanpipe replay --from ");
        cmd_add_escaped(out, sp_slice_of(report->from));
        buffer_add_text(out, " --to ");
        cmd_add_escaped(out, sp_slice_of(report->to));
    } else {
        buffer_add_text(out, "  = have the source read again from its start: scanpipe cursor set --to-start");
    }
    buffer_add_text(out, " -c ");
    cmd_add_escaped(out, sp_slice_of(telling->file));
    buffer_add_char(out, '\n');
}

/* For programs on standard output, behind what was found; for people beside it. */
static bool tell_summary(const struct telling *telling, const struct verify_report *report, bool good)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    (telling->json ? add_summary_json : add_summary_text)(&out, telling, report, good);
    if (telling->json)
        return cmd_print(&out);
    if (telling->rejects > REJECTS_SHOWN)
        fprintf(stderr, "... and %" PRIu64 " more without a dead letter\n", telling->rejects - REJECTS_SHOWN);
    if (!good)
        add_cure(&out, telling, report);
    fputs(buffer_text(&out), stderr);
    return true;
}

/* ---- The command */

static int verify(const struct pipeline *pipeline, const struct options *options)
{
    struct telling telling = {
        .pipeline = pipeline->name,
        .file = pipeline->path,
        .json = options->json,
        .draws = options->progress == PROGRESS_ALWAYS ||
                 (options->progress == PROGRESS_AUTO && isatty(STDERR_FILENO)),
    };
    struct verify_listener listener = {&telling, tell_progress, tell_note, tell_difference, tell_reject};
    struct verify_report report;
    struct sp_error err = {0};
    if (verify_check(pipeline, &err) != 0) {
        cmd_complain_error(&err);
        return EXIT_CONFIG;
    }
    telling.digits = pipeline->sink.plugin->capabilities.time_digits;
    log_around(erase, NULL);
    int result = verify_run(pipeline, &options->verify, &listener, &report, &err);
    log_around(NULL, NULL);
    erase();
    if (result != 0 && err.class == SP_REJECTED)
        return args_wrong("verify", err.cure, "%s", err.text);
    if (result != 0) {
        cmd_complain_error(&err);
        return EXIT_AWAY;
    }
    bool good = verify_is_good(&report, options->verify.strict);
    if (!tell_summary(&telling, &report, good))
        return EXIT_AWAY;
    return good ? 0 : EXIT_REJECTED;
}

static bool take_option(struct options *options, int option, const struct args *args)
{
    switch (option) {
    case 'c':
        options->file = optarg;
        return true;
    case OPTION_FROM:
        options->verify.from = optarg;
        return true;
    case OPTION_TO:
        options->verify.to = optarg;
        return true;
    case OPTION_STRICT:
        options->verify.strict = true;
        return true;
    case ARG_JSON:
        options->json = true;
        return true;
    case ARG_PROGRESS:
        options->progress = args_choice(args, "--progress", optarg, progress_names, 3);
        return options->progress >= 0;
    case OPTION_WAIT:
        if (option_parse_duration(optarg, &options->verify.wait_ns))
            return true;
        args_wrong("verify", "write it as 90s or 5m", "'%s' is no duration for --wait", optarg);
        return false;
    default:
        return false;
    }
}

int cmd_verify(int argc, char **argv)
{
    struct args args = {"verify", cmd_verify_options, argc, argv};
    struct options options = {.verify = {.wait_ns = 60 * SP_SECOND}};
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("verify", stdout);
            return 0;
        }
        if (!take_option(&options, option, &args))
            return EXIT_USAGE;
    }
    if (!args_count_is(&args, 0, 0, NULL))
        return EXIT_USAGE;
    if (!options.file)
        return args_wrong("verify", "scanpipe verify -c FILE", "which pipeline? -c FILE is missing");
    int code;
    struct pipeline *pipeline = cmd_load(options.file, &code);
    if (!pipeline)
        return code;
    code = verify(pipeline, &options);
    pipeline_free(pipeline);
    return code;
}
