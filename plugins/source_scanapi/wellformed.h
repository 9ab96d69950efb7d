/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_WELLFORMED_H
#define SCANAPI_WELLFORMED_H

/* What an event must have to be one: rules for values by JSON Pointer.  Pure. */

#include <scanpipe/json.h>
#include <scanpipe/option.h>

enum rule_kind {
    RULE_POSITIVE,  /* an integer of 64 bits above 0 */
    RULE_INTEGER,   /* an integer of 64 bits */
    RULE_TEXT,      /* a string that is not blank */
    RULE_TIMESTAMP, /* a string with an RFC 3339 time */
};

struct rules {
    const struct sp_json_paths *paths; /* of the rules, in their order */
    size_t count;
    const char **pointers;
    enum rule_kind *kinds;
    size_t id; /* the rule that belongs to the event's id */
};

/* False: there is no such rule. */
bool rule_kind_of(const char *name, enum rule_kind *out);

/* "positive, integer, text or timestamp" */
const char *rule_kind_names(void);

/* NULL, or what is wrong with a JSON Pointer. */
const char *pointer_fault(const char *pointer);

/* The map is right: see config_check.  All of it lives in the arena, but for the map's own texts. */
void rules_compile(const struct sp_map *well_formed, const char *id, struct sp_arena *arena,
                   struct rules *out);

/*
 * NULL where the event keeps all rules; else why not, and *pointer_out says which field is to blame.
 * The text is in the arena or constant.
 */
const char *rules_judge(const struct rules *rules, const struct sp_json_value *found, struct sp_arena *arena,
                        const char **pointer_out);

#endif
