/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

void mem_exhausted(void)
{
    static const char text[] = "scanpipe: the system has no memory left; stopping, nothing is lost\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    abort();
}

void *mem_alloc(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        mem_exhausted();
    return memory;
}

void *mem_zalloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        mem_exhausted();
    return memory;
}

void *mem_realloc(void *memory, size_t size)
{
    void *moved = realloc(memory, size ? size : 1);
    if (!moved)
        mem_exhausted();
    return moved;
}

char *mem_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(size), text, size);
}

struct sp_slice mem_slice(struct sp_slice bytes)
{
    char *copy = mem_alloc(bytes.size);
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return (struct sp_slice){copy, bytes.size};
}

void mem_free_at(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}
