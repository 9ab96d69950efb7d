/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "heap.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The linker turns each call of malloc() into one of __wrap_malloc(), and gives us the system's. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

struct heap_piece {
    struct heap_piece *next, *before;
    struct heap *owner;
    size_t size;
};

struct world_block {
    struct world_block *older;
    size_t used, size;
    _Alignas(16) char bytes[];
};

enum { WORLD_BLOCK = 256 << 10 };

static struct heap nobodys;
static struct heap *owner = &nobodys;
static struct world_block *world_blocks;

struct heap *heap_use(struct heap *heap)
{
    struct heap *before = owner;
    owner = heap ? heap : &nobodys;
    return before == &nobodys ? NULL : before;
}

static void *out_of_memory(void)
{
    fputs("sim: the system has no memory left\n", stderr);
    exit(99);
}

static void link_piece(struct heap_piece *piece, size_t size)
{
    struct heap *heap = piece->owner;
    piece->size = size;
    piece->before = NULL;
    piece->next = heap->pieces;
    if (heap->pieces)
        heap->pieces->before = piece;
    heap->pieces = piece;
    heap->bytes += size;
    if (heap->bytes > heap->peak)
        heap->peak = heap->bytes;
}

static void unlink_piece(struct heap_piece *piece)
{
    if (piece->before)
        piece->before->next = piece->next;
    else
        piece->owner->pieces = piece->next;
    if (piece->next)
        piece->next->before = piece->before;
    piece->owner->bytes -= piece->size;
}

void *__wrap_malloc(size_t size)
{
    struct heap_piece *piece = __real_malloc(sizeof *piece + size);
    if (!piece)
        return out_of_memory();
    piece->owner = owner;
    link_piece(piece, size);
    return piece + 1;
}

void *__wrap_calloc(size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / 2 / size)
        return NULL;
    struct heap_piece *piece = __real_calloc(1, sizeof *piece + count * size);
    if (!piece)
        return out_of_memory();
    piece->owner = owner;
    link_piece(piece, count * size);
    return piece + 1;
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (!memory)
        return __wrap_malloc(size);
    struct heap_piece *piece = (struct heap_piece *)memory - 1;
    unlink_piece(piece);
    piece = __real_realloc(piece, sizeof *piece + size);
    if (!piece)
        return out_of_memory();
    link_piece(piece, size);
    return piece + 1;
}

void __wrap_free(void *memory)
{
    if (!memory)
        return;
    struct heap_piece *piece = (struct heap_piece *)memory - 1;
    unlink_piece(piece);
    __real_free(piece);
}

void heap_drop(struct heap *heap)
{
    while (heap->pieces)
        __wrap_free(heap->pieces + 1);
    heap->peak = 0;
}

void *heap_real_alloc(size_t size)
{
    void *memory = __real_calloc(1, size);
    return memory ? memory : out_of_memory();
}

void *world_alloc(size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (!world_blocks || world_blocks->size - world_blocks->used < size) {
        size_t room = size > WORLD_BLOCK ? size : WORLD_BLOCK;
        struct world_block *block = __real_malloc(sizeof *block + room);
        if (!block)
            return out_of_memory();
        *block = (struct world_block){.older = world_blocks, .size = room};
        world_blocks = block;
    }
    void *memory = world_blocks->bytes + world_blocks->used;
    world_blocks->used += size;
    return memset(memory, 0, size);
}

void *world_copy(const void *data, size_t size)
{
    void *copy = world_alloc(size + 1);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

void world_drop_memory(void)
{
    while (world_blocks) {
        struct world_block *older = world_blocks->older;
        __real_free(world_blocks);
        world_blocks = older;
    }
}
