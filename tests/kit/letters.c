/* SPDX-License-Identifier: Apache-2.0 */
/* The store of dead letters: putting and removing. */
#include <config.h>

#include "letters_kit.h"

static void letter_is_as_it_was(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter put = letters_make(&letters, 1);
    put.place = "/var/spool/large/0f3a";
    put.attempts = 3;
    put.last_wall_ms += 5000;
    letters_put(&letters, letters.one, &put, 1);
    struct found found = letters_all(&letters, letters.other);
    REQUIRE(found.count == 1, "one letter was put, %zu are there", found.count);
    const struct sp_letter *got = letters_find(&found, put.id);
    letters_require_same(&letters, got, &put);
    REQUIRE(got->attempts == 3, "attempts are %lld, they were 3", (long long)got->attempts);
    REQUIRE(got->first_wall_ms == put.first_wall_ms, "first_wall_ms is not as it was");
}

static void texts_may_be_missing(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter put = {.event = {"{}", 2},
                            .pipeline = letters.pipeline,
                            .attempts = 1,
                            .first_wall_ms = 1,
                            .last_wall_ms = 1};
    struct sp_letter texts = letters_make(&letters, 2);
    letters_identify(&put);
    texts.stage = texts.plugin = texts.class = texts.column = texts.pointer = texts.event_id = "";
    texts.event_key = "'\"\\ %s ; -- \t \xf0\x9f\x98\x80 \xe2\x80\xae";
    texts.reason = texts.cursor = sp_arena_printf(kit->arena, "%0*d", (int)letters_bytes(&letters, 4000), 7);
    letters_put(&letters, letters.one, &put, 1);
    letters_put(&letters, letters.one, &texts, 1);
    struct found found = letters_all(&letters, letters.other);
    letters_require_same(&letters, letters_find(&found, put.id), &put);
    letters_require_same(&letters, letters_find(&found, texts.id), &texts);
}

static void events_are_as_they_were(struct kit *kit)
{
    enum { COUNT = 7 };
    struct letters letters = letters_begin(kit, NULL);
    const size_t size = letters_bytes(&letters, (size_t)1024 * 1024);
    char bytes[256], *big = sp_arena_alloc(kit->arena, size);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t i = 0; i < size; i++)
        big[i] = (char)kit_random(&kit->dice);
    const struct sp_slice events[COUNT] = {
        {bytes, sizeof bytes}, {"", 0},           {"{\"a\":\0}", 7}, {"\xff\xfe\xc3(", 4},
        {"\xef\xbb\xbf{}", 5}, {"{}\r\n{}\n", 8}, {big, size}};
    struct sp_letter put[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        put[i] = letters_make(&letters, i);
        put[i].event = events[i];
        letters_identify(&put[i]);
    }
    letters_put(&letters, letters.one, put, COUNT);
    struct found found = letters_all(&letters, letters.other);
    for (size_t i = 0; i < COUNT; i++)
        letters_require_same(&letters, letters_find(&found, put[i].id), &put[i]);
}

static const struct sp_letter *only(struct letters *letters, const struct sp_letter *put)
{
    struct found found = letters_all(letters, letters->other);
    REQUIRE(found.count == 1, "one letter should be there, %zu are", found.count);
    const struct sp_letter *got = letters_find(&found, put->id);
    REQUIRE(got, "another letter is there than was put");
    return got;
}

static void put_twice(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter first = letters_make(&letters, 1), second = first;
    letters_put(&letters, letters.one, &first, 1);
    const struct sp_letter *before = only(&letters, &first);
    second.stage = "sink";
    second.class = "rejected";
    second.reason = "another one";
    second.column = NULL;
    second.event_key = "other";
    second.first_wall_ms = second.last_wall_ms = first.last_wall_ms + 1000;
    letters_put(&letters, letters.other, &second, 1);
    const struct sp_letter *after = only(&letters, &first);
    letters_require_same(&letters, after, &second);
    REQUIRE(after->version != before->version, "the version is the same after a second put");
    REQUIRE(after->first_wall_ms == first.first_wall_ms, "the first time is forgotten");
    REQUIRE(after->attempts == 2, "after a second put attempts are %lld, not 2", (long long)after->attempts);
}

static void attempts_are_the_larger(struct kit *kit)
{
    static const struct {
        int64_t put, then;
    } steps[] = {{1, 1}, {1, 2}, {1, 3}, {7, 7}, {2, 8}, {9, 9}, {9, 10}};
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter letter = letters_make(&letters, 1);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        letter.attempts = steps[i].put;
        letters_put(&letters, letters.one, &letter, 1);
        int64_t attempts = only(&letters, &letter)->attempts;
        REQUIRE(attempts == steps[i].then, "put %zu of a letter with %lld attempts makes them %lld, not %lld",
                i + 1, (long long)steps[i].put, (long long)attempts, (long long)steps[i].then);
    }
}

/* Redriven, it is taken out; the core puts it back with the history that it had. */
static void history_outlives_removal(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter letter = letters_make(&letters, 1);
    letters_put(&letters, letters.one, &letter, 1);
    struct sp_letter got = *only(&letters, &letter);
    REQUIRE(letters_remove(&letters, letters.one, &got, 1) == 1, "the letter is not removed");
    struct sp_letter again = letter;
    again.attempts = got.attempts + 1;
    again.last_wall_ms += 77;
    letters_put(&letters, letters.one, &again, 1);
    const struct sp_letter *after = only(&letters, &letter);
    REQUIRE(after->attempts == 2, "attempts are %lld, not 2", (long long)after->attempts);
    REQUIRE(after->first_wall_ms == letter.first_wall_ms, "the first time is not what was put");
    REQUIRE(letters_remove(&letters, letters.other, &got, 1) == 0,
            "a letter that was put anew is removed by the version that it had before");
    only(&letters, &letter);
}

static void twice_in_one_put(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter put[3] = {letters_make(&letters, 1), letters_make(&letters, 2),
                               letters_make(&letters, 1)};
    put[2].reason = "the later one";
    letters_put(&letters, letters.one, put, 3);
    struct found found = letters_all(&letters, letters.other);
    REQUIRE(found.count == 2, "two letters were put, one of them twice, and %zu are there", found.count);
    const struct sp_letter *got = letters_find(&found, put[0].id);
    letters_require_same(&letters, got, &put[2]);
    REQUIRE(got->attempts == 2, "attempts are %lld, not 2", (long long)got->attempts);
}

static void pipelines_are_apart(struct kit *kit)
{
    struct letters one = letters_begin(kit, NULL), other = letters_begin(kit, NULL);
    struct sp_letter first = letters_make(&one, 1), second = letters_make(&other, 1);
    letters_put(&one, one.one, &first, 1);
    letters_put(&other, other.one, &second, 1);
    letters_require_same(&one, only(&one, &first), &first);
    letters_require_same(&other, only(&other, &second), &second);
}

static void removed_are_gone(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter put[10];
    for (size_t i = 0; i < 10; i++)
        put[i] = letters_make(&letters, i);
    letters_put(&letters, letters.one, put, 10);
    struct found found = letters_all(&letters, letters.other);
    REQUIRE(found.count == 10, "10 letters were put, %zu are there", found.count);
    uint64_t removed = letters_remove(&letters, letters.other, found.items, 4);
    REQUIRE(removed == 4, "4 letters were named, %llu are removed", (unsigned long long)removed);
    removed = letters_remove(&letters, letters.one, found.items, 5);
    REQUIRE(removed == 1, "4 of 5 letters are gone, and %llu are removed", (unsigned long long)removed);
    struct found rest = letters_all(&letters, letters.one);
    REQUIRE(rest.count == 5, "5 of 10 letters were removed, %zu are there", rest.count);
    for (size_t i = 0; i < 5; i++)
        REQUIRE(letters_find(&rest, found.items[5 + i].id), "a letter is gone that was not named");
    removed = letters_remove(&letters, letters.one, rest.items, 0);
    REQUIRE(removed == 0, "no letter was named, and %llu are removed", (unsigned long long)removed);
}

static void newer_versions_stay(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter put[3];
    for (size_t i = 0; i < 3; i++)
        put[i] = letters_make(&letters, i);
    letters_put(&letters, letters.one, put, 3);
    struct found found = letters_all(&letters, letters.one);
    letters_put(&letters, letters.other, &put[1], 1);
    uint64_t removed = letters_remove(&letters, letters.one, found.items, 3);
    /* Who holds what it saw does not see what was put since. */
    REQUIRE(removed == 2 || (removed == 3 && kit_can(kit, SP_HOLDS)),
            "one of 3 letters is newer, and %llu are removed", (unsigned long long)removed);
    letters_require_same(&letters, only(&letters, &put[1]), &put[1]);
}

/* One letter that many threads put. */
struct crowd {
    struct letters *letters;
    struct sp_letter letter;
};

static void put_in_a_thread(const struct kit_thread *thread)
{
    struct crowd *crowd = thread->with;
    void *handle = crowd->letters->stage->handles[thread->number];
    for (int times = 0; times < 10; times++) {
        struct sp_result result = {.class = SP_UNKNOWN};
        WORKS(crowd->letters->ops->put(handle, &crowd->letter, 1, &result, kit_soon(crowd->letters->kit),
                                       &kit_error));
        REQUIRE(result.class == SP_OK, "a letter is not stored: %s", result.text);
    }
}

static void threads_put_one(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    struct crowd crowd = {&letters, letters_make(&letters, 0)};
    kit_open(letters.stage);
    kit_open(letters.stage);
    kit_threads(4, put_in_a_thread, &crowd);
    int64_t attempts = only(&letters, &crowd.letter)->attempts;
    REQUIRE(attempts == 40, "40 puts make %lld attempts", (long long)attempts);
}

static void put_until_killed(struct kit *kit, struct helper_side *side, void *pipeline)
{
    struct letters letters = letters_begin(kit, pipeline);
    for (size_t number = 0;; number += 3) {
        struct sp_letter put[3];
        for (size_t i = 0; i < 3; i++)
            put[i] = letters_make(&letters, number + i);
        letters_put(&letters, letters.one, put, 3);
        pipe_say(side->to, (int64_t)number + 3);
    }
}

static void killed_while_putting(struct kit *kit)
{
    kit_needs_durable(kit);
    char *pipeline = sp_arena_printf(kit->arena, "%s", kit_unique(kit));
    int64_t safe = 0;
    for (int times = 0; times < 4; times++) {
        struct helper helper = helper_start(kit, put_until_killed, pipeline);
        int64_t said = pipe_hear(helper.from);
        kit_sleep((int64_t)kit_below(&kit->dice, 30) * SP_MILLISECOND);
        helper_kill(&helper);
        while (pipe_drain(helper.from, &said))
            ;
        safe = said > safe ? said : safe;
    }
    struct letters letters = letters_begin(kit, pipeline);
    struct found found = letters_all(&letters, letters.one);
    for (int64_t i = 0; i < safe; i++) {
        struct sp_letter put = letters_make(&letters, (size_t)i);
        letters_require_same(&letters, letters_find(&found, put.id), &put);
    }
}

static void put_one_letter(struct kit *kit, struct helper_side *side, void *pipeline)
{
    struct letters letters = letters_begin(kit, pipeline);
    struct sp_letter put = letters_make(&letters, 0);
    pipe_hear(side->from);
    for (int times = 0; times < 10; times++)
        letters_put(&letters, letters.one, &put, 1);
}

static void processes_put_one(struct kit *kit)
{
    kit_needs_durable(kit);
    char *pipeline = sp_arena_printf(kit->arena, "%s", kit_unique(kit));
    struct helper helpers[3];
    for (int i = 0; i < 3; i++)
        helpers[i] = helper_start(kit, put_one_letter, pipeline);
    for (int i = 0; i < 3; i++)
        pipe_say(helpers[i].to, 1);
    for (int i = 0; i < 3; i++)
        helper_end(&helpers[i]);
    struct letters letters = letters_begin(kit, pipeline);
    struct sp_letter put = letters_make(&letters, 0);
    int64_t attempts = only(&letters, &put)->attempts;
    REQUIRE(attempts == 30, "30 puts make %lld attempts", (long long)attempts);
}

static void upkeep_loses_nothing(struct kit *kit)
{
    struct letters letters = letters_begin(kit, NULL);
    if (!letters.ops->upkeep)
        kit_not_for("it has no upkeep()");
    struct sp_letter put = letters_make(&letters, 1);
    letters_put(&letters, letters.one, &put, 1);
    WORKS(letters.ops->upkeep(letters.one, kit_soon(kit), &kit_error));
    WORKS(letters.ops->upkeep(letters.one, kit_soon(kit), &kit_error));
    letters_require_same(&letters, only(&letters, &put), &put);
}

static void stages_have_their_own(struct kit *kit)
{
    kit_needs_apart(kit);
    struct letters letters = letters_begin(kit, NULL);
    struct sp_letter put = letters_make(&letters, 1);
    letters_put(&letters, letters.one, &put, 1);
    struct kit_wish wish = {.place = KIT_APART, .pipeline = letters.pipeline};
    struct letters apart = letters;
    apart.stage = kit_load(kit, &wish);
    apart.one = kit_open(apart.stage);
    REQUIRE(letters_all(&apart, apart.one).count == 0, "a letter of one store is in another");
}

static const struct check checks[] = {
    {"given a letter, when it is put and scanned, then every field is as it was", letter_is_as_it_was},
    {"given letters without texts, with empty, long and odd ones, when scanned, then they are as they were",
     texts_may_be_missing},
    {"given events of all bytes, of none and of 1 MiB (or what fits), when scanned, then they are as they were",
     events_are_as_they_were},
    {"given a letter that is there, when it is put again, then it has a new version and keeps its first time",
     put_twice},
    {"given a letter that is there, when it is put, then attempts are one more, or its own where larger",
     attempts_are_the_larger},
    {"given a letter that was removed, when it is put again, then its own history counts",
     history_outlives_removal},
    {"given a letter twice in one put, when scanned, then it is there once and the later counts",
     twice_in_one_put},
    {"given two pipelines in one store, when each is scanned, then only its own letters come",
     pipelines_are_apart},
    {"given letters, when some are removed, then these are gone, counted, and no others", removed_are_gone},
    {"given a letter that has a newer version, when the older is removed, then it stays",
     newer_versions_stay},
    {"given four threads that put one letter, when all are done, then it is there once, with all attempts",
     threads_put_one},
    {"given three processes that put one letter, when all are done, then it is there once, with all attempts",
     processes_put_one},
    {"given a process that puts letters, when it is killed (-9) four times, then what was told is there",
     killed_while_putting},
    {"given letters, when upkeep was done, then they are as they were", upkeep_loses_nothing},
    {"given two stages with stores of their own, when both are used, then they share nothing",
     stages_have_their_own},
};

CHECK_LIST(letters_checks, checks);
