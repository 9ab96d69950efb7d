/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_INI_H
#define LIB_AWS_INI_H

/*
 * The files ~/.aws/config and ~/.aws/credentials, read as botocore reads them, that is as Python's
 * configparser does: "key = value" or "key: value", comments of '#' and ';' that have a line of their own,
 * keys in any case, deeper lines that go on with the value before them; what is there twice is wrong.  Pure.
 */

#include <scanpipe/base.h>

struct ini_entry {
    const char *section, *key; /* the key in lower case */
    const char *value;         /* lines that go on are joined by '\n' */
};

struct ini {
    struct ini_entry *entries;
    size_t count;
    char *memory;
};

struct ini_fault {
    size_t line; /* 1 on */
    const char *reason;
};

/* Copies what it keeps.  -1: *fault says where and why; nothing is to be freed. */
int ini_parse(struct sp_slice text, struct ini *out, struct ini_fault *fault) SP_MUST_CHECK;
void ini_free(struct ini *ini);

bool ini_has(const struct ini *ini, const char *section);

/* NULL: not there. */
const char *ini_get(const struct ini *ini, const char *section, const char *key);

/* The section of ~/.aws/config that is this profile's: [default], [profile NAME], [profile "NAME"], or so for
 * another kind ("services").  NULL: there is none. */
const char *ini_section(const struct ini *ini, const char *kind, const char *name);

/* One of the lines "key = value" that a value consists of where it begins with a line of its own; found: its
 * text, which is not terminated. */
bool ini_nested(const char *value, const char *key, struct sp_slice *out);

#endif
