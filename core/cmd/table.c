/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/args.h"
#include "cmd/cmd.h"

#include "base/arena.h"
#include "ops/hand.h"

const struct arg_option cmd_table_options[] = {
    ARG_CONFIG_OPTION,
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

/* False, told: the file says of no table how to make it. */
static bool has_table(const struct pipeline *pipeline)
{
    const struct plugin *sink = pipeline->sink.plugin;
    if (!sink)
        cmd_complain("name the file that has it", "%s has no sink, so it has no table", pipeline->path);
    else if (!pipeline->table)
        cmd_complain("add a `table` block to the pipeline", "%s has no table", pipeline->path);
    else if (!sink->about.sink->describe)
        cmd_complain(NULL, "the sink '%s' makes no table", sink->about.name);
    else
        return true;
    return false;
}

static int print_table(const struct pipeline *pipeline)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    SP_AUTO(hand_close) struct hand hand = {0};
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct sp_error err = {0};
    const char *sql = NULL;
    if (!has_table(pipeline))
        return EXIT_CONFIG;
    if (hand_open(&hand, &pipeline->sink, &err) != 0 ||
        pipeline->sink.plugin->about.sink->describe(hand.handle, arena, &sql, &err) != 0) {
        cmd_complain_error(&err);
        return EXIT_CONFIG;
    }
    buffer_add_text(&out, sql);
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}

int cmd_table(int argc, char **argv)
{
    struct args args = {"table", cmd_table_options, argc, argv};
    const char *file = NULL;
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("table", stdout);
            return 0;
        }
        file = optarg;
    }
    if (!args_count_is(&args, 0, 0, NULL))
        return EXIT_USAGE;
    if (!file)
        return args_wrong("table", "scanpipe table -c FILE", "which pipeline? -c FILE is missing");
    int code;
    struct pipeline *pipeline = cmd_load(file, &code);
    if (!pipeline)
        return code;
    code = print_table(pipeline);
    pipeline_free(pipeline);
    return code;
}
