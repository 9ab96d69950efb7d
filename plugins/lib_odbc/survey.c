/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

/* What `check --online` says of the tables that are there: whose they are, and what the user may do there. */

static const char doing[] = "asking what the user may do";

static int take_text(struct odbc *db, SQLUSMALLINT index, struct sp_arena *arena, const char **out,
                     struct sp_error *err)
{
    struct sp_slice text;
    if (odbc_text(db, index, arena, &text, doing, err) < 0)
        return -1;
    *out = text.data ? text.data : "";
    return 0;
}

int odbc_find_lacking(struct odbc *db, const struct odbc_need *need, struct sp_arena *arena,
                      const char **lacking_out, const char **grant_out, struct sp_error *err)
{
    int more;
    *lacking_out = *grant_out = NULL;
    if (!db->store->dialect->rights)
        return 0;
    json_clear(&db->json);
    json_text_member(&db->json, "{\"thing\":", need->thing);
    json_text_member(&db->json, ",\"rights\":", need->rights);
    json_raw(&db->json, "}");
    if (odbc_run(db, db->store->dialect->rights, ODBC_READS, doing, err) < 0)
        return -1;
    while ((more = odbc_fetch(db, doing, err)) > 0) {
        if (take_text(db, 1, arena, lacking_out, err) < 0 || take_text(db, 2, arena, grant_out, err) < 0)
            return -1;
    }
    return more;
}

static int ask(struct odbc *db, const struct odbc_need *need, struct sp_arena *arena,
               struct sp_finding *findings, size_t *count, struct sp_error *err)
{
    const char *lacking, *grant;
    if (need->to_make && !db->store->makes_tables)
        return 0;
    if (odbc_find_lacking(db, need, arena, &lacking, &grant, err) < 0)
        return -1;
    if (lacking && need->only_for)
        findings[(*count)++] = (struct sp_finding){SP_WARN, sp_arena_printf(arena, "%s, which %s needs; %s",
                                                                            lacking, need->only_for, grant)};
    else if (lacking)
        findings[(*count)++] =
            (struct sp_finding){SP_ERROR, sp_arena_printf(arena, "%s; %s", lacking, grant)};
    return 0;
}

/* Of what another program has made, nothing else is worth telling. */
static int survey(struct odbc *db, struct sp_arena *arena, struct sp_finding *findings, size_t *count,
                  struct sp_error *err)
{
    const struct odbc_part *part = db->store->part;
    bool due;
    if (takeover_is_due(db, &due, err) < 0)
        return -1;
    if (due) {
        findings[(*count)++] = (struct sp_finding){SP_ERROR, takeover_told(arena)};
        return 0;
    }
    for (size_t i = 0; i < part->need_count; i++)
        if (ask(db, &part->needs[i], arena, findings, count, err) < 0)
            return -1;
    return 0;
}

int odbc_store_survey(void *handle, struct sp_arena *arena, const struct sp_finding **findings, size_t *count,
                      int64_t deadline, struct sp_error *err)
{
    struct odbc *db = handle;
    struct sp_finding *found = sp_arena_zalloc(arena, (1 + db->store->part->need_count) * sizeof *found);
    size_t found_count = 0;
    int rc = odbc_enter(db, deadline, err);
    if (rc == 0)
        rc = survey(db, arena, found, &found_count, err);
    if (rc == 0) {
        *findings = found;
        *count = found_count;
    }
    return odbc_leave(db, rc);
}
