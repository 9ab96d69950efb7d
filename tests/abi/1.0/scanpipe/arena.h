/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_ARENA_H
#define SCANPIPE_ARENA_H

/*
 * An arena hands out memory that is given back all at once, by its owner.
 *
 * Not thread-safe: an arena belongs to one thread at a time.  Memory is aligned to 16 bytes and not
 * zeroed, unless said.  Nothing here fails: where the system has no memory left the process tells
 * it and aborts, which breaks no law (see "kill -9 at any point").
 */

#include <scanpipe/base.h>

struct sp_arena;

SP_API void *sp_arena_alloc(struct sp_arena *arena, size_t size)
    __attribute__((malloc, alloc_size(2), returns_nonnull));
SP_API void *sp_arena_zalloc(struct sp_arena *arena, size_t size)
    __attribute__((malloc, alloc_size(2), returns_nonnull));

/*
 * Makes `memory`, of `old_size` bytes, `new_size` large; moves it where it must.  In place where it
 * is the arena's newest piece and its block has room, so that a buffer that is filled while nothing
 * else is allocated grows cheaply.  Shrinking the newest piece gives its tail back.
 */
SP_API void *sp_arena_resize(struct sp_arena *arena, void *memory, size_t old_size, size_t new_size)
    __attribute__((returns_nonnull));

/* Copies that live as long as the arena; the first adds a NUL behind the bytes. */
SP_API char *sp_arena_text(struct sp_arena *arena, const char *data, size_t size)
    __attribute__((returns_nonnull));
SP_API struct sp_slice sp_arena_copy(struct sp_arena *arena, struct sp_slice bytes);
SP_API char *sp_arena_printf(struct sp_arena *arena, const char *format, ...) SP_PRINTF(2, 3)
    __attribute__((returns_nonnull));

/* Bytes that the arena holds of the system's memory, used or not. */
SP_API size_t sp_arena_footprint(const struct sp_arena *arena);

#endif
