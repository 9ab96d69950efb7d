/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_OPTION_H
#define SCANPIPE_OPTION_H

/*
 * A table of options describes a configuration struct: from it alone the core checks the YAML,
 * fills the struct, and prints the documentation.  Tables are constant.
 *
 * A name with a dot ("auth.bearer") is a key in a nested mapping.  One level of nesting, no more.
 */

#include <scanpipe/base.h>

enum sp_option_type {
    SP_OPT_STRING,     /* const char *                                                               */
    SP_OPT_SECRET,     /* const char *; never printed                                                */
    SP_OPT_INTEGER,    /* int64_t                                                                    */
    SP_OPT_BOOLEAN,    /* bool; `true` or `false`                                                    */
    SP_OPT_SIZE,       /* int64_t bytes; 512, 60KiB, 8MiB, 1GiB, 10KB, 1MB                            */
    SP_OPT_DURATION,   /* int64_t nanoseconds; 250ms, 5s, 1m30s, 2h, 1d; 0                            */
    SP_OPT_RATE,       /* struct sp_rate; 10/s, 600/m, 1000/h                                         */
    SP_OPT_ENUM,       /* int32_t, the index into choices                                            */
    SP_OPT_LIST,       /* struct sp_list of scalars                                                  */
    SP_OPT_MAP,        /* struct sp_map of scalars, in the order of the file                          */
    SP_OPT_SECRET_MAP, /* the same, values never printed                                           */
};

struct sp_rate {
    int64_t count; /* 0: no limit */
    int64_t per_ns;
};

struct sp_list {
    size_t count;
    const char *const *items;
};

struct sp_pair {
    const char *key, *value;
};

struct sp_map {
    size_t count;
    const struct sp_pair *items;
};

enum sp_option_flag {
    SP_OPT_REQUIRED = 1,
    SP_OPT_PLACE = 2, /* a string that says where the stage's data is: another value is other data */
};

/* Frozen within an ABI major: travels in arrays. */
struct sp_option {
    const char *name;
    enum sp_option_type type;
    uint32_t flags;
    size_t offset;              /* of the field in the configuration struct */
    const char *default_text;   /* as one would write it in the file; a map or list: "{/a: b}", "[a]";
                                   NULL: the field stays zero (NULL, 0, false, empty) */
    int64_t min, max;           /* integer, size, duration (ns); both 0: no bounds */
    const char *const *choices; /* enum: names, ended by NULL */
    const char *doc;            /* one line, no full stop */
    const void *reserved;
};

/* What a plugin's `check` hook finds wrong with options that are right one by one.  The core adds
 * file, line and column of the option named. */
struct sp_check;
SP_API void sp_check_fail(struct sp_check *check, const char *option, const char *format, ...)
    SP_PRINTF(3, 4);

#endif
