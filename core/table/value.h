/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_VALUE_H
#define TABLE_VALUE_H

/* From a JSON value to a column's value, and what there is to say where it does not fit. */

#include <scanpipe/json.h>
#include <scanpipe/table.h>

enum value_case { CASE_AS_IT_IS, CASE_UPPER, CASE_LOWER };

/* What a column asks of a value. */
struct value_rule {
    enum sp_type type;
    uint32_t length;           /* text: code points; 0: any */
    uint32_t precision, scale; /* decimal */
    int64_t tick_step;         /* timestamp: ticks are cut to multiples of it */
    enum value_case letters;   /* text: ASCII letters */
    bool required, has_default, has_min, has_max;
    struct sp_value otherwise, min, max;
};

/* The largest precision that every database of the project keeps. */
#define VALUE_MAX_PRECISION 38

/*
 * Takes the value, or the default, or NULL where there is neither.  Text points into the event where
 * nothing has to change, else into the arena.  Returns NULL, or one sentence without a subject ("is
 * not an integer, but text"), constant or in the arena.
 */
const char *value_read(const struct value_rule *rule, const struct sp_json_value *json,
                       struct sp_arena *arena, struct sp_value *out);

/* "text", "an integer", "a list", ... for messages. */
const char *value_what(const struct sp_json_value *json);

/* <0, 0, >0; both present.  Decimals by value, text by bytes. */
int value_compare(enum sp_type type, const struct sp_value *a, const struct sp_value *b);

/* For equality NULL equals NULL. */
bool value_equal(enum sp_type type, const struct sp_value *a, const struct sp_value *b);

/* Whether values of the type are text, not a number. */
bool value_is_text(enum sp_type type);

/* Reads a JSON number, or the same as text, into "-?digits[.digits]" with `scale` digits. */
const char *decimal_read(struct sp_slice number, uint32_t precision, uint32_t scale, struct sp_arena *arena,
                         struct sp_value *out);

/* Compares two decimals of one scale. */
int decimal_compare(struct sp_slice a, struct sp_slice b);

#endif
