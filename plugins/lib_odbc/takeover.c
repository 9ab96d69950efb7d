/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

/*
 * The worker that scanpipe replaces has a table ProcessingState of its own.  It is taken over when a person
 * asks for that (migrate()), since the row then is one pipeline's, and never by a pipeline that starts.
 */

static const char doing[] = "taking over the table ProcessingState";
static const char foreign[] = "the table ProcessingState is that of another program";
static const char cure[] = "stop that one, and take it over: scanpipe migrate; or name another database";

static void put_pipeline(struct odbc *db)
{
    json_clear(&db->json);
    json_text_member(&db->json, "{\"pipeline\":", db->store->stage->pipeline);
    json_raw(&db->json, "}");
}

int takeover_is_due(struct odbc *db, bool *due_out, struct sp_error *err)
{
    const struct odbc_dialect *dialect = db->store->dialect;
    int more;
    *due_out = false;
    if (db->store->part != dialect->state || !dialect->takeover)
        return 0;
    if (odbc_run(db, dialect->predecessor, ODBC_READS, doing, err) < 0)
        return -1;
    while ((more = odbc_fetch(db, doing, err)) > 0)
        *due_out = true;
    return more;
}

int takeover_refuse(struct odbc *db, struct sp_error *err)
{
    sp_fail(err, SP_REFUSED, "%s: %s", db->store->place, foreign);
    return sp_fail_cure(err, "%s", cure);
}

const char *takeover_told(struct sp_arena *arena)
{
    return sp_arena_printf(arena, "%s; %s", foreign, cure);
}

int takeover_apply(struct odbc *db, struct sp_error *err)
{
    const struct odbc_part *takeover = db->store->dialect->takeover;
    for (size_t i = 0; i < takeover->migration_count; i++) {
        put_pipeline(db);
        if (odbc_do(db, takeover->migrations[i], ODBC_READS, NULL, doing, err) < 0)
            return -1;
    }
    return 0;
}

const char *takeover_parameter(struct odbc *db)
{
    put_pipeline(db);
    return db->json.data;
}

/* The text of the one row, NULL where there is none. */
static int read_place(struct odbc *db, const char *sql, struct sp_arena *arena, const char **place_out,
                      struct sp_error *err)
{
    struct sp_slice text = {0};
    int more;
    put_pipeline(db);
    if (odbc_run(db, sql, ODBC_READS, doing, err) < 0)
        return odbc_is_missing(db) ? 0 : -1;
    while ((more = odbc_fetch(db, doing, err)) > 0) {
        if (odbc_text(db, 1, arena, &text, doing, err) < 0)
            return -1;
    }
    *place_out = text.data;
    return more;
}

int odbc_state_inherited(void *handle, struct sp_arena *arena, const char **place_out, int64_t deadline,
                         struct sp_error *err)
{
    struct odbc *db = handle;
    const struct odbc_dialect *dialect = db->store->dialect;
    bool due;
    *place_out = NULL;
    if (!dialect->takeover)
        return 0;
    int rc = odbc_enter(db, deadline, err);
    if (rc == 0)
        rc = takeover_is_due(db, &due, err);
    if (rc == 0)
        rc = read_place(db, due ? dialect->place_before : dialect->place_after, arena, place_out, err);
    return odbc_leave(db, rc);
}
