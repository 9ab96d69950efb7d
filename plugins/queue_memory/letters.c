/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters in memory, in the order of their ids. */
#include <config.h>

#include "memory.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* An id is a digest, so its first bits spread letters evenly; each bucket is a short sorted list, and the
 * buckets one after another are all letters, sorted. */
enum { LETTERS_MAGIC = 0x4c455454, BUCKET_COUNT = 4096 };

struct letters_options {
    int64_t max_size;
};

/* The letter's slices and texts point behind it. */
struct kept {
    struct kept *next;
    size_t cost;
    struct sp_letter letter;
};

struct memory_letters {
    unsigned magic;
    const struct letters_options *options;
    pthread_mutex_t lock;
    struct kept *buckets[BUCKET_COUNT];
    size_t cost;
    int64_t last_version;
};

static struct memory_letters *letters_of(void *pointer)
{
    struct memory_letters *letters = pointer;
    assert(letters && letters->magic == LETTERS_MAGIC);
    return letters;
}

static struct memory_letters *letters_enter(void *handle)
{
    struct memory_letters *letters = letters_of(handle);
    pthread_mutex_lock(&letters->lock);
    return letters;
}

static void letters_leave(struct memory_letters **letters)
{
    pthread_mutex_unlock(&(*letters)->lock);
}

static size_t bucket_of(const unsigned char *id)
{
    return (size_t)id[0] << 4 | id[1] >> 4;
}

/* Where the letter stands, or would stand. */
static struct kept **find_place(struct memory_letters *letters, const unsigned char *id)
{
    struct kept **place = &letters->buckets[bucket_of(id)];
    while (*place && memcmp((*place)->letter.id, id, SP_SHA256_SIZE) < 0)
        place = &(*place)->next;
    return place;
}

static bool is_at(struct kept *const *place, const unsigned char *id)
{
    return *place && memcmp((*place)->letter.id, id, SP_SHA256_SIZE) == 0;
}

static void drop(struct memory_letters *letters, struct kept **place)
{
    struct kept *kept = *place;
    *place = kept->next;
    letters->cost -= kept->cost;
    free(kept);
}

enum { TEXT_COUNT = 11 };

/* Every text of a letter, to copy them all alike. */
static void list_texts(struct sp_letter *letter, const char **texts[TEXT_COUNT])
{
    const char **all[TEXT_COUNT] = {&letter->pipeline,  &letter->stage,  &letter->plugin,  &letter->class,
                                    &letter->reason,    &letter->column, &letter->pointer, &letter->event_id,
                                    &letter->event_key, &letter->cursor, &letter->place};
    memcpy(texts, all, sizeof all);
}

static size_t letter_cost(const struct sp_letter *letter)
{
    struct sp_letter copy = *letter;
    const char **texts[TEXT_COUNT];
    list_texts(&copy, texts);
    size_t cost = sizeof(struct kept) + letter->event.size;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        cost += *texts[i] ? strlen(*texts[i]) + 1 : 0;
    return cost;
}

static void move_text(char **room, const char **text)
{
    if (!*text)
        return;
    size_t size = strlen(*text) + 1;
    *text = memcpy(*room, *text, size);
    *room += size;
}

static struct kept *kept_new(const struct sp_letter *letter, size_t cost)
{
    struct kept *kept = malloc(cost);
    if (!kept)
        return NULL;
    kept->next = NULL;
    kept->cost = cost;
    kept->letter = *letter;
    char *room = (char *)(kept + 1);
    const char **texts[TEXT_COUNT];
    list_texts(&kept->letter, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        move_text(&room, texts[i]);
    if (letter->event.size > 0)
        memcpy(room, letter->event.data, letter->event.size);
    kept->letter.event.data = room;
    return kept;
}

static void keep_history(struct sp_letter *letter, const struct sp_letter *before)
{
    if (letter->attempts <= before->attempts)
        letter->attempts = before->attempts + 1;
    if (letter->first_wall_ms > before->first_wall_ms)
        letter->first_wall_ms = before->first_wall_ms;
}

static struct sp_result put_one(struct memory_letters *letters, const struct sp_letter *letter)
{
    struct kept **place = find_place(letters, letter->id);
    bool there = is_at(place, letter->id);
    size_t cost = letter_cost(letter);
    size_t freed = there ? (*place)->cost : 0;
    if (cost > (size_t)letters->options->max_size)
        return (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "is larger than the store's max_size"};
    if (letters->cost - freed + cost > (size_t)letters->options->max_size)
        return (struct sp_result){SP_UNAVAILABLE, SP_NO_COLUMN, "the store of dead letters is full"};
    struct kept *kept = kept_new(letter, cost);
    if (!kept)
        return (struct sp_result){SP_UNAVAILABLE, SP_NO_COLUMN, "there is no memory left"};
    if (there) {
        keep_history(&kept->letter, &(*place)->letter);
        drop(letters, place);
    }
    kept->letter.version = ++letters->last_version;
    kept->next = *place;
    *place = kept;
    letters->cost += cost;
    return (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
}

static int letters_put(void *handle, const struct sp_letter *put, size_t count, struct sp_result *results,
                       int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    SP_AUTO(letters_leave) struct memory_letters *letters = letters_enter(handle);
    size_t answered = 0;
    for (size_t i = 0; i < count; i++) {
        results[i] = put_one(letters, &put[i]);
        answered += results[i].class == SP_OK || results[i].class == SP_REJECTED;
    }
    if (answered > 0 || count == 0)
        return 0;
    sp_fail(err, SP_UNAVAILABLE, "%s", results[0].text);
    return sp_fail_cure(err, "give it a larger max_size (now %lld bytes), or a store on disk",
                        (long long)letters->options->max_size);
}

static struct sp_letter copy_letter(const struct sp_letter *letter, struct sp_arena *arena)
{
    struct sp_letter copy = *letter;
    const char **texts[TEXT_COUNT];
    list_texts(&copy, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (*texts[i])
            *texts[i] = sp_arena_text(arena, *texts[i], strlen(*texts[i]));
    copy.event = sp_arena_copy(arena, letter->event);
    return copy;
}

/* The first letter behind `after` that passes, or NULL. */
static const struct kept *next_passing(const struct memory_letters *letters, const unsigned char *after,
                                       const struct sp_letter_filter *filter)
{
    for (size_t bucket = after ? bucket_of(after) : 0; bucket < BUCKET_COUNT; bucket++)
        for (const struct kept *kept = letters->buckets[bucket]; kept; kept = kept->next)
            if ((!after || memcmp(kept->letter.id, after, SP_SHA256_SIZE) > 0) &&
                sp_letter_passes(&kept->letter, filter))
                return kept;
    return NULL;
}

static int letters_scan(void *handle, const struct sp_letter_filter *filter, struct sp_slice after,
                        size_t max, struct sp_arena *arena, const struct sp_letter **letters_out,
                        size_t *count_out, struct sp_slice *next_out, int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    if (after.size != 0 && after.size != SP_SHA256_SIZE)
        return sp_fail(err, SP_REFUSED, "that is no place in this store of dead letters");
    SP_AUTO(letters_leave) struct memory_letters *letters = letters_enter(handle);
    struct sp_letter *found = NULL;
    size_t count = 0, room = 0;
    const unsigned char *at = after.size ? (const unsigned char *)after.data : NULL;
    const struct kept *kept;
    while ((kept = next_passing(letters, at, filter)) && count < max) {
        if (count == room) {
            size_t grown = room ? room * 2 : 16;
            found = found ? sp_arena_resize(arena, found, room * sizeof *found, grown * sizeof *found)
                          : sp_arena_alloc(arena, grown * sizeof *found);
            room = grown;
        }
        found[count++] = copy_letter(&kept->letter, arena);
        at = kept->letter.id;
    }
    *next_out = (struct sp_slice){0};
    if (kept && at)
        *next_out = sp_arena_copy(arena, (struct sp_slice){(const char *)at, SP_SHA256_SIZE});
    *letters_out = found;
    *count_out = count;
    return 0;
}

static int letters_remove(void *handle, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                          int64_t deadline, struct sp_error *err)
{
    (void)deadline, (void)err;
    SP_AUTO(letters_leave) struct memory_letters *letters = letters_enter(handle);
    uint64_t removed = 0;
    for (size_t i = 0; i < count; i++) {
        struct kept **place = find_place(letters, refs[i].id);
        if (is_at(place, refs[i].id) && (*place)->letter.version == refs[i].version) {
            drop(letters, place);
            removed++;
        }
    }
    *removed_out = removed;
    return 0;
}

static int letters_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)stage;
    struct memory_letters *letters = calloc(1, sizeof *letters);
    if (!letters)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    letters->magic = LETTERS_MAGIC;
    letters->options = config;
    pthread_mutex_init(&letters->lock, NULL);
    *loaded = letters;
    return 0;
}

static void letters_unload(void *loaded)
{
    struct memory_letters *letters = letters_of(loaded);
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        while (letters->buckets[i])
            drop(letters, &letters->buckets[i]);
    pthread_mutex_destroy(&letters->lock);
    free(letters);
}

/* Handles have nothing of their own: they are the stage. */
static int letters_open(void *loaded, void **handle, struct sp_error *err)
{
    (void)err;
    *handle = letters_of(loaded);
    return 0;
}

static void letters_nothing(void *handle)
{
    (void)handle;
}

static int letters_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)deadline, (void)err;
    return 0;
}

static const struct sp_option letters_options[] = {
    {
        .name = "max_size",
        .type = SP_OPT_SIZE,
        .offset = offsetof(struct letters_options, max_size),
        .default_text = "64MiB",
        .min = INT64_C(1) << 16,
        .max = INT64_C(1) << 40,
        .doc = "Memory that letters may take; when it is full, deliver waits",
    },
};

static const struct sp_capabilities letters_capabilities = {
    .size = sizeof letters_capabilities,
    .flags = SP_LOCAL | SP_EMBEDDED,
};

static const struct sp_letters_ops letters_ops = {
    .size = sizeof letters_ops,
    .put = letters_put,
    .scan = letters_scan,
    .remove = letters_remove,
};

const struct sp_plugin memory_letters = {
    SP_PLUGIN_HEAD,
    .kind = SP_LETTERS,
    .name = "memory",
    .version = PACKAGE_VERSION,
    .summary = "dead letters in memory, for tests and throw-away runs: they end with the process",
    .capabilities = &letters_capabilities,
    .options = letters_options,
    .option_count = sizeof letters_options / sizeof *letters_options,
    .config_size = sizeof(struct letters_options),
    .load = letters_load,
    .unload = letters_unload,
    .open = letters_open,
    .close = letters_nothing,
    .probe = letters_probe,
    .interrupt = letters_nothing,
    .letters = &letters_ops,
};
