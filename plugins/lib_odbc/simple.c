/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include <stdlib.h>

const struct sp_option odbc_store_options[ODBC_STORE_OPTIONS] = {
    ODBC_OPTIONS(struct odbc_store_config),
    {.name = "create_tables",
     .type = SP_OPT_BOOLEAN,
     .offset = offsetof(struct odbc_store_config, create_tables),
     .default_text = "true",
     .doc = "Make the tables that are needed where they are not there, and bring older ones up to date"},
};

void odbc_store_check(const void *config, struct sp_check *check)
{
    odbc_check(&((const struct odbc_store_config *)config)->odbc, check);
}

int odbc_store_load(const struct odbc_dialect *dialect, const struct odbc_part *part, const void *opaque,
                    const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    const struct odbc_store_config *config = opaque;
    struct odbc_store *store = malloc(sizeof *store);
    if (!store)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    if (odbc_store_init(store, &config->odbc, dialect, stage, part, err) < 0) {
        free(store);
        return -1;
    }
    store->makes_tables = config->create_tables;
    *loaded = store;
    return 0;
}

void odbc_store_unload(void *loaded)
{
    odbc_store_fini(loaded);
    free(loaded);
}

int odbc_store_open(void *loaded, void **handle, struct sp_error *err)
{
    struct odbc *db = malloc(sizeof *db);
    if (!db)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    odbc_init(db, loaded);
    *handle = db;
    return 0;
}

void odbc_store_close(void *handle)
{
    odbc_fini(handle);
    free(handle);
}

int odbc_store_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    struct odbc *db = handle;
    int rc = odbc_enter(db, deadline, err);
    if (rc == 0)
        rc = odbc_do(db, db->store->dialect->alive, ODBC_READS, NULL, "trying the connection", err);
    return odbc_leave(db, rc);
}

void odbc_store_interrupt(void *handle)
{
    odbc_interrupt(handle);
}
