/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/online.h"

enum { OPTION_ONLINE = 300 };

const struct arg_option cmd_check_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("online", OPTION_ONLINE, NULL,
               "ask each stage whether it is there, and what one should know of it"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

static void add_stage(struct buffer *out, const struct stage *stage)
{
    if (!stage->plugin)
        return;
    const struct sp_plugin *about = &stage->plugin->about;
    buffer_printf(out, "  %-13s %s %s (%s)\n", stage->name, about->name, about->version, about->summary);
}

static void add_table(struct buffer *out, const struct sp_table *table)
{
    size_t hidden = 0;
    for (size_t i = 0; i < table->column_count; i++)
        hidden += table->columns[i].hidden;
    size_t columns = table->column_count - hidden;
    buffer_printf(out, "  %-13s %s, %zu column%s, %zu of them the key\n", "table", table->name, columns,
                  cmd_plural(columns), table->key_count);
}

/* What a person should know of a file that has no mistake. */
static void add_notes(struct buffer *out, const struct pipeline *pipeline)
{
    if (!pipeline->source.plugin)
        buffer_add_text(out, "  no source: this process only writes what is in the queue\n");
    if (!pipeline->sink.plugin)
        buffer_add_text(out, "  no sink: this process only reads into the queue\n");
    if (pipeline->sink.plugin && pipeline->state.plugin == plugin_sibling(pipeline->sink.plugin, SP_STATE) &&
        !(pipeline->sink.plugin->capabilities.flags & SP_EMBEDDED))
        buffer_add_text(out, "  the state is in the sink's database: while that is away, nothing is read\n");
}

static void describe(struct buffer *out, const struct pipeline *pipeline)
{
    buffer_printf(out, "%s: ok\n", pipeline->path);
    buffer_printf(out, "  %-13s %s\n", "pipeline", pipeline->name);
    const struct stage *stages[] = {&pipeline->source, &pipeline->queue, &pipeline->sink, &pipeline->state,
                                    &pipeline->letters};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        add_stage(out, stages[i]);
    if (pipeline->table)
        add_table(out, table_of(pipeline->table));
    add_notes(out, pipeline);
}

static int check(const char *file, bool online)
{
    int code;
    struct pipeline *pipeline = cmd_load(file, &code);
    if (!pipeline)
        return code;
    SP_AUTO(buffer_fini) struct buffer out = {0};
    describe(&out, pipeline);
    bool well = !online || online_look(&out, pipeline);
    pipeline_free(pipeline);
    if (!cmd_print(&out))
        return EXIT_AWAY;
    return well ? 0 : EXIT_AWAY;
}

int cmd_check(int argc, char **argv)
{
    struct args args = {"check", cmd_check_options, argc, argv};
    const char *file = NULL;
    bool online = false;
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("check", stdout);
            return 0;
        }
        if (option == 'c')
            file = optarg;
        online |= option == OPTION_ONLINE;
    }
    if (!args_count_is(&args, 0, 0, NULL))
        return EXIT_USAGE;
    if (!file)
        return args_wrong("check", "scanpipe check -c FILE", "which pipeline? -c FILE is missing");
    return check(file, online);
}
