/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

static const char reading[] = "reading a record", writing[] = "writing a record";

/* `name` and the pipeline it is of. */
static void put_name(struct odbc *db, const char *name)
{
    json_clear(&db->json);
    json_text_member(&db->json, "{\"pipeline\":", db->store->stage->pipeline);
    json_text_member(&db->json, ",\"name\":", name);
}

static int take_record(struct odbc *db, struct sp_arena *arena, struct sp_slice *value_out,
                       int64_t *version_out, struct sp_error *err)
{
    struct sp_slice hex;
    if (odbc_number(db, 1, version_out, reading, err) < 0)
        return -1;
    if (!arena)
        return 0;
    if (odbc_text(db, 2, arena, &hex, reading, err) < 0)
        return -1;
    return odbc_unhex(hex, arena, value_out)
               ? 0
               : sp_fail(err, SP_REFUSED, "%s: a record's value is none", db->store->place);
}

/* The record's version, 0 where it or the table is not there, and, where `arena` is there, its value. */
static int find(struct odbc *db, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                int64_t *version_out, struct sp_error *err)
{
    int more;
    *version_out = 0;
    put_name(db, name);
    json_raw(&db->json, "}");
    if (odbc_run(db, db->store->dialect->state_get, ODBC_READS, reading, err) < 0)
        return odbc_is_missing(db) && db->store->makes_tables ? 0 : -1;
    while ((more = odbc_fetch(db, reading, err)) > 0) {
        if (take_record(db, arena, value_out, version_out, err) < 0)
            return -1;
    }
    return more;
}

static int state_get(void *handle, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                     int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    struct odbc *db = handle;
    struct sp_slice value = {"", 0};
    int64_t version = 0;
    if (odbc_enter(db, deadline, err) < 0 || find(db, name, arena, &value, &version, err) < 0)
        return odbc_leave(db, -1);
    *value_out = value;
    *version_out = version;
    return odbc_leave(db, 0);
}

/* The poller's record begins with where the source stands, as text for people: {"at":"83269", ...
 * ProcessingState shows it where it is a number, as an event's id is. */
static bool take_place(struct sp_slice value, int64_t *out)
{
    static const char head[] = "{\"at\":\"";
    const size_t size = sizeof head - 1;
    int64_t number = 0;
    size_t at = size;
    if (value.size <= size || memcmp(value.data, head, size) != 0)
        return false;
    for (; at < value.size && value.data[at] >= '0' && value.data[at] <= '9'; at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, value.data[at] - '0', &number))
            return false;
    }
    *out = number;
    return at > size && at < value.size && value.data[at] == '"';
}

static void put_place(struct odbc_json *json, const char *name, struct sp_slice value)
{
    int64_t at;
    json_raw(json, ",\"at\":");
    if (strcmp(name, "poller") == 0 && take_place(value, &at))
        json_number(json, at);
    else
        json_raw(json, "null");
}

/* The new version; 0 where it was not swapped. */
static int swap(struct odbc *db, const char *name, struct sp_slice value, int64_t expected,
                int64_t *version_out, struct sp_error *err)
{
    int more;
    *version_out = 0;
    put_name(db, name);
    json_number_member(&db->json, ",\"expected\":", expected);
    json_raw(&db->json, ",\"value\":");
    json_hex(&db->json, value.data, value.size);
    put_place(&db->json, name, value);
    json_raw(&db->json, "}");
    if (odbc_run(db, db->store->dialect->state_put, ODBC_WRITES, writing, err) < 0)
        return -1;
    while ((more = odbc_fetch(db, writing, err)) > 0) {
        if (odbc_number(db, 1, version_out, writing, err) < 0)
            return -1;
    }
    return more;
}

static int state_put(void *handle, const char *name, struct sp_slice value, int64_t expected,
                     bool *swapped_out, int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    struct odbc *db = handle;
    int64_t version;
    if (odbc_enter_made(db, deadline, err) < 0 || swap(db, name, value, expected, &version, err) < 0)
        return odbc_leave(db, -1);
    bool swapped = version > 0;
    if (!swapped && find(db, name, NULL, NULL, &version, err) < 0)
        return odbc_leave(db, -1);
    *swapped_out = swapped;
    *version_out = version;
    return odbc_leave(db, 0);
}

const struct sp_capabilities odbc_state_can = {.size = sizeof odbc_state_can, .flags = SP_DURABLE};

const struct sp_state_ops odbc_state_ops = {
    .size = sizeof odbc_state_ops,
    .get = state_get,
    .put = state_put,
    .inherited = odbc_state_inherited,
};
