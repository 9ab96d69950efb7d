/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

/*
 * Heap memory that does not fail: where there is none left the process says so and aborts, which the
 * laws allow at any point.  Plugins and libraries that can report it do.
 */

#include <scanpipe/base.h>

/* Says that there is no memory left and aborts: for what finds it out by itself. */
void mem_exhausted(void) __attribute__((noreturn));

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *memory, size_t size) __attribute__((returns_nonnull));
char *mem_text(const char *text) __attribute__((malloc, returns_nonnull));

/* A copy of the bytes, on the heap; free() its data. */
struct sp_slice mem_slice(struct sp_slice bytes);

/* For SP_AUTO on any pointer. */
void mem_free_at(void *pointer_to_pointer);

#endif
