/* SPDX-License-Identifier: Apache-2.0 */
/* Damage of many kinds to the embedded queue's file: it is told, what can be read is read, and a repaired
 * queue works and has all of that. */
#include <config.h>

#include "sqlite_stage.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct sp_error err;
static uint64_t chance; /* splitmix64 */

static uint64_t dice(uint64_t bound)
{
    uint64_t z = (chance += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % bound;
}

/* ---- a queue with known messages */

enum { MESSAGES = 240 };

/* Message n has n % 7 + 1 events that say which they are; every ninth is large. */
static size_t body_of(int number, char *out)
{
    size_t size = 0;
    for (int event = 0; event < number % 7 + 1; event++)
        size += (size_t)sprintf(out + size, "%s{\"EventId\":%d,\"Part\":%d,\"Text\":\"%0*d\"}",
                                event ? "\n" : "", number, event, number % 9 == 0 ? 9000 : 40, number);
    return size;
}

static int number_of(struct sp_slice body)
{
    char head[25] = "";
    int number = -1;
    memcpy(head, body.data, body.size < 24 ? body.size : 24);
    return sscanf(head, "{\"EventId\":%d", &number) == 1 ? number : -1;
}

static void send_number(const struct sp_plugin *plugin, void *handle, int number)
{
    char body[9 * 9100], cursor[32];
    size_t size = body_of(number, body);
    snprintf(cursor, sizeof cursor, "%d", number * 10);
    struct sp_attribute attributes[] = {{{"scanpipe-format", 15}, {"ndjson", 6}},
                                        {{"scanpipe-cursor", 15}, sp_slice_of(cursor)}};
    struct sp_message message = {{body, size}, attributes, 2, (uint64_t)(number % 7 + 1)};
    struct sp_result result;
    WORKS(plugin->queue->send(handle, &message, 1, &result, within(5000), &err));
}

static void settle_some(const struct sp_plugin *plugin, void *handle, size_t count, bool done)
{
    struct sp_arena *arena = arena_new(65536);
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = count,
                              .max_bytes = 1 << 30,
                              .lease_ns = 30 * SP_SECOND};
    const struct sp_received *got;
    WORKS(plugin->queue->receive(handle, &want, arena, &got, &count, within(5000), &err));
    for (size_t i = 0; i < count; i++) {
        struct sp_settle entry = {got[i].receipt, done};
        struct sp_result result;
        WORKS(plugin->queue->settle(handle, &entry, 1, &result, within(5000), &err));
    }
    arena_free(arena);
}

static void put_state(const char *path, const char *text)
{
    struct stage stage;
    bool swapped;
    int64_t version;
    stage_start(&stage, SP_STATE, path);
    void *handle = stage_open(&stage);
    WORKS(stage.plugin->state->put(handle, "poller", sp_slice_of(text), 0, &swapped, &version, within(5000),
                                   &err));
    stage.plugin->close(handle);
    stage_end(&stage);
}

static void put_letter(const char *path)
{
    struct stage stage;
    struct sp_result result;
    struct sp_letter letter = {.id = {1, 2, 3},
                               .event = {"{\"bad\":1}", 9},
                               .pipeline = "parcels",
                               .class = "value",
                               .reason = "is bad",
                               .first_wall_ms = 1000,
                               .last_wall_ms = 2000,
                               .attempts = 1};
    stage_start(&stage, SP_LETTERS, path);
    void *handle = stage_open(&stage);
    WORKS(stage.plugin->letters->put(handle, &letter, 1, &result, within(5000), &err));
    stage.plugin->close(handle);
    stage_end(&stage);
}

/* The first messages are settled, so that there are free pages; some of the others were received.  Messages
 * from FIRST on are left. */
enum { FIRST = 31 };

static const char *make_queue(void)
{
    struct stage stage;
    const char *path = new_path("care.db");
    stage_start(&stage, SP_QUEUE, path);
    void *handle = stage_open(&stage);
    for (int number = 1; number < MESSAGES; number++)
        send_number(stage.plugin, handle, number);
    settle_some(stage.plugin, handle, FIRST - 1, true);
    settle_some(stage.plugin, handle, 5, false);
    stage.plugin->close(handle);
    stage_end(&stage);
    put_state(path, "{\"cursor\":\"MTIz\"}");
    put_letter(path);
    return path;
}

/* ---- the operations */

struct care {
    struct stage stage;
    void *handle;
    struct sp_arena *arena;
};

static void care_open(struct care *care, const char *path)
{
    stage_start(&care->stage, SP_QUEUE, path);
    care->handle = stage_open(&care->stage);
    care->arena = arena_new(65536);
}

static void care_close(struct care *care)
{
    care->stage.plugin->close(care->handle);
    stage_end(&care->stage);
    arena_free(care->arena);
}

static struct sp_queue_health health_of(const char *path)
{
    struct care care;
    struct sp_queue_health health = {.size = sizeof health};
    care_open(&care, path);
    WORKS(care.stage.plugin->queue->check(care.handle, true, care.arena, &health, within(60000), &err));
    if (getenv("SCANPIPE_TEST_VERBOSE"))
        for (size_t i = 0; i < health.finding_count; i++)
            printf("# %d: %s\n", health.findings[i].level, health.findings[i].text);
    care_close(&care);
    health.findings = NULL;
    return health;
}

static bool finds(const char *path, enum sp_level level, const char *words)
{
    struct care care;
    struct sp_queue_health health = {.size = sizeof health};
    bool found = false;
    care_open(&care, path);
    WORKS(care.stage.plugin->queue->check(care.handle, true, care.arena, &health, within(60000), &err));
    for (size_t i = 0; i < health.finding_count; i++)
        found |= health.findings[i].level == level && strstr(health.findings[i].text, words);
    care_close(&care);
    return found;
}

/* What is there of each message. */
struct found {
    bool whole[MESSAGES];
    int wholes, doubtful, lost, strange;
};

static void note(struct found *found, const struct sp_salvaged *message)
{
    char body[9 * 9100];
    int number;
    found->doubtful += message->outcome == SP_SALVAGE_DOUBTFUL;
    found->lost += message->outcome == SP_SALVAGE_LOST;
    CU_ASSERT((message->outcome == SP_SALVAGE_WHOLE) == (message->text == NULL));
    if (message->outcome != SP_SALVAGE_WHOLE)
        return;
    number = number_of(message->body);
    size_t size = number > 0 && number < MESSAGES ? body_of(number, body) : 0;
    if (size != message->body.size || memcmp(body, message->body.data, size) != 0) {
        found->strange++;
        return;
    }
    found->wholes += !found->whole[number];
    found->whole[number] = true;
}

static struct found salvage(const char *path)
{
    struct care care;
    struct found found = {0};
    struct sp_slice after = {0};
    char place[64];
    care_open(&care, path);
    do {
        const struct sp_salvaged *messages = NULL;
        size_t count = 0;
        struct sp_arena *arena = arena_new(65536);
        WORKS(care.stage.plugin->queue->salvage(care.handle, after, 7, arena, &messages, &count, &after,
                                                within(60000), &err));
        for (size_t i = 0; i < count; i++)
            note(&found, &messages[i]);
        if (after.size)
            memcpy(place, after.data, after.size);
        after.data = place;
        arena_free(arena);
    } while (after.size);
    care_close(&care);
    return found;
}

static int repair(const char *path, bool apply, struct sp_queue_repair *repair_out)
{
    struct care care;
    *repair_out = (struct sp_queue_repair){.size = sizeof *repair_out};
    care_open(&care, path);
    int rc =
        care.stage.plugin->queue->repair(care.handle, apply, care.arena, repair_out, within(60000), &err);
    if (rc == 0 && getenv("SCANPIPE_TEST_VERBOSE"))
        for (size_t i = 0; i < repair_out->step_count; i++)
            printf("# step %s\n", repair_out->steps[i]);
    care_close(&care);
    return rc;
}

/* Takes all messages out as a pipeline does. */
static struct found drain(const char *path)
{
    struct care care;
    struct found found = {0};
    size_t count = 0;
    care_open(&care, path);
    do {
        const struct sp_received *got = NULL;
        struct sp_receive want = {.size = sizeof want,
                                  .max_messages = 50,
                                  .max_bytes = 1 << 30,
                                  .lease_ns = 30 * SP_SECOND};
        WORKS(care.stage.plugin->queue->receive(care.handle, &want, care.arena, &got, &count, within(10000),
                                                &err));
        for (size_t i = 0; i < count; i++) {
            struct sp_salvaged message = {.outcome = SP_SALVAGE_WHOLE, .body = got[i].body};
            struct sp_settle entry = {got[i].receipt, true};
            struct sp_result result;
            note(&found, &message);
            WORKS(care.stage.plugin->queue->settle(care.handle, &entry, 1, &result, within(5000), &err));
        }
    } while (count > 0);
    care_close(&care);
    return found;
}

/* ---- damage */

/* The copy before is gone. */
static const char *copy_of(const char *path)
{
    static char copy[400];
    char command[1700];
    snprintf(copy, sizeof copy, "%s/copy.db", tap_scratch_dir());
    snprintf(command, sizeof command, "cp '%s' '%s'; [ ! -e '%s-wal' ] || cp '%s-wal' '%s-wal'", path, copy,
             path, path, copy);
    CU_ASSERT(system(command) == 0);
    return copy;
}

static void overwrite(const char *path, int64_t at, const void *bytes, size_t size)
{
    int file = open(path, O_WRONLY);
    CU_ASSERT(pwrite(file, bytes, size, at) == (ssize_t)size);
    close(file);
}

static int64_t size_of(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? about.st_size : -1;
}

static void forget(const char *path)
{
    char command[800];
    snprintf(command, sizeof command, "rm -f '%s' '%s'[.-]*", path, path);
    CU_ASSERT(system(command) == 0);
}

/* All that salvage finds is in the repaired queue, which works. */
static void repairs(const char *path, const struct found *before)
{
    struct sp_queue_repair plan;
    int64_t size = size_of(path);
    WORKS(repair(path, false, &plan));
    CU_ASSERT(plan.needed && !plan.applied && plan.step_count > 1);
    CU_ASSERT_EQUAL(size_of(path), size);
    WORKS(repair(path, true, &plan));
    CU_ASSERT(plan.applied);
    CU_ASSERT(!health_of(path).damaged);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM QueueLeases"), 0);
    struct found after = drain(path);
    for (int number = 0; number < MESSAGES; number++)
        CU_ASSERT(after.whole[number] || !before->whole[number]);
    WORKS(repair(path, true, &plan));
    CU_ASSERT(!plan.needed && !plan.applied);
}

/* ---- stories */

static void a_sound_queue_is_sound(void)
{
    const char *path = make_queue();
    struct sp_queue_health health = health_of(path);
    CU_ASSERT(!health.damaged);
    CU_ASSERT_EQUAL(health.messages, MESSAGES - FIRST);
    struct found found = salvage(path);
    CU_ASSERT_EQUAL(found.wholes, MESSAGES - FIRST);
    CU_ASSERT_EQUAL(found.doubtful + found.lost + found.strange, 0);
    struct sp_queue_repair plan;
    WORKS(repair(path, true, &plan));
    CU_ASSERT(!plan.needed && !plan.applied);
}

static void what_is_not_there_is_no_damage(void)
{
    const char *path = new_path("nothing.db");
    CU_ASSERT(!health_of(path).damaged);
    CU_ASSERT(health_of(path).absent);
    CU_ASSERT(finds(path, SP_INFO, "not there"));
    CU_ASSERT(health_of("/no/such/folder/queue.db").absent);
    CU_ASSERT(finds("/no/such/folder/queue.db", SP_WARN, "neither is its folder"));
    CU_ASSERT_EQUAL(size_of(path), -1);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    CU_ASSERT(!health_of(path).damaged);
    CU_ASSERT(!health_of(path).absent);
    CU_ASSERT(finds(path, SP_INFO, "empty"));
    CU_ASSERT_EQUAL(size_of(path), 0);
}

/* How many messages a page holds a part of, at most; from SQLite's own list of pages.  -1: no such list. */
static int64_t messages_on(const char *path, int64_t page)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT CASE pagetype WHEN 'leaf' THEN ncell WHEN 'overflow' THEN 1 ELSE 0 END FROM dbstat"
             " WHERE name = 'QueueMessages' AND pageno = %lld",
             (long long)page);
    return ask(path, sql);
}

/* Whichever page is wiped, only what stood on it is lost. */
static void a_wiped_page_costs_what_is_on_it(void)
{
    static const char zeros[8192];
    const char *path = make_queue();
    int64_t pages = size_of(path) / (int64_t)sizeof zeros;
    for (int64_t page = 1; page <= pages; page += page < 12 ? 1 : 1 + (int64_t)dice(12)) {
        int64_t on_it = messages_on(path, page);
        const char *copy = copy_of(path);
        overwrite(copy, (page - 1) * (int64_t)sizeof zeros, zeros, sizeof zeros);
        struct found found = salvage(copy);
        bool enough = on_it < 0 || found.wholes >= MESSAGES - FIRST - on_it;
        CU_ASSERT(enough);
        if (!enough)
            printf("# page %lld: %d of %d\n", (long long)page, found.wholes, MESSAGES - FIRST);
        CU_ASSERT_EQUAL(found.strange, 0);
        CU_ASSERT(on_it <= 0 || found.lost + found.doubtful > 0);
        struct sp_queue_health health = health_of(copy);
        CU_ASSERT(!finds(copy, SP_ERROR, "***")); /* a heading, of faults in one line */
        if (health.damaged)
            repairs(copy, &found);
        else
            CU_ASSERT(on_it == 0 || health.doubtful > 0);
        forget(copy);
    }
}

static void bytes_are_flipped(void)
{
    const char *path = make_queue();
    int64_t size = size_of(path);
    for (int round = 0; round < 40; round++) {
        const char *copy = copy_of(path);
        /* Half of the rounds hit the pages that lead to others, where it hurts most. */
        int64_t most = round % 2 ? size : 10 * 8192;
        for (int flips = 1 + (int)dice(20); flips > 0; flips--) {
            char byte = (char)dice(256);
            overwrite(copy, (int64_t)dice((uint64_t)most), &byte, 1);
        }
        struct found found = salvage(copy);
        if (health_of(copy).damaged)
            repairs(copy, &found);
        forget(copy);
    }
}

/* What SQLite itself can still read of a damaged file is found. */
static void what_sqlite_reads_is_read(void)
{
    const char *path = make_queue();
    int64_t size = size_of(path);
    for (int round = 0; round < 20; round++) {
        const char *copy = copy_of(path);
        char garbage[512];
        for (size_t i = 0; i < sizeof garbage; i++)
            garbage[i] = (char)dice(256);
        overwrite(copy, 8192 + (int64_t)dice((uint64_t)size - 8192 - 512), garbage, sizeof garbage);
        struct found found = salvage(copy);
        sqlite3 *file;
        sqlite3_stmt *statement = NULL;
        sqlite3_open_v2(copy, &file, SQLITE_OPEN_READONLY, NULL);
        sqlite3_prepare_v2(file, "SELECT Body FROM QueueMessages WHERE Id = ?", -1, &statement, NULL);
        for (int number = FIRST; statement && number < MESSAGES; number++) {
            char body[9 * 9100];
            size_t expected = body_of(number, body);
            sqlite3_bind_int(statement, 1, number);
            bool there = sqlite3_step(statement) == SQLITE_ROW &&
                         (size_t)sqlite3_column_bytes(statement, 0) == expected &&
                         memcmp(sqlite3_column_blob(statement, 0), body, expected) == 0;
            CU_ASSERT(!there || found.whole[number]);
            sqlite3_reset(statement);
        }
        sqlite3_finalize(statement);
        sqlite3_close(file);
        forget(copy);
    }
}

static void the_header_is_gone(void)
{
    static const char zeros[100], garbage[100] = "This is not the file that you are looking for.";
    const char *path = make_queue();
    for (int round = 0; round < 2; round++) {
        const char *copy = copy_of(path);
        overwrite(copy, 0, round ? garbage : zeros, sizeof zeros);
        CU_ASSERT(finds(copy, SP_ERROR, "does not begin as a database"));
        struct found found = salvage(copy);
        CU_ASSERT_EQUAL(found.wholes, MESSAGES - FIRST);
        repairs(copy, &found);
        CU_ASSERT_EQUAL(ask(copy, "SELECT count(*) FROM PipelineState WHERE Name = 'poller'"), 1);
        CU_ASSERT_EQUAL(ask(copy, "SELECT count(*) FROM FailedEvents WHERE Reason = 'is bad'"), 1);
        forget(copy);
    }
}

static void the_file_is_cut_short(void)
{
    const char *path = make_queue();
    int64_t size = size_of(path);
    const int64_t sizes[] = {size - 8192, size / 2, size / 3 + 100, 8192 * 3, 8192, 5000, 90, 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *copy = copy_of(path);
        CU_ASSERT(truncate(copy, sizes[i]) == 0);
        CU_ASSERT(health_of(copy).damaged);
        struct found found = salvage(copy);
        CU_ASSERT_EQUAL(found.strange, 0);
        CU_ASSERT(i > 1 || found.wholes > 0);
        repairs(copy, &found);
        forget(copy);
    }
}

static void it_is_another_file(void)
{
    const char *path = new_path("foreign.txt");
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT(write(file, "Dear reader, this is a letter.\n", 31) == 31);
    close(file);
    CU_ASSERT(finds(path, SP_ERROR, "does not begin as a database"));
    struct found found = salvage(path);
    CU_ASSERT_EQUAL(found.wholes, 0);
    /* Another program's database is none of ours to repair. */
    const char *other = new_path("other.db");
    CU_ASSERT_EQUAL(ask(other, "CREATE TABLE Other (a)"), 0);
    CU_ASSERT(!health_of(other).damaged);
    CU_ASSERT(finds(other, SP_INFO, "no queue was made"));
    CU_ASSERT_EQUAL(salvage(other).wholes + salvage(other).lost, 0);
}

static void totals_are_wrong(void)
{
    static const struct {
        const char *sql, *words;
        enum sp_level level;
    } wrongs[] = {
        {"UPDATE QueueTotals SET Messages = Messages + 3", "3 messages more or less are", SP_ERROR},
        {"UPDATE QueueTotals SET Messages = Messages - 1", "one message more or less is", SP_ERROR},
        {"UPDATE QueueTotals SET Bytes = 0", "bytes more or less", SP_ERROR},
        {"DELETE FROM QueueTotals", "totals is missing", SP_ERROR},
        {"UPDATE QueueTotals SET LastId = 7", "after the last id", SP_ERROR},
        {"UPDATE QueueMessages SET Size = Size + 1 WHERE Id = 100", "one message has another size", SP_ERROR},
        {"UPDATE QueueMessages SET Attributes = x'ffffffff61' WHERE Id = 100",
         "one message has attributes that cannot", SP_ERROR},
        {"INSERT INTO QueueLeases VALUES (100000, 0, 0, 0, 0)", "not there", SP_WARN},
        {"DELETE FROM QueueLeases", "lack their lease", SP_WARN},
        {"UPDATE ScanpipeSchema SET Version = 99 WHERE Part = 'queue'", "newer scanpipe", SP_WARN},
    };
    const char *path = make_queue();
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const char *copy = copy_of(path);
        CU_ASSERT_EQUAL(ask(copy, wrongs[i].sql), 0);
        CU_ASSERT(finds(copy, wrongs[i].level, wrongs[i].words));
        struct found found = salvage(copy);
        CU_ASSERT(found.wholes + found.doubtful == MESSAGES - FIRST);
        CU_ASSERT_EQUAL(health_of(copy).damaged, wrongs[i].level == SP_ERROR);
        if (wrongs[i].level == SP_ERROR)
            repairs(copy, &found);
        forget(copy);
    }
}

/* A process that is killed leaves its log behind; what was sent last stands there alone. */
static const char *leave_a_log(void)
{
    const char *path = new_path("killed.db");
    pid_t child = fork();
    if (child == 0) {
        struct stage stage;
        stage_start(&stage, SP_QUEUE, path);
        void *handle = stage_open(&stage);
        for (int number = FIRST; number < MESSAGES; number++) {
            send_number(stage.plugin, handle, number);
            if (number == MESSAGES / 2) {
                sqlite3 *file;
                sqlite3_open(path, &file);
                sqlite3_exec(file, "SELECT * FROM QueueTotals; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
                             NULL);
                sqlite3_close(file);
            }
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return path;
}

static void the_log_counts(void)
{
    static const char zeros[8192];
    const char *path = leave_a_log();
    char log[400], kept[900];
    snprintf(log, sizeof log, "%s-wal", path);
    CU_ASSERT(size_of(log) > 0);
    /* What the log has over it is no damage. */
    overwrite(path, 0, zeros, 100);
    CU_ASSERT(finds(path, SP_INFO, "log beside it"));
    CU_ASSERT(!health_of(path).damaged);
    const char *copy = copy_of(path);
    int64_t leaf = ask(copy, "SELECT pageno FROM dbstat WHERE name = 'QueueMessages' AND pagetype = 'leaf'"
                             " ORDER BY path LIMIT 1");
    forget(copy);
    if (leaf < 0)
        return; /* this SQLite does not list its pages */
    overwrite(path, (leaf - 1) * 8192, zeros, sizeof zeros);
    struct found found = salvage(path);
    CU_ASSERT(found.wholes > (MESSAGES - FIRST) / 2 - 10);
    for (int number = MESSAGES - 20; number < MESSAGES; number++)
        CU_ASSERT(found.whole[number]);
    repairs(path, &found);
    snprintf(kept, sizeof kept, "ls '%s'.damaged-*-wal >/dev/null", path);
    CU_ASSERT(system(kept) == 0);
}

/* A crash between taking the log away and the last rename loses nothing. */
static void an_interrupted_repair_is_taken_up(void)
{
    const char *path = leave_a_log(), *made = copy_of(path);
    struct found all = salvage(path);
    struct sp_queue_repair plan;
    char whole[400], log[400];
    CU_ASSERT_EQUAL(all.wholes, MESSAGES - FIRST);
    CU_ASSERT_EQUAL(ask(made, "UPDATE QueueTotals SET Bytes = 0"), 0);
    WORKS(repair(made, true, &plan));
    CU_ASSERT(plan.applied);
    snprintf(whole, sizeof whole, "%s.repaired", path);
    CU_ASSERT(rename(made, whole) == 0);
    snprintf(log, sizeof log, "%s-wal", path);
    CU_ASSERT(unlink(log) == 0);
    CU_ASSERT(finds(path, SP_ERROR, "interrupted"));
    repairs(path, &all);
}

static void who_uses_it_is_asked_to_stop(void)
{
    const char *path = make_queue();
    int ready[2], end[2];
    char byte;
    CU_ASSERT(pipe(ready) == 0 && pipe(end) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct care care;
        struct sp_depth depth = {.size = sizeof depth};
        care_open(&care, path);
        care.stage.plugin->queue->depth(care.handle, &depth, within(5000), &err);
        (void)!write(ready[1], "x", 1);
        (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    CU_ASSERT(read(ready[0], &byte, 1) == 1);
    CU_ASSERT_EQUAL(ask(path, "UPDATE QueueTotals SET Bytes = 0"), 0);
    struct sp_queue_repair plan;
    FAILS(repair(path, true, &plan), SP_REFUSED);
    CU_ASSERT(strstr(err.text, "in use") != NULL);
    CU_ASSERT(strstr(err.cure, "stop") != NULL);
    (void)!write(end[1], "x", 1);
    waitpid(child, NULL, 0);
    WORKS(repair(path, true, &plan));
    CU_ASSERT(plan.applied);
}

/* The schema is what says where tables are; where it lies, their rows tell. */
static void the_schema_lies(void)
{
    static const char *const lies[] = {
        "UPDATE sqlite_schema SET name = 'QueueMessagfs' WHERE name = 'QueueMessages'",
        "UPDATE sqlite_schema SET type = 'tablf' WHERE name = 'QueueMessages'",
        "UPDATE sqlite_schema SET rootpage = 1000000 WHERE name = 'QueueMessages'",
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'FailedEvents')"
        " WHERE name = 'QueueMessages'",
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'QueueMessages')"
        " WHERE name = 'FailedEvents'",
        "UPDATE sqlite_schema SET name = 'QueueMessageGoms' WHERE name = 'QueueMessageGone'",
        "DELETE FROM sqlite_schema",
    };
    const char *path = make_queue();
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const char *copy = copy_of(path);
        char sql[400];
        sqlite3 *file;
        snprintf(sql, sizeof sql, "PRAGMA writable_schema = 1; %s", lies[i]);
        sqlite3_open(copy, &file);
        CU_ASSERT_EQUAL(sqlite3_exec(file, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(file);
        struct found found = salvage(copy);
        CU_ASSERT_EQUAL(found.wholes, MESSAGES - FIRST);
        if (found.wholes != MESSAGES - FIRST)
            printf("# %s: %d\n", lies[i], found.wholes);
        if (health_of(copy).damaged) {
            repairs(copy, &found);
            CU_ASSERT_EQUAL(ask(copy, "SELECT count(*) FROM FailedEvents WHERE Reason = 'is bad'"), 1);
        }
        forget(copy);
    }
}

/* A table that is not ours, in the same file, comes along. */
static void what_others_keep_is_kept(void)
{
    static const char zeros[100];
    const char *path = make_queue();
    CU_ASSERT_EQUAL(
        ask(path, "CREATE TABLE Parcels (ParcelId INTEGER PRIMARY KEY, Type TEXT NOT NULL, Weight REAL)"), 0);
    CU_ASSERT_EQUAL(ask(path, "CREATE TABLE Keyed (b TEXT, a INT, n INT, PRIMARY KEY (a, b)) WITHOUT ROWID"),
                    0);
    CU_ASSERT_EQUAL(ask(path, "CREATE INDEX ParcelsByType ON Parcels (Type)"), 0);
    CU_ASSERT_EQUAL(ask(path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                              " INSERT INTO Parcels SELECT i * 7, 'T' || i, i / 4.0 FROM n"),
                    0);
    CU_ASSERT_EQUAL(ask(path, "INSERT INTO Keyed SELECT Type, ParcelId, 5 FROM Parcels"), 0);
    overwrite(path, 0, zeros, sizeof zeros);
    struct sp_queue_repair plan;
    WORKS(repair(path, true, &plan));
    CU_ASSERT(plan.applied);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM Parcels WHERE Type = 'T' || (ParcelId / 7)"
                              " AND Weight = (ParcelId / 7) / 4.0"),
                    3000);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM Keyed WHERE b = 'T' || (a / 7) AND n = 5"), 3000);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'ParcelsByType'"), 1);
    CU_ASSERT_EQUAL(ask(path, "SELECT Value >= 1000000 FROM ScanpipeCounters WHERE Name = 'state'"), 1);
}

/* What an older scanpipe made is as old in the new file, until somebody writes there. */
static void what_is_old_stays_old(void)
{
    static const char zeros[100];
    const char *path = make_queue();
    CU_ASSERT_EQUAL(ask(path, "ALTER TABLE FailedEvents DROP COLUMN Place"), 0);
    CU_ASSERT_EQUAL(ask(path, "UPDATE ScanpipeSchema SET Version = 1 WHERE Part = 'letters'"), 0);
    CU_ASSERT_EQUAL(ask(path, "DELETE FROM ScanpipeMigrations WHERE Part = 'letters' AND Number = 2"), 0);
    overwrite(path, 0, zeros, sizeof zeros);
    struct sp_queue_repair plan;
    WORKS(repair(path, true, &plan));
    CU_ASSERT(plan.applied);
    CU_ASSERT_EQUAL(ask(path, "SELECT Version FROM ScanpipeSchema WHERE Part = 'letters'"), 1);
    CU_ASSERT_EQUAL(ask(path, "SELECT max(Number) FROM ScanpipeMigrations WHERE Part = 'letters'"), 1);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM FailedEvents WHERE Reason = 'is bad'"), 1);
    put_letter(path);
    CU_ASSERT_EQUAL(ask(path, "SELECT Version FROM ScanpipeSchema WHERE Part = 'letters'"), 2);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM FailedEvents WHERE Place IS NULL"), 1);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"a sound queue is sound", a_sound_queue_is_sound},
        {"what is not there is no damage", what_is_not_there_is_no_damage},
        {"a wiped page costs what is on it", a_wiped_page_costs_what_is_on_it},
        {"bytes are flipped", bytes_are_flipped},
        {"what SQLite reads is read", what_sqlite_reads_is_read},
        {"the header is gone", the_header_is_gone},
        {"the file is cut short", the_file_is_cut_short},
        {"it is another file", it_is_another_file},
        {"totals are wrong", totals_are_wrong},
        {"the log counts", the_log_counts},
        {"an interrupted repair is taken up", an_interrupted_repair_is_taken_up},
        {"who uses it is asked to stop", who_uses_it_is_asked_to_stop},
        {"the schema lies", the_schema_lies},
        {"what others keep is kept", what_others_keep_is_kept},
        {"what is old stays old", what_is_old_stays_old},
    };
    const char *seed = getenv("SCANPIPE_TEST_SEED");
    chance = seed ? strtoull(seed, NULL, 10) : sp_random() % 1000000;
    printf("# seed %llu (SCANPIPE_TEST_SEED repeats it)\n", (unsigned long long)chance);
    return tap_run("queue care", tests, sizeof tests / sizeof *tests);
}
