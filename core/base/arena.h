/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/* The owner's side of scanpipe/arena.h. */

#include <scanpipe/arena.h>

/* Blocks are at least `block_size` bytes; nothing is allocated before the first use. */
struct sp_arena *arena_new(size_t block_size);
void arena_free(struct sp_arena *arena);

/* Forgets everything that was handed out; keeps one block, no larger than `keep_bytes`, for the next use. */
void arena_reset(struct sp_arena *arena, size_t keep_bytes);

/* For SP_AUTO. */
void arena_free_at(struct sp_arena **arena);

#endif
