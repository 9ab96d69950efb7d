/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * Storing dead letters that a store cannot hold, with a store of the test's own.
 */

#include "base/arena.h"
#include "engine/oversize.h"
#include "engine/work.h"
#include "ops/send.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 4096, MOST = 64 };

/* The store, and what it was given. */
static struct {
    size_t count;
    struct {
        unsigned char id[SP_SHA256_SIZE];
        size_t event_size;
        char place[512];
        int64_t attempts, first_wall_ms;
    } stored[MOST];
    size_t rejects_over; /* events of more bytes are rejected one by one; 0: none is */
    int fails;           /* so many calls find it away */
    size_t calls;
    size_t most; /* letters of one call */
} store;

static int store_put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
                     int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)deadline;
    store.calls++;
    if (count > store.most)
        store.most = count;
    if (store.fails > 0) {
        store.fails--;
        return sp_fail(err, SP_UNAVAILABLE, "away");
    }
    for (size_t i = 0; i < count; i++) {
        if (store.rejects_over && letters[i].event.size > store.rejects_over) {
            results[i] = (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "too large for me"};
            continue;
        }
        memcpy(store.stored[store.count].id, letters[i].id, SP_SHA256_SIZE);
        store.stored[store.count].event_size = letters[i].event.size;
        store.stored[store.count].attempts = letters[i].attempts;
        store.stored[store.count].first_wall_ms = letters[i].first_wall_ms;
        snprintf(store.stored[store.count].place, sizeof store.stored[0].place, "%s",
                 letters[i].place ? letters[i].place : "");
        store.count++;
    }
    return 0;
}

static int take_config(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)config, (void)stage, (void)err;
    *loaded = &store;
    return 0;
}

static int take_loaded(void *loaded, void **handle, struct sp_error *err)
{
    (void)err;
    *handle = loaded;
    return 0;
}

static void do_nothing(void *any)
{
    (void)any;
}

static struct plugin plugin = {.about = {.kind = SP_LETTERS,
                                         .name = "test",
                                         .load = take_config,
                                         .unload = do_nothing,
                                         .open = take_loaded,
                                         .close = do_nothing}};
static const struct sp_letters_ops ops = {.size = sizeof ops, .put = store_put};

struct scene {
    struct sp_arena *arena;
    struct pipeline pipeline;
    struct work work;
    struct seat seat;
    char folder[512];
};

static void scene_open(struct scene *scene, int64_t limit, bool has_folder)
{
    static int number;
    memset(&store, 0, sizeof store);
    memset(scene, 0, sizeof *scene);
    scene->arena = arena_new(65536);
    plugin.about.letters = &ops;
    plugin.capabilities = (struct sp_capabilities){.message_bytes = limit};
    scene->pipeline.name = "test";
    scene->pipeline.letters = (struct stage){.name = "dead_letters",
                                             .plugin = &plugin,
                                             .options = {.timeout_ns = SP_SECOND,
                                                         .retry.initial_ns = SP_MILLISECOND,
                                                         .retry.max_ns = SP_MILLISECOND,
                                                         .retry.refused_ns = SP_MILLISECOND}};
    snprintf(scene->folder, sizeof scene->folder, "%s/large-%d", tap_scratch_dir(), number++);
    scene->pipeline.letters_options.oversize = has_folder ? scene->folder : NULL;
    scene->work.pipeline = &scene->pipeline;
    stop_init(&scene->work.stop);
    struct sp_error err;
    struct crew *crew = &scene->work.letters;
    crew->stage = &scene->pipeline.letters;
    pthread_mutex_init(&crew->lock, NULL);
    (void)err;
    scene->seat = (struct seat){.crew = crew, .stop = &scene->work.stop};
}

static void scene_close(struct scene *scene)
{
    stop_fini(&scene->work.stop);
    arena_free(scene->arena);
}

static struct sp_letter letter_of(struct scene *scene, size_t size, char fill)
{
    char *bytes = sp_arena_alloc(scene->arena, size + 1);
    memset(bytes, fill, size);
    return (struct sp_letter){
        .event = {bytes, size}, .pipeline = "test", .stage = "table", .class = "value", .reason = "is bad"};
}

/* Files by their right names, or others. */
static size_t files_in(const char *folder, bool right)
{
    DIR *dir = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count += (strlen(entry->d_name) == 70 && strstr(entry->d_name, ".event")) == right;
    if (dir)
        closedir(dir);
    return count;
}

static void a_large_letter_leaves_its_bytes_in_the_folder(void)
{
    struct scene scene;
    struct sp_error err = {0};
    scene_open(&scene, LIMIT, true);
    /* Given a store of small letters, and a folder: when some of them are large */
    struct sp_letter letters[] = {letter_of(&scene, 100, 'a'), letter_of(&scene, 100000, 'b'),
                                  letter_of(&scene, 3000, '\n'), letter_of(&scene, 2000, 'c')};
    CU_ASSERT(letters_store(&scene.work, &scene.seat, letters, 4));
    CU_ASSERT_EQUAL(store.count, 4);
    CU_ASSERT_EQUAL(store.calls, 1);
    /* then the small ones are stored as they are, what is large as an envelope is not, */
    CU_ASSERT(!store.stored[0].place[0] && store.stored[0].event_size == 100);
    CU_ASSERT(store.stored[1].place[0] && store.stored[1].event_size == OVERSIZE_HEAD);
    CU_ASSERT(store.stored[2].place[0] && store.stored[2].event_size == OVERSIZE_HEAD);
    CU_ASSERT(!store.stored[3].place[0] && store.stored[3].event_size == 2000);
    CU_ASSERT_EQUAL(files_in(scene.folder, true), 2);
    CU_ASSERT_EQUAL(files_in(scene.folder, false), 0);
    /* and its bytes come back whole, checked by the id, which is that of all bytes. */
    CU_ASSERT(memcmp(store.stored[1].id, letters[1].id, SP_SHA256_SIZE) == 0);
    struct sp_letter back = letters[1];
    back.event = (struct sp_slice){"bbb", 3};
    back.place = store.stored[1].place;
    CU_ASSERT(oversize_read(NULL, &back, 0, scene.arena, &err) == 0);
    CU_ASSERT(sp_slice_equal(back.event, letters[1].event) && !back.place);
    /* The caller's letters are as they were. */
    CU_ASSERT(letters[1].event.size == 100000 && !letters[1].place);
    /* Storing it again is storing it once. */
    CU_ASSERT(letters_store(&scene.work, &scene.seat, letters, 4));
    CU_ASSERT_EQUAL(files_in(scene.folder, true), 2);
    scene_close(&scene);
}

static void what_the_store_rejects_goes_the_same_way(void)
{
    struct scene scene;
    scene_open(&scene, 0, true);
    store.rejects_over = 5000;
    store.fails = 3;
    struct sp_letter letters[] = {letter_of(&scene, 6000, 'a'), letter_of(&scene, 5000, 'b')};
    CU_ASSERT(letters_store(&scene.work, &scene.seat, letters, 2));
    CU_ASSERT_EQUAL(store.count, 2);
    CU_ASSERT(!store.stored[0].place[0] && store.stored[0].event_size == 5000);
    CU_ASSERT(store.stored[1].place[0] && store.stored[1].event_size == OVERSIZE_HEAD);
    scene_close(&scene);
}

/* A replay stores letters as the pipeline does. */
static void a_command_leaves_large_ones_in_the_folder_too(void)
{
    struct scene scene;
    struct sp_error err = {0};
    scene_open(&scene, LIMIT, true);
    store.rejects_over = 2000;
    store.fails = 1;
    struct sending sending = {.pipeline = &scene.pipeline};
    struct sp_letter letters[] = {letter_of(&scene, 100, 'a'), letter_of(&scene, 100000, 'b'),
                                  letter_of(&scene, 2001, 'c')};
    CU_ASSERT(sending_bury(&sending, letters, 3, &err) == 0);
    CU_ASSERT(store.count == 3 && sending.letters_stored == 3);
    CU_ASSERT(!store.stored[0].place[0] && store.stored[0].event_size == 100);
    CU_ASSERT(store.stored[1].place[0] && store.stored[1].event_size == OVERSIZE_HEAD);
    CU_ASSERT(store.stored[2].place[0] && store.stored[2].event_size == OVERSIZE_HEAD);
    CU_ASSERT_EQUAL(files_in(scene.folder, true), 2);
    /* Without a folder it ends, and says what to do; the small one is stored. */
    scene.pipeline.letters_options.oversize = NULL;
    store.count = 0;
    CU_ASSERT(sending_bury(&sending, letters, 2, &err) == -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "dead_letters.oversize"));
    CU_ASSERT(store.count == 1 && store.stored[0].event_size == 100);
    sending_close(&sending);
    scene_close(&scene);
}

static void one_call_has_what_the_store_allows(void)
{
    struct scene scene;
    struct sp_error err = {0};
    struct sp_letter letters[8];
    scene_open(&scene, 0, false);
    for (size_t i = 0; i < 8; i++)
        letters[i] = letter_of(&scene, 10 + i, 'a');
    plugin.capabilities.batch_messages = 3;
    CU_ASSERT(letters_store(&scene.work, &scene.seat, letters, 8));
    CU_ASSERT(store.count == 8 && store.calls == 3 && store.most == 3);
    struct sending sending = {.pipeline = &scene.pipeline};
    CU_ASSERT(sending_bury(&sending, letters, 8, &err) == 0);
    CU_ASSERT(store.count == 16 && store.calls == 6 && store.most == 3);
    sending_close(&sending);
    /* No limit is none. */
    plugin.capabilities.batch_messages = 0;
    CU_ASSERT(letters_store(&scene.work, &scene.seat, letters, 8));
    CU_ASSERT(store.count == 24 && store.calls == 7 && store.most == 8);
    scene_close(&scene);
}

struct storing_thread {
    struct scene *scene;
    struct sp_letter *letters;
    size_t count;
    bool stored;
};

static void *store_them(void *argument)
{
    struct storing_thread *thread = argument;
    thread->stored =
        letters_store(&thread->scene->work, &thread->scene->seat, thread->letters, thread->count);
    return NULL;
}

static void without_a_folder_the_stage_holds(void)
{
    struct scene scene;
    pthread_t thread;
    scene_open(&scene, LIMIT, false);
    struct sp_letter letters[] = {letter_of(&scene, 100000, 'b'), letter_of(&scene, 100, 'a')};
    struct storing_thread storing = {&scene, letters, 2, true};
    pthread_create(&thread, NULL, store_them, &storing);
    /* The small one is stored meanwhile, the stage says that it is in trouble, */
    for (int i = 0; i < 2000 && (atomic_load(&scene.work.letters.troubled) == 0 || store.count == 0); i++)
        usleep(1000);
    CU_ASSERT_EQUAL(atomic_load(&scene.work.letters.troubled), 1);
    CU_ASSERT_EQUAL(store.count, 1);
    CU_ASSERT_EQUAL(store.stored[0].event_size, 100);
    CU_ASSERT_EQUAL(scene.work.letters.told_class, SP_REFUSED);
    /* and nothing but the stop ends it. */
    stop_ask(&scene.work.stop);
    pthread_join(thread, NULL);
    CU_ASSERT(!storing.stored);
    CU_ASSERT_EQUAL(store.count, 1);
    scene_close(&scene);
}

static void history_is_kept_and_made_where_there_is_none(void)
{
    struct scene scene;
    scene_open(&scene, 0, false);
    struct sp_letter letters[] = {letter_of(&scene, 10, 'a'), letter_of(&scene, 10, 'b')};
    letters[1].attempts = 5;
    letters[1].first_wall_ms = 1234;
    CU_ASSERT(letters_store(&scene.work, &scene.seat, letters, 2));
    CU_ASSERT_EQUAL(store.stored[0].attempts, 1);
    CU_ASSERT(store.stored[0].first_wall_ms > 1234);
    CU_ASSERT_EQUAL(store.stored[1].attempts, 5);
    CU_ASSERT_EQUAL(store.stored[1].first_wall_ms, 1234);
    scene_close(&scene);
}

static void put_file(struct scene *scene, struct sp_letter *letter)
{
    struct oversize_lock lock;
    struct sp_error err = {0};
    letter->pipeline = "test";
    letter_identify(letter);
    CU_ASSERT(oversize_enter(scene->folder, OVERSIZE_TO_STORE, &lock, &err) == 0);
    CU_ASSERT(oversize_put(scene->folder, letter, scene->arena, &err) == 0);
    oversize_leave(&lock);
}

static void a_file_that_was_changed_is_told(void)
{
    struct scene scene;
    struct sp_error err = {0};
    scene_open(&scene, LIMIT, true);
    struct sp_letter letter = letter_of(&scene, 5000, 'x');
    put_file(&scene, &letter);
    struct sp_letter back = letter;
    int fd = open(letter.place, O_WRONLY);
    CU_ASSERT(pwrite(fd, "y", 1, 100) == 1);
    close(fd);
    CU_ASSERT(oversize_read(scene.folder, &back, 0, scene.arena, &err) == -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "does not hold the bytes"));
    CU_ASSERT(back.place == letter.place && back.event.size == OVERSIZE_HEAD);
    unlink(letter.place);
    CU_ASSERT(oversize_read(scene.folder, &back, 0, scene.arena, &err) == -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "dead_letters.oversize"));
    /* A letter from elsewhere may name any file: it is not taken for the event. */
    back.place = "/etc/passwd";
    CU_ASSERT(oversize_read(scene.folder, &back, 0, scene.arena, &err) == -1);
    back.place = "/dev/zero";
    CU_ASSERT(oversize_read(scene.folder, &back, 0, scene.arena, &err) == -1);
    /* A folder that was moved is named by the option. */
    letter = letter_of(&scene, 5000, 'x');
    put_file(&scene, &letter);
    back = letter;
    back.place = "/somewhere/else.event";
    CU_ASSERT(oversize_read(scene.folder, &back, 0, scene.arena, &err) == 0 && back.event.size == 5000);
    scene_close(&scene);
}

/* It is told by its size: read, it would be told as none of the letter's. */
static void what_is_too_large_is_not_read(void)
{
    struct scene scene;
    struct sp_error err = {0};
    scene_open(&scene, LIMIT, true);
    struct sp_letter letter = letter_of(&scene, 5000, 'x');
    put_file(&scene, &letter);
    struct sp_letter back = letter;
    CU_ASSERT(oversize_read(scene.folder, &back, 4999, scene.arena, &err) == -1);
    CU_ASSERT_EQUAL(err.class, SP_REJECTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "5000 bytes"));
    CU_ASSERT(oversize_read(scene.folder, &back, 5000, scene.arena, &err) == 0 && back.event.size == 5000);
    CU_ASSERT(truncate(letter.place, 1 << 29) == 0);
    back = letter;
    CU_ASSERT(oversize_read(scene.folder, &back, 5000, scene.arena, &err) == -1);
    CU_ASSERT_EQUAL(err.class, SP_REJECTED);
    /* What names a file that is none of its own finds the right one in the folder. */
    CU_ASSERT(truncate(letter.place, 5000) == 0);
    put_file(&scene, &(struct sp_letter){.event = letter_of(&scene, 5000, 'x').event});
    back = letter;
    back.place = "/bin/sh";
    CU_ASSERT(oversize_read(scene.folder, &back, 5000, scene.arena, &err) == 0 && back.event.size == 5000);
    scene_close(&scene);
}

static void heads_do_not_cut_characters(void)
{
    struct scene scene;
    scene_open(&scene, LIMIT, true);
    struct sp_letter text = letter_of(&scene, 5001, 'x'), bytes = letter_of(&scene, 5000, '\x80');
    for (size_t i = 0; i + 3 < text.event.size; i += 3) /* from byte 1: a character stands across the cut */
        memcpy((char *)text.event.data + i + 1, "\xe2\x82\xac", 3);
    put_file(&scene, &text);
    put_file(&scene, &bytes);
    CU_ASSERT_EQUAL(text.event.size, 1024 - 1023 % 3);
    CU_ASSERT_EQUAL(bytes.event.size, OVERSIZE_HEAD);
    scene_close(&scene);
}

static void who_removes_waits_for_who_stores(void)
{
    struct scene scene;
    struct oversize_lock one, two, three;
    struct sp_error err = {0};
    scene_open(&scene, LIMIT, true);
    CU_ASSERT(oversize_enter(scene.folder, OVERSIZE_TO_STORE, &one, &err) == 0);
    CU_ASSERT(oversize_enter(scene.folder, OVERSIZE_TO_STORE, &two, &err) == 0);
    CU_ASSERT(oversize_enter(scene.folder, OVERSIZE_TO_REMOVE, &three, &err) == -1);
    CU_ASSERT_EQUAL(err.class, SP_CONTENDED);
    oversize_leave(&one);
    oversize_leave(&two);
    CU_ASSERT(oversize_enter(scene.folder, OVERSIZE_TO_REMOVE, &three, &err) == 0);
    CU_ASSERT(oversize_enter(scene.folder, OVERSIZE_TO_STORE, &one, &err) == -1);
    oversize_leave(&three);
    scene_close(&scene);
}

static void a_folder_that_cannot_be_is_told(void)
{
    struct scene scene;
    struct oversize_lock lock;
    struct sp_error err = {0};
    scene_open(&scene, LIMIT, true);
    char path[600];
    snprintf(path, sizeof path, "%s/no/such", scene.folder);
    CU_ASSERT(oversize_enter(path, OVERSIZE_TO_STORE, &lock, &err) == -1);
    CU_ASSERT_EQUAL(err.class, SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "dead_letters.oversize"));
    scene_close(&scene);
}

int main(void)
{
    struct tap_test tests[] = {
        {"a large letter leaves its bytes in the folder", a_large_letter_leaves_its_bytes_in_the_folder},
        {"what the store rejects goes the same way", what_the_store_rejects_goes_the_same_way},
        {"a command leaves large ones in the folder too", a_command_leaves_large_ones_in_the_folder_too},
        {"one call has what the store allows", one_call_has_what_the_store_allows},
        {"without a folder the stage holds", without_a_folder_the_stage_holds},
        {"history is kept, and made where there is none", history_is_kept_and_made_where_there_is_none},
        {"a file that was changed is told", a_file_that_was_changed_is_told},
        {"what is too large is not read", what_is_too_large_is_not_read},
        {"heads do not cut characters", heads_do_not_cut_characters},
        {"who removes waits for who stores", who_removes_waits_for_who_stores},
        {"a folder that cannot be is told", a_folder_that_cannot_be_is_told},
    };
    return tap_run("letters", tests, sizeof tests / sizeof *tests);
}
