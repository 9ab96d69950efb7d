/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "cmd/cmd.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef PLUGINDIR
#define PLUGINDIR "/usr/local/lib/scanpipe/plugins"
#endif

enum { FOLDERS_MAX = 256 };

struct folders {
    const char *paths[FOLDERS_MAX];
    size_t count;
    struct sp_arena *arena;
};

static void add(struct folders *folders, const char *path, size_t size)
{
    if (size > 0 && folders->count < FOLDERS_MAX)
        folders->paths[folders->count++] = sp_arena_text(folders->arena, path, size);
}

static void add_from_environment(struct folders *folders)
{
    const char *text = getenv("SCANPIPE_PLUGIN_PATH");
    while (text && *text) {
        size_t size = strcspn(text, ":");
        add(folders, text, size);
        text += size + (text[size] == ':');
    }
}

/* The top of the build tree that this program lies in: where its configure ran.  libtool may have
 * put it into .libs. */
static const char *build_tree(struct sp_arena *arena)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return NULL;
    program[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(program, '/');
        if (!slash || slash == program)
            return NULL;
        *slash = '\0';
        if (access(sp_arena_printf(arena, "%s/config.status", program), F_OK) == 0)
            return sp_arena_text(arena, program, strlen(program));
        if (strcmp(strrchr(program, '/') ? strrchr(program, '/') + 1 : program, ".libs") != 0)
            return NULL;
    }
    return NULL;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* plugins/NAME/.libs is where libtool leaves a plugin, plugins/NAME where anything else does. */
static void add_build_tree(struct folders *folders, const char *top)
{
    const char *plugins = sp_arena_printf(folders->arena, "%s/plugins", top);
    struct dirent **entries = NULL;
    int count = scandir(plugins, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            const char *folder = sp_arena_printf(folders->arena, "%s/%s", plugins, entries[i]->d_name);
            const char *libs = sp_arena_printf(folders->arena, "%s/.libs", folder);
            if (access(libs, X_OK) == 0)
                add(folders, libs, strlen(libs));
            add(folders, folder, strlen(folder));
        }
        free(entries[i]);
    }
    free(entries);
}

void folders_setup(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct folders folders = {.arena = arena};
    add_from_environment(&folders);
    const char *top = build_tree(arena);
    if (top)
        add_build_tree(&folders, top);
    else
        add(&folders, PLUGINDIR, strlen(PLUGINDIR));
    plugin_path(folders.paths, folders.count);
}
