/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "ops/halves.h"

enum { OPTION_STATUS = 300 };

const struct arg_option cmd_pause_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("status", OPTION_STATUS, NULL, "only say what is paused"),
    ARG_OPTION("json", ARG_JSON, NULL, "one JSON object"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

const struct arg_option cmd_resume_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("json", ARG_JSON, NULL, "one JSON object"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

static const char *state_of(bool paused)
{
    return paused ? "paused" : "at work";
}

static void add_half(struct buffer *out, const char *name, bool before, bool after)
{
    buffer_printf(out, "%-8s %s%s\n", name, state_of(after),
                  before == after ? "" : (before ? ", was paused" : ", was at work"));
}

static void add_text(struct buffer *out, enum halves_act act, const struct halves_report *report)
{
    add_half(out, "ingest", report->before.ingest, report->after.ingest);
    add_half(out, "deliver", report->before.deliver, report->after.deliver);
    if (report->unreadable)
        buffer_add_text(out, "what was there could not be read, and was replaced\n");
    if (act == HALVES_PAUSE && !report->written)
        buffer_add_text(out, "nothing was changed\n");
}

static void add_pause_json(struct buffer *out, const char *name, const struct pause *pause)
{
    buffer_printf(out, ",\"%s\":{\"ingest\":%s,\"deliver\":%s}", name, pause->ingest ? "true" : "false",
                  pause->deliver ? "true" : "false");
}

static void add_json(struct buffer *out, const char *pipeline, const struct halves_report *report)
{
    buffer_add_text(out, "{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(pipeline));
    add_pause_json(out, "paused_before", &report->before);
    add_pause_json(out, "paused", &report->after);
    buffer_printf(out, ",\"written\":%s}\n", report->written ? "true" : "false");
}

static int run(const char *file, enum halves_act act, const struct pause *which, bool json)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct halves_report report;
    struct sp_error err = {0};
    int code;
    struct pipeline *pipeline = cmd_load(file, &code);
    if (!pipeline)
        return code;
    code = 0;
    if (halves_run(pipeline, act, which, &report, &err) != 0) {
        cmd_complain_error(&err);
        code = EXIT_AWAY;
    } else if (json) {
        add_json(&out, pipeline->name, &report);
    } else {
        add_text(&out, act, &report);
    }
    pipeline_free(pipeline);
    return code == 0 && !cmd_print(&out) ? EXIT_AWAY : code;
}

/* Neither half named means both. */
static bool take_half(const struct args *args, struct pause *which)
{
    static const char *const names[] = {"ingest", "deliver"};
    *which = (struct pause){true, true};
    if (!args_count_is(args, 0, 1, NULL))
        return false;
    if (optind == args->argc)
        return true;
    int half = args_choice(args, args->command, args->argv[optind], names, 2);
    *which = (struct pause){half == 0, half == 1};
    return half >= 0;
}

static int command(const struct args *args, enum halves_act act)
{
    const char *file = NULL;
    bool json = false;
    char hint[40];
    struct pause which;
    for (int option; (option = args_next(args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print(args->command, stdout);
            return 0;
        }
        if (option == 'c')
            file = optarg;
        json |= option == ARG_JSON;
        act = option == OPTION_STATUS ? HALVES_LOOK : act;
    }
    if (!take_half(args, &which))
        return EXIT_USAGE;
    snprintf(hint, sizeof hint, "scanpipe %s -c FILE", args->command);
    if (!file)
        return args_wrong(args->command, hint, "which pipeline? -c FILE is missing");
    return run(file, act, &which, json);
}

int cmd_pause(int argc, char **argv)
{
    return command(&(struct args){"pause", cmd_pause_options, argc, argv}, HALVES_PAUSE);
}

int cmd_resume(int argc, char **argv)
{
    return command(&(struct args){"resume", cmd_resume_options, argc, argv}, HALVES_RESUME);
}
