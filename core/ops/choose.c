/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/choose.h"

#include "base/arena.h"
#include "base/buffer.h"

/* Few, for each can be as large as max_event_bytes. */
enum { LETTERS_AT_ONCE = 50, ARENA_KEPT = 1 << 20 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool id_prefix_parse(const char *text, struct id_prefix *out)
{
    struct id_prefix prefix = {.digits = strlen(text)};
    if (prefix.digits < 1 || prefix.digits > 2 * (size_t)SP_SHA256_SIZE)
        return false;
    for (size_t i = 0; i < prefix.digits; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return false;
        prefix.bytes[i / 2] |= (unsigned char)(i % 2 ? digit : digit << 4);
    }
    *out = prefix;
    return true;
}

bool id_prefix_fits(const struct id_prefix *prefix, const unsigned char id[SP_SHA256_SIZE])
{
    size_t whole = prefix->digits / 2;
    return memcmp(prefix->bytes, id, whole) == 0 &&
           (prefix->digits % 2 == 0 || prefix->bytes[whole] >> 4 == id[whole] >> 4);
}

static bool is_asked_for(const struct letters_query *query, const struct sp_letter *letter)
{
    for (size_t i = 0; i < query->id_count; i++)
        if (id_prefix_fits(&query->ids[i], letter->id))
            return true;
    return query->id_count == 0;
}

struct scanning {
    struct hand *hand;
    const struct letters_query *query;
    struct sp_letter_filter filter;
    struct sp_arena *arena;
    struct buffer after;
    uint64_t taken;
};

/* The next letters of the store. */
static int next_page(struct scanning *scanning, const struct sp_letter **letters, size_t *count,
                     struct sp_error *err)
{
    struct hand *hand = scanning->hand;
    const struct sp_letters_ops *ops = hand->stage->plugin->about.letters;
    struct sp_slice after = {scanning->after.data, scanning->after.size}, next;
    bool failed;
    do {
        next = (struct sp_slice){0};
        *count = 0;
        arena_reset(scanning->arena, ARENA_KEPT);
        failed = ops->scan(hand->handle, &scanning->filter, after, LETTERS_AT_ONCE, scanning->arena, letters,
                           count, &next, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    if (failed)
        return -1;
    hand_well(hand);
    buffer_clear(&scanning->after);
    buffer_add(&scanning->after, next.data, next.size);
    return 0;
}

/* Those of a page that were asked for; returns how many. */
static size_t choose(struct scanning *scanning, const struct sp_letter *letters, size_t count,
                     struct sp_letter *chosen)
{
    const struct letters_query *query = scanning->query;
    size_t some = 0;
    for (size_t i = 0; i < count && (query->limit == 0 || scanning->taken + some < query->limit); i++)
        if (is_asked_for(query, &letters[i]))
            chosen[some++] = letters[i];
    scanning->taken += some;
    return some;
}

int choose_letters(struct hand *hand, const char *pipeline, const struct letters_query *query,
                   enum scan_answer (*take)(void *context, const struct sp_letter *letters, size_t count,
                                            struct sp_error *err),
                   void *context, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(64 * 1024);
    struct scanning scanning = {.hand = hand, .query = query, .filter = query->filter, .arena = arena};
    enum scan_answer answer = SCAN_ON;
    scanning.filter.size = sizeof scanning.filter;
    scanning.filter.pipeline = pipeline;
    do {
        const struct sp_letter *letters = NULL;
        size_t count;
        if (next_page(&scanning, &letters, &count, err) != 0) {
            answer = SCAN_FAILED;
            break;
        }
        struct sp_letter *chosen = sp_arena_alloc(arena, (count + 1) * sizeof *chosen);
        size_t some = choose(&scanning, letters, count, chosen);
        if (some > 0)
            answer = take(context, chosen, some, err);
        if (query->limit > 0 && scanning.taken >= query->limit && answer == SCAN_ON)
            answer = SCAN_ENOUGH;
    } while (answer == SCAN_ON && scanning.after.size > 0);
    buffer_fini(&scanning.after);
    return answer == SCAN_FAILED ? -1 : 0;
}

static enum scan_answer count_them(void *context, const struct sp_letter *letters, size_t count,
                                   struct sp_error *err)
{
    (void)letters, (void)err;
    *(uint64_t *)context += count;
    return SCAN_ON;
}

int choose_count(struct hand *hand, const char *pipeline, const struct letters_query *query, uint64_t *out,
                 struct sp_error *err)
{
    *out = 0;
    return choose_letters(hand, pipeline, query, count_them, out, err);
}
