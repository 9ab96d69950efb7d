/* SPDX-License-Identifier: Apache-2.0 */
/* Slicing: whatever the page, its elements come in order, never overlap, and leave out only commas and
 * white space; what came is all of the array where its end was found. */
#include <config.h>

#include "../../plugins/source_scanapi/judge.h"
#include "base/arena.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool only_separators(const char *from, const char *to)
{
    for (; from < to; from++)
        if (!strchr(" \t\r\n,", *from))
            return false;
    return true;
}

static void check_elements(struct sp_slice body, const struct elements *elements)
{
    const char *at = NULL, *end = body.data + body.size;
    for (size_t i = 0; i < elements->count; i++) {
        const struct element *element = &elements->items[i];
        struct sp_slice bytes = element->bytes;
        assert(bytes.size > 0 && bytes.data >= body.data && bytes.data + bytes.size <= end);
        assert(!at || (bytes.data >= at && only_separators(at, bytes.data)));
        assert(element->reason || *bytes.data == '{');
        assert(element->reason || element->id > 0);
        at = bytes.data + bytes.size;
    }
    assert(elements->certain <= elements->count && elements->count <= elements->at_most);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sp_pair pairs[] = {{"/EventId", "positive"},
                                           {"/ParcelId", "positive"},
                                           {"/Type", "text"},
                                           {"/CreatedDateTimeUtc", "timestamp"}};
    static const struct sp_map well_formed = {4, pairs};
    static const uint64_t key[2] = {1, 2};
    struct sp_arena *arena = arena_new(4096);
    struct rules rules;
    struct elements elements;
    struct sp_json_fault fault = {0};
    rules_compile(&well_formed, "/EventId", arena, &rules);
    struct judging judging = {"/ScanEvents", &rules, key, 10};
    struct sp_slice body = {(const char *)data, size};
    if (judge_page(&judging, body, arena, &elements, &fault) == PAGE_END)
        check_elements(body, &elements);
    else
        assert(fault.reason && fault.offset <= size);
    arena_free(arena);
    return 0;
}
