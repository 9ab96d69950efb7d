/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/replay.h"

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/interrupt.h"
#include "cmd/meter.h"
#include "config/options.h"

#include <inttypes.h>

enum { OPTION_FROM = 300, OPTION_TO, OPTION_RATE, OPTION_DRY_RUN };

const struct arg_option cmd_replay_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("from", OPTION_FROM, "PLACE", "where to begin"),
    ARG_OPTION("to", OPTION_TO, "PLACE", "where to end"),
    ARG_OPTION("rate", OPTION_RATE, "RATE",
               "at most so many events, as 500/s; the source's rate_limit holds as well"),
    ARG_OPTION("dry-run", OPTION_DRY_RUN, NULL, "read and count, send nothing"),
    ARG_OPTION("json", ARG_JSON, NULL, "the summary as one JSON object"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

static void tell_progress(void *context, const struct replay_report *report)
{
    meter_update(context, report->sent);
}

static void tell_note(void *context, const char *text)
{
    SP_AUTO(buffer_fini) struct buffer line = {0};
    meter_close(context);
    cmd_add_escaped(&line, sp_slice_of(text));
    fprintf(stderr, "%s\n", buffer_text(&line));
}

static void add_json(struct buffer *out, const char *pipeline, const struct replay *replay,
                     const struct replay_report *report)
{
    buffer_add_text(out, "{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(pipeline));
    cmd_add_member(out, "from", replay->from);
    cmd_add_member(out, "to", replay->to);
    buffer_printf(out,
                  ",\"dry_run\":%s,\"events_read\":%" PRIu64 ",\"not_events\":%" PRIu64
                  ",\"events_sent\":%" PRIu64 ",\"messages\":%" PRIu64 ",\"dead_letters\":%" PRIu64
                  ",\"reached\":%s,\"stopped\":%s",
                  replay->dry_run ? "true" : "false", report->events, report->not_events, report->sent,
                  report->messages, report->letters, report->reached ? "true" : "false",
                  report->stopped ? "true" : "false");
    cmd_add_member(out, "at", report->at);
    buffer_add_text(out, "}\n");
}

static void add_text(struct buffer *out, const struct replay *replay, const struct replay_report *report)
{
    buffer_printf(out, "%s %" PRIu64 " event%s again, in %" PRIu64 " message%s",
                  replay->dry_run ? "would send" : "sent", report->sent, cmd_plural(report->sent),
                  report->messages, cmd_plural(report->messages));
    if (report->letters)
        buffer_printf(out, "; %" PRIu64 " %s dead letters", report->letters,
                      replay->dry_run ? "would become" : "became");
    buffer_add_char(out, '\n');
    if (report->ended) {
        buffer_add_text(out, "the source ends at ");
        cmd_add_escaped(out, sp_slice_of(report->at));
        buffer_add_text(out, ", before the end of the range\n");
    }
}

static void tell_how_to_go_on(const struct replay_report *report)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    if (report->at[0]) {
        buffer_add_text(&text, "up to ");
        cmd_add_escaped(&text, sp_slice_of(report->at));
        buffer_add_text(&text, " all is in the queue: go on with --from and that place");
    } else {
        buffer_add_text(&text, "begin again: what was sent twice does no harm");
    }
    fprintf(stderr, "%s\n", buffer_text(&text));
}

static int run(const struct pipeline *pipeline, struct replay *replay, bool json)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct replay_report report;
    struct sp_error err = {0};
    struct meter meter;
    meter_open(&meter, replay->dry_run ? "read" : "sent", 0);
    replay->context = &meter;
    interrupt_catch();
    int failed = replay_run(pipeline, replay, &report, &err);
    meter_close(&meter);
    if (failed != 0)
        cmd_complain_error(&err);
    if (failed != 0 && err.class == SP_REJECTED)
        return EXIT_USAGE;
    if (json)
        add_json(&out, pipeline->name, replay, &report);
    else
        add_text(&out, replay, &report);
    bool printed = cmd_print(&out);
    if (!replay->dry_run && (failed != 0 || report.stopped))
        tell_how_to_go_on(&report);
    return failed != 0 || !printed ? EXIT_AWAY : 0;
}

static int take_options(const struct args *args, struct replay *replay, const char **file, bool *json)
{
    for (int option; (option = args_next(args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h')
            return 'h';
        if (option == 'c')
            *file = optarg;
        else if (option == OPTION_FROM)
            replay->from = optarg;
        else if (option == OPTION_TO)
            replay->to = optarg;
        else if (option == OPTION_RATE && !option_parse_rate(optarg, &replay->rate))
            return args_wrong("replay", "write it as 500/s, 600/m or 1000/h", "'%s' is no rate", optarg);
        replay->dry_run |= option == OPTION_DRY_RUN;
        *json |= option == ARG_JSON;
    }
    return 0;
}

int cmd_replay(int argc, char **argv)
{
    struct args args = {"replay", cmd_replay_options, argc, argv};
    struct replay replay = {.pause = interrupt_pause, .tell_progress = tell_progress, .note = tell_note};
    const char *file = NULL;
    bool json = false;
    int code = take_options(&args, &replay, &file, &json);
    if (code == 'h') {
        help_print("replay", stdout);
        return 0;
    }
    if (code != 0 || !args_count_is(&args, 0, 0, NULL))
        return EXIT_USAGE;
    if (!file)
        return args_wrong("replay", "scanpipe replay -c FILE --from PLACE --to PLACE",
                          "which pipeline? -c FILE is missing");
    if (!replay.from || !replay.to)
        return args_wrong("replay", "scanpipe replay -c FILE --from PLACE --to PLACE", "--%s is missing",
                          replay.from ? "to" : "from");
    struct pipeline *pipeline = cmd_load(file, &code);
    if (!pipeline)
        return code;
    code = run(pipeline, &replay, json);
    pipeline_free(pipeline);
    return code;
}
