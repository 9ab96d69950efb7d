/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include "../lib_sql/text.h"

#include <stdlib.h>

static const char putting[] = "storing dead letters", scanning[] = "reading dead letters",
                  removing[] = "removing dead letters";

/* A statement takes so many bytes of letters at once, or one letter. */
#define PUT_BYTES ((size_t)8 * 1024 * 1024)

static void put_event(struct odbc_json *json, struct sp_slice event)
{
    bool text = sql_can_be_text(event);
    json_raw(json, ",\"text\":");
    if (text)
        json_string(json, event.data, event.size);
    else
        json_raw(json, "null");
    json_raw(json, ",\"bytes\":");
    if (text)
        json_raw(json, "null");
    else
        json_hex(json, event.data, event.size);
}

static void put_letter(struct odbc_json *json, const struct sp_letter *letter)
{
    json_raw(json, json->size ? ",{\"id\":" : "[{\"id\":");
    json_hex(json, letter->id, sizeof letter->id);
    json_text_member(json, ",\"pipeline\":", letter->pipeline);
    json_text_member(json, ",\"stage\":", letter->stage);
    json_text_member(json, ",\"plugin\":", letter->plugin);
    json_text_member(json, ",\"class\":", letter->class);
    json_text_member(json, ",\"reason\":", letter->reason);
    json_text_member(json, ",\"column_name\":", letter->column);
    json_text_member(json, ",\"pointer\":", letter->pointer);
    json_text_member(json, ",\"event_id\":", letter->event_id);
    json_text_member(json, ",\"event_key\":", letter->event_key);
    json_text_member(json, ",\"source_cursor\":", letter->cursor);
    json_text_member(json, ",\"place\":", letter->place);
    json_number_member(json, ",\"attempts\":", letter->attempts);
    json_number_member(json, ",\"first\":", letter->first_wall_ms);
    json_number_member(json, ",\"last\":", letter->last_wall_ms);
    put_event(json, letter->event);
    json_raw(json, "}");
}

/* Two of one letter cannot be in one statement: the second must find the first. */
static bool is_among(const struct sp_letter *letters, size_t count, const struct sp_letter *one)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(letters[i].id, one->id, sizeof one->id) == 0)
            return true;
    }
    return false;
}

/* The first of the letters, as many as a statement takes; returns how many. */
static size_t put_some(struct odbc *db, const struct sp_letter *letters, size_t count)
{
    size_t bytes = 0, taken = 0;
    json_clear(&db->json);
    while (taken < count && !is_among(letters, taken, &letters[taken])) {
        bytes += letters[taken].event.size;
        if (taken > 0 && bytes > PUT_BYTES)
            break;
        put_letter(&db->json, &letters[taken++]);
    }
    json_raw(&db->json, "]");
    return taken;
}

static int letters_put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
                       int64_t deadline, struct sp_error *err)
{
    struct odbc *db = handle;
    if (odbc_enter_made(db, deadline, err) < 0)
        return odbc_leave(db, -1);
    for (size_t at = 0; at < count;) {
        size_t taken = put_some(db, letters + at, count - at);
        if (odbc_do(db, db->store->dialect->letters_put, ODBC_WRITES, NULL, putting, err) < 0)
            return odbc_leave(db, -1);
        for (size_t i = at; i < at + taken; i++)
            results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
        at += taken;
    }
    return odbc_leave(db, 0);
}

/* So many at most, whatever is asked for: the memory for them is taken beforehand. */
#define SCAN_MAX 1000

/* What a scan goes on behind: the time when letters were first seen, which they keep. */
struct position {
    int64_t first_wall_ms;
    unsigned char id[SP_SHA256_SIZE];
};

static void put_filter(struct odbc_json *json, const struct sp_letter_filter *filter,
                       const struct position *after, size_t id_size, size_t max)
{
    json_clear(json);
    json_text_member(json, "{\"pipeline\":", filter->pipeline);
    json_number_member(json, ",\"first\":", after->first_wall_ms);
    json_raw(json, ",\"id\":");
    json_hex(json, after->id, id_size);
    json_text_member(json, ",\"class\":", filter->class);
    json_text_member(json, ",\"column_name\":", filter->column);
    json_text_member(json, ",\"event_id\":", filter->event_id);
    json_text_member(json, ",\"event_key\":", filter->event_key);
    json_number_member(json, ",\"from\":", filter->from_wall_ms);
    json_number_member(json, ",\"until\":", filter->until_wall_ms);
    json_number_member(json, ",\"most\":", (int64_t)max);
    json_raw(json, "}");
}

/* id, version, pipeline, stage, plugin, class, reason, column, pointer, event id, event key, cursor, place,
 * attempts, first, last, the event as text, and as bytes */
enum {
    AT_ID,
    AT_VERSION,
    AT_TEXTS,
    AT_ATTEMPTS = AT_TEXTS + 11,
    AT_FIRST,
    AT_LAST,
    AT_EVENT,
    AT_BYTES,
    AT_COLUMNS
};

static int take_letter(struct odbc *db, struct sp_arena *arena, struct sp_letter *letter,
                       struct sp_error *err)
{
    struct sp_slice columns[AT_COLUMNS], bytes = {NULL, 0};
    for (SQLUSMALLINT i = 0; i < AT_COLUMNS; i++) {
        if (odbc_text(db, i + 1, arena, &columns[i], scanning, err) < 0)
            return -1;
    }
    if (!odbc_unhex(columns[AT_ID], arena, &bytes) || bytes.size != sizeof letter->id)
        return sp_fail(err, SP_REFUSED, "%s: the id of a dead letter is none", db->store->place);
    const struct sp_slice *texts = &columns[AT_TEXTS];
    *letter = (struct sp_letter){
        .version = strtoll(columns[AT_VERSION].data, NULL, 10),
        .pipeline = texts[0].data,
        .stage = texts[1].data,
        .plugin = texts[2].data,
        .class = texts[3].data,
        .reason = texts[4].data,
        .column = texts[5].data,
        .pointer = texts[6].data,
        .event_id = texts[7].data,
        .event_key = texts[8].data,
        .cursor = texts[9].data,
        .place = texts[10].data,
        .attempts = strtoll(columns[AT_ATTEMPTS].data, NULL, 10),
        .first_wall_ms = strtoll(columns[AT_FIRST].data, NULL, 10),
        .last_wall_ms = strtoll(columns[AT_LAST].data, NULL, 10),
        .event = columns[AT_EVENT],
    };
    memcpy(letter->id, bytes.data, sizeof letter->id);
    if (columns[AT_EVENT].data)
        return 0;
    letter->event = (struct sp_slice){"", 0};
    return !columns[AT_BYTES].data || odbc_unhex(columns[AT_BYTES], arena, &letter->event)
               ? 0
               : sp_fail(err, SP_REFUSED, "%s: the bytes of a dead letter are none", db->store->place);
}

static int scan(struct odbc *db, struct sp_arena *arena, struct sp_letter *letters, size_t *count_out,
                struct sp_error *err)
{
    int more;
    *count_out = 0;
    if (odbc_run(db, db->store->dialect->letters_scan, ODBC_READS, scanning, err) < 0)
        return odbc_is_missing(db) && db->store->makes_tables ? 0 : -1;
    while ((more = odbc_fetch(db, scanning, err)) > 0) {
        if (take_letter(db, arena, &letters[*count_out], err) < 0)
            return -1;
        ++*count_out;
    }
    return more;
}

static int letters_scan(void *handle, const struct sp_letter_filter *filter, struct sp_slice after,
                        size_t max, struct sp_arena *arena, const struct sp_letter **letters_out,
                        size_t *count_out, struct sp_slice *next_out, int64_t deadline, struct sp_error *err)
{
    struct odbc *db = handle;
    struct position position = {.first_wall_ms = INT64_MIN};
    max = max < SCAN_MAX ? max : SCAN_MAX;
    if (after.size == sizeof position)
        memcpy(&position, after.data, sizeof position);
    else if (after.size)
        return sp_fail(err, SP_REFUSED, "the place to go on from is none of this store");
    struct sp_letter *letters = sp_arena_alloc(arena, (max ? max : 1) * sizeof *letters);
    size_t count;
    if (odbc_enter(db, deadline, err) < 0)
        return odbc_leave(db, -1);
    put_filter(&db->json, filter, &position, after.size ? sizeof position.id : 0, max);
    if (scan(db, arena, letters, &count, err) < 0)
        return odbc_leave(db, -1);
    *next_out = (struct sp_slice){"", 0};
    if (count == max && count > 0) {
        position.first_wall_ms = letters[count - 1].first_wall_ms;
        memcpy(position.id, letters[count - 1].id, sizeof position.id);
        *next_out = sp_arena_copy(arena, (struct sp_slice){(const char *)&position, sizeof position});
    }
    *letters_out = letters;
    *count_out = count;
    return odbc_leave(db, 0);
}

static int letters_remove(void *handle, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                          int64_t deadline, struct sp_error *err)
{
    struct odbc *db = handle;
    uint64_t removed = 0;
    if (odbc_enter_made(db, deadline, err) < 0)
        return odbc_leave(db, -1);
    json_clear(&db->json);
    json_raw(&db->json, "[");
    for (size_t i = 0; i < count; i++) {
        json_raw(&db->json, i ? ",{\"id\":" : "{\"id\":");
        json_hex(&db->json, refs[i].id, sizeof refs[i].id);
        json_number_member(&db->json, ",\"version\":", refs[i].version);
        json_raw(&db->json, "}");
    }
    json_raw(&db->json, "]");
    if (odbc_do(db, db->store->dialect->letters_remove, ODBC_WRITES, &removed, removing, err) < 0)
        return odbc_leave(db, -1);
    *removed_out = removed;
    return odbc_leave(db, 0);
}

const struct sp_letters_ops odbc_letters_ops = {
    .size = sizeof odbc_letters_ops,
    .put = letters_put,
    .scan = letters_scan,
    .remove = letters_remove,
};
