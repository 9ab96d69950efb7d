/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static bool ends_in(const char *name, const char *end)
{
    size_t name_size = strlen(name), end_size = strlen(end);
    return name_size > end_size && strcmp(name + name_size - end_size, end) == 0;
}

static bool is_wanted(int folder, const char *name)
{
    struct stat about;
    if (name[0] == '.' || strlen(name) >= PLACE_NAME_SIZE)
        return false;
    if (!ends_in(name, ".ndjson") && !ends_in(name, ".jsonl") && !ends_in(name, ".json") &&
        !ends_in(name, ".gz"))
        return false;
    return fstatat(folder, name, &about, 0) == 0 && S_ISREG(about.st_mode);
}

static void close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

int folder_next(const char *path, const char *after, char name_out[PLACE_NAME_SIZE], bool *found_out)
{
    SP_AUTO(close_folder) DIR *folder = opendir(path);
    if (!folder)
        return -1;
    char best[PLACE_NAME_SIZE] = "";
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry && errno != 0)
            return -1;
        if (!entry)
            break;
        bool better = strcmp(entry->d_name, after) > 0 && (!best[0] || strcmp(entry->d_name, best) < 0);
        if (better && is_wanted(dirfd(folder), entry->d_name))
            strcpy(best, entry->d_name);
    }
    *found_out = best[0] != '\0';
    if (*found_out)
        strcpy(name_out, best);
    return 0;
}
