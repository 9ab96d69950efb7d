/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "plugin/plugin.h"

#include "base/mem.h"
#include "config/near.h"
#include "plugin/abi.h"
#include "plugin/elf.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The shared objects that were opened, and what each offers.  Nothing is ever closed: only looking for
 * them needs the lock. */
struct object {
    struct object *next;
    char *path;
    struct plugin *plugins;
    size_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object *objects;
static char **folders;
static size_t folder_count;

static const char *const kind_names[] = {
    [SP_SOURCE] = "source", [SP_QUEUE] = "queue",     [SP_SINK] = "sink",
    [SP_STATE] = "state",   [SP_LETTERS] = "letters",
};
enum { KIND_COUNT = sizeof kind_names / sizeof *kind_names };

const char *plugin_kind_name(enum sp_kind kind)
{
    return (size_t)kind > 0 && (size_t)kind < KIND_COUNT ? kind_names[kind] : "unknown";
}

bool plugin_kind_of(const char *name, enum sp_kind *out)
{
    for (size_t kind = 1; kind < KIND_COUNT; kind++)
        if (strcmp(name, kind_names[kind]) == 0) {
            *out = (enum sp_kind)kind;
            return true;
        }
    return false;
}

void plugin_path(const char *const *paths, size_t count)
{
    for (size_t i = 0; i < folder_count; i++)
        free(folders[i]);
    free(folders);
    folders = mem_zalloc(count * sizeof *folders);
    for (size_t i = 0; i < count; i++)
        folders[i] = mem_text(paths[i]);
    folder_count = count;
}

static int object_open(const char *path, struct object **out, struct sp_error *err)
{
    for (struct object *known = objects; known; known = known->next)
        if (strcmp(known->path, path) == 0) {
            *out = known;
            return 0;
        }
    if (elf_check(path, err) != 0)
        return -1;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return sp_fail(err, SP_REFUSED, "cannot load %s", dlerror());
    sp_plugin_function *function = (sp_plugin_function *)dlsym(handle, "scanpipe_plugin");
    if (!function) {
        sp_fail(err, SP_REFUSED, "%s is no plugin of scanpipe: it does not export scanpipe_plugin()", path);
        dlclose(handle);
        return -1;
    }
    struct plugin *plugins;
    size_t count;
    if (abi_adopt(function(), path, &plugins, &count, err) != 0)
        return -1;
    struct object *object = mem_zalloc(sizeof *object);
    *object = (struct object){objects, mem_text(path), plugins, count};
    for (size_t i = 0; i < count; i++)
        plugins[i].path = object->path;
    objects = object;
    *out = object;
    return 0;
}

static const struct plugin *offered(const struct object *object, enum sp_kind kind, const char *name)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct plugin *plugin = &object->plugins[i];
        if (plugin->about.kind == kind && (!name || strcmp(plugin->about.name, name) == 0))
            return plugin;
    }
    return NULL;
}

const struct plugin *plugin_sibling(const struct plugin *plugin, enum sp_kind kind)
{
    const struct plugin *found = NULL;
    pthread_mutex_lock(&lock);
    for (struct object *object = objects; object && !found; object = object->next)
        if (plugin >= object->plugins && plugin < object->plugins + object->count)
            found = offered(object, kind, NULL);
    pthread_mutex_unlock(&lock);
    return found;
}

/* Looks for the file `<prefix>_<name>.so`; a file that is there and wrong is an error, not a miss. */
static int find_in(const char *prefix, enum sp_kind kind, const char *name, const struct plugin **out,
                   struct sp_error *err)
{
    for (size_t i = 0; i < folder_count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s_%s.so", folders[i], prefix, name);
        if (access(path, F_OK) != 0)
            continue;
        struct object *object;
        if (object_open(path, &object, err) != 0)
            return -1;
        *out = offered(object, kind, name);
        if (*out)
            return 0;
    }
    return 0;
}

/* Names a file of the folders that is near, or the folders. */
static void not_found(enum sp_kind kind, const char *name, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    const char *candidates[128];
    size_t count = 0;
    for (size_t i = 0; i < folder_count; i++) {
        DIR *folder = opendir(folders[i]);
        for (struct dirent *entry; folder && count < 128 && (entry = readdir(folder));) {
            const char *bar = strchr(entry->d_name, '_');
            size_t length = strlen(entry->d_name);
            if (bar && length > 3 && strcmp(entry->d_name + length - 3, ".so") == 0)
                candidates[count++] =
                    sp_arena_text(arena, bar + 1, (size_t)(entry->d_name + length - 3 - bar - 1));
        }
        if (folder)
            closedir(folder);
    }
    sp_fail(err, SP_REFUSED, "there is no %s plugin '%s'", plugin_kind_name(kind), name);
    const char *near = near_miss(name, candidates, count);
    if (near && strcmp(near, name) != 0)
        sp_fail_cure(err, "did you mean '%s'?", near);
    else
        sp_fail_cure(err,
                     "`scanpipe plugins` lists what there is; more folders go into SCANPIPE_PLUGIN_PATH");
}

static int find(enum sp_kind kind, const char *name, const struct plugin **out, struct sp_error *err)
{
    static const char *const homes[] = {"sink", "queue", "source"};
    const struct plugin *found = NULL;
    if (strchr(name, '/') || !*name)
        return sp_fail(err, SP_REFUSED, "'%s' is not the name of a plugin", name);
    if (find_in(plugin_kind_name(kind), kind, name, &found, err) != 0)
        return -1;
    for (size_t i = 0; !found && i < sizeof homes / sizeof *homes; i++)
        if (find_in(homes[i], kind, name, &found, err) != 0)
            return -1;
    if (!found) {
        not_found(kind, name, err);
        return -1;
    }
    *out = found;
    return 0;
}

int plugin_find(enum sp_kind kind, const char *name, const struct plugin **out, struct sp_error *err)
{
    pthread_mutex_lock(&lock);
    int rc = find(kind, name, out, err);
    pthread_mutex_unlock(&lock);
    return rc;
}

int plugin_load(const char *path, enum sp_kind kind, const struct plugin **out, struct sp_error *err)
{
    char full[4096];
    struct object *object = NULL;
    /* Without a slash dlopen() looks elsewhere. */
    snprintf(full, sizeof full, "%s%s", strchr(path, '/') ? "" : "./", path);
    pthread_mutex_lock(&lock);
    const struct plugin *found = object_open(full, &object, err) == 0 ? offered(object, kind, NULL) : NULL;
    pthread_mutex_unlock(&lock);
    if (!object)
        return -1;
    if (!found)
        return sp_fail(err, SP_REFUSED, "%s offers no %s", path, plugin_kind_name(kind));
    *out = found;
    return 0;
}

static int by_kind_and_name(const void *a, const void *b)
{
    const struct plugin *one = *(const struct plugin *const *)a, *other = *(const struct plugin *const *)b;
    if (one->about.kind != other->about.kind)
        return (int)one->about.kind - (int)other->about.kind;
    return strcmp(one->about.name, other->about.name);
}

static bool is_object_name(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".so") == 0 && strchr(name, '_') && name[0] != '.';
}

static void open_folder(const char *folder, struct buffer *problems)
{
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        struct object *object;
        struct sp_error err;
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (is_object_name(entry->d_name) && object_open(path, &object, &err) != 0)
            buffer_printf(problems, "%s\n", err.text);
    }
    if (entries)
        closedir(entries);
}

const struct plugin **plugin_list(struct sp_arena *arena, size_t *count, struct buffer *problems)
{
    size_t all = 0, at = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < folder_count; i++)
        open_folder(folders[i], problems);
    for (struct object *object = objects; object; object = object->next)
        all += object->count;
    const struct plugin **list = sp_arena_alloc(arena, (all + 1) * sizeof *list);
    for (struct object *object = objects; object; object = object->next)
        for (size_t i = 0; i < object->count; i++)
            list[at++] = &object->plugins[i];
    pthread_mutex_unlock(&lock);
    qsort(list, all, sizeof *list, by_kind_and_name);
    *count = all;
    return list;
}
