/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "feed.h"

#include "bad.h"
#include "dice.h"
#include "event.h"

#include <stdlib.h>

/*
 * Every event is a function of the seed and its index: nothing is kept.  Ids come in blocks of 100, of
 * which each block uses the same number; which ones, a pattern says that chance picks for the block.  So
 * ids have irregular gaps, and index and id lead to each other without a table of all of them.
 */
#define BLOCK        100
#define PATTERNS     64
#define FIRST_PARCEL 5000
#define WIDE_PARCEL  UINT64_C(2147483648)

struct range {
    uint64_t first;
    uint64_t end;
};

struct generated {
    struct feed base;
    uint64_t seed;
    uint64_t parcels;
    uint64_t window;
    double parcels_per_event;
    uint64_t unknown_types;
    uint64_t odd;
    struct bad_kinds kinds;
    struct range malformed[PLACES_MAX];
    size_t malformed_count;
    uint64_t block_uses;
    uint8_t patterns[PATTERNS][BLOCK];
};

/* Places of the draws: events, blocks and bad ones must not share them. */
enum { DRAW_EVENT = 0, DRAW_KIND = 1, DRAW_BLOCK = 2, DRAW_PATTERN = 3, DRAW_SHIFT = 2 };

static inline uint64_t draw(const struct generated *feed, uint64_t index, unsigned what)
{
    return dice_at(feed->seed, index << DRAW_SHIFT | what);
}

static const uint8_t *pattern_of(const struct generated *feed, uint64_t block)
{
    return feed->patterns[draw(feed, block, DRAW_BLOCK) % PATTERNS];
}

static int64_t id_of(const struct generated *feed, uint64_t index)
{
    if (feed->block_uses == BLOCK)
        return (int64_t)index + 1;
    uint64_t block = index / feed->block_uses;
    return (int64_t)(block * BLOCK + pattern_of(feed, block)[index % feed->block_uses] + 1);
}

static uint64_t generated_find(const struct feed *base, int64_t position)
{
    const struct generated *feed = (const struct generated *)base;
    if (position <= 1)
        return 0;
    uint64_t block = (uint64_t)(position - 1) / BLOCK;
    if (block > base->count / feed->block_uses)
        return base->count;
    uint64_t within = 0;
    if (feed->block_uses == BLOCK)
        within = (uint64_t)(position - 1) % BLOCK;
    else
        while (within < feed->block_uses &&
               pattern_of(feed, block)[within] < (uint64_t)(position - 1) % BLOCK)
            within++;
    uint64_t index = block * feed->block_uses + within;
    return index < base->count ? index : base->count;
}

static struct slot generated_slot(const struct feed *base, uint64_t index)
{
    const struct generated *feed = (const struct generated *)base;
    struct slot slot = {.index = index, .position = id_of(feed, index), .kind = SLOT_GOOD};
    if (feed->kinds.any)
        slot.kind = bad_kind(&feed->kinds, draw(feed, index, DRAW_KIND));
    for (size_t i = 0; i < feed->malformed_count; i++)
        if (index >= feed->malformed[i].first && index < feed->malformed[i].end)
            slot.kind = SLOT_MALFORMED;
    return slot;
}

#define PICK(words, chance) ((words)[dice_below((chance)*DICE_STEP, sizeof(words) / sizeof((words)[0]))])

/* The age of a parcel, 0 to 255, makes it likely that it is picked up first and delivered at last. */
static struct word type_of(const struct generated *feed, uint64_t chance, uint64_t age)
{
    static const struct word unknown[] = {WORD_OF("\"RETURNED\""), WORD_OF("\"HOLD_AT_DEPOT\""),
                                          WORD_OF("\"Customs-Check\""), WORD_OF("\"zoll\""),
                                          WORD_OF("\"X\"")};
    uint64_t other = dice_mix(chance);
    if (dice_hits(other, feed->unknown_types))
        return PICK(unknown, other);
    uint64_t roll = chance >> 8 & 0xff;
    if (roll < 13)
        return roll & 1 ? WORD("\"PICKUP\"") : WORD("\"DELIVERY\"");
    if (age < 80 && roll < 150)
        return WORD("\"PICKUP\"");
    if (age >= 176 && roll < 150)
        return WORD("\"DELIVERY\"");
    return WORD("\"STATUS\"");
}

static struct word odd_case(struct word type, uint64_t chance)
{
    static const struct word pickups[] = {WORD_OF("\"Pickup\""), WORD_OF("\"pickup\""), WORD_OF("\"PickUp\""),
                                          WORD_OF("\"PICK\\u0055P\"")};
    static const struct word deliveries[] = {WORD_OF("\"Delivery\""), WORD_OF("\"delivery\""),
                                             WORD_OF("\"DELIVerY\""), WORD_OF("\"\\u0044elivery\"")};
    static const struct word others[] = {WORD_OF("\"Status\""), WORD_OF("\"status\""), WORD_OF("\"sTATUS\"")};
    if (type.bytes[1] == 'P')
        return PICK(pickups, chance);
    if (type.bytes[1] == 'D')
        return PICK(deliveries, chance);
    return type.bytes[1] == 'S' ? PICK(others, chance) : type;
}

static void odd_time(struct event *event, uint64_t chance)
{
    static const struct {
        int minutes;
        struct word zone;
    } zones[] = {{0, WORD_OF("Z")},         {120, WORD_OF("+02:00")}, {-330, WORD_OF("-05:30")},
                 {825, WORD_OF("+13:45")},  {0, WORD_OF("+00:00")},   {0, WORD_OF("-00:00")},
                 {-720, WORD_OF("-12:00")}, {60, WORD_OF("+01:00")}};
    event->digits = chance % 8;
    event->offset_minutes = zones[chance >> 3 & 7].minutes;
    event->zone = zones[chance >> 3 & 7].zone;
}

static void odd_text(struct event *event, uint64_t chance)
{
    static const struct word codes[] = {
        WORD_OF("\"Zustellung ändern – Straße\""),
        WORD_OF("\"配送中\""),
        WORD_OF("\"🚚 on its way\""),
        WORD_OF("\"caf\\u00e9 \\ud83d\\ude9a\""),
        WORD_OF("\"a \\\"quoted\\\" \\\\ back\\/slash\""),
        WORD_OF("\"tab\\tand\\nline\""),
        WORD_OF("\"] } , { [ ' \\\" :\""),
        WORD_OF("\" spaces around \""),
    };
    event->status = PICK(codes, chance);
}

static void odd_user(struct event *event, uint64_t chance)
{
    static const struct word tails[] = {
        WORD_OF("\",\"CarrierId\":\"NC\"}"),
        WORD_OF("\",\"CarrierId\":\"NC\",\"RunId\":null}"),
        WORD_OF("\",\"CarrierId\":\"NC\",\"RunId\":\"\"}"),
        WORD_OF("\",\"RunId\":\"\\u0041ö-7\",\"CarrierId\":null}"),
    };
    unsigned way = chance % 6;
    event->user_tail = way < 2 ? (struct word){0} : tails[way - 2];
    if (way < 2)
        event->user_head = way ? WORD("null") : (struct word){0};
    event->has_run = false;
}

static void odd_event(struct event *event, uint64_t chance)
{
    static const struct word extras[] = {
        WORD_OF(",\"Note\":\"] } , \\\" {\",\"Tags\":[1,[2,{}],\"\\\\\"]"),
        WORD_OF(" ,\t\"Weight\" : 1.5e3 , \"Fragile\":true, \"Next\" : null "),
        WORD_OF(",\"User2\":{\"EventId\":0,\"ParcelId\":\"none\",\"Type\":null}"),
    };
    uint64_t more = dice_mix(chance);
    switch (chance >> 50 & 7) {
    case 0:
        event->status = (struct word){0};
        break;
    case 1:
        event->status = WORD("null");
        break;
    case 2:
        odd_time(event, more);
        break;
    case 3:
        odd_text(event, more);
        break;
    case 4:
        odd_user(event, more);
        break;
    case 5:
        event->type = odd_case(event->type, more);
        break;
    case 6:
        event->extra = PICK(extras, more);
        event->type_first = more & 1;
        break;
    default:
        odd_time(event, more);
        odd_text(event, more >> 8);
        odd_user(event, more >> 16);
        event->type = odd_case(event->type, more >> 24);
        break;
    }
}

/* Parcels pass by: at any time `window` of them are under way, young ones at its front. */
static uint64_t parcel_of(const struct generated *feed, uint64_t index, uint64_t chance, uint64_t *age)
{
    uint64_t place = dice_below(chance, feed->window);
    *age = 255 - place * 255 / feed->window;
    uint64_t parcel = (uint64_t)((double)index * feed->parcels_per_event) + place;
    return FIRST_PARCEL + (parcel < feed->parcels ? parcel : parcel % feed->parcels);
}

static void generated_good(const struct generated *feed, const struct slot *slot, struct text *out)
{
    static const struct word codes[] = {WORD_OF("\"\""),         WORD_OF("\"\""), WORD_OF("\"OK\""),
                                        WORD_OF("\"DELAYED\""),  WORD_OF("\"\""), WORD_OF("\"SORTED\""),
                                        WORD_OF("\"ON BOARD\""), WORD_OF("\"\"")};
    struct event event;
    uint64_t chance = draw(feed, slot->index, DRAW_EVENT);
    uint64_t age;
    uint64_t parcel = parcel_of(feed, slot->index, chance, &age);
    event_usual(&event, (uint64_t)slot->position, parcel, dice_mix(chance));
    event.type = type_of(feed, chance, age);
    event.status = codes[chance & 7];
    if (dice_hits(chance * DICE_STEP, feed->odd))
        odd_event(&event, dice_mix(chance ^ DICE_STEP));
    if (slot->kind == SLOT_WIDE_PARCEL)
        event.parcel += WIDE_PARCEL;
    else if (slot->kind == SLOT_NUL_STATUS)
        event.status = WORD("\"O\\u0000K\"");
    else if (slot->kind == SLOT_NUL_NOTE)
        event.extra = WORD(",\"Note\":\"a\\u0000b\"");
    event_write(&event, out);
}

static struct bad_slot generated_bad(const struct generated *feed, const struct slot *slot)
{
    uint64_t chance = draw(feed, slot->index, DRAW_KIND);
    uint64_t beside = slot->index && chance & 1 ? slot->index - 1 : slot->index + 1;
    return (struct bad_slot){.kind = slot->kind,
                             .draw = dice_mix(chance),
                             .serial = slot->index + 1,
                             .own = slot->position,
                             .neighbour = id_of(feed, beside)};
}

static void generated_append(const struct feed *base, const struct slot *slot, struct text *out)
{
    const struct generated *feed = (const struct generated *)base;
    if (slot_is_good(slot)) {
        generated_good(feed, slot, out);
    } else {
        struct bad_slot bad = generated_bad(feed, slot);
        bad_append(&bad, out);
    }
}

static const char *generated_fault(const struct feed *base, const struct slot *slot)
{
    struct bad_slot bad = generated_bad((const struct generated *)base, slot);
    return bad_name(&bad);
}

static void generated_close(struct feed *feed)
{
    free(feed);
}

/* Selection sampling: each of the patterns has block_uses of the numbers 0 ... 99, in order. */
static void patterns_draw(struct generated *feed)
{
    for (unsigned p = 0; p < PATTERNS; p++) {
        uint64_t needed = feed->block_uses;
        for (unsigned n = 0; n < BLOCK && needed; n++) {
            uint64_t chance = draw(feed, p * BLOCK + n, DRAW_PATTERN);
            if (dice_below(chance, BLOCK - n) < needed)
                feed->patterns[p][feed->block_uses - needed--] = (uint8_t)n;
        }
    }
}

struct feed *feed_generated_open(const struct feed_options *options)
{
    struct generated *feed = calloc(1, sizeof *feed);
    if (!feed)
        abort();
    feed->base = (struct feed){.count = options->events,
                               .slot = generated_slot,
                               .find = generated_find,
                               .append = generated_append,
                               .fault = generated_fault,
                               .close = generated_close};
    feed->seed = options->seed;
    feed->parcels = options->parcels ? options->parcels : 1;
    feed->window = options->window && options->window < feed->parcels ? options->window : feed->parcels;
    bool uniform = feed->window == feed->parcels;
    feed->parcels_per_event = uniform || !options->events
                                  ? 0
                                  : (double)(feed->parcels - feed->window + 1) / (double)options->events;
    feed->unknown_types = dice_threshold(options->unknown_types);
    feed->odd = dice_threshold(options->odd);
    feed->block_uses = BLOCK - options->gaps;
    patterns_draw(feed);
    bad_kinds_init(&feed->kinds, options, true);
    for (size_t i = 0; i < options->page_of_malformed.count; i++) {
        uint64_t first = generated_find(&feed->base, options->page_of_malformed.at[i].id);
        feed->malformed[feed->malformed_count++] =
            (struct range){first, first + options->page_of_malformed.at[i].size};
    }
    return &feed->base;
}
