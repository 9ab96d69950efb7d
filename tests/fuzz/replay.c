/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * Feeds every file in the folders named to a fuzz target, without a fuzzer: what was ever found stays
 * found with any compiler.
 */

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static void fail(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
}

/* The bytes are copied to just their size, so that a read behind them is noticed. */
static void replay_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    FILE *file = fopen(path, "rb");
    if (!data || !file || fread(data, 1, size, file) != size)
        fail(path);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
}

static void replay_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0)
        fail(folder);
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct stat about;
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (stat(path, &about) < 0)
            fail(path);
        if (S_ISREG(about.st_mode))
            replay_file(path, (size_t)about.st_size);
        free(entries[i]);
    }
    free(entries);
}

int main(int count, char **folders)
{
    for (int i = 1; i < count; i++)
        replay_folder(folders[i]);
    printf("%zu inputs replayed\n", replayed);
    return replayed == 0;
}
