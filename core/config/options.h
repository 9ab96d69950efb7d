/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

/*
 * Option tables (scanpipe/option.h) against YAML: checking, filling, describing.  The core's own
 * options are tables too, so that one checker serves all.
 */

#include "config/yaml.h"
#include <scanpipe/option.h>

/* One table and the zeroed struct that it fills.  Several can serve one mapping: a stage's own
 * options and its plugin's. */
struct option_set {
    const struct sp_option *options;
    size_t count;
    void *config;
};

/*
 * Checks every key of the mapping against the sets and fills the structs: defaults first, then the
 * file's values.  What is wrong (unknown key with its near miss, wrong type, out of range, unknown
 * choice, missing required one) is told to diag, all of it; a missing required option is told at
 * `where`.  Values live in the arena.  `mapping` may be NULL: nothing was written.
 * `ignore` names keys that somebody else reads, ended by NULL; may be NULL.
 */
void options_read(const struct yaml_node *mapping, struct mark where, const struct option_set *sets,
                  size_t count, const char *const *ignore, struct diag *diag, struct sp_arena *arena);

/* Whether two structs that one table has filled say the same. */
bool options_same(const struct sp_option *options, size_t count, const void *one, const void *other);

/* The mark of the value of an option (nested names with a dot), or `where`. */
struct mark options_mark(const struct yaml_node *mapping, struct mark where, const char *name);

/* What a plugin's check hook gets. */
struct sp_check {
    const struct yaml_node *mapping;
    struct mark where;
    struct diag *diag;
};

/* Prints one option: its name, "duration, default 5s, 10ms to 1d", and its doc. */
typedef void option_printer(struct buffer *out, const char *name, const char *facts, const char *doc);

/* Each option of the table, in its order. */
void options_describe(const struct sp_option *options, size_t count, option_printer *print,
                      struct buffer *out);

/* For people: a paragraph each, with an empty line behind it. */
option_printer option_print_text;

/* Parse single values; false where the text is none.  Pure. */
bool option_parse_size(const char *text, int64_t *out);
bool option_parse_duration(const char *text, int64_t *out);
bool option_parse_rate(const char *text, struct sp_rate *out);
bool option_parse_integer(const char *text, int64_t *out);

/* "1m30s", "64MiB": as short as it is exact. */
void option_format_duration(int64_t ns, char out[32]);
void option_format_size(int64_t bytes, char out[32]);

#endif
