/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_ODBC_JSON_H
#define LIB_ODBC_JSON_H

/*
 * JSON in ASCII: what is none is escaped, so that every driver carries it whatever it takes the charset to
 * be.  Memory that runs out ends the process, as it does for an arena.  Pure.
 */

#include <scanpipe/base.h>

struct odbc_json {
    char *data; /* ended by a NUL where there is any */
    size_t size, room;
};

void json_fini(struct odbc_json *json);
/* Empty again; gives memory back that only a rare large text needed. */
void json_clear(struct odbc_json *json);

/* As it is: "[", "{\"part\":"; inline, so that nobody counts the bytes of a constant. */
void json_add(struct odbc_json *json, const char *data, size_t size);
static inline void json_raw(struct odbc_json *json, const char *text)
{
    json_add(json, text, strlen(text));
}
void json_number(struct odbc_json *json, int64_t number);
/* A string; the text is UTF-8, and what is not becomes U+FFFD. */
void json_string(struct odbc_json *json, const char *text, size_t size);
/* A string of hexadecimal digits. */
void json_hex(struct odbc_json *json, const void *data, size_t size);

/* Members: `name` with its comma or brace: ",\"stage\":" */
void json_text_member(struct odbc_json *json, const char *name, const char *text); /* NULL: null */
void json_number_member(struct odbc_json *json, const char *name, int64_t number);

#endif
