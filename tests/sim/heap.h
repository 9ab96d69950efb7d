/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_HEAP_H
#define SIM_HEAP_H

/*
 * Memory by its owner.  What a simulated process allocates (malloc and its kin are wrapped by the linker)
 * goes with the process when it is killed, and must be gone when it ends by itself.  What the world
 * allocates lives until the run is over.
 */

#include <stddef.h>

struct heap_piece;

struct heap {
    struct heap_piece *pieces;
    size_t bytes, peak;
};

/* In whose name memory is allocated from now on; NULL: nobody's, it must be freed by hand.  Returns the one
 * before. */
struct heap *heap_use(struct heap *heap);

/* Frees what is left. */
void heap_drop(struct heap *heap);

/* The system's, for what outlives runs; zeroed. */
void *heap_real_alloc(size_t size);

/* The world's: freed at the end of the run, all of it. */
void *world_alloc(size_t size);
void *world_copy(const void *data, size_t size);
void world_drop_memory(void);

#endif
