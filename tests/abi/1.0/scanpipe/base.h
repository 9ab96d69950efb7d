/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_BASE_H
#define SCANPIPE_BASE_H

/*
 * What every other public header builds on: attributes, slices, scoped cleanup.
 *
 * Conventions of all public functions, unless their comment says otherwise:
 *   - they return 0, or -1 with `err` filled; outputs are untouched on failure;
 *   - times are nanoseconds, and deadlines are points of sp_clock_now();
 *   - text is UTF-8; `const char *` is terminated by NUL, a slice is not.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* C++ reserves the word `class`: there, the members of that name are called class_. */
#ifdef __cplusplus
#define SP_API   extern "C" __attribute__((visibility("default")))
#define SP_CLASS class_
#else
#define SP_API   __attribute__((visibility("default")))
#define SP_CLASS class
#endif
#define SP_MUST_CHECK                  __attribute__((warn_unused_result))
#define SP_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* Runs `function(&variable)` when the variable leaves its scope. */
#define SP_AUTO(function) __attribute__((cleanup(function)))

#define SP_SECOND      INT64_C(1000000000)
#define SP_MILLISECOND INT64_C(1000000)

/*
 * A run of bytes that belongs to somebody else.  `data` may be NULL only where `size` is 0.
 * Travels in arrays: frozen within an ABI major.
 */
struct sp_slice {
    const char *data;
    size_t size;
};

static inline struct sp_slice sp_slice_of(const char *text)
{
    struct sp_slice slice = {text, text ? strlen(text) : 0};
    return slice;
}

static inline bool sp_slice_equal(struct sp_slice a, struct sp_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
