/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lite.h"

#include <stdlib.h>

int lite_simple_load(const struct lite_part *part, const struct lite_config *config,
                     const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    struct lite_store *store = malloc(sizeof *store);
    if (!store)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    lite_store_init(store, config, stage, part);
    *loaded = store;
    return 0;
}

void lite_simple_unload(void *loaded)
{
    lite_store_fini(loaded);
    free(loaded);
}

int lite_simple_open(void *loaded, void **handle, struct sp_error *err)
{
    struct lite *db = malloc(sizeof *db);
    if (!db)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    lite_init(db, loaded);
    *handle = db;
    return 0;
}

void lite_simple_close(void *handle)
{
    lite_fini(handle);
    free(handle);
}

int lite_probe(struct lite *db, int64_t deadline, struct sp_error *err)
{
    bool there;
    if (lite_look(db, deadline, &there, err) < 0)
        return -1;
    if (!there)
        return 0;
    if (lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    lite_rollback(db);
    return 0;
}

int lite_simple_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    return lite_probe(handle, deadline, err);
}

void lite_simple_interrupt(void *handle)
{
    lite_interrupt(handle);
}

int lite_simple_migrate(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                        int64_t deadline, struct sp_error *err)
{
    return lite_migrate_store(handle, mode, arena, plan, deadline, err);
}
