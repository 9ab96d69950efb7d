/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/commands.h"

#include "cmd/cmd.h"

static const struct arg_option no_options[] = {ARG_END_OPTION};

static int cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    help_version();
    return 0;
}

const struct command commands[] = {
    {"run", cmd_run, cmd_run_options, NULL, REST_NOTHING, "run the pipeline"},
    {"check", cmd_check, cmd_check_options, NULL, REST_NOTHING, "find every mistake in the file"},
    {"test", cmd_test, cmd_test_options, NULL, REST_FILES, "show the rows and rejections of some events"},
    {"plugins", cmd_plugins, cmd_plugins_options, "source queue sink state letters pipeline", REST_PLUGIN,
     "list plugins, or show the options of one"},
    {"dlq", cmd_dlq, cmd_dlq_options, "list show export redrive purge", REST_NOTHING, "the dead letters"},
    {"cursor", cmd_cursor, cmd_cursor_options, "show set rewind", REST_NOTHING,
     "how far the source was read; move that"},
    {"replay", cmd_replay, cmd_replay_options, NULL, REST_NOTHING, "send a range of the source again"},
    {"pause", cmd_pause, cmd_pause_options, "ingest deliver", REST_NOTHING, "hold a half of the pipeline"},
    {"resume", cmd_resume, cmd_resume_options, "ingest deliver", REST_NOTHING, "let it go on"},
    {"queue", cmd_queue, cmd_queue_options, "check export repair create", REST_NOTHING,
     "look after the embedded queue's file, or make a queue on its server"},
    {"verify", cmd_verify, cmd_verify_options, NULL, REST_NOTHING,
     "compare the table with what the source says"},
    {"migrate", cmd_migrate, cmd_migrate_options, NULL, REST_NOTHING,
     "make the tables, bring older ones up to date"},
    {"table", cmd_table, cmd_table_options, NULL, REST_NOTHING, "the statement that makes the sink's table"},
    {"create", cmd_create, cmd_create_options, "plugin", REST_KIND, "a plugin of your own, to begin with"},
    {"completion", cmd_completion, cmd_completion_options, "bash zsh fish", REST_NOTHING,
     "what makes a shell complete all this"},
    {"help", cmd_help, no_options, NULL, REST_COMMAND, "a summary, or that of a command"},
    {"version", cmd_version, no_options, NULL, REST_NOTHING, "the version"},
    {.name = NULL},
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}
