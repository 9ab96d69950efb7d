/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "work.h"

#include "rows.h"

static int try_source(const struct sp_source_ops *ops, void *handle, struct sp_arena *arena, int64_t deadline)
{
    struct sp_page page = {.size = sizeof page};
    return ops->read(handle, (struct sp_slice){0}, (struct sp_slice){0}, arena, &page, deadline, &kit_error);
}

static int try_queue(const struct sp_queue_ops *ops, void *handle, int64_t deadline)
{
    static const struct sp_message message = {.body = {"{\"kit\":1}", 9}, .event_count = 1};
    struct sp_result result = {.class = SP_UNKNOWN};
    if (ops->send(handle, &message, 1, &result, deadline, &kit_error) != 0)
        return -1;
    return result.class == SP_OK ? 0 : sp_fail(&kit_error, result.class, "%s", result.text);
}

static int try_sink(const struct sp_sink_ops *ops, void *handle, struct kit_stage *stage,
                    struct sp_arena *arena, int64_t deadline)
{
    static const struct sp_slice event = {"{\"kit\":1}", 9};
    struct sp_result result = {.class = SP_OK};
    struct sp_written written = {.size = sizeof written};
    struct sp_batch batch = {.size = sizeof batch, .events = &event, .event_count = 1};
    if (stage->about.table) {
        batch = (struct sp_batch){.size = sizeof batch, .table = stage->about.table, .row_count = 1};
        batch.values = rows_words(arena, stage->about.table, 1, 1, 1, "word");
    }
    return ops->write(handle, &batch, &result, &written, deadline, &kit_error);
}

static int try_letters(const struct sp_letters_ops *ops, void *handle, struct kit_stage *stage,
                       int64_t deadline)
{
    struct sp_letter letter = {.event = sp_slice_of("{}"), .pipeline = stage->about.pipeline, .attempts = 1};
    struct sp_result result = {.class = SP_UNKNOWN};
    sp_sha256(letter.pipeline, strlen(letter.pipeline), letter.id);
    letter.class = letter.reason = "rejected";
    if (ops->put(handle, &letter, 1, &result, deadline, &kit_error) != 0)
        return -1;
    return result.class == SP_OK ? 0 : sp_fail(&kit_error, result.class, "%s", result.text);
}

static int try_state(const struct sp_state_ops *ops, void *handle, struct sp_arena *arena, int64_t deadline)
{
    struct sp_slice value;
    int64_t version;
    bool swapped;
    if (ops->get(handle, "record", arena, &value, &version, deadline, &kit_error) != 0)
        return -1;
    return ops->put(handle, "record", sp_slice_of("value"), version, &swapped, &version, deadline,
                    &kit_error);
}

int work_try_until(struct kit_stage *stage, void *handle, int64_t deadline)
{
    /* An arena belongs to one thread. */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    const struct sp_plugin *about = &stage->kit->plugin->about;
    switch (about->kind) {
    case SP_SOURCE:
        return try_source(about->source, handle, arena, deadline);
    case SP_QUEUE:
        return try_queue(about->queue, handle, deadline);
    case SP_SINK:
        return try_sink(about->sink, handle, stage, arena, deadline);
    case SP_STATE:
        return try_state(about->state, handle, arena, deadline);
    case SP_LETTERS:
        return try_letters(about->letters, handle, stage, deadline);
    }
    return -1;
}

int work_try(struct kit_stage *stage, void *handle)
{
    return work_try_until(stage, handle, kit_soon(stage->kit));
}

struct kit_stage *work_load(struct kit *kit, const struct kit_wish *wish)
{
    struct kit_wish mine = wish ? *wish : (struct kit_wish){0};
    if (kit->plugin->about.kind == SP_SINK && kit_can(kit, SP_TABLES) && !mine.table)
        mine.table = rows_word_table(kit);
    return kit_load(kit, &mine);
}

void work_prepare(struct kit_stage *stage, void *handle)
{
    struct kit *kit = stage->kit;
    if (kit->plugin->about.kind == SP_SINK && stage->about.table && kit->plugin->about.sink->migrate)
        WORKS(kit->plugin->about.sink->migrate(handle, SP_MIGRATE_APPLY, kit->arena, NULL, kit_soon(kit),
                                               &kit_error));
}
