/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KIT_LETTERS_KIT_H
#define TESTS_KIT_LETTERS_KIT_H

/* What checks of the store of dead letters have in common. */

#include "kit.h"

struct letters {
    struct kit *kit;
    struct kit_stage *stage;
    const struct sp_letters_ops *ops;
    void *one, *other;
    const char *pipeline;
};

struct found {
    const struct sp_letter *items;
    size_t count;
};

/* `pipeline` may be NULL: a new one. */
struct letters letters_begin(struct kit *kit, const char *pipeline);

/* A letter of the pipeline with its number in event, id and times; texts are constant or in the arena. */
struct sp_letter letters_make(struct letters *letters, size_t number);
/* Digest of pipeline and bytes, as the core makes it. */
void letters_identify(struct sp_letter *letter);

/* So many, or what fits twice into a letter of the store, whatever the bytes are. */
size_t letters_bytes(const struct letters *letters, size_t size);

/* All must be stored; no more at once than the store says. */
void letters_put(struct letters *letters, void *handle, const struct sp_letter *put, size_t count);
/* All that pass, page by page; each page is at most `page` letters. */
struct found letters_scan(struct letters *letters, void *handle, const struct sp_letter_filter *filter,
                          size_t page);
struct found letters_all(struct letters *letters, void *handle);
/* The letter with that id, or NULL. */
const struct sp_letter *letters_find(const struct found *found, const unsigned char *id);
uint64_t letters_remove(struct letters *letters, void *handle, const struct sp_letter *all, size_t count);

/* The version and what a second put changes are not compared. */
void letters_require_same(struct letters *letters, const struct sp_letter *got, const struct sp_letter *put);

static inline struct sp_letter_filter letters_any(const struct letters *letters)
{
    return (struct sp_letter_filter){.size = sizeof(struct sp_letter_filter), .pipeline = letters->pipeline};
}

#endif
