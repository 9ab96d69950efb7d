/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "engine/holder.h"

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
    const struct command *command = command_find(argv[1]);
    return command ? command->run(argc - 1, argv + 1) : help_unknown_command(argv[1]);
}
