/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_COMPLETION_H
#define CMD_COMPLETION_H

/* Completion in shells: the commands' tables, walked once, printed as each shell wants them. */

#include "base/buffer.h"
#include "cmd/commands.h"

struct completion_shell {
    const char *head; /* functions, before all else */
    /* A command: its words, and what follows them. */
    void (*command)(struct buffer *out, const struct command *command);
    const char *middle; /* between commands and options; may be NULL */
    /* The options behind a command and one of its words; "" before there is a word. */
    void (*options)(struct buffer *out, const struct command *command, const char *word);
    const char *tail; /* may be NULL */
};

extern const struct completion_shell completion_bash;
extern const struct completion_shell completion_zsh;
extern const struct completion_shell completion_fish;

/* The words of a command: those of `help` are all commands. */
void completion_add_words(struct buffer *out, const struct command *command);

/* Whether its value is the path of a file or of a folder. */
bool completion_is_path(const struct arg_option *option);

/* Text in single quotes, each of which becomes `quote`. */
void completion_add_quoted(struct buffer *out, const char *text, const char *quote);

#endif
