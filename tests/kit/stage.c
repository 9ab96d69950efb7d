/* SPDX-License-Identifier: Apache-2.0 */
/* Stages, loaded and opened as the core does it. */
#include <config.h>

#include "kit.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct kit_stage *kit_load(struct kit *kit, const struct kit_wish *wish)
{
    static const struct kit_wish nothing;
    wish = wish ? wish : &nothing;
    struct kit_stage *stage = mem_zalloc(sizeof *stage);
    const char *folder = wish->place == KIT_APART ? kit_folder(kit, "apart") : kit->folder;
    SP_AUTO(buffer_fini) struct buffer problems = {0};
    stage->kit = kit;
    stage->config = options_fill(kit->plugin, kit->options, folder, wish->place, kit->arena, &problems);
    REQUIRE(problems.size == 0, "%s", buffer_text(&problems));
    size_t config_size = kit->plugin->about.config_size;
    stage->config_before = mem_alloc(config_size + 1);
    memcpy(stage->config_before, stage->config, config_size);
    stage->about = (struct sp_stage){
        .size = sizeof stage->about,
        .pipeline = wish->pipeline ? wish->pipeline : kit_unique(kit),
        .name = kit->plugin->about.kind == SP_LETTERS ? "dead_letters"
                                                      : plugin_kind_name(kit->plugin->about.kind),
        .table = wish->table,
        .max_event_bytes = 1024 * 1024,
    };
    stage->next = kit->stages;
    kit->stages = stage;
    WORKS(kit->plugin->about.load(stage->config, &stage->about, &stage->loaded, &kit_error));
    return stage;
}

void *kit_open(struct kit_stage *stage)
{
    const struct sp_plugin *about = &stage->kit->plugin->about;
    void *handle = NULL;
    WORKS(about->open(stage->loaded, &handle, &kit_error));
    REQUIRE(stage->handle_count < sizeof stage->handles / sizeof *stage->handles, "too many handles");
    return stage->handles[stage->handle_count++] = handle;
}

void kit_close(struct kit_stage *stage, void *handle)
{
    size_t at = 0;
    while (at < stage->handle_count && stage->handles[at] != handle)
        at++;
    REQUIRE(at < stage->handle_count, "a handle is closed that is not open");
    stage->handles[at] = stage->handles[--stage->handle_count];
    stage->kit->plugin->about.close(handle);
}

void kit_unload(struct kit_stage *stage)
{
    struct kit_stage **place = &stage->kit->stages;
    while (*place != stage)
        place = &(*place)->next;
    *place = stage->next;
    while (stage->handle_count > 0)
        kit_close(stage, stage->handles[0]);
    const struct sp_plugin *about = &stage->kit->plugin->about;
    REQUIRE(memcmp(stage->config_before, stage->config, about->config_size) == 0,
            "the plugin has changed its configuration");
    about->unload(stage->loaded);
    free(stage->config_before);
    free(stage);
}

void kit_unload_all(struct kit *kit)
{
    while (kit->stages)
        kit_unload(kit->stages);
}

const char *kit_folder(struct kit *kit, const char *name)
{
    const char *path = sp_arena_printf(kit->arena, "%s/%s", kit->folder, name);
    REQUIRE(mkdir(path, 0700) == 0 || errno == EEXIST, "%s: %s", path, strerror(errno));
    return path;
}

const char *kit_unique(struct kit *kit)
{
    return sp_arena_printf(kit->arena, "kit_%016llx", (unsigned long long)sp_random());
}

void kit_needs_durable(const struct kit *kit)
{
    if (!kit_can(kit, SP_DURABLE))
        kit_not_for("it is not durable");
}

void kit_needs_apart(const struct kit *kit)
{
    if (!kit->fresh && kit->options->apart_count == 0)
        kit_skip(
            "no option names ${KIT_DIR}, and it is not known what names another store: --apart OPTION=VALUE");
}
