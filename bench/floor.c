/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * The floor: the main job written by hand for this one feed and this one table, with the durability
 * and the fold of scanpipe and nothing else.  scanpipe is measured against it (bench/ratio.py).
 *
 * Two threads.  One fetches pages and stores them, whole, in a SQLite queue (WAL, synchronous
 * FULL), eight a transaction; the other reads them back, folds up to 10,000 events, and writes the rows and
 * its position in the queue in one transaction.  It has no retries, no dead letters, no restarts, no checks.
 *
 * usage: floor URL FOLDER
 */

#include <curl/curl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_EVENTS = 1000,
    BATCH_EVENTS = 10000,
    PAGES_AHEAD = 32,
    PAGES_AT_ONCE = 8,
    MAX_ROWS = BATCH_EVENTS + PAGE_EVENTS
};
enum { TABLE_SLOTS = 32768 };

#define DIE(...) (fprintf(stderr, "floor: " __VA_ARGS__), fputc('\n', stderr), exit(1))

struct text {
    const char *data;
    int size;
};

struct event {
    int64_t id, parcel;
    struct text type, created, status, run;
};

/* One row, as the fold of ParcelSummary has it: three groups, each with its own order. */
struct row {
    int64_t parcel;
    struct event latest;
    int64_t picked_order, delivered_order; /* 0: none */
    struct text picked, delivered;
};

struct page {
    char *data;
    size_t size, capacity;
};

static char *folder;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, queue_writer = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int64_t stored, done; /* pages */
static bool ended;
static int64_t events_read, rows_written;

/* ---- JSON, as far as this feed needs it ------------------------------------------------------ */

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

static const char *read_string(const char *at, struct text *out) /* at: behind the quote */
{
    const char *end = strchr(at, '"');
    while (end && end > at && end[-1] == '\\')
        end = strchr(end + 1, '"');
    if (!end)
        DIE("a string without end");
    *out = (struct text){at, (int)(end - at)};
    return end + 1;
}

static const char *read_number(const char *at, int64_t *out)
{
    int64_t value = 0;
    while (*at >= '0' && *at <= '9')
        value = value * 10 + (*at++ - '0');
    *out = value;
    return at;
}

static const char *skip_value(const char *at)
{
    struct text ignored;
    int depth = 0;
    do {
        at = skip_space(at);
        if (*at == '"') {
            at = read_string(at + 1, &ignored);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else {
            while (*at && !strchr(",:]}", *at))
                at++;
        }
    } while (depth > 0);
    return at;
}

static bool is(struct text key, const char *name)
{
    return (size_t)key.size == strlen(name) && memcmp(key.data, name, (size_t)key.size) == 0;
}

static const char *read_field(const char *at, struct text *out)
{
    return *at == '"' ? read_string(at + 1, out) : skip_value(at);
}

static const char *read_object(const char *at, struct event *event, bool user)
{
    for (at = skip_space(at + 1); *at != '}'; at = skip_space(at)) {
        struct text key;
        at = skip_space(read_string(skip_space(at) + 1, &key));
        at = skip_space(at + 1);
        if (user)
            at = is(key, "RunId") ? read_field(at, &event->run) : skip_value(at);
        else if (is(key, "EventId"))
            at = read_number(at, &event->id);
        else if (is(key, "ParcelId"))
            at = read_number(at, &event->parcel);
        else if (is(key, "Type"))
            at = read_field(at, &event->type);
        else if (is(key, "CreatedDateTimeUtc"))
            at = read_field(at, &event->created);
        else if (is(key, "StatusCode"))
            at = read_field(at, &event->status);
        else if (is(key, "User") && *at == '{')
            at = read_object(at, event, true);
        else
            at = skip_value(at);
        at = skip_space(at);
        if (*at == ',')
            at++;
    }
    return at + 1;
}

static const char *first_event(const char *page)
{
    const char *at = strchr(page, '[');
    return at ? skip_space(at + 1) : NULL;
}

static const char *read_event(const char *at, struct event *event)
{
    *event = (struct event){.status = {"", 0}, .run = {"", 0}};
    at = skip_space(read_object(at, event, false));
    return *at == ',' ? skip_space(at + 1) : at;
}

/* ---- the queue ------------------------------------------------------------------------------- */

static void check(sqlite3 *db, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        DIE("SQLite: %s", sqlite3_errmsg(db));
}

static sqlite3 *open_database(const char *name, const char *pragmas)
{
    char path[4096];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
        DIE("cannot open %s", path);
    sqlite3_busy_timeout(db, 10000);
    check(db, sqlite3_exec(db, pragmas, NULL, NULL, NULL));
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    check(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
    return statement;
}

static void run(sqlite3 *db, sqlite3_stmt *statement)
{
    check(db, sqlite3_step(statement));
    sqlite3_reset(statement);
}

#define QUEUE_PRAGMAS                                                                                        \
    "PRAGMA page_size=16384;PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA secure_delete=OFF;"       \
    "CREATE TABLE IF NOT EXISTS q(id INTEGER PRIMARY KEY, body BLOB NOT NULL)"

/* ---- from the feed into the queue ------------------------------------------------------------ */

static size_t take_body(char *data, size_t size, size_t count, void *into)
{
    struct page *page = into;
    size_t more = size * count;
    if (page->size + more + 1 > page->capacity)
        page->data = realloc(page->data, page->capacity = 2 * (page->size + more + 1));
    memcpy(page->data + page->size, data, more);
    page->size += more;
    page->data[page->size] = '\0';
    return more;
}

/* Several pages a transaction: one wait for the disk serves them all. */
static void store_pages(sqlite3 *db, sqlite3_stmt *insert, const struct page *pages, int count)
{
    pthread_mutex_lock(&queue_writer);
    check(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    for (int i = 0; i < count; i++) {
        sqlite3_bind_int64(insert, 1, stored + 1 + i);
        sqlite3_bind_blob(insert, 2, pages[i].data, (int)pages[i].size, SQLITE_STATIC);
        run(db, insert);
    }
    check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    pthread_mutex_unlock(&queue_writer);
    pthread_mutex_lock(&lock);
    stored += count;
    pthread_cond_broadcast(&changed);
    while (stored - done >= PAGES_AHEAD)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* Fetches one page; returns how many events it has, and where the next begins. */
static int fetch_page(CURL *curl, const char *base, int64_t *from, struct page *page)
{
    char url[512];
    int count = 0;
    snprintf(url, sizeof url, "%s/v1/scans/scanevents?FromEventId=%lld&Limit=%d", base, (long long)*from,
             PAGE_EVENTS);
    page->size = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, page);
    if (curl_easy_perform(curl))
        DIE("cannot fetch %s", url);
    for (const char *at = first_event(page->data); at && *at == '{'; count++) {
        struct event event;
        at = read_event(at, &event);
        *from = event.id + 1 > *from ? event.id + 1 : *from;
    }
    return count;
}

static void fetch_all(const char *base)
{
    sqlite3 *db = open_database("floor.queue.db", QUEUE_PRAGMAS);
    sqlite3_stmt *insert = prepare(db, "INSERT INTO q VALUES(?,?)");
    CURL *curl = curl_easy_init();
    static struct page pages[PAGES_AT_ONCE];
    int64_t from = 1;
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L << 10);
    for (int last = PAGE_EVENTS; last == PAGE_EVENTS;) {
        int count = 0;
        while (count < PAGES_AT_ONCE && last == PAGE_EVENTS) {
            last = fetch_page(curl, base, &from, &pages[count]);
            events_read += last;
            count += last > 0;
        }
        store_pages(db, insert, pages, count);
    }
    curl_easy_cleanup(curl);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    for (int i = 0; i < PAGES_AT_ONCE; i++)
        free(pages[i].data);
}

/* ---- from the queue into the table ----------------------------------------------------------- */

static struct row rows[MAX_ROWS];
static struct row *sorted[MAX_ROWS];
static int32_t slots[TABLE_SLOTS];
static int row_count;

static struct row *row_of(int64_t parcel)
{
    uint32_t slot = (uint32_t)((uint64_t)parcel * 0x9E3779B97F4A7C15u >> 49);
    for (; slots[slot] >= 0; slot = (slot + 1) & (TABLE_SLOTS - 1))
        if (rows[slots[slot]].parcel == parcel)
            return &rows[slots[slot]];
    struct row *row = &rows[row_count];
    slots[slot] = row_count++;
    *row = (struct row){.parcel = parcel};
    return row;
}

static bool type_is(struct text type, const char *name)
{
    return (size_t)type.size == strlen(name) && strncasecmp(type.data, name, (size_t)type.size) == 0;
}

static void fold(const struct event *event)
{
    struct row *row = row_of(event->parcel);
    if (event->id >= row->latest.id)
        row->latest = *event;
    if (type_is(event->type, "PICKUP") && (row->picked_order == 0 || event->id <= row->picked_order)) {
        row->picked_order = event->id;
        row->picked = event->created;
    }
    if (type_is(event->type, "DELIVERY") &&
        (row->delivered_order == 0 || event->id <= row->delivered_order)) {
        row->delivered_order = event->id;
        row->delivered = event->created;
    }
}

static int by_parcel(const void *a, const void *b)
{
    const struct row *one = *(struct row *const *)a, *other = *(struct row *const *)b;
    return (one->parcel > other->parcel) - (one->parcel < other->parcel);
}

static void bind_text(sqlite3_stmt *statement, int at, struct text text)
{
    if (text.data)
        sqlite3_bind_text(statement, at, text.data, text.size, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, at);
}

static void bind_order(sqlite3_stmt *statement, int at, int64_t order)
{
    if (order)
        sqlite3_bind_int64(statement, at, order);
    else
        sqlite3_bind_null(statement, at);
}

static void write_row(sqlite3 *db, sqlite3_stmt *upsert, const struct row *row)
{
    char type[64];
    struct text upper = {type, row->latest.type.size < 64 ? row->latest.type.size : 64};
    for (int i = 0; i < upper.size; i++) {
        char c = row->latest.type.data[i];
        type[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    sqlite3_bind_int64(upsert, 1, row->parcel);
    sqlite3_bind_int64(upsert, 2, row->latest.id);
    bind_text(upsert, 3, upper);
    bind_text(upsert, 4, row->latest.created);
    bind_text(upsert, 5, row->latest.status);
    bind_text(upsert, 6, row->latest.run);
    bind_text(upsert, 7, row->picked);
    bind_order(upsert, 8, row->picked_order);
    bind_text(upsert, 9, row->delivered);
    bind_order(upsert, 10, row->delivered_order);
    run(db, upsert);
}

#define LATEST(column) column "=iif(excluded.LatestEventId>=p.LatestEventId,excluded." column ",p." column ")"
#define FIRST(column, order)                                                                                 \
    column "=iif(excluded." order " IS NOT NULL AND (p." order " IS NULL OR excluded." order "<=p." order    \
           "),excluded." column ",p." column ")"

static const char *const create_table =
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-16384;PRAGMA secure_delete=OFF;"
    "PRAGMA wal_autocheckpoint=4096;"
    "CREATE TABLE ParcelSummary(ParcelId INTEGER PRIMARY KEY, LatestEventId INTEGER, LatestType TEXT,"
    " LatestCreatedDateTimeUtc TEXT, LatestStatusCode TEXT, LatestRunId TEXT, PickedUpAtUtc TEXT,"
    " PickedUpEventId INTEGER, DeliveredAtUtc TEXT, DeliveredEventId INTEGER);"
    "CREATE TABLE Position(page INTEGER);INSERT INTO Position VALUES(0)";

static const char *const upsert_row =
    "INSERT INTO ParcelSummary AS p VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(ParcelId) DO UPDATE SET " LATEST("LatestType") "," LATEST("LatestCreatedDateTimeUtc") "," LATEST("LatestStatusCode") "," LATEST(
        "LatestRunId") "," LATEST("LatestEventId") "," FIRST("PickedUpAtUtc",
                                                             "PickedUpEventId") "," FIRST("PickedUpEventId",
                                                                                          "PickedUpEventId") "," FIRST("DeliveredAtUtc",
                                                                                                                       "DeliveredEventId") "," FIRST("DeliveredEventId",
                                                                                                                                                     "DeliveredEventId");

/* Waits for pages behind `after`; returns the last that is there, or `after` at the end. */
static int64_t await_pages(int64_t after)
{
    pthread_mutex_lock(&lock);
    while (stored == after && !ended)
        pthread_cond_wait(&changed, &lock);
    int64_t last = stored;
    pthread_mutex_unlock(&lock);
    return last;
}

static void give_back(sqlite3 *queue, sqlite3_stmt *delete, int64_t until)
{
    pthread_mutex_lock(&queue_writer);
    sqlite3_bind_int64(delete, 1, until);
    run(queue, delete);
    pthread_mutex_unlock(&queue_writer);
    pthread_mutex_lock(&lock);
    done = until;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* Reads pages back and folds them until the batch is full; returns the last page taken. */
static int64_t fold_pages(sqlite3 *queue, sqlite3_stmt *select, int64_t first, int64_t last, char **bodies)
{
    int events = 0, page = 0;
    memset(slots, 0xff, sizeof slots);
    row_count = 0;
    for (; first <= last && events < BATCH_EVENTS; first++, page++) {
        sqlite3_bind_int64(select, 1, first);
        check(queue, sqlite3_step(select));
        int size = sqlite3_column_bytes(select, 0);
        bodies[page] = realloc(bodies[page], (size_t)size + 1);
        memcpy(bodies[page], sqlite3_column_blob(select, 0), (size_t)size);
        bodies[page][size] = '\0';
        sqlite3_reset(select);
        for (const char *at = first_event(bodies[page]); *at == '{'; events++) {
            struct event event;
            at = read_event(at, &event);
            fold(&event);
        }
    }
    return first - 1;
}

static void *deliver_all(void *unused)
{
    static char *bodies[BATCH_EVENTS];
    sqlite3 *queue = open_database("floor.queue.db", QUEUE_PRAGMAS),
            *db = open_database("floor.db", create_table);
    sqlite3_stmt *select = prepare(queue, "SELECT body FROM q WHERE id=?");
    sqlite3_stmt *delete = prepare(queue, "DELETE FROM q WHERE id<=?");
    sqlite3_stmt *begin = prepare(db, "BEGIN IMMEDIATE"), *commit = prepare(db, "COMMIT");
    sqlite3_stmt *upsert = prepare(db, upsert_row), *move = prepare(db, "UPDATE Position SET page=?");
    (void)unused;
    for (int64_t at = 0, last; (last = await_pages(at)) > at;) {
        at = fold_pages(queue, select, at + 1, last, bodies);
        for (int i = 0; i < row_count; i++)
            sorted[i] = &rows[i];
        qsort(sorted, (size_t)row_count, sizeof *sorted, by_parcel);
        run(db, begin);
        for (int i = 0; i < row_count; i++)
            write_row(db, upsert, sorted[i]);
        sqlite3_bind_int64(move, 1, at);
        run(db, move);
        run(db, commit);
        rows_written += row_count;
        give_back(queue, delete, at);
    }
    sqlite3_stmt *const statements[] = {select, delete, begin, commit, upsert, move};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        sqlite3_finalize(statements[i]);
    sqlite3_close(queue);
    sqlite3_close(db);
    return NULL;
}

int main(int count, char **arguments)
{
    pthread_t thread;
    if (count != 3)
        DIE("usage: floor URL FOLDER");
    folder = arguments[2];
    curl_global_init(CURL_GLOBAL_ALL);
    sqlite3_close(open_database("floor.queue.db", QUEUE_PRAGMAS));
    pthread_create(&thread, NULL, deliver_all, NULL);
    fetch_all(arguments[1]);
    pthread_mutex_lock(&lock);
    ended = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    printf("{\"events\":%lld,\"rows\":%lld}\n", (long long)events_read, (long long)rows_written);
    return 0;
}
