/* SPDX-License-Identifier: Apache-2.0 */
/* The store of dead letters: scanning. */
#include <config.h>

#include "letters_kit.h"

enum { WORLD = 48 };

/* Letters that differ in all that can be filtered by, so that each filter and each two of them matter. */
static void make_world(struct letters *letters, struct sp_letter world[WORLD])
{
    static const char *const classes[] = {"value", "malformed", NULL};
    static const char *const columns[] = {"ParcelId", NULL, "parcelid", "Word"};
    for (size_t i = 0; i < WORLD; i++) {
        world[i] = letters_make(letters, i);
        world[i].class = classes[i % 3];
        world[i].column = columns[i / 3 % 4];
        world[i].event_id = i % 5 == 4 ? NULL : sp_arena_printf(letters->kit->arena, "%zu", i % 5);
        world[i].event_key = i % 7 == 6 ? NULL : sp_arena_printf(letters->kit->arena, "key, %zu", i % 7);
        world[i].last_wall_ms = world[i].first_wall_ms = 1600000000000 + (int64_t)(i * 7 % WORLD) / 2;
    }
    letters_put(letters, letters->one, world, WORLD);
}

static bool text_passes(const char *wanted, const char *text)
{
    return !wanted || (text && strcmp(wanted, text) == 0);
}

static bool passes(const struct sp_letter *letter, const struct sp_letter_filter *filter)
{
    return text_passes(filter->class, letter->class) && text_passes(filter->column, letter->column) &&
           text_passes(filter->event_id, letter->event_id) &&
           text_passes(filter->event_key, letter->event_key) &&
           (!filter->from_wall_ms || letter->last_wall_ms >= filter->from_wall_ms) &&
           (!filter->until_wall_ms || letter->last_wall_ms < filter->until_wall_ms);
}

static void require_exactly(struct letters *letters, const struct sp_letter world[WORLD],
                            const struct sp_letter_filter *filter, size_t page)
{
    struct found found = letters_scan(letters, letters->other, filter, page);
    size_t expected = 0;
    for (size_t i = 0; i < WORLD; i++) {
        const struct sp_letter *got = letters_find(&found, world[i].id);
        bool wanted = passes(&world[i], filter);
        expected += wanted;
        REQUIRE(!got || wanted, "letter %zu passes a filter that it should not (class %s, column %s)", i,
                filter->class ? filter->class : "any", filter->column ? filter->column : "any");
        REQUIRE(got || !wanted, "letter %zu is missing (class %s, column %s)", i,
                filter->class ? filter->class : "any", filter->column ? filter->column : "any");
        if (got)
            letters_require_same(letters, got, &world[i]);
    }
    REQUIRE(found.count == expected, "%zu letters pass, %zu should", found.count, expected);
}

static void every_filter(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    make_world(&letters, world);
    for (unsigned which = 0; which < 64; which++) {
        struct sp_letter_filter filter = letters_any(&letters);
        const struct sp_letter *like = &world[kit_below(&kit->dice, WORLD)];
        filter.class = which & 1 ? like->class : NULL;
        filter.column = which & 2 ? like->column : NULL;
        filter.event_id = which & 4 ? like->event_id : NULL;
        filter.event_key = which & 8 ? like->event_key : NULL;
        filter.from_wall_ms = which & 16 ? like->last_wall_ms : 0;
        filter.until_wall_ms = which & 32 ? like->last_wall_ms + 1 + (int64_t)kit_below(&kit->dice, 9) : 0;
        require_exactly(&letters, world, &filter, 1 + kit_below(&kit->dice, WORLD));
    }
}

static void bounds_of_time(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    make_world(&letters, world);
    int64_t at = world[10].last_wall_ms;
    const int64_t bounds[][2] = {{at, 0}, {at, at}, {at, at + 1},  {at + 1, 0},
                                 {0, at}, {0, 1},   {at + 1000, 0}};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct sp_letter_filter filter = letters_any(&letters);
        filter.from_wall_ms = bounds[i][0];
        filter.until_wall_ms = bounds[i][1];
        require_exactly(&letters, world, &filter, 100);
    }
}

static void nothing_passes(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    REQUIRE(letters_all(&letters, letters.one).count == 0, "an empty store has letters");
    struct sp_letter world[WORLD];
    make_world(&letters, world);
    struct sp_letter_filter filter = letters_any(&letters);
    filter.class = "valu";
    require_exactly(&letters, world, &filter, 10);
    filter = letters_any(&letters);
    filter.column = "%";
    require_exactly(&letters, world, &filter, 10);
    filter = letters_any(&letters);
    filter.pipeline = "kit_no_such_pipeline";
    REQUIRE(letters_scan(&letters, letters.one, &filter, 10).count == 0, "another pipeline has letters");
}

static void pages_of_any_size(struct kit *kit)
{
    static const size_t pages[] = {1, 2, 7, WORLD - 1, WORLD, WORLD + 1, 100000};
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    struct sp_letter_filter filter = letters_any(&letters);
    make_world(&letters, world);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        require_exactly(&letters, world, &filter, pages[i]);
}

/* One page behind `*after`, through the handle; moves on. */
static struct found scan_page(struct letters *letters, void *handle, struct sp_slice *after, size_t max)
{
    struct sp_letter_filter filter = letters_any(letters);
    struct found found = {0};
    struct sp_slice next = {0};
    WORKS(letters->ops->scan(handle, &filter, *after, max, letters->kit->arena, &found.items, &found.count,
                             &next, kit_soon(letters->kit), &kit_error));
    *after = next;
    return found;
}

static void goes_on_anywhere(struct kit *kit)
{
    if (kit_can(kit, SP_HOLDS))
        kit_not_for("a scan goes on where it began");
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    unsigned seen[WORLD] = {0};
    struct sp_slice after = {0};
    make_world(&letters, world);
    do {
        void *handle = kit_open(letters.stage);
        struct found found = scan_page(&letters, handle, &after, 9);
        kit_close(letters.stage, handle);
        for (size_t i = 0; i < WORLD; i++)
            seen[i] += letters_find(&found, world[i].id) != NULL;
    } while (after.size > 0);
    for (size_t i = 0; i < WORLD; i++)
        REQUIRE(seen[i] == 1, "letter %zu comes %u times when each page is another handle's", i, seen[i]);
}

static void needs_holds(struct kit *kit)
{
    if (!kit_can(kit, SP_HOLDS))
        kit_not_for("a scan hides nothing");
}

static void shown_after_the_end(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    needs_holds(kit);
    make_world(&letters, world);
    for (int i = 0; i < 3; i++) {
        REQUIRE(letters_all(&letters, letters.one).count == WORLD, "a scan misses letters");
        REQUIRE(letters_all(&letters, letters.other).count == WORLD,
                "a scan has ended, and letters are hidden from the next one");
    }
}

static void shown_after_the_close(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    struct sp_slice after = {0};
    needs_holds(kit);
    make_world(&letters, world);
    void *handle = kit_open(letters.stage);
    while (scan_page(&letters, handle, &after, 5).count == 0)
        REQUIRE(after.size > 0, "nothing comes");
    kit_close(letters.stage, handle);
    REQUIRE(letters_all(&letters, letters.one).count == WORLD,
            "a handle was closed in the midst of a scan, and letters are hidden");
}

/* Redriving: what was seen is removed at any time, also when the scan is over. */
static void removed_while_held(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    struct sp_slice after = {0};
    needs_holds(kit);
    make_world(&letters, world);
    struct found last = {0};
    uint64_t removed = 0;
    do {
        struct found found = scan_page(&letters, letters.one, &after, 7);
        removed += letters_remove(&letters, letters.one, last.items, last.count);
        last = found;
    } while (after.size > 0);
    removed += letters_remove(&letters, letters.one, last.items, last.count);
    REQUIRE(removed == WORLD, "%llu of %d letters are removed", (unsigned long long)removed, WORLD);
    REQUIRE(letters_all(&letters, letters.other).count == 0, "letters are there that were removed");
}

/* As a redrive does whose events fail again. */
static void scan_while_letters_change(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    unsigned seen[WORLD] = {0};
    struct sp_slice after = {0};
    size_t pages = 0, more = WORLD;
    make_world(&letters, world);
    do {
        struct found found = scan_page(&letters, letters.one, &after, 5);
        REQUIRE(++pages < 4 * WORLD, "a scan goes on for ever while the letters that it met are put again");
        for (size_t i = 0; i < WORLD; i++) {
            if (!letters_find(&found, world[i].id))
                continue;
            seen[i]++;
            if (i % 3 == 0) {
                world[i].last_wall_ms += 100000;
                letters_put(&letters, letters.other, &world[i], 1);
            } else if (i % 3 == 1) {
                letters_remove(&letters, letters.other, letters_find(&found, world[i].id), 1);
            }
        }
        if (more < WORLD + 20) {
            struct sp_letter another = letters_make(&letters, more++);
            letters_put(&letters, letters.other, &another, 1);
        }
    } while (after.size > 0);
    for (size_t i = 0; i < WORLD; i++)
        REQUIRE(seen[i] >= 1, "letter %zu was there all the time and is not shown", i);
}

static void letters_live_in_the_arena(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter world[WORLD];
    make_world(&letters, world);
    void *handle = kit_open(letters.stage);
    struct found found = letters_all(&letters, handle);
    for (size_t i = 0; i < WORLD; i++) {
        struct sp_letter other = world[i];
        other.reason = "XXXXXXXXXXXXXXXXXXXXXXXXX";
        letters_put(&letters, handle, &other, 1);
    }
    letters_all(&letters, handle);
    kit_close(letters.stage, handle);
    for (size_t i = 0; i < WORLD; i++)
        letters_require_same(&letters, letters_find(&found, world[i].id), &world[i]);
}

static void odd_place_is_refused(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter_filter filter = letters_any(&letters);
    const struct sp_letter *items;
    size_t count;
    struct sp_slice next, odd = {"\xff no place of any store", 24};
    int rc = letters.ops->scan(letters.one, &filter, odd, 10, kit->arena, &items, &count, &next,
                               kit_soon(kit), &kit_error);
    REQUIRE(rc == 0 || (kit_error.class != SP_OK && kit_error.text[0]),
            "a failure without a class or a text");
    REQUIRE(letters_all(&letters, letters.one).count == 0, "an empty store has letters");
}

static const struct check checks[] = {
    {"given letters of all kinds, when scanned with every combination of filters, then exactly those come",
     every_filter},
    {"given bounds of time, when scanned, then the first is included and the last is not", bounds_of_time},
    {"given filters that nothing passes, when scanned, then nothing comes, and the scan ends",
     nothing_passes},
    {"given 48 letters, when scanned by pages of any size, then each comes once", pages_of_any_size},
    {"given a scan, when each page is asked of a new handle, then each letter comes once", goes_on_anywhere},
    {"given a scan that holds letters, when it has ended, then all others see them again",
     shown_after_the_end},
    {"given a scan that holds letters, when its handle is closed in the midst, then all others see them",
     shown_after_the_close},
    {"given a scan that holds letters, when they are removed page by page, then all are gone",
     removed_while_held},
    {"given a scan, when letters are put, put again and removed meanwhile, then it ends and shows what stayed",
     scan_while_letters_change},
    {"given letters that were scanned, when the handle went on and was closed, then they are still there",
     letters_live_in_the_arena},
    {"given a place that is none of the store, when scanned after it, then the next scan works",
     odd_place_is_refused},
};

CHECK_LIST(letters_scan_checks, checks);
