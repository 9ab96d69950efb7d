/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "config/near.h"
#include "engine/holder.h"

static int cmd_help(int argc, char **argv);

static int cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    help_version();
    return 0;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", cmd_run},         {"check", cmd_check},   {"test", cmd_test},     {"plugins", cmd_plugins},
    {"dlq", cmd_dlq},         {"cursor", cmd_cursor}, {"replay", cmd_replay}, {"pause", cmd_pause},
    {"resume", cmd_resume},   {"queue", cmd_queue},   {"verify", cmd_verify}, {"table", cmd_table},
    {"migrate", cmd_migrate}, {"create", cmd_create}, {"help", cmd_help},     {"version", cmd_version},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int unknown_command(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *nearest = near_miss(name, names, COMMAND_COUNT);
    char hint[64];
    snprintf(hint, sizeof hint, "did you mean '%s'?", nearest ? nearest : "");
    return args_wrong("", nearest ? hint : NULL, "unknown command '%s'", name);
}

/* NULL: there is none of that name. */
static int (*find_command(const char *name))(int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run;
    return NULL;
}

static int cmd_help(int argc, char **argv)
{
    if (argc > 1 && !find_command(argv[1]))
        return unknown_command(argv[1]);
    help_print(argc > 1 ? argv[1] : NULL, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    holder_setup();
    if (argc < 2) {
        help_print(NULL, stderr);
        return EXIT_USAGE;
    }
    /* Without a command it is `run`. */
    if (argv[1][0] == '-')
        return cmd_run(argc, argv);
    int (*command)(int argc, char **argv) = find_command(argv[1]);
    return command ? command(argc - 1, argv + 1) : unknown_command(argv[1]);
}
