/* SPDX-License-Identifier: Apache-2.0 */

/*
 * letters_small.so: a store of dead letters that holds small ones only, takes few at once, and keeps several
 * copies of one, as a store on a server does.  Each copy is a file of the folder `path`: its id, its version,
 * and the envelope in it.
 */

#include <scanpipe/envelope.h>
#include <scanpipe/plugin.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL_BYTES = 4096, FEW_LETTERS = 2, ID_DIGITS = 2 * SP_SHA256_SIZE };

struct small_config {
    const char *path;
};

/* The folder, locked for this call. */
static int enter(void *handle, int *folder_out, struct sp_error *err)
{
    const struct small_config *config = handle;
    mkdir(config->path, 0700);
    int fd = open(config->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        if (fd >= 0)
            close(fd);
        return sp_fail(err, SP_UNAVAILABLE, "%s: %s", config->path, strerror(errno));
    }
    *folder_out = fd;
    return 0;
}

static void leave(int *folder)
{
    if (*folder >= 0)
        close(*folder);
}

static void format_id(const unsigned char id[SP_SHA256_SIZE], char out[ID_DIGITS + 1])
{
    for (size_t i = 0; i < SP_SHA256_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", id[i]);
}

/* What went wrong with a file of a test: there is nothing to go on with. */
static void expect(bool right, const char *name)
{
    if (right)
        return;
    perror(name);
    abort();
}

static void write_copy(int folder, const char *name, const char *text, size_t size)
{
    char new_name[ID_DIGITS + 64];
    snprintf(new_name, sizeof new_name, ".%s", name);
    int fd = openat(folder, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    expect(fd >= 0 && write(fd, text, size) == (ssize_t)size && fsync(fd) == 0, new_name);
    close(fd);
    expect(renameat(folder, new_name, folder, name) == 0, name);
}

static struct sp_letter read_copy(int folder, const char *name, struct sp_arena *arena)
{
    char *text = sp_arena_alloc(arena, SMALL_BYTES);
    struct sp_letter letter;
    struct sp_error err;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, SMALL_BYTES);
    expect(size > 0, name);
    close(fd);
    expect(sp_envelope_parse((struct sp_slice){text, (size_t)size}, arena, &letter, &err) == 0, err.text);
    letter.version = strtoll(name + ID_DIGITS + 1, NULL, 10);
    return letter;
}

static int is_copy(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The copies, sorted by id and then by version; free_list() them. */
static int list_copies(int folder, struct dirent ***list_out)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    int count = scandir(path, list_out, is_copy, alphasort);
    expect(count >= 0, path);
    return count;
}

static void free_list(struct dirent **list, int count)
{
    for (int i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

static int small_put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
                     int64_t deadline, struct sp_error *err)
{
    SP_AUTO(leave) int folder = -1;
    (void)deadline;
    if (count > FEW_LETTERS)
        return sp_fail(err, SP_REFUSED, "%zu letters in one call, at most %d are allowed", count,
                       FEW_LETTERS);
    if (enter(handle, &folder, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        char id[ID_DIGITS + 1], name[ID_DIGITS + 32];
        size_t size;
        char *text = sp_envelope_text(&letters[i], &size);
        format_id(letters[i].id, id);
        /* A version never comes back: this clock does not go back while the machine runs. */
        snprintf(name, sizeof name, "%s.%019lld", id, (long long)sp_clock_now());
        results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
        if (size > SMALL_BYTES)
            results[i] = (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "is too large"};
        else
            write_copy(folder, name, text, size);
        free(text);
    }
    return fsync(folder) == 0 ? 0 : sp_fail(err, SP_UNAVAILABLE, "fsync: %s", strerror(errno));
}

/* The newest copy with the history of all; *at goes behind them. */
static struct sp_letter fold_copies(int folder, struct dirent **list, int count, int *at,
                                    struct sp_arena *arena)
{
    struct sp_letter letter = read_copy(folder, list[*at]->d_name, arena);
    for (int first = (*at)++; *at < count; (*at)++) {
        if (memcmp(list[first]->d_name, list[*at]->d_name, ID_DIGITS) != 0)
            break;
        struct sp_letter newer = read_copy(folder, list[*at]->d_name, arena);
        if (newer.attempts <= letter.attempts)
            newer.attempts = letter.attempts + 1;
        if (newer.first_wall_ms > letter.first_wall_ms)
            newer.first_wall_ms = letter.first_wall_ms;
        letter = newer;
    }
    return letter;
}

static int small_scan(void *handle, const struct sp_letter_filter *filter, struct sp_slice after, size_t max,
                      struct sp_arena *arena, const struct sp_letter **letters_out, size_t *count_out,
                      struct sp_slice *next_out, int64_t deadline, struct sp_error *err)
{
    SP_AUTO(leave) int folder = -1;
    struct dirent **list;
    (void)deadline;
    if (enter(handle, &folder, err) != 0)
        return -1;
    int count = list_copies(folder, &list);
    struct sp_letter *letters = sp_arena_alloc(arena, (max + 1) * sizeof *letters);
    size_t found = 0;
    *next_out = (struct sp_slice){NULL, 0};
    for (int at = 0; at < count;) {
        if (found == max) {
            *next_out = sp_arena_copy(arena, (struct sp_slice){list[at - 1]->d_name, ID_DIGITS});
            break;
        }
        if (after.size && memcmp(list[at]->d_name, after.data, ID_DIGITS) <= 0) {
            at++;
            continue;
        }
        letters[found] = fold_copies(folder, list, count, &at, arena);
        found += sp_letter_passes(&letters[found], filter);
    }
    free_list(list, count);
    *letters_out = letters;
    *count_out = found;
    return 0;
}

/* All copies of the letter, where the newest has the version. */
static bool remove_copies(int folder, struct dirent **list, int count, const struct sp_letter_ref *ref)
{
    char id[ID_DIGITS + 1];
    int newest = -1;
    format_id(ref->id, id);
    for (int i = 0; i < count; i++)
        if (strncmp(list[i]->d_name, id, ID_DIGITS) == 0)
            newest = i;
    if (newest < 0 || strtoll(list[newest]->d_name + ID_DIGITS + 1, NULL, 10) != ref->version)
        return false;
    /* The oldest last: what is killed on the way leaves no newer version, and the letter. */
    for (int i = newest; i >= 0 && strncmp(list[i]->d_name, id, ID_DIGITS) == 0; i--)
        if (unlinkat(folder, list[i]->d_name, 0) != 0 && errno == ENOENT)
            return false;
    return true;
}

static int small_remove(void *handle, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                        int64_t deadline, struct sp_error *err)
{
    SP_AUTO(leave) int folder = -1;
    struct dirent **list;
    (void)deadline;
    if (enter(handle, &folder, err) != 0)
        return -1;
    int copies = list_copies(folder, &list);
    uint64_t removed = 0;
    for (size_t i = 0; i < count; i++)
        removed += remove_copies(folder, list, copies, &refs[i]);
    free_list(list, copies);
    *removed_out = removed;
    return 0;
}

/* The handle is the configuration: nothing is kept between calls. */
static int small_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)stage, (void)err;
    *loaded = (void *)(uintptr_t)config;
    return 0;
}

static int small_open(void *loaded, void **handle, struct sp_error *err)
{
    (void)err;
    *handle = loaded;
    return 0;
}

static int small_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    SP_AUTO(leave) int folder = -1;
    (void)deadline;
    return enter(handle, &folder, err);
}

static void small_nothing(void *any)
{
    (void)any;
}

static const struct sp_option options[] = {
    {.name = "path",
     .type = SP_OPT_STRING,
     .flags = SP_OPT_REQUIRED,
     .offset = offsetof(struct small_config, path),
     .doc = "The folder"},
};

static const struct sp_capabilities capabilities = {
    .size = sizeof capabilities,
    .flags = SP_DURABLE | SP_LOCAL,
    .message_bytes = SMALL_BYTES,
    .batch_messages = FEW_LETTERS,
};

static const struct sp_letters_ops ops = {
    .size = sizeof ops,
    .put = small_put,
    .scan = small_scan,
    .remove = small_remove,
};

static const struct sp_plugin small = {
    SP_PLUGIN_HEAD,
    .kind = SP_LETTERS,
    .name = "small",
    .version = "1.0",
    .summary = "keeps small dead letters, a file each",
    .capabilities = &capabilities,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .config_size = sizeof(struct small_config),
    .load = small_load,
    .unload = small_nothing,
    .open = small_open,
    .close = small_nothing,
    .probe = small_probe,
    .interrupt = small_nothing,
    .letters = &ops,
};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const all[] = {&small, NULL};
    return all;
}
