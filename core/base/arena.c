/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALIGNMENT = 16 };

struct block {
    struct block *older;
    size_t capacity, used;
    _Alignas(ALIGNMENT) char bytes[];
};

struct sp_arena {
    struct block *newest;
    size_t block_size;
    size_t footprint;
    char *last; /* the newest piece handed out, for resizing in place */
};

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

struct sp_arena *arena_new(size_t block_size)
{
    struct sp_arena *arena = mem_zalloc(sizeof *arena);
    arena->block_size = aligned(block_size);
    return arena;
}

static void free_blocks(struct sp_arena *arena, struct block *block)
{
    while (block) {
        struct block *older = block->older;
        arena->footprint -= sizeof *block + block->capacity;
        free(block);
        block = older;
    }
}

void arena_free(struct sp_arena *arena)
{
    if (!arena)
        return;
    free_blocks(arena, arena->newest);
    free(arena);
}

void arena_free_at(struct sp_arena **arena)
{
    arena_free(*arena);
}

void arena_reset(struct sp_arena *arena, size_t keep_bytes)
{
    struct block *kept = NULL;
    arena->last = NULL;
    for (struct block *block = arena->newest, *older; block; block = older) {
        older = block->older;
        bool keep = block->capacity <= keep_bytes && (!kept || block->capacity > kept->capacity);
        struct block *gone = keep ? kept : block;
        if (keep)
            kept = block;
        if (gone) {
            gone->older = NULL;
            free_blocks(arena, gone);
        }
    }
    if (kept) {
        kept->older = NULL;
        kept->used = 0;
    }
    arena->newest = kept;
}

static void add_block(struct sp_arena *arena, size_t size)
{
    size_t capacity = size > arena->block_size ? size : arena->block_size;
    struct block *block = mem_alloc(sizeof *block + capacity);
    block->older = arena->newest;
    block->capacity = capacity;
    block->used = 0;
    arena->newest = block;
    arena->footprint += sizeof *block + capacity;
}

void *sp_arena_alloc(struct sp_arena *arena, size_t size)
{
    size = aligned(size);
    if (!arena->newest || arena->newest->capacity - arena->newest->used < size)
        add_block(arena, size);
    struct block *block = arena->newest;
    arena->last = block->bytes + block->used;
    block->used += size;
    return arena->last;
}

void *sp_arena_zalloc(struct sp_arena *arena, size_t size)
{
    return memset(sp_arena_alloc(arena, size), 0, size);
}

/* A buffer that outgrows its block gets a block to itself, which moves with realloc: large pieces
 * (a page's body) are then often moved by the system's page tables, not by copying. */
static void *grow_alone(struct sp_arena *arena, size_t new_size)
{
    struct block *block = arena->newest;
    arena->footprint -= block->capacity;
    block = mem_realloc(block, sizeof *block + new_size);
    block->capacity = block->used = new_size;
    arena->footprint += new_size;
    arena->newest = block;
    arena->last = block->bytes;
    return block->bytes;
}

void *sp_arena_resize(struct sp_arena *arena, void *memory, size_t old_size, size_t new_size)
{
    size_t wanted = aligned(new_size);
    if (memory && memory == arena->last) {
        struct block *block = arena->newest;
        size_t start = (size_t)((char *)memory - block->bytes);
        if (block->capacity - start >= wanted) {
            block->used = start + wanted;
            return memory;
        }
        if (start == 0)
            return grow_alone(arena, wanted);
    }
    if (memory && new_size <= old_size)
        return memory;
    void *moved = sp_arena_alloc(arena, new_size);
    if (old_size)
        memcpy(moved, memory, old_size < new_size ? old_size : new_size);
    return moved;
}

char *sp_arena_text(struct sp_arena *arena, const char *data, size_t size)
{
    char *text = sp_arena_alloc(arena, size + 1);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

struct sp_slice sp_arena_copy(struct sp_arena *arena, struct sp_slice bytes)
{
    return (struct sp_slice){sp_arena_text(arena, bytes.data, bytes.size), bytes.size};
}

char *sp_arena_printf(struct sp_arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    char *text = sp_arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

size_t sp_arena_footprint(const struct sp_arena *arena)
{
    return arena->footprint;
}
