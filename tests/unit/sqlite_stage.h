/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SQLITE_STAGE_H
#define TESTS_SQLITE_STAGE_H

/* A stage of a SQLite plugin, loaded as the core loads it, for tests. */

#include "base/arena.h"
#include "tap.h"

#include <scanpipe/plugin.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct stage {
    const struct sp_plugin *plugin;
    void *config, *loaded;
    struct sp_stage about;
};

static inline const struct sp_plugin *offered(enum sp_kind kind)
{
    for (const struct sp_plugin *const *one = scanpipe_plugin(); *one; one++) {
        if ((*one)->kind == kind)
            return *one;
    }
    abort();
}

static inline void *option_at(struct stage *stage, const char *name, enum sp_option_type type)
{
    for (size_t i = 0; i < stage->plugin->option_count; i++) {
        const struct sp_option *option = &stage->plugin->options[i];
        if (strcmp(option->name, name) == 0 && option->type == type)
            return (char *)stage->config + option->offset;
    }
    abort();
}

/* `path` must live as long as the stage. */
static inline void stage_configure(struct stage *stage, enum sp_kind kind, const char *path)
{
    *stage = (struct stage){.plugin = offered(kind),
                            .about = {.size = sizeof stage->about, .pipeline = "parcels", .name = "test"}};
    stage->config = calloc(1, stage->plugin->config_size);
    *(const char **)option_at(stage, "path", SP_OPT_STRING) = path;
    *(int64_t *)option_at(stage, "cache", SP_OPT_SIZE) = 1024 * 1024;
}

static inline void stage_load(struct stage *stage)
{
    struct sp_error err;
    if (stage->plugin->load(stage->config, &stage->about, &stage->loaded, &err) < 0)
        abort();
}

static inline void stage_start(struct stage *stage, enum sp_kind kind, const char *path)
{
    stage_configure(stage, kind, path);
    stage_load(stage);
}

static inline void stage_end(struct stage *stage)
{
    stage->plugin->unload(stage->loaded);
    free(stage->config);
}

static inline void *stage_open(struct stage *stage)
{
    void *handle;
    struct sp_error err;
    if (stage->plugin->open(stage->loaded, &handle, &err) < 0)
        abort();
    return handle;
}

static inline int64_t within(int64_t milliseconds)
{
    return sp_clock_now() + milliseconds * SP_MILLISECOND;
}

/* A path in the test's own folder; lives for ever. */
static inline const char *new_path(const char *name)
{
    static char paths[64][320];
    static int count;
    char *path = paths[count];
    if (count == 64)
        abort();
    snprintf(path, sizeof paths[0], "%s/%d-%s", tap_scratch_dir(), count++, name);
    return path;
}

/* What a query answers, by a connection of the test's own; -1 where it fails. */
static inline int64_t ask(const char *path, const char *sql)
{
    sqlite3 *file = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t answer = -1;
    if (sqlite3_open(path, &file) == SQLITE_OK) {
        sqlite3_busy_timeout(file, 5000);
        if (sqlite3_prepare_v2(file, sql, -1, &statement, NULL) == SQLITE_OK) {
            int rc = sqlite3_step(statement);
            answer = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : rc == SQLITE_DONE ? 0 : -1;
        }
    }
    sqlite3_finalize(statement);
    sqlite3_close(file);
    return answer;
}

static inline void sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
}

/* CU_ASSERT of a call that must succeed; says what it said. */
#define WORKS(call)                                                                                          \
    do {                                                                                                     \
        bool works_ = (call) == 0;                                                                           \
        CU_ASSERT(works_);                                                                                   \
        if (!works_)                                                                                         \
            printf("# %s:%d: %s: %s\n", __FILE__, __LINE__, sp_class_name(err.class), err.text);             \
    } while (0)

/* CU_ASSERT of a call that must fail in a class. */
#define FAILS(call, expected)                                                                                \
    do {                                                                                                     \
        bool failed_ = (call) < 0;                                                                           \
        CU_ASSERT(failed_);                                                                                  \
        if (failed_) {                                                                                       \
            CU_ASSERT_EQUAL(err.class, expected);                                                            \
            if (err.class != (expected))                                                                     \
                printf("# %s:%d: %s: %s\n", __FILE__, __LINE__, sp_class_name(err.class), err.text);         \
        }                                                                                                    \
    } while (0)

#endif
