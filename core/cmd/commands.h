/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

/* The commands: what runs them, and what may be written behind them. */

#include "cmd/args.h"

/* What follows a command and its word. */
enum command_rest {
    REST_NOTHING,
    REST_FILES,
    REST_PLUGIN,  /* the name of a plugin, whose kind is the word */
    REST_COMMAND, /* the name of a command */
    REST_KIND,    /* a kind of plugin that there are templates of */
};
#define TEMPLATE_KINDS "sink source"

struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* its own arguments, without the program's name */
    const struct arg_option *options;
    const char *words; /* one of these comes first, with spaces between; NULL: none does */
    enum command_rest rest;
    const char *summary; /* a few words, no full stop */
};

/* Ended by one without a name. */
extern const struct command commands[];

/* NULL: there is none of that name. */
const struct command *command_find(const char *name);

#endif
