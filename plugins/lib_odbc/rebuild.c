/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char doing[] = "making the table afresh";

#define SUFFIX "_before_%Y%m%dT%H%M%SZ"
enum { SUFFIX_SIZE = sizeof "_before_20260102T030405Z" };

/* "ParcelSummary_before_20260102T030405Z", without the schema.  A name that would be too long loses its end.
 */
static char *name_aside(const struct odbc_sink *sink)
{
    const char *dot = strchr(sink->table->name, '.'), *name = dot ? dot + 1 : sink->table->name;
    size_t most = sink->store.dialect->name_max - (SUFFIX_SIZE - 1), size = strlen(name);
    char suffix[SUFFIX_SIZE], *aside = NULL;
    time_t now = (time_t)(sp_clock_wall_ms() / 1000);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(suffix, sizeof suffix, SUFFIX, &utc);
    if (asprintf(&aside, "%.*s%s", (int)(size < most ? size : most), name, suffix) < 0)
        abort();
    return aside;
}

/* Is there a table to put aside?  1, 0, -1. */
static int is_there(struct odbc_sink_handle *handle, struct sp_error *err)
{
    struct odbc *db = &handle->db;
    int more;
    bool any = false;
    json_clear(&db->json);
    json_text_member(&db->json, "{\"table\":", handle->sink->quoted);
    json_raw(&db->json, "}");
    if (odbc_run(db, db->store->dialect->columns, ODBC_READS, doing, err) < 0)
        return -1;
    while ((more = odbc_fetch(db, doing, err)) > 0)
        any = true;
    return more < 0 ? -1 : any;
}

struct steps {
    char *rename, *create; /* rename NULL: there is nothing to put aside */
};

static void steps_fini(struct steps *steps)
{
    free(steps->rename);
    free(steps->create);
}

static int find_steps(struct odbc_sink_handle *handle, struct steps *steps, struct sp_error *err)
{
    const struct odbc_dialect *dialect = handle->db.store->dialect;
    int there = is_there(handle, err);
    if (there < 0)
        return -1;
    if (there) {
        char *aside = name_aside(handle->sink);
        steps->rename = dialect->rename(handle->sink->table, aside);
        free(aside);
    }
    steps->create = dialect->create(handle->sink->table);
    return 0;
}

/* In a transaction, under the lock of all who migrate. */
static int apply(struct odbc_sink_handle *handle, struct steps *steps, struct sp_error *err)
{
    struct odbc *db = &handle->db;
    if (odbc_begin(db, doing, err) < 0 ||
        odbc_do(db, db->store->dialect->lock, ODBC_READS, NULL, doing, err) < 0 ||
        find_steps(handle, steps, err) < 0 ||
        (steps->rename && odbc_do(db, steps->rename, ODBC_READS, NULL, doing, err) < 0) ||
        odbc_do(db, steps->create, ODBC_READS, NULL, doing, err) < 0)
        return -1;
    return odbc_commit(db, doing, err);
}

static const char *plan_text(const struct steps *steps, const char *end, struct sp_arena *arena)
{
    const char *first = steps->rename ? sp_arena_printf(arena, "%s%s", steps->rename, end) : "";
    return sp_arena_printf(arena, "%s%s%s", first, steps->create, end);
}

int schema_rebuild(void *opaque, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err)
{
    struct odbc_sink_handle *handle = opaque;
    SP_AUTO(steps_fini) struct steps steps = {0};
    if (!handle->db.store->dialect->rename)
        return sp_fail(err, SP_REFUSED, "%s: a table cannot be put aside", handle->db.store->place);
    int rc = odbc_enter(&handle->db, deadline, err);
    if (rc == 0)
        rc = mode == SP_MIGRATE_DRY_RUN ? find_steps(handle, &steps, err) : apply(handle, &steps, err);
    if (rc == 0 && plan)
        *plan = plan_text(&steps, handle->db.store->dialect->step_end, arena);
    return odbc_leave(&handle->db, rc);
}
