/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * The scanner on any bytes: it never reads outside of them, and what it finds lies within them.  Each
 * run copies the input to a block of just its size, so that a sanitizer sees the first byte too many.
 */

#include "base/arena.h"

#include <assert.h>
#include <scanpipe/json.h>
#include <scanpipe/time.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const pointers[] = {
    "",     "/EventId", "/ParcelId", "/Type",    "/CreatedDateTimeUtc", "/User/RunId", "/a/0/b", "/a",
    "/a/1", "/~0~1",    "/",         "/\xc3\xa9"};
#define POINTERS (sizeof pointers / sizeof *pointers)

static void check_text(const struct sp_json_value *value, struct sp_arena *arena)
{
    struct sp_slice text = sp_json_unescape(value, arena);
    assert(text.size <= value->raw.size);
    /* What was decoded and is quoted again is the same text. */
    struct sp_slice quoted = sp_json_quote(text, arena), again;
    struct sp_json_value found;
    struct sp_json_fault fault;
    const struct sp_json_paths *whole;
    size_t bad;
    if (sp_json_paths_new(pointers, 1, arena, &whole, &bad) != 0 ||
        sp_json_scan_whole(whole, quoted, &found, &fault) != 0)
        abort();
    again = sp_json_unescape(&found, arena);
    assert(sp_slice_equal(text, again));
    int64_t ticks;
    if (!sp_time_parse(text, &ticks)) {
        char time[SP_TIME_TEXT_SIZE];
        int64_t reread = -1;
        const char *wrong = sp_time_parse((struct sp_slice){time, sp_time_format(ticks, 7, time)}, &reread);
        assert(!wrong && reread == ticks);
    }
}

static void check_found(struct sp_slice input, size_t length, const struct sp_json_value *found,
                        struct sp_arena *arena)
{
    for (size_t i = 0; i < POINTERS; i++) {
        if (found[i].kind == SP_JSON_ABSENT)
            continue;
        assert(found[i].raw.data >= input.data);
        assert(found[i].raw.data + found[i].raw.size <= input.data + length);
        int64_t number;
        sp_json_int64(&found[i], &number);
        if (found[i].kind == SP_JSON_STRING || found[i].kind == SP_JSON_STRING_ESCAPED)
            check_text(&found[i], arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sp_json_paths *paths;
    static struct sp_arena *kept, *arena;
    size_t bad, length = 0, plain_length = 0;
    if (!paths) {
        kept = arena_new(4096);
        arena = arena_new(4096);
        if (sp_json_paths_new(pointers, POINTERS, kept, &paths, &bad) != 0)
            abort();
    }
    arena_reset(arena, 1 << 20);
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    struct sp_slice input = {copy, size};
    struct sp_json_value found[POINTERS];
    struct sp_json_fault fault = {0}, plain_fault = {0};
    int failed = sp_json_scan(paths, input, found, &length, &fault);
    int plain_failed = sp_json_scan(NULL, input, NULL, &plain_length, &plain_fault);
    assert(failed == plain_failed && length == plain_length && fault.offset == plain_fault.offset);
    assert(fault.offset <= size && length <= size);
    assert(!failed || fault.reason);
    check_found(input, failed ? size : length, found, arena);
    free(copy);
    return 0;
}
