/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/migrate.h"

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "config/options.h"

#include <inttypes.h>

enum { OPTION_DRY_RUN = 300, OPTION_REBUILD };

const struct arg_option cmd_migrate_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("dry-run", OPTION_DRY_RUN, NULL, "change nothing, print what would be done"),
    ARG_OPTION(
        "rebuild", OPTION_REBUILD, NULL,
        "where the key, the order, a type or a rule of the `table` block has changed: put the table aside as NAME_before_TIME, make it afresh, and set the cursor back to the start. Every process of the pipeline must have ended"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

/* What is printed is SQL, with comments. */
static void add_plan(void *context, const char *stage, const char *plan)
{
    buffer_printf(context, "-- %s%s\n%s", stage, *plan ? "" : ": nothing to do", plan);
}

static void add_step(void *context, const char *text)
{
    buffer_add_text(context, "-- ");
    cmd_add_escaped(context, sp_slice_of(text));
    buffer_add_char(context, '\n');
}

static void tell_watching(void *context, const struct holder *holder, int64_t lease_ns)
{
    char lease[32];
    SP_AUTO(buffer_fini) struct buffer host = {0};
    (void)context;
    option_format_duration(lease_ns, lease);
    cmd_add_escaped(&host, sp_slice_of(holder->host));
    fprintf(stderr,
            "process %" PRId64 " on %s held the cursor last; watching for up to %s whether it still does\n",
            holder->pid, buffer_text(&host), lease);
}

static int run(struct migrate *migrate)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct sp_error err = {0};
    migrate->context = &out;
    int failed = migrate_run(migrate, &err);
    bool printed = cmd_print(&out);
    if (failed != 0)
        cmd_complain_error(&err);
    return failed != 0 || !printed ? EXIT_AWAY : 0;
}

int cmd_migrate(int argc, char **argv)
{
    struct args args = {"migrate", cmd_migrate_options, argc, argv};
    struct migrate migrate = {.tell_plan = add_plan, .tell_step = add_step, .watching = tell_watching};
    const char *file = NULL;
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("migrate", stdout);
            return 0;
        }
        if (option == 'c')
            file = optarg;
        migrate.dry_run |= option == OPTION_DRY_RUN;
        migrate.rebuild |= option == OPTION_REBUILD;
    }
    if (!args_count_is(&args, 0, 0, NULL))
        return EXIT_USAGE;
    if (!file)
        return args_wrong("migrate", "scanpipe migrate -c FILE", "which pipeline? -c FILE is missing");
    int code;
    struct pipeline *pipeline = cmd_load(file, &code);
    if (!pipeline)
        return code;
    migrate.pipeline = pipeline;
    code = run(&migrate);
    pipeline_free(pipeline);
    return code;
}
