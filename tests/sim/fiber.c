/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "fiber.h"

#include "engine/pulse.h"
#include "heap.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

enum { STACK_SIZE = 512 << 10, GUARD_SIZE = 4096 };

struct fiber {
    ucontext_t context;
    struct fiber *next; /* of the spare ones */
    char *stack;
    void (*run)(void *);
    void *argument;
    void *fake_stack;    /* the sanitizer's */
    struct pulse *pulse; /* a thread has its own */
};

static struct fiber *running, *spare;
static ucontext_t outside;

#ifdef WITH_ASAN
static const void *outside_stack;
static size_t outside_size;
static void *outside_fake_stack;

static void enter_fiber(struct fiber *fiber)
{
    __sanitizer_start_switch_fiber(&outside_fake_stack, fiber->stack, STACK_SIZE);
}

static void entered_fiber(struct fiber *fiber)
{
    __sanitizer_finish_switch_fiber(fiber->fake_stack, &outside_stack, &outside_size);
}

static void leave_fiber(struct fiber *fiber)
{
    __sanitizer_start_switch_fiber(&fiber->fake_stack, outside_stack, outside_size);
}

static void left_fiber(void)
{
    __sanitizer_finish_switch_fiber(outside_fake_stack, NULL, NULL);
}

/* Frames that were thrown away left their marks. */
static void clean_stack(struct fiber *fiber)
{
    __asan_unpoison_memory_region(fiber->stack, STACK_SIZE);
}
#else
static void enter_fiber(struct fiber *fiber)
{
    (void)fiber;
}

static void entered_fiber(struct fiber *fiber)
{
    (void)fiber;
}

static void leave_fiber(struct fiber *fiber)
{
    (void)fiber;
}

static void left_fiber(void)
{
}

static void clean_stack(struct fiber *fiber)
{
    (void)fiber;
}
#endif

static void fiber_main(void)
{
    struct fiber *self = running;
    entered_fiber(self);
    self->run(self->argument);
    for (;;)
        fiber_yield();
}

static struct fiber *fiber_make(void)
{
    struct fiber *fiber = heap_real_alloc(sizeof *fiber);
    char *memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, GUARD_SIZE, PROT_NONE) != 0) {
        perror("mmap");
        exit(99);
    }
    fiber->stack = memory + GUARD_SIZE;
    return fiber;
}

/* On its own: what getcontext() may come back into keeps no variable that changes. */
static void prepare(struct fiber *fiber)
{
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_SIZE;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, fiber_main, 0);
    fiber->context.uc_stack.ss_size = 0; /* else the sanitizer would clean all of it at each switch */
}

struct fiber *fiber_new(void (*run)(void *), void *argument)
{
    struct fiber *fiber = spare;
    if (fiber)
        spare = fiber->next;
    else
        fiber = fiber_make();
    clean_stack(fiber);
    fiber->run = run;
    fiber->argument = argument;
    fiber->fake_stack = NULL;
    fiber->pulse = NULL;
    prepare(fiber);
    return fiber;
}

void fiber_free(struct fiber *fiber)
{
    fiber->next = spare;
    spare = fiber;
}

void fiber_resume(struct fiber *fiber)
{
    running = fiber;
    pulse_adopt(fiber->pulse);
    enter_fiber(fiber);
    swapcontext(&outside, &fiber->context);
    left_fiber();
    fiber->pulse = pulse_adopt(NULL);
    running = NULL;
}

void fiber_yield(void)
{
    struct fiber *self = running;
    leave_fiber(self);
    swapcontext(&self->context, &outside);
    entered_fiber(self);
}
