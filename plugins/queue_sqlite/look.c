/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "care.h"

/* How long somebody else's lock is waited for. */
enum { LOCK_WAIT_MS = 2000, STEPS_A_LOOK = 10000 };

/* A look at everything may take minutes. */
static int asked_to_end(void *context)
{
    struct sp_error ignored;
    return care_go_on(context, &ignored) < 0;
}

int look_open(struct queue_handle *handle, const char *path, sqlite3 **out)
{
    int rc =
        sqlite3_open_v2(path, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(*out, LOCK_WAIT_MS);
    if (rc == SQLITE_OK)
        sqlite3_progress_handler(*out, STEPS_A_LOOK, asked_to_end, handle);
    /* A damaged schema must not make SQL of ours run anything. */
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(*out, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return rc;
}

bool look_is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_FORMAT ||
           (rc & 0xff) == SQLITE_ERROR;
}

int look_fail(const struct queue_handle *handle, sqlite3 *file, int rc, const char *doing,
              struct sp_error *err)
{
    struct lite shown = {.store = &handle->queue->store, .file = file};
    lite_explain(&shown, rc, doing, err);
    return -1;
}

int64_t look_number(sqlite3 *file, const char *sql, int64_t otherwise, int *rc_out)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = otherwise;
    int rc = sqlite3_prepare_v2(file, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    *rc_out = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
    return number;
}
