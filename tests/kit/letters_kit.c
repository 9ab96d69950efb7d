/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "letters_kit.h"

/* More pages than any scan here can need. */
#define PAGES_MAX 5000

struct letters letters_begin(struct kit *kit, const char *pipeline)
{
    struct letters letters = {.kit = kit, .ops = kit->plugin->about.letters};
    letters.pipeline = pipeline ? pipeline : kit_unique(kit);
    letters.stage = kit_load(kit, &(struct kit_wish){.pipeline = letters.pipeline});
    letters.one = kit_open(letters.stage);
    letters.other = kit_open(letters.stage);
    return letters;
}

void letters_identify(struct sp_letter *letter)
{
    SP_AUTO(buffer_fini) struct buffer bytes = {0};
    buffer_add(&bytes, letter->pipeline, strlen(letter->pipeline) + 1);
    if (letter->event.size)
        buffer_add(&bytes, letter->event.data, letter->event.size);
    sp_sha256(bytes.data, bytes.size, letter->id);
}

struct sp_letter letters_make(struct letters *letters, size_t number)
{
    struct sp_arena *arena = letters->kit->arena;
    struct sp_letter letter = {
        .event = sp_slice_of(sp_arena_printf(arena, "{\"EventId\": %zu}", number)),
        .pipeline = letters->pipeline,
        .stage = "table",
        .plugin = "sqlite",
        .class = "value",
        .reason = "is not an integer, but text",
        .column = "ParcelId",
        .pointer = "/ParcelId",
        .event_id = sp_arena_printf(arena, "%zu", number),
        .event_key = sp_arena_printf(arena, "key %zu", number),
        .cursor = sp_arena_printf(arena, "%zu", number),
        .attempts = 1,
        .first_wall_ms = 1500000000000 + (int64_t)number,
        .last_wall_ms = 1500000000000 + (int64_t)number,
    };
    letters_identify(&letter);
    return letter;
}

size_t letters_bytes(const struct letters *letters, size_t size)
{
    const int64_t limit = letters->kit->plugin->capabilities.message_bytes;
    return limit > 0 && (size_t)limit / 4 < size ? (size_t)limit / 4 : size;
}

void letters_put(struct letters *letters, void *handle, const struct sp_letter *put, size_t count)
{
    enum { MOST = 500 };
    const int64_t limit = letters->kit->plugin->capabilities.batch_messages;
    const size_t most = limit > 0 && limit < MOST ? (size_t)limit : MOST;
    struct sp_result results[MOST];
    for (size_t at = 0, some; at < count; at += some) {
        some = count - at < most ? count - at : most;
        for (size_t i = 0; i < some; i++)
            results[i] = (struct sp_result){SP_UNKNOWN, SP_NO_COLUMN, "was not answered"};
        WORKS(letters->ops->put(handle, put + at, some, results, kit_soon(letters->kit), &kit_error));
        for (size_t i = 0; i < some; i++)
            REQUIRE(results[i].class == SP_OK, "letter %zu of %zu is not stored: %s", i, some,
                    results[i].text ? results[i].text : sp_class_name(results[i].class));
    }
}

struct found letters_scan(struct letters *letters, void *handle, const struct sp_letter_filter *filter,
                          size_t page)
{
    struct sp_arena *arena = letters->kit->arena;
    struct sp_letter *all = NULL;
    size_t count = 0, pages = 0;
    struct sp_slice after = {0}, next = {0};
    do {
        const struct sp_letter *some = NULL;
        size_t some_count = 0;
        WORKS(letters->ops->scan(handle, filter, after, page, arena, &some, &some_count, &next,
                                 kit_soon(letters->kit), &kit_error));
        REQUIRE(some_count <= page, "%zu letters come, at most %zu were asked for", some_count, page);
        REQUIRE(++pages < PAGES_MAX, "the scan does not end");
        REQUIRE(next.size == 0 || !sp_slice_equal(after, next), "the scan does not go on");
        struct sp_letter *grown = sp_arena_alloc(arena, (count + some_count + 1) * sizeof *grown);
        if (count)
            memcpy(grown, all, count * sizeof *grown);
        if (some_count)
            memcpy(grown + count, some, some_count * sizeof *grown);
        all = grown;
        count += some_count;
        after = next;
    } while (after.size > 0);
    return (struct found){all, count};
}

struct found letters_all(struct letters *letters, void *handle)
{
    struct sp_letter_filter filter = letters_any(letters);
    return letters_scan(letters, handle, &filter, 1000);
}

const struct sp_letter *letters_find(const struct found *found, const unsigned char *id)
{
    const struct sp_letter *letter = NULL;
    for (size_t i = 0; i < found->count; i++)
        if (memcmp(found->items[i].id, id, SP_SHA256_SIZE) == 0) {
            REQUIRE(!letter, "a letter is there twice");
            letter = &found->items[i];
        }
    return letter;
}

uint64_t letters_remove(struct letters *letters, void *handle, const struct sp_letter *all, size_t count)
{
    struct sp_letter_ref *refs = sp_arena_alloc(letters->kit->arena, (count + 1) * sizeof *refs);
    for (size_t i = 0; i < count; i++) {
        memcpy(refs[i].id, all[i].id, sizeof refs[i].id);
        refs[i].version = all[i].version;
    }
    uint64_t removed = UINT64_MAX;
    WORKS(letters->ops->remove(handle, refs, count, &removed, kit_soon(letters->kit), &kit_error));
    return removed;
}

static void require_text(const char *what, const char *got, const char *put)
{
    REQUIRE(!got == !put, "%s is %s, it was %s", what, got ? got : "NULL", put ? put : "NULL");
    REQUIRE(!got || strcmp(got, put) == 0, "%s is '%s', it was '%s'", what, got, put);
}

void letters_require_same(struct letters *letters, const struct sp_letter *got, const struct sp_letter *put)
{
    REQUIRE(got, "the letter is not there");
    REQUIRE(got->version > 0, "its version is %lld", (long long)got->version);
    REQUIRE(sp_slice_equal(got->event, put->event), "its event is '%s', it was '%s'",
            kit_shown(letters->kit, got->event), kit_shown(letters->kit, put->event));
    require_text("pipeline", got->pipeline, put->pipeline);
    require_text("stage", got->stage, put->stage);
    require_text("plugin", got->plugin, put->plugin);
    require_text("class", got->class, put->class);
    require_text("reason", got->reason, put->reason);
    require_text("column", got->column, put->column);
    require_text("pointer", got->pointer, put->pointer);
    require_text("event_id", got->event_id, put->event_id);
    require_text("event_key", got->event_key, put->event_key);
    require_text("cursor", got->cursor, put->cursor);
    require_text("place", got->place, put->place);
    REQUIRE(got->last_wall_ms == put->last_wall_ms, "last_wall_ms is not as it was");
}
