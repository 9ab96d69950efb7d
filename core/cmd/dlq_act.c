/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/dlq.h"

#include "cmd/args.h"
#include "cmd/interrupt.h"
#include "cmd/meter.h"
#include "ops/purge.h"
#include "ops/redrive.h"

#include <inttypes.h>
#include <unistd.h>

/* How many letters there will be, where looking is cheap and somebody watches. */
static uint64_t count_ahead(const struct pipeline *pipeline, const struct letters_query *query)
{
    struct sp_error err = {0};
    struct hand hand;
    uint64_t count = 0;
    if (!isatty(STDERR_FILENO) || !(pipeline->letters.plugin->capabilities.flags & SP_LOCAL) ||
        hand_open(&hand, &pipeline->letters, &err) != 0)
        return 0;
    if (choose_count(&hand, pipeline->name, query, &count, &err) != 0)
        count = 0;
    hand_close(&hand);
    return count;
}

static void tell_left(void *context, const struct sp_letter *letter, const struct sp_error *why)
{
    meter_close(context);
    dlq_complain_letter(letter, why);
}

static void tell_unasked(void *context, const struct sp_error *why)
{
    meter_close(context);
    cmd_complain(why->cure, "%s; whether the table was folded by other rules is not known: going on",
                 why->text);
}

static void tell_progress(void *context, const struct redrive_report *report)
{
    meter_update(context, report->sent + report->left);
}

static void add_report_json(struct buffer *out, const char *pipeline, const struct redrive_report *report,
                            bool dry_run)
{
    buffer_add_text(out, "{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(pipeline));
    buffer_printf(out,
                  ",\"dry_run\":%s,\"selected\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"sent\":%" PRIu64
                  ",\"removed\":%" PRIu64 ",\"left\":%" PRIu64 ",\"stopped\":%s}\n",
                  dry_run ? "true" : "false", report->selected, report->bytes, report->sent, report->removed,
                  report->left, report->stopped ? "true" : "false");
}

static void tell_report(const struct redrive_report *report, bool dry_run)
{
    uint64_t newer = report->sent - report->removed;
    fprintf(stderr, "%" PRIu64 " dead letter%s %s", report->sent, cmd_plural(report->sent),
            dry_run ? "would be sent back into the queue" : "sent back into the queue");
    if (!dry_run && newer > 0)
        fprintf(stderr, ", %" PRIu64 " of them stored again meanwhile", newer);
    if (report->left > 0)
        fprintf(stderr, ", %" PRIu64 " cannot be sent", report->left);
    fputs(report->stopped ? "; stopped before the end\n" : "\n", stderr);
    if (report->sent > 0)
        fputs("  = what still cannot be written comes back, with its history: mend the cause first\n",
              stderr);
}

int dlq_redrive(const struct pipeline *pipeline, const struct dlq_options *options)
{
    struct meter meter;
    struct redrive redrive = {
        .query = options->query,
        .rate = options->rate,
        .dry_run = options->dry_run,
        .context = &meter,
        .pause = interrupt_pause,
        .tell_left = tell_left,
        .tell_unasked = tell_unasked,
        .tell_progress = tell_progress,
    };
    struct redrive_report report;
    struct sp_error err = {0};
    SP_AUTO(buffer_fini) struct buffer out = {0};
    interrupt_catch();
    meter_open(&meter, "redriven", count_ahead(pipeline, &options->query));
    int result = redrive_run(pipeline, &redrive, &report, &err);
    meter_close(&meter);
    if (result != 0)
        cmd_complain_error(&err);
    if (options->json) {
        add_report_json(&out, pipeline->name, &report, options->dry_run);
        if (!cmd_print(&out))
            return EXIT_AWAY;
    } else if (result == 0 || report.sent > 0) {
        tell_report(&report, options->dry_run);
    }
    return result != 0 ? EXIT_AWAY : report.left > 0 ? EXIT_REJECTED : 0;
}

/* "12 dead letters (10 value, 2 malformed)" */
static void add_seen(struct buffer *out, const struct purge *purge)
{
    buffer_printf(out, "%zu dead letter%s", purge->count, cmd_plural(purge->count));
    for (size_t i = 0; i < purge->class_count; i++) {
        buffer_printf(out, "%s%" PRIu64 " ", i ? ", " : " (", purge->classes[i].count);
        cmd_add_escaped(out, sp_slice_of(purge->classes[i].name));
    }
    if (purge->class_count > 0)
        buffer_add_char(out, ')');
}

static bool ask(const struct purge *purge)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    char answer[16];
    add_seen(&text, purge);
    fprintf(stderr, "Remove %s of the pipeline %s for good? [y/N] ", text.data, purge->pipeline->name);
    fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin))
        return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

static bool purge_goes_on(void *context, uint64_t done)
{
    meter_update(context, done);
    return !interrupt_asked();
}

static int tell_purge(const struct purge *purge, const struct dlq_options *options, uint64_t removed)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    if (options->json) {
        buffer_add_text(&out, "{\"pipeline\":");
        buffer_add_json(&out, sp_slice_of(purge->pipeline->name));
        buffer_printf(&out, ",\"dry_run\":%s,\"selected\":%zu,\"removed\":%" PRIu64 ",\"classes\":{",
                      options->dry_run ? "true" : "false", purge->count, removed);
        for (size_t i = 0; i < purge->class_count; i++) {
            buffer_add_text(&out, i ? "," : "");
            buffer_add_json(&out, sp_slice_of(purge->classes[i].name));
            buffer_printf(&out, ":%" PRIu64, purge->classes[i].count);
        }
        buffer_printf(&out, "},\"stopped\":%s}\n", interrupt_asked() ? "true" : "false");
        return cmd_print(&out) ? 0 : EXIT_AWAY;
    }
    add_seen(&out, purge);
    if (options->dry_run)
        fprintf(stderr, "%s would be removed\n", out.data);
    else if (removed == purge->count)
        fprintf(stderr, "%s removed\n", out.data);
    else
        fprintf(stderr, "%" PRIu64 " of %s removed; the others %s\n", removed, out.data,
                interrupt_asked() ? "were not reached, or stored again meanwhile"
                                  : "were stored again meanwhile");
    return 0;
}

static int purge_what_was_seen(struct purge *purge, const struct dlq_options *options)
{
    struct sp_error err = {0};
    uint64_t removed = 0;
    struct meter meter;
    if (options->dry_run || purge->count == 0)
        return tell_purge(purge, options, 0);
    if (!options->yes && !ask(purge)) {
        fputs("nothing was removed\n", stderr);
        return 0;
    }
    interrupt_catch();
    meter_open(&meter, "removed", purge->count);
    int result = purge_remove(purge, purge_goes_on, &meter, &removed, &err);
    meter_close(&meter);
    if (result != 0)
        cmd_complain_error(&err);
    int told = tell_purge(purge, options, removed);
    return result != 0 ? EXIT_AWAY : told;
}

int dlq_purge(const struct pipeline *pipeline, const struct dlq_options *options)
{
    struct purge purge = {.pipeline = pipeline};
    struct sp_error err = {0};
    if (!options->has_filter && !options->all)
        return args_wrong("dlq", "name some, for example with --class, or say --all",
                          "which dead letters are to be removed?");
    if (!options->yes && !options->dry_run && !isatty(STDIN_FILENO))
        return args_wrong("dlq", "say --yes to remove them without being asked, or look with --dry-run",
                          "purge asks before it removes, and there is no terminal to ask on");
    int code = EXIT_AWAY;
    if (purge_look(&purge, &options->query, &err) != 0)
        cmd_complain_error(&err);
    else
        code = purge_what_was_seen(&purge, options);
    purge_close(&purge);
    return code;
}
