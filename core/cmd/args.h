/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_ARGS_H
#define CMD_ARGS_H

/* getopt_long with messages that help: the nearest option, and which command's help to read. */

#include <scanpipe/base.h>

#include <getopt.h>

struct args {
    const char *command; /* whose help is pointed at */
    const char *short_options;
    const struct option *long_options; /* ended by zeros; help is 'h' in all */
    int argc;
    char **argv;
};

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

/* The next option's value, ARGS_END, or ARGS_WRONG after a message.  'h' is left to the caller. */
int args_next(const struct args *args);

/* The index of `text` among the names, or -1 after a message. */
int args_choice(const struct args *args, const char *option, const char *text, const char *const *names,
                size_t count);

/* Whether the arguments behind the options are from `least` to `most`; else says so. */
bool args_count_is(const struct args *args, int least, int most, const char *what);

/* Complains and points at the help.  Returns EXIT_USAGE. */
int args_wrong(const char *command, const char *hint, const char *format, ...) SP_PRINTF(3, 4);

#endif
