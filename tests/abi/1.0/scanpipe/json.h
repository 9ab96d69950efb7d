/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_JSON_H
#define SCANPIPE_JSON_H

/*
 * A scanner for JSON (RFC 8259) that validates and takes values by JSON Pointer (RFC 6901) in one
 * pass, without a tree and without copying: events pass through here, at every event's cost.  For
 * JSON that is not proportional to events use json-c.
 *
 * Strict: no comments, no trailing commas, UTF-8 is checked (RFC 3629), `\u` escapes must not leave
 * a surrogate alone, control characters in strings are errors, nesting is at most 64 deep.  Of
 * equal keys in one object the last counts, with all that is below it.  Array indices in pointers
 * work ("/items/0").
 *
 * Pure; a compiled set of paths is constant and may be shared by threads.
 */

#include <scanpipe/arena.h>
#include <scanpipe/base.h>

enum sp_json_kind {
    SP_JSON_ABSENT = 0, /* nothing is there */
    SP_JSON_NULL,
    SP_JSON_TRUE,
    SP_JSON_FALSE,
    SP_JSON_INTEGER,        /* a number without fraction and exponent, of any length */
    SP_JSON_NUMBER,         /* any other number */
    SP_JSON_STRING,         /* raw holds what is between the quotes */
    SP_JSON_STRING_ESCAPED, /* the same, and it has escapes: see sp_json_unescape */
    SP_JSON_OBJECT,
    SP_JSON_ARRAY,
};

/* Travels in arrays: frozen within an ABI major. */
struct sp_json_value {
    struct sp_slice raw; /* points into what was scanned */
    enum sp_json_kind kind;
};

struct sp_json_fault {
    size_t offset;      /* of the byte that is wrong, from the start of the input */
    const char *reason; /* constant text */
};

struct sp_json_paths;

/*
 * Compiles pointers; the answer of pointer i is found[i] of sp_json_scan().  Equal pointers are
 * allowed.  "" is the whole value.  -1 where one is no JSON Pointer: *bad says which.
 */
SP_API int sp_json_paths_new(const char *const *pointers, size_t count, struct sp_arena *arena,
                             const struct sp_json_paths **out, size_t *bad) SP_MUST_CHECK;

/* How many pointers it was compiled from. */
SP_API size_t sp_json_paths_count(const struct sp_json_paths *paths);

/*
 * Scans one value, with white space before it, from the start of `input`; what follows the value is
 * not looked at.  *length is set to the bytes up to the value's end.  `paths` may be NULL (only
 * validate); `found` has one entry a pointer.  -1: not JSON, *fault says where and why; `found`
 * then has what was complete before the fault.
 */
SP_API int sp_json_scan(const struct sp_json_paths *paths, struct sp_slice input, struct sp_json_value *found,
                        size_t *length, struct sp_json_fault *fault) SP_MUST_CHECK;

/* As sp_json_scan, and nothing but white space may follow the value. */
SP_API int sp_json_scan_whole(const struct sp_json_paths *paths, struct sp_slice input,
                              struct sp_json_value *found, struct sp_json_fault *fault) SP_MUST_CHECK;

/* The text of a scanned string, decoded; points into raw where there was no escape, else into the
 * arena.  May hold NUL bytes.  Never fails: the scan has checked it. */
SP_API struct sp_slice sp_json_unescape(const struct sp_json_value *value, struct sp_arena *arena);

/* The value of an integer; false where it does not fit 64 bits (or is not SP_JSON_INTEGER). */
SP_API bool sp_json_int64(const struct sp_json_value *value, int64_t *out);

/* Appends the JSON string for `text`, quotes included, to the arena; invalid UTF-8 becomes U+FFFD. */
SP_API struct sp_slice sp_json_quote(struct sp_slice text, struct sp_arena *arena);

/* "object", "string", "number", ... for messages. */
SP_API const char *sp_json_kind_name(enum sp_json_kind kind);

#endif
