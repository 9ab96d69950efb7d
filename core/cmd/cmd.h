/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

/* What the commands have in common.  Each command is a function of its own arguments, without the
 * program's name, and returns the exit code. */

#include "base/buffer.h"
#include "cmd/args.h"
#include "engine/pipeline.h"

#include <stdio.h>
#include <sysexits.h>

/* sysexits has the names; these are what they mean here. */
enum exit_code {
    EXIT_USAGE = EX_USAGE,      /* 64 */
    EXIT_REJECTED = EX_DATAERR, /* 65: events were rejected, and --fail-on-rejected was given; or verify found
                                   something, or a queue is damaged */
    EXIT_NO_INPUT = EX_NOINPUT, /* 66: no such file */
    EXIT_AWAY = EX_UNAVAILABLE, /* 69: a command's server is away or refuses; its output cannot be written */
    EXIT_BUG = EX_SOFTWARE,     /* 70 */
    EXIT_CONFIG = EX_CONFIG,    /* 78: whatever is wrong in the file, its variables, files or plugins */
};

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_plugins(int argc, char **argv);
int cmd_dlq(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_cursor(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_table(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* What each of them understands. */
extern const struct arg_option cmd_run_options[];
extern const struct arg_option cmd_check_options[];
extern const struct arg_option cmd_test_options[];
extern const struct arg_option cmd_plugins_options[];
extern const struct arg_option cmd_dlq_options[];
extern const struct arg_option cmd_verify_options[];
extern const struct arg_option cmd_cursor_options[];
extern const struct arg_option cmd_replay_options[];
extern const struct arg_option cmd_pause_options[];
extern const struct arg_option cmd_resume_options[];
extern const struct arg_option cmd_queue_options[];
extern const struct arg_option cmd_table_options[];
extern const struct arg_option cmd_migrate_options[];
extern const struct arg_option cmd_completion_options[];
extern const struct arg_option cmd_create_options[];

/* Prints the help of a command; NULL is the program's own. */
void help_print(const char *command, FILE *out);
void help_version(void);

/* Complains, with the nearest one.  Returns EXIT_USAGE. */
int help_unknown_command(const char *name);

/* Where this program finds its plugins. */
void folders_setup(void);

/*
 * Loads the pipeline and prints what is wrong, warnings too, to standard error.  NULL: *exit_out says
 * how to end.  From here on a command that waits for a stage says so.
 */
struct pipeline *cmd_load(const char *path, int *exit_out);

/* "scanpipe: <text>" to standard error, and where there is one, a line with the hint. */
void cmd_complain(const char *hint, const char *format, ...) SP_PRINTF(2, 3);
void cmd_complain_error(const struct sp_error *err);

/* Text that comes from outside and goes to people: control characters, what is not well-formed and
 * what turns the direction of writing become \x1b and the like. */
void cmd_add_escaped(struct buffer *out, struct sp_slice text);

/* `,"name":"text"` of a JSON object; nothing where the text is NULL. */
void cmd_add_member(struct buffer *out, const char *name, const char *text);

/* Writes it to standard output; false (told) where that cannot be. */
bool cmd_print(const struct buffer *text);

/* "45 events", "1 event". */
const char *cmd_plural(uint64_t count);

/* Columns of the terminal that standard error is; 80 where it is none. */
size_t cmd_terminal_width(void);

#endif
