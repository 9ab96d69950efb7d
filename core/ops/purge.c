/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/purge.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { REMOVED_AT_ONCE = 500 };

static void count_class(struct purge *purge, const char *class)
{
    struct purge_class *one = purge->classes;
    size_t i = 0;
    if (!class)
        class = "other";
    while (i < purge->class_count && strncmp(one[i].name, class, sizeof one[i].name - 1) != 0)
        i++;
    if (i == PURGE_CLASSES) {
        i--;
        snprintf(one[i].name, sizeof one[i].name, "other");
    } else if (i == purge->class_count) {
        purge->class_count++;
        snprintf(one[i].name, sizeof one[i].name, "%s", class);
    }
    one[i].count++;
}

static enum scan_answer note(void *context, const struct sp_letter *letters, size_t count,
                             struct sp_error *err)
{
    struct purge *purge = context;
    (void)err;
    if (purge->count + count > purge->capacity) {
        purge->capacity = 2 * purge->capacity + count;
        purge->seen = mem_realloc(purge->seen, purge->capacity * sizeof *purge->seen);
    }
    for (size_t i = 0; i < count; i++) {
        struct seen_letter *one = &purge->seen[purge->count++];
        *one = (struct seen_letter){{.version = letters[i].version}, letters[i].place != NULL};
        memcpy(one->ref.id, letters[i].id, sizeof one->ref.id);
        count_class(purge, letters[i].class);
    }
    return SCAN_ON;
}

int purge_look(struct purge *purge, const struct letters_query *query, struct sp_error *err)
{
    if (hand_open(&purge->letters, &purge->pipeline->letters, err) != 0)
        return -1;
    return choose_letters(&purge->letters, purge->pipeline->name, query, note, purge, err);
}

int purge_remove(struct purge *purge, bool (*go_on)(void *context, uint64_t done), void *context,
                 uint64_t *removed_out, struct sp_error *err)
{
    const char *folder = purge->pipeline->letters_options.oversize;
    *removed_out = 0;
    for (size_t at = 0; at < purge->count && go_on(context, at); at += REMOVED_AT_ONCE) {
        size_t some = purge->count - at < REMOVED_AT_ONCE ? purge->count - at : REMOVED_AT_ONCE;
        if (remove_letters(&purge->letters, folder, purge->seen + at, some, removed_out, err) != 0)
            return -1;
    }
    return 0;
}

void purge_close(struct purge *purge)
{
    hand_close(&purge->letters);
    free(purge->seen);
    *purge = (struct purge){0};
}
