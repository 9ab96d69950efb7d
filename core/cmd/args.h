/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_ARGS_H
#define CMD_ARGS_H

/* Options from a table, from which their help and their completion in shells are made too; reading them has
 * messages that help: the nearest option, and which command's help to read. */

#include <scanpipe/base.h>

#include <getopt.h>

struct arg_option {
    const char *name;
    int value;            /* its letter, or a number above 255 */
    const char *argument; /* how its value is called; FILE or DIR, for one; NULL: it has none */
    const char *doc;      /* a few words, no full stop */
    const char *words;    /* of the command's words, those that it belongs to; NULL: to all */
    const char *choices;  /* what the value may be, with spaces between; NULL: anything */
};

/* The doc, and what may be said beside it: .words = "set", .choices = "text json". */
#define ARG_OPTION(name_, value_, argument_, ...)                                                            \
    {                                                                                                        \
        .name = (name_), .value = (value_), .argument = (argument_), .doc = __VA_ARGS__                      \
    }
#define ARG_CONFIG_OPTION ARG_OPTION("config", 'c', "FILE", "the pipeline's file")
#define ARG_HELP_OPTION   ARG_OPTION("help", 'h', NULL, "print a summary")
#define ARG_END_OPTION    ARG_OPTION(NULL, 0, NULL, NULL)

struct args {
    const char *command;              /* whose help is pointed at */
    const struct arg_option *options; /* ended by ARG_END_OPTION, at most ARGS_MOST; help is in all */
    int argc;
    char **argv;
};
enum { ARGS_MOST = 32 };

/* Options without a letter. */
enum {
    ARG_UNTIL_CAUGHT_UP = 256,
    ARG_FAIL_ON_REJECTED,
    ARG_ABANDON,
    ARG_LOG_FORMAT,
    ARG_LOG_LEVEL,
    ARG_PROGRESS,
    ARG_JSON,
    ARG_VERSION,
};

/* Ends of the options, beside their values. */
enum { ARGS_END = -1, ARGS_WRONG = -2 };

/* Whether `name` is one of the words, which have spaces between; of no words each is. */
bool args_word_is(const char *words, const char *name);

/* The next option's value, ARGS_END, or ARGS_WRONG after a message.  'h' is left to the caller. */
int args_next(const struct args *args);

/* Whether each option that was given belongs to this word of the command, as the table says; else says so.
 * For when all were read: it reads them again. */
bool args_fit(const struct args *args, const char *word);

/* The index of `text` among the names, or -1 after a message. */
int args_choice(const struct args *args, const char *option, const char *text, const char *const *names,
                size_t count);

/* Whether the arguments behind the options are from `least` to `most`; else says so. */
bool args_count_is(const struct args *args, int least, int most, const char *what);

/* Complains and points at the help.  Returns EXIT_USAGE. */
int args_wrong(const char *command, const char *hint, const char *format, ...) SP_PRINTF(3, 4);

#endif
