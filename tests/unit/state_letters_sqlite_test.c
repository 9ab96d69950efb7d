/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sqlite_stage.h"

#include <pthread.h>
#include <sys/wait.h>

static struct sp_error err;

static struct sp_slice text(const char *bytes)
{
    return sp_slice_of(bytes);
}

/* ---- state */

static int put(struct stage *stage, void *handle, const char *name, const char *value, int64_t expected,
               bool *swapped, int64_t *version)
{
    return stage->plugin->state->put(handle, name, text(value), expected, swapped, version, within(5000),
                                     &err);
}

static void a_record_is_swapped_only_by_who_knows_its_version(void)
{
    /* given a store without the record */
    struct stage stage;
    stage_start(&stage, SP_STATE, new_path("state.db"));
    void *handle = stage_open(&stage);
    struct sp_arena *arena = arena_new(4096);
    struct sp_slice value = {"?", 1};
    int64_t first = 0, second = 0, version = 7;
    bool swapped = false;
    WORKS(stage.plugin->state->get(handle, "poller", arena, &value, &version, within(5000), &err));
    CU_ASSERT_EQUAL(version, 0);
    CU_ASSERT_EQUAL(value.size, 0);
    /* when one creates it, and another tries the same */
    WORKS(put(&stage, handle, "poller", "a", 0, &swapped, &first));
    CU_ASSERT(swapped && first > 0);
    WORKS(put(&stage, handle, "poller", "b", 0, &swapped, &second));
    /* then the other is told no, and nothing changed */
    CU_ASSERT(!swapped);
    WORKS(put(&stage, handle, "poller", "c", first, &swapped, &second));
    CU_ASSERT(swapped && second > first);
    WORKS(stage.plugin->state->get(handle, "poller", arena, &value, &version, within(5000), &err));
    CU_ASSERT(sp_slice_equal(value, text("c")) && version == second);
    stage.plugin->close(handle);
    stage_end(&stage);
    arena_free(arena);
}

static void a_version_never_comes_back(void)
{
    const char *path = new_path("state.db");
    struct stage stage;
    stage_start(&stage, SP_STATE, path);
    void *handle = stage_open(&stage);
    int64_t before = 0, after = 0;
    bool swapped;
    WORKS(put(&stage, handle, "poller", "a", 0, &swapped, &before));
    CU_ASSERT_EQUAL(ask(path, "DELETE FROM PipelineState"), 0);
    WORKS(put(&stage, handle, "poller", "", 0, &swapped, &after));
    CU_ASSERT(swapped && after > before);
    stage.plugin->close(handle);
    stage_end(&stage);
}

static void pipelines_do_not_see_each_other(void)
{
    const char *path = new_path("state.db");
    struct stage ours, theirs;
    stage_start(&ours, SP_STATE, path);
    stage_configure(&theirs, SP_STATE, path);
    theirs.about.pipeline = "letters";
    stage_load(&theirs);
    void *one = stage_open(&ours), *two = stage_open(&theirs);
    int64_t version;
    bool swapped;
    WORKS(put(&ours, one, "poller", "a", 0, &swapped, &version));
    WORKS(put(&theirs, two, "poller", "b", 0, &swapped, &version));
    CU_ASSERT(swapped);
    ours.plugin->close(one);
    theirs.plugin->close(two);
    stage_end(&ours);
    stage_end(&theirs);
}

#define RACERS 3
#define ROUNDS 60

/* Counts up by compare and swap; what several count is the sum. */
static void count_up(struct stage *stage, int rounds)
{
    void *handle = stage_open(stage);
    struct sp_arena *arena = arena_new(4096);
    for (int done = 0; done < rounds;) {
        struct sp_slice value;
        int64_t version;
        bool swapped = false;
        char next[32];
        if (stage->plugin->state->get(handle, "n", arena, &value, &version, within(20000), &err) < 0)
            abort();
        snprintf(next, sizeof next, "%d", (version ? atoi(value.data) : 0) + 1);
        if (put(stage, handle, "n", next, version, &swapped, &version) < 0)
            abort();
        done += swapped;
    }
    stage->plugin->close(handle);
    arena_free(arena);
}

static void processes_that_race_lose_no_update(void)
{
    const char *path = new_path("state.db");
    pid_t racers[RACERS];
    for (int i = 0; i < RACERS; i++) {
        racers[i] = fork();
        if (racers[i] == 0) {
            struct stage stage;
            stage_start(&stage, SP_STATE, path); /* all make the file at once */
            count_up(&stage, ROUNDS);
            _exit(0);
        }
    }
    for (int i = 0; i < RACERS; i++) {
        int status;
        waitpid(racers[i], &status, 0);
        CU_ASSERT_EQUAL(status, 0);
    }
    CU_ASSERT_EQUAL(ask(path, "SELECT CAST(CAST(Value AS TEXT) AS INTEGER) FROM PipelineState"),
                    RACERS * ROUNDS);
}

static void a_newer_file_is_refused(void)
{
    const char *path = new_path("state.db");
    struct stage stage;
    stage_start(&stage, SP_STATE, path);
    count_up(&stage, 1);
    void *handle = stage_open(&stage);
    WORKS(stage.plugin->probe(handle, within(5000), &err));
    stage.plugin->close(handle);
    CU_ASSERT_EQUAL(ask(path, "UPDATE ScanpipeSchema SET Version = 99"), 0);
    handle = stage_open(&stage);
    FAILS(stage.plugin->probe(handle, within(5000), &err), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "newer"));
    stage.plugin->close(handle);
    stage_end(&stage);
}

static void a_probe_makes_nothing(void)
{
    static const enum sp_kind kinds[] = {SP_QUEUE, SP_STATE, SP_LETTERS};
    const char *path = new_path("none.db"), *nowhere = new_path("no/folder.db");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct stage stage;
        stage_start(&stage, kinds[i], path);
        void *handle = stage_open(&stage);
        WORKS(stage.plugin->probe(handle, within(5000), &err));
        CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
        stage.plugin->close(handle);
        stage_end(&stage);
        stage_start(&stage, kinds[i], nowhere);
        handle = stage_open(&stage);
        FAILS(stage.plugin->probe(handle, within(5000), &err), SP_REFUSED);
        stage.plugin->close(handle);
        stage_end(&stage);
    }
}

/* ---- letters */

static struct sp_letter letter_of(int number)
{
    static char keys[4][16];
    struct sp_letter letter = {
        .event = text("{\"EventId\": 1}"),
        .pipeline = "parcels",
        .stage = "table",
        .plugin = "sqlite",
        .class = number % 2 ? "value" : "malformed",
        .reason = "is not an integer, but text",
        .column = "ParcelId",
        .pointer = NULL,
        .event_id = NULL,
        .event_key = keys[number % 4],
        .cursor = "17",
        .attempts = 1,
        .first_wall_ms = 1000 + number / 10,
        .last_wall_ms = 1000 + number / 10,
    };
    snprintf(keys[number % 4], sizeof keys[0], "%d", number % 4);
    sp_sha256(&number, sizeof number, letter.id);
    return letter;
}

static void put_letters(struct stage *stage, void *handle, int from, int count)
{
    struct sp_letter letters[200];
    struct sp_result results[200];
    for (int i = 0; i < count; i++)
        letters[i] = letter_of(from + i);
    WORKS(stage->plugin->letters->put(handle, letters, (size_t)count, results, within(5000), &err));
    for (int i = 0; i < count; i++)
        CU_ASSERT_EQUAL(results[i].class, SP_OK);
}

/* Scans all that pass, `page` at a time; how many there were. */
static size_t scan_all(struct stage *stage, void *handle, const struct sp_letter_filter *filter, size_t page)
{
    struct sp_arena *arena = arena_new(4096);
    struct sp_slice after = {NULL, 0};
    size_t total = 0;
    do {
        const struct sp_letter *letters = NULL;
        size_t count = 0;
        int failed = stage->plugin->letters->scan(handle, filter, after, page, arena, &letters, &count,
                                                  &after, within(5000), &err);
        WORKS(failed);
        if (failed)
            break;
        CU_ASSERT(count <= page);
        total += count;
    } while (after.size);
    arena_free(arena);
    return total;
}

static void a_letter_comes_back_as_it_was(void)
{
    const char *path = new_path("letters.db");
    struct stage stage;
    stage_start(&stage, SP_LETTERS, path);
    void *handle = stage_open(&stage);
    struct sp_arena *arena = arena_new(4096);
    struct sp_result results[3];
    struct sp_letter put_in[3] = {letter_of(1), letter_of(2), letter_of(3)};
    put_in[0].event = (struct sp_slice){"\xff\0{", 3}; /* neither text nor JSON */
    put_in[1].event = (struct sp_slice){NULL, 0};
    put_in[2].event = text("{\"Ort\": \"K\xc3\xb6ln\"}");
    put_in[2].place = "/var/spool/large";
    WORKS(stage.plugin->letters->put(handle, put_in, 3, results, within(5000), &err));
    const struct sp_letter *got = NULL;
    size_t count = 0;
    struct sp_slice next;
    struct sp_letter_filter filter = {.size = sizeof filter, .pipeline = "parcels"};
    WORKS(stage.plugin->letters->scan(handle, &filter, (struct sp_slice){0}, 10, arena, &got, &count, &next,
                                      within(5000), &err));
    CU_ASSERT_EQUAL(count, 3);
    for (size_t i = 0; i < count; i++) {
        size_t from = 0;
        while (from < 2 && memcmp(got[i].id, put_in[from].id, sizeof got[i].id) != 0)
            from++;
        CU_ASSERT(sp_slice_equal(got[i].event, put_in[from].event));
        CU_ASSERT_PTR_NULL(got[i].pointer);
        CU_ASSERT_STRING_EQUAL(got[i].class, put_in[from].class);
        CU_ASSERT_STRING_EQUAL(got[i].cursor, "17");
        CU_ASSERT(from == 2 ? got[i].place && strcmp(got[i].place, "/var/spool/large") == 0 : !got[i].place);
        CU_ASSERT(got[i].version > 0);
    }
    /* what is text can be read and queried by people */
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM FailedEvents WHERE typeof(Event) = 'text'"
                              " AND json_extract(Event, '$.Ort') = 'K\xc3\xb6ln'"),
                    1);
    stage.plugin->close(handle);
    stage_end(&stage);
    arena_free(arena);
}

static void putting_a_letter_again_keeps_its_history(void)
{
    struct stage stage;
    stage_start(&stage, SP_LETTERS, new_path("letters.db"));
    void *handle = stage_open(&stage);
    struct sp_arena *arena = arena_new(4096);
    struct sp_result result;
    struct sp_letter letter = letter_of(1);
    struct sp_letter_filter filter = {.size = sizeof filter, .pipeline = "parcels"};
    const struct sp_letter *before, *after;
    size_t count;
    struct sp_slice next;
    WORKS(stage.plugin->letters->put(handle, &letter, 1, &result, within(5000), &err));
    WORKS(stage.plugin->letters->scan(handle, &filter, (struct sp_slice){0}, 10, arena, &before, &count,
                                      &next, within(5000), &err));
    letter.first_wall_ms = letter.last_wall_ms = 9000;
    letter.attempts = 4;
    letter.reason = "is larger than 2147483647";
    WORKS(stage.plugin->letters->put(handle, &letter, 1, &result, within(5000), &err));
    WORKS(stage.plugin->letters->scan(handle, &filter, (struct sp_slice){0}, 10, arena, &after, &count, &next,
                                      within(5000), &err));
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT(after->version > before->version);
    CU_ASSERT_EQUAL(after->first_wall_ms, before->first_wall_ms);
    CU_ASSERT_EQUAL(after->last_wall_ms, 9000);
    CU_ASSERT_EQUAL(after->attempts, 4); /* it knew of more than the store did */
    CU_ASSERT_STRING_EQUAL(after->reason, "is larger than 2147483647");
    /* one with less of a history adds to it, and the earlier first time stays or comes back */
    letter.attempts = 1;
    letter.first_wall_ms = before->first_wall_ms - 7;
    WORKS(stage.plugin->letters->put(handle, &letter, 1, &result, within(5000), &err));
    WORKS(stage.plugin->letters->scan(handle, &filter, (struct sp_slice){0}, 10, arena, &after, &count, &next,
                                      within(5000), &err));
    CU_ASSERT_EQUAL(after->attempts, 5);
    CU_ASSERT_EQUAL(after->first_wall_ms, before->first_wall_ms - 7);
    /* who removes the version that he has seen leaves the newer one */
    struct sp_letter_ref ref = {.version = before->version};
    uint64_t removed = 7;
    memcpy(ref.id, letter.id, sizeof ref.id);
    WORKS(stage.plugin->letters->remove(handle, &ref, 1, &removed, within(5000), &err));
    CU_ASSERT_EQUAL(removed, 0);
    ref.version = after->version;
    WORKS(stage.plugin->letters->remove(handle, &ref, 1, &removed, within(5000), &err));
    CU_ASSERT_EQUAL(removed, 1);
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 10), 0);
    stage.plugin->close(handle);
    stage_end(&stage);
    arena_free(arena);
}

static void a_scan_meets_each_letter_once_and_filters(void)
{
    struct stage stage;
    stage_start(&stage, SP_LETTERS, new_path("letters.db"));
    void *handle = stage_open(&stage);
    put_letters(&stage, handle, 0, 200);
    struct sp_letter_filter filter = {.size = sizeof filter, .pipeline = "parcels"};
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 7), 200);
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 100), 200);
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 1000), 200);
    filter.class = "value";
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 7), 100);
    filter.event_key = "3";
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 7), 50);
    filter.event_id = "1";
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 7), 0);
    filter = (struct sp_letter_filter){.size = sizeof filter,
                                       .pipeline = "parcels",
                                       .from_wall_ms = 1005,
                                       .until_wall_ms = 1007};
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 7), 20);
    filter.pipeline = "others";
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 7), 0);
    stage.plugin->close(handle);
    stage_end(&stage);
}

/* A file of the first release: letters without a place. */
static void a_file_of_before_gets_the_new_column(void)
{
    const char *path = new_path("letters.db");
    struct stage stage;
    stage_start(&stage, SP_LETTERS, path);
    void *handle = stage_open(&stage);
    put_letters(&stage, handle, 0, 10);
    stage.plugin->close(handle);
    CU_ASSERT_EQUAL(ask(path, "ALTER TABLE FailedEvents DROP COLUMN Place"), 0);
    CU_ASSERT_EQUAL(ask(path, "UPDATE ScanpipeSchema SET Version = 1 WHERE Part = 'letters'"), 0);
    handle = stage_open(&stage);
    put_letters(&stage, handle, 5, 10);
    struct sp_letter_filter filter = {.size = sizeof filter, .pipeline = "parcels"};
    CU_ASSERT_EQUAL(scan_all(&stage, handle, &filter, 7), 15);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM FailedEvents WHERE Place IS NULL AND Attempts = 2"), 5);
    stage.plugin->close(handle);
    stage_end(&stage);
}

/* ---- all in one file */

static void queue_state_and_letters_live_in_one_file(void)
{
    const char *path = new_path("all.db");
    struct stage queue, state, letters;
    stage_start(&queue, SP_QUEUE, path);
    stage_start(&state, SP_STATE, path);
    stage_start(&letters, SP_LETTERS, path);
    void *q = stage_open(&queue), *s = stage_open(&state), *l = stage_open(&letters);
    struct sp_message message = {.body = text("{}\n"), .event_count = 1};
    struct sp_result result;
    int64_t version = 0;
    bool swapped;
    for (int i = 0; i < 20; i++) {
        WORKS(queue.plugin->queue->send(q, &message, 1, &result, within(5000), &err));
        WORKS(put(&state, s, "poller", "x", version, &swapped, &version));
        CU_ASSERT(swapped);
        put_letters(&letters, l, i, 1);
    }
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM QueueMessages"), 20);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM FailedEvents"), 20);
    queue.plugin->close(q);
    state.plugin->close(s);
    letters.plugin->close(l);
    stage_end(&queue);
    stage_end(&state);
    stage_end(&letters);
}

static void look_at_all(struct stage stages[3], void *handles[3])
{
    struct sp_arena *arena = arena_new(4096);
    struct sp_slice value = {"?", 1}, next;
    int64_t version = 7;
    WORKS(stages[0].plugin->state->get(handles[0], "poller", arena, &value, &version, within(5000), &err));
    CU_ASSERT(value.size == 0 && version == 0);
    const struct sp_letter_filter filter = {.size = sizeof filter, .pipeline = "parcels"};
    const struct sp_letter *letters;
    size_t count = 7;
    WORKS(stages[1].plugin->letters->scan(handles[1], &filter, text(""), 10, arena, &letters, &count, &next,
                                          within(5000), &err));
    CU_ASSERT(count == 0 && next.size == 0);
    struct sp_depth depth = {.size = sizeof depth, .visible = 7};
    WORKS(stages[2].plugin->queue->depth(handles[2], &depth, within(5000), &err));
    CU_ASSERT(depth.visible == 0 && depth.leased == 0);
    arena_free(arena);
}

static void who_only_looks_makes_nothing(void)
{
    const enum sp_kind kinds[] = {SP_STATE, SP_LETTERS, SP_QUEUE};
    const char *path = new_path("look.db");
    struct stage stages[3];
    void *handles[3];
    for (size_t i = 0; i < 3; i++) {
        stage_start(&stages[i], kinds[i], path);
        handles[i] = stage_open(&stages[i]);
    }
    /* given no file, then there is none afterwards */
    look_at_all(stages, handles);
    CU_ASSERT(access(path, F_OK) != 0);
    /* given somebody else's, then it stays as it was */
    ask(path, "CREATE TABLE Others (Id INTEGER)");
    look_at_all(stages, handles);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM sqlite_master"), 1);
    /* when one of them writes, then the others still look */
    bool swapped = false;
    int64_t version;
    WORKS(put(&stages[0], handles[0], "other", "a", 0, &swapped, &version));
    look_at_all(stages, handles);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM sqlite_master WHERE name = 'FailedEvents'"), 0);
    for (size_t i = 0; i < 3; i++) {
        stages[i].plugin->close(handles[i]);
        stage_end(&stages[i]);
    }
}

int main(void)
{
    struct tap_test tests[] = {
        {"a record is swapped only by who knows its version",
         a_record_is_swapped_only_by_who_knows_its_version},
        {"a version never comes back", a_version_never_comes_back},
        {"pipelines do not see each other", pipelines_do_not_see_each_other},
        {"processes that race lose no update", processes_that_race_lose_no_update},
        {"a newer file is refused", a_newer_file_is_refused},
        {"a probe makes nothing", a_probe_makes_nothing},
        {"a letter comes back as it was", a_letter_comes_back_as_it_was},
        {"putting a letter again keeps its history", putting_a_letter_again_keeps_its_history},
        {"a file of before gets the new column", a_file_of_before_gets_the_new_column},
        {"a scan meets each letter once, and filters", a_scan_meets_each_letter_once_and_filters},
        {"queue, state and letters live in one file", queue_state_and_letters_live_in_one_file},
        {"who only looks makes nothing", who_only_looks_makes_nothing},
    };
    return tap_run("state_letters_sqlite", tests, sizeof tests / sizeof *tests);
}
