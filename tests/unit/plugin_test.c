/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "plugin/abi.h"
#include "plugin/elf.h"
#include "plugin/plugin.h"
#include "tap.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char stubs[512], file_plugin[512], null_plugin[512];

static void set_folders(void)
{
    const char *build = getenv("top_builddir");
    snprintf(stubs, sizeof stubs, "%s/tests/plugins/.libs", build ? build : ".");
    snprintf(file_plugin, sizeof file_plugin, "%s/plugins/queue_memory/.libs", build ? build : ".");
    snprintf(null_plugin, sizeof null_plugin, "%s/plugins/sink_null/.libs", build ? build : ".");
    const char *folders[] = {stubs, file_plugin, null_plugin};
    plugin_path(folders, 3);
}

static void a_plugin_is_found_by_kind_and_name(void)
{
    const struct plugin *plugin = NULL;
    struct sp_error err;
    CU_ASSERT(plugin_find(SP_SINK, "null", &plugin, &err) == 0);
    CU_ASSERT(plugin && plugin->about.kind == SP_SINK && plugin->about.sink->write);
    /* The state of `memory` is found in the queue's shared object. */
    CU_ASSERT(plugin_find(SP_STATE, "memory", &plugin, &err) == 0);
    CU_ASSERT(plugin && plugin->about.kind == SP_STATE);
    CU_ASSERT(plugin_sibling(plugin, SP_QUEUE) != NULL);
    CU_ASSERT(plugin_sibling(plugin, SP_SINK) == NULL);
}

static void a_missing_plugin_names_the_near_one(void)
{
    const struct plugin *plugin = NULL;
    struct sp_error err = {0};
    CU_ASSERT(plugin_find(SP_QUEUE, "memmory", &plugin, &err) == -1);
    CU_ASSERT(strstr(err.text, "no queue plugin 'memmory'") != NULL);
    CU_ASSERT(strstr(err.cure, "memory") != NULL);
    CU_ASSERT(plugin_find(SP_QUEUE, "../etc/passwd", &plugin, &err) == -1);
    CU_ASSERT(plugin == NULL);
}

static void a_plugin_is_loaded_by_its_path(void)
{
    const struct plugin *plugin = NULL;
    struct sp_error err = {0};
    char path[600];
    snprintf(path, sizeof path, "%s/queue_memory.so", file_plugin);
    CU_ASSERT(plugin_load(path, SP_LETTERS, &plugin, &err) == 0);
    CU_ASSERT(plugin && plugin->about.kind == SP_LETTERS && strcmp(plugin->about.name, "memory") == 0);
    plugin = NULL;
    CU_ASSERT(plugin_load(path, SP_SINK, &plugin, &err) == -1);
    CU_ASSERT(err.class == SP_REFUSED && strstr(err.text, "offers no sink") != NULL);
    CU_ASSERT(plugin_load("no_such_plugin.so", SP_SINK, &plugin, &err) == -1);
    CU_ASSERT(err.class == SP_REFUSED && strstr(err.text, "no_such_plugin.so") != NULL);
    CU_ASSERT(plugin == NULL);
}

static void expect_refusal(const char *name, const char *text)
{
    const struct plugin *plugin = NULL;
    struct sp_error err = {0};
    CU_ASSERT(plugin_find(SP_SINK, name, &plugin, &err) == -1);
    CU_ASSERT(err.class == SP_REFUSED);
    if (!strstr(err.text, text)) {
        printf("# %s: %s\n", name, err.text);
        CU_FAIL("another text");
    }
}

static void wrong_plugins_are_refused_with_a_reason(void)
{
    expect_refusal("not_a_plugin", "is no plugin of scanpipe");
    expect_refusal("wrong_abi", "was built for plugin ABI 2");
    expect_refusal("newer_minor", "this scanpipe has 1.0");
}

static void an_older_plugin_goes_on_working(void)
{
    const struct plugin *plugin = NULL;
    struct sp_error err = {0};
    CU_ASSERT(plugin_find(SP_SINK, "older_minor", &plugin, &err) == 0);
    /* What it did not know of is zero. */
    CU_ASSERT(plugin && plugin->capabilities.lease_max_ns == 0);
}

static void write_file(char *path, size_t capacity, const void *data, size_t size)
{
    static int number;
    snprintf(path, capacity, "%s/file-%d.so", tap_scratch_dir(), number++);
    FILE *file = fopen(path, "wb");
    fwrite(data, 1, size, file);
    fclose(file);
}

static void a_cut_shared_object_is_no_crash(void)
{
    /* Given a real plugin, when it is cut at many places */
    char source[600], path[512];
    snprintf(source, sizeof source, "%s/sink_null.so", null_plugin);
    static char bytes[1 << 20];
    FILE *file = fopen(source, "rb");
    CU_ASSERT(file != NULL);
    if (!file)
        return;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct sp_error err;
    CU_ASSERT(elf_check(source, &err) == 0);
    for (size_t cut = 0; cut < size && cut < 40000; cut += 211) {
        write_file(path, sizeof path, bytes, cut);
        /* then it is refused before it is loaded, as long as the cut is within its segments. */
        bool whole = elf_check(path, &err) == 0;
        CU_ASSERT(!whole || cut > 4096);
        if (whole && !getenv("SCANPIPE_VALGRIND")) /* which wants the debug information that was cut */
            CU_ASSERT(dlopen(path, RTLD_NOW | RTLD_LOCAL) != NULL);
        unlink(path);
    }
    write_file(path, sizeof path, "hello", 5);
    CU_ASSERT(elf_check(path, &err) == -1 && strstr(err.text, "is not a shared object"));
}

static int no_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)config;
    (void)stage;
    (void)loaded;
    return sp_fail(err, SP_REFUSED, "not meant to be loaded");
}

static int no_open(void *loaded, void **handle, struct sp_error *err)
{
    (void)loaded;
    (void)handle;
    return sp_fail(err, SP_REFUSED, "not meant to be opened");
}

static int no_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    (void)handle;
    (void)deadline;
    return sp_fail(err, SP_REFUSED, "not meant to be probed");
}

static void nothing(void *handle)
{
    (void)handle;
}

static void a_description_must_be_complete(void)
{
    struct sp_sink_ops ops = {.size = sizeof ops};
    struct sp_plugin about = {SP_PLUGIN_HEAD,    .kind = SP_SINK,      .name = "x",       .version = "1",
                              .summary = "x",    .load = no_load,      .open = no_open,   .close = nothing,
                              .unload = nothing, .interrupt = nothing, .probe = no_probe, .sink = &ops};
    const struct sp_plugin *list[] = {&about, NULL};
    struct plugin *adopted = NULL;
    size_t count = 0;
    struct sp_error err;
    CU_ASSERT(abi_adopt(list, "x.so", &adopted, &count, &err) == -1);
    CU_ASSERT(strstr(err.text, "lacks an operation") != NULL);
    about.name = NULL;
    CU_ASSERT(abi_adopt(list, "x.so", &adopted, &count, &err) == -1);
    about.name = "x";
    about.kind = (enum sp_kind)17;
    CU_ASSERT(abi_adopt(list, "x.so", &adopted, &count, &err) == -1);
    list[0] = NULL;
    CU_ASSERT(abi_adopt(list, "x.so", &adopted, &count, &err) == -1);
    CU_ASSERT(adopted == NULL);
}

int main(void)
{
    set_folders();
    struct tap_test tests[] = {
        {"a plugin is found by kind and name", a_plugin_is_found_by_kind_and_name},
        {"a plugin is loaded by its path", a_plugin_is_loaded_by_its_path},
        {"a missing plugin names the near one", a_missing_plugin_names_the_near_one},
        {"wrong plugins are refused with a reason", wrong_plugins_are_refused_with_a_reason},
        {"an older plugin goes on working", an_older_plugin_goes_on_working},
        {"a cut shared object is no crash", a_cut_shared_object_is_no_crash},
        {"a description must be complete", a_description_must_be_complete},
    };
    return tap_run("plugin", tests, sizeof tests / sizeof *tests);
}
