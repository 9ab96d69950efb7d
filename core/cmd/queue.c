/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/queue.h"

#include "cmd/args.h"

enum { OPTION_QUICK = 300, OPTION_MESSAGES, OPTION_OUTPUT, OPTION_APPLY, OPTION_DRY_RUN };

const struct arg_option cmd_queue_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("quick", OPTION_QUICK, NULL, "do not look at every index and message", .words = "check"),
    ARG_OPTION("messages", OPTION_MESSAGES, NULL,
               "messages with their attributes, and what is lost, as JSON objects", .words = "export"),
    ARG_OPTION("output", OPTION_OUTPUT, "FILE", "write there; FILE must not be there yet", .words = "export"),
    ARG_OPTION("apply", OPTION_APPLY, NULL, "do it; every process that uses the file must have ended",
               .words = "repair"),
    ARG_OPTION("dry-run", OPTION_DRY_RUN, NULL, "say what 'create' would do", .words = "create"),
    ARG_OPTION("json", ARG_JSON, NULL, "one JSON object"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

/* What is missing. */
static int check_words(const struct queue_options_given *given, const char *act)
{
    if (!given->file)
        return args_wrong("queue", "scanpipe queue check -c FILE", "which pipeline? -c FILE is missing");
    if (given->json && strcmp(act, "export") == 0 && !given->output)
        return args_wrong("queue", "the events are JSON anyway; the summary is with --output FILE --json",
                          "'queue export --json' needs --output");
    return 0;
}

static bool can(const struct pipeline *pipeline)
{
    const struct sp_queue_ops *ops = pipeline->queue.plugin->about.queue;
    return ops->check && ops->salvage && ops->repair;
}

static int run(const struct queue_options_given *given, const char *act)
{
    struct sp_error err = {0};
    struct hand hand;
    int code;
    struct pipeline *pipeline = cmd_load(given->file, &code);
    if (!pipeline)
        return code;
    code = 0;
    if (strcmp(act, "create") == 0) {
        code = queue_do_create(pipeline, given);
    } else if (can(pipeline)) {
        if (hand_open(&hand, &pipeline->queue, &err) != 0) {
            cmd_complain_error(&err);
            code = EXIT_AWAY;
        } else {
            code = strcmp(act, "check") == 0    ? queue_do_check(pipeline, &hand, given)
                   : strcmp(act, "export") == 0 ? queue_do_export(pipeline, &hand, given)
                                                : queue_do_repair(pipeline, &hand, given);
            hand_close(&hand);
        }
    } else if (!queue_tell_nothing(pipeline, given, strcmp(act, "check") == 0)) {
        code = EXIT_AWAY;
    }
    pipeline_free(pipeline);
    return code;
}

int cmd_queue(int argc, char **argv)
{
    static const char *const acts[] = {"check", "export", "repair", "create"};
    struct args args = {"queue", cmd_queue_options, argc, argv};
    struct queue_options_given given = {0};
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("queue", stdout);
            return 0;
        }
        if (option == 'c')
            given.file = optarg;
        if (option == OPTION_OUTPUT)
            given.output = optarg;
        given.quick |= option == OPTION_QUICK;
        given.messages |= option == OPTION_MESSAGES;
        given.apply |= option == OPTION_APPLY;
        given.dry_run |= option == OPTION_DRY_RUN;
        given.json |= option == ARG_JSON;
    }
    if (!args_count_is(&args, 1, 1, "what to do ('check', 'export', 'repair' or 'create')"))
        return EXIT_USAGE;
    int act = args_choice(&args, "'queue'", argv[optind], acts, 4);
    int code = act < 0 || !args_fit(&args, acts[act]) ? EXIT_USAGE : check_words(&given, acts[act]);
    return code != 0 ? code : run(&given, acts[act]);
}
