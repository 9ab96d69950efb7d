/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_CONDITION_H
#define TABLE_CONDITION_H

/*
 * `when` and `where`: what an event must hold.
 *
 * All pointers must hold; a pointer holds when its value is any of the texts.  Strings, numbers and
 * booleans are compared as they are written, the case of ASCII letters is ignored; a null in the file
 * stands for what is missing or null.
 */

#include "config/yaml.h"
#include <scanpipe/json.h>

/* The distinct pointers of a table; a pointer's number is its place in the answers of a scan. */
struct pointer_list {
    const char **items;
    size_t count, capacity;
};

uint32_t pointer_list_add(struct pointer_list *list, const char *pointer, struct sp_arena *arena);

struct condition {
    const char *pointer;
    uint32_t path;
    const struct sp_slice *texts; /* in lower case, sorted, each once */
    size_t count;
    bool or_nothing;
};

struct conditions {
    const struct condition *items; /* sorted by pointer */
    size_t count;                  /* 0: always */
    const char *text;              /* JSON; equal where the conditions are */
};

/* Compiles the mapping of a `when` or `where` (`what`); node NULL is "always".  What is wrong goes to
 * diag. */
void conditions_compile(const struct yaml_node *node, const char *what, struct pointer_list *pointers,
                        struct diag *diag, struct sp_arena *arena, struct conditions *out);

bool conditions_hold(const struct conditions *conditions, const struct sp_json_value *found,
                     struct sp_arena *arena);

/* Whether the text is a JSON Pointer; where not, tells it. */
bool pointer_check(const struct yaml_node *node, struct diag *diag, struct sp_arena *arena);

#endif
