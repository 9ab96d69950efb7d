/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "care.h"

#include <scanpipe/json.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* One call returns so many bytes, and then one message more. */
enum { BYTES_AT_ONCE = 8 << 20 };

/* ---- what was seen: two pages may hold the same message, one of them given up long ago */

static size_t slot_of(const struct seen *seen, uint64_t mark)
{
    size_t slot = (size_t)mark & (seen->capacity - 1);
    while (seen->slots[slot] != 0 && seen->slots[slot] != mark)
        slot = (slot + 1) & (seen->capacity - 1);
    return slot;
}

static void grow(struct seen *seen)
{
    struct seen larger = {.count = seen->count, .capacity = seen->capacity ? 2 * seen->capacity : 1024};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        abort();
    for (size_t i = 0; i < seen->capacity; i++)
        if (seen->slots[i] != 0)
            larger.slots[slot_of(&larger, seen->slots[i])] = seen->slots[i];
    free(seen->slots);
    *seen = larger;
}

/* An id alone does not tell: it may be what is damaged. */
bool seen_add(struct seen *seen, int64_t id, struct sp_slice body)
{
    uint64_t key[2] = {(uint64_t)id, 0}, mark = sp_siphash128(key, body.size ? body.data : "", body.size).low;
    mark += mark == 0;
    if (2 * seen->count >= seen->capacity)
        grow(seen);
    size_t slot = slot_of(seen, mark);
    if (seen->slots[slot] == mark)
        return false;
    seen->slots[slot] = mark;
    seen->count++;
    return true;
}

void seen_fini(struct seen *seen)
{
    free(seen->slots);
    *seen = (struct seen){0};
}

/* ---- one message */

/* Whether each line is JSON, and there are as many as were sent. */
static bool lines_are_good(struct sp_slice body, uint64_t events)
{
    uint64_t lines = 0;
    for (size_t at = 0; at < body.size; lines++) {
        struct sp_json_fault fault;
        const char *end = memchr(body.data + at, '\n', body.size - at);
        size_t size = end ? (size_t)(end - body.data) - at : body.size - at;
        if (sp_json_scan_whole(NULL, (struct sp_slice){body.data + at, size}, NULL, &fault) != 0)
            return false;
        at += size + (end != NULL);
    }
    return lines == events;
}

/* Goes through the attributes; false where they are damaged. */
static bool look_at_attributes(const struct tree_value *value, bool *ndjson_out)
{
    struct sp_slice rest = value->bytes;
    struct sp_attribute one;
    *ndjson_out = value->type == TREE_NULL; /* what all messages of ours have is not written */
    if (value->type != TREE_BLOB)
        return value->type == TREE_NULL;
    while (rest.size) {
        if (!attributes_next(&rest, &one))
            return false;
        if (sp_slice_equal(one.name, sp_slice_of("scanpipe-format")))
            *ndjson_out = sp_slice_equal(one.value, sp_slice_of("ndjson"));
    }
    return true;
}

bool salvage_attributes_are_good(const struct rescue_row *row)
{
    bool ndjson;
    return row->count == 6 && look_at_attributes(&row->values[4], &ndjson);
}

enum sp_salvage salvage_judge(const struct rescue_row *row, const char **why_out)
{
    const struct tree_value *values = row->values;
    bool ndjson;
    *why_out = NULL;
    if (row->count != 6)
        *why_out = "it is no message any more";
    else if (values[5].type != TREE_BLOB)
        *why_out = "its body cannot be read";
    if (*why_out)
        return SP_SALVAGE_LOST;
    if (!look_at_attributes(&values[4], &ndjson))
        *why_out = "its attributes are damaged";
    else if (!rescue_is_message(values, row->count))
        *why_out = "its size, time or number of events cannot be what was written";
    else if ((uint64_t)values[1].integer != values[5].bytes.size)
        *why_out = "its body has another size than was sent";
    else if (ndjson && !lines_are_good(values[5].bytes, (uint64_t)values[3].integer))
        *why_out = "its body is not what was sent";
    return *why_out ? SP_SALVAGE_DOUBTFUL : SP_SALVAGE_WHOLE;
}

/* Attributes stand before the body, so they are often there where it is not. */
static void take_attributes(const struct tree_value *value, struct sp_arena *arena, struct sp_salvaged *out)
{
    struct sp_received decoded = {0};
    struct sp_slice blob = {value->type == TREE_BLOB && !value->bytes.data ? "" : value->bytes.data,
                            value->bytes.size};
    if ((value->type != TREE_NULL && value->type != TREE_BLOB) || !attributes_decode(blob, arena, &decoded))
        return;
    out->attributes = decoded.attributes;
    out->attribute_count = decoded.attribute_count;
}

static void describe(const struct rescue_row *row, struct sp_arena *arena, struct sp_salvaged *out)
{
    const char *why;
    *out = (struct sp_salvaged){.outcome = salvage_judge(row, &why)};
    if (why)
        out->text = sp_arena_printf(arena, "message %" PRId64 ": %s", row->id, why);
    if (row->count != 6)
        return;
    if (tree_is_number(&row->values[2]))
        out->sent_wall_ms = row->values[2].integer;
    if (tree_is_number(&row->values[3]))
        out->event_count = (uint64_t)row->values[3].integer;
    take_attributes(&row->values[4], arena, out);
    if (out->outcome != SP_SALVAGE_LOST && row->values[5].bytes.size)
        out->body = sp_arena_copy(arena, row->values[5].bytes);
}

/* ---- all of them */

struct salvage {
    sqlite3 *file;        /* NULL: it is read as it lies on the disk */
    struct rescue rescue; /* else */
    struct rescue_rows rows;
    struct seen seen;
    bool rescuing, listing;
};

/* What the core hands back: where to go on. */
struct place {
    int64_t id; /* SQLite */
    size_t place, cell;
};

void salvage_free(struct salvage *salvage)
{
    if (!salvage)
        return;
    sqlite3_close(salvage->file);
    if (salvage->listing)
        rescue_rows_close(&salvage->rows);
    if (salvage->rescuing)
        rescue_close(&salvage->rescue);
    seen_fini(&salvage->seen);
    free(salvage);
}

struct take {
    struct queue_handle *handle;
    struct salvage *salvage;
    struct sp_arena *arena;
    struct sp_salvaged *messages;
    size_t count, max, bytes;
};

static struct sp_salvaged *next_slot(struct take *take)
{
    return &take->messages[take->count];
}

/* Copies the row's bytes, which are gone with the next row. */
static void keep(struct take *take, const struct rescue_row *row)
{
    struct sp_salvaged *message = next_slot(take);
    describe(row, take->arena, message);
    take->bytes += message->body.size;
    take->count++;
}

static void add_lost(struct take *take, const char *text)
{
    *next_slot(take) = (struct sp_salvaged){.outcome = SP_SALVAGE_LOST, .text = text};
    take->count++;
}

static bool has_room(const struct take *take)
{
    return take->count < take->max && take->bytes < BYTES_AT_ONCE;
}

/* ---- of a sound file: through SQLite, for it may be in use */

static const char rows_query[] = "SELECT Id, Size, SentAtMs, Events, Attributes, Body FROM QueueMessages"
                                 " WHERE Id > ? ORDER BY Id";

static struct tree_value value_of(sqlite3_stmt *statement, int column)
{
    struct tree_value value = {.type = TREE_BLOB};
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        value.type = TREE_NULL;
        break;
    case SQLITE_INTEGER:
        value = (struct tree_value){.type = TREE_INTEGER, .integer = sqlite3_column_int64(statement, column)};
        break;
    default:
        value.bytes.data = sqlite3_column_blob(statement, column);
        value.bytes.size = (size_t)sqlite3_column_bytes(statement, column);
    }
    return value;
}

/* The row that a statement stands on; values have room for six. */
static struct rescue_row row_of(sqlite3_stmt *statement, struct tree_value *values)
{
    values[0] = (struct tree_value){.type = TREE_NULL};
    for (int column = 1; column < 6; column++)
        values[column] = value_of(statement, column);
    return (struct rescue_row){.id = sqlite3_column_int64(statement, 0), .values = values, .count = 6};
}

int salvage_count_doubtful(sqlite3 *file, uint64_t *count_out, uint64_t *stuck_out)
{
    sqlite3_stmt *statement = NULL;
    struct tree_value values[6];
    uint64_t count = 0, stuck = 0;
    int rc = sqlite3_prepare_v2(file, rows_query, -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, 1, INT64_MIN);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct rescue_row row = row_of(statement, values);
        const char *why;
        count += salvage_judge(&row, &why) != SP_SALVAGE_WHOLE;
        stuck += !salvage_attributes_are_good(&row);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    *count_out = count;
    *stuck_out = stuck;
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int take_from_sqlite(struct take *take, struct place *place, bool *more_out)
{
    sqlite3_stmt *statement = NULL;
    struct tree_value values[6];
    int rc = sqlite3_prepare_v2(take->salvage->file, rows_query, -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, 1, place->id);
    while (has_room(take) && rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct rescue_row row = row_of(statement, values);
        keep(take, &row);
        place->id = row.id;
        rc = SQLITE_OK;
    }
    *more_out = rc == SQLITE_OK;
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* ---- of a damaged one */

static void take_row(struct take *take, enum rescue_step step, const struct rescue_row *row)
{
    if (step == RESCUE_LOST_PAGE) {
        add_lost(take, row->page ? sp_arena_printf(take->arena,
                                                   "messages may be missing here: page %" PRIu32
                                                   " or one near it cannot be read",
                                                   row->page)
                                 : "messages may be missing here");
        return;
    }
    if (step == RESCUE_LOST_ROW) {
        add_lost(take,
                 sp_arena_printf(take->arena, "a message of page %" PRIu32 " cannot be read", row->page));
        return;
    }
    const struct tree_value *body = row->count == 6 ? &row->values[5] : NULL;
    if (seen_add(&take->salvage->seen, row->id, body ? body->bytes : (struct sp_slice){0}))
        keep(take, row);
}

static int take_from_disk(struct take *take, struct place *place, bool *more_out, struct sp_error *err)
{
    struct salvage *salvage = take->salvage;
    struct rescue_row row;
    *more_out = salvage->listing;
    if (!salvage->listing && salvage->rescue.schema.damaged)
        add_lost(take, "no sign of the table of messages is left");
    if (!salvage->listing)
        return 0;
    salvage->rows.place = place->place;
    salvage->rows.cell = place->cell;
    salvage->rows.loaded = false;
    while (*more_out && has_room(take)) {
        if (care_go_on(take->handle, err) < 0)
            return -1;
        enum rescue_step step = rescue_next(&salvage->rows, &row);
        if (step == RESCUE_END)
            *more_out = false;
        else
            take_row(take, step, &row);
    }
    place->place = salvage->rows.place;
    place->cell = salvage->rows.cell;
    return 0;
}

/* ---- the calls */

/* Whether SQLite reads the file from end to end, and finds the table as it should be.  SQLite's code. */
static int is_sound(struct salvage *salvage, bool *sound_out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(salvage->file, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    bool sound = rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    if (sound) {
        rc = sqlite3_prepare_v2(salvage->file, rows_query, -1, &statement, NULL);
        sound = rc == SQLITE_OK;
        sqlite3_finalize(statement);
    }
    *sound_out = sound;
    return rc == SQLITE_ROW || look_is_damage(rc) ? SQLITE_OK : rc;
}

static int start(struct queue_handle *handle, struct sp_error *err)
{
    salvage_free(handle->salvage);
    struct salvage *salvage = handle->salvage = calloc(1, sizeof *salvage);
    if (!salvage)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    const char *path = handle->queue->config->lite.path;
    bool sound = false;
    if (access(path, F_OK) != 0) {
        sp_fail(err, SP_REFUSED, "%s: %s", path, strerror(errno));
        return sp_fail_cure(err, "nothing was sent yet, or `path` is another");
    }
    int rc = look_open(handle, path, &salvage->file);
    if (rc == SQLITE_OK || look_is_damage(rc))
        rc = is_sound(salvage, &sound);
    if (rc != SQLITE_OK)
        return look_fail(handle, salvage->file, rc, "looking at the file", err);
    if (sound)
        return 0;
    sqlite3_close(salvage->file);
    salvage->file = NULL;
    if (rescue_open(&salvage->rescue, path, err) < 0)
        return -1;
    salvage->rescuing = true;
    const struct rescue_table *table = rescue_find(&salvage->rescue, "QueueMessages");
    salvage->listing = table != NULL;
    if (table)
        rescue_rows_open(&salvage->rows, &salvage->rescue, table, 0);
    return 0;
}

/* What was taken in a call that failed is taken again. */
static int give_up(struct queue_handle *handle)
{
    salvage_free(handle->salvage);
    handle->salvage = NULL;
    return -1;
}

int queue_salvage(void *opaque, struct sp_slice after, size_t max, struct sp_arena *arena,
                  const struct sp_salvaged **messages, size_t *count, struct sp_slice *next_out,
                  int64_t deadline, struct sp_error *err)
{
    struct queue_handle *handle = opaque;
    struct place place = {0};
    bool more;
    care_begin(handle, deadline);
    if (after.size == sizeof place)
        memcpy(&place, after.data, sizeof place);
    if ((after.size == 0 || !handle->salvage) && start(handle, err) < 0)
        return give_up(handle);
    struct take take = {.handle = handle, .salvage = handle->salvage, .arena = arena, .max = max};
    take.messages = sp_arena_zalloc(arena, (max + 1) * sizeof *take.messages);
    if (handle->salvage->file) {
        int rc = take_from_sqlite(&take, &place, &more);
        if (rc != SQLITE_OK) {
            look_fail(handle, handle->salvage->file, rc, "reading messages", err);
            return give_up(handle);
        }
    } else if (take_from_disk(&take, &place, &more, err) < 0) {
        return give_up(handle);
    }
    *messages = take.messages;
    *count = take.count;
    *next_out = more ? sp_arena_copy(arena, (struct sp_slice){(const char *)&place, sizeof place})
                     : (struct sp_slice){0};
    return 0;
}
