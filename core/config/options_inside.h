/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_OPTIONS_INSIDE_H
#define CONFIG_OPTIONS_INSIDE_H

/* What the parts of the option reader share. */

#include "config/options.h"

struct reading {
    const struct yaml_node *mapping; /* NULL: nothing was written */
    struct mark where;
    const struct option_set *sets;
    size_t count;
    const char *const *ignore; /* may be NULL */
    struct diag *diag;
    struct sp_arena *arena;
};

/* A name's parts: "auth" and "bearer", or "" and "url". */
struct option_name {
    char group[64];
    const char *key;
};
struct option_name option_name_of(const char *name);

/* The value of an option, a dotted name's too, or NULL. */
struct yaml_node *option_node(const struct yaml_node *mapping, const char *name);

bool option_is_secret(const struct sp_option *option);

/* Tells of keys that no table knows, each with what was probably meant, and of groups that are none. */
void options_tell_unknown(const struct reading *reading);

/* Whether a key in the file was told to be a misspelling of this option. */
bool options_is_misspelt(const struct reading *reading, const char *name);

/* "a duration", "one of text, json", and "a duration such as 250ms, ...": what the value must be. */
void option_add_type(const struct sp_option *option, struct buffer *out);
void option_add_example(const struct sp_option *option, struct buffer *out);

/* "10ms to 1d", "at least 1"; nothing where there are no bounds. */
void option_add_range(const struct sp_option *option, struct buffer *out);

/* Fills a field from one scalar's text; false where it is none of the type.  Not for lists and maps.
 * Bounds are not looked at. */
bool option_store(const struct sp_option *option, const char *text, void *field, struct sp_arena *arena);

/* Fills a list's or a map's field from a node; what is wrong with it is told. */
void option_store_many(const struct reading *reading, const struct sp_option *option,
                       const struct yaml_node *node, void *field);

/* "'5 sec'", "what '${X}' holds", "a list": behind "not" in a message, without a secret. */
void option_add_found(const struct sp_option *option, const struct yaml_node *node, struct buffer *out);

#endif
