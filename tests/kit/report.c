/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "kit.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* For how long a call may be contended. */
#define CONTENDED_TRIES 400

_Thread_local struct sp_error kit_error;

static int report = -1;

void report_to(int fd)
{
    report = fd;
}

/* One write a line, shorter than what a pipe takes at once. */
static void say(char mark, const char *place, const char *format, va_list arguments)
{
    char line[1500];
    int size = snprintf(line, sizeof line - 1, "%c%s", mark, place);
    vsnprintf(line + size, sizeof line - 1 - (size_t)size, format, arguments);
    utf8_make_printable(line);
    size = (int)strlen(line);
    line[size++] = '\n';
    if (write(report, line, (size_t)size) != size)
        _exit(EXIT_FAILURE);
}

_Noreturn void kit_fail(const char *file, int line, const char *format, ...)
{
    char place[200];
    const char *name = strrchr(file, '/');
    snprintf(place, sizeof place, "%s:%d: ", name ? name + 1 : file, line);
    va_list arguments;
    va_start(arguments, format);
    say('F', place, format, arguments);
    va_end(arguments);
    _exit(EXIT_FAILURE);
}

_Noreturn void kit_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say('S', "", format, arguments);
    va_end(arguments);
    _exit(EXIT_SUCCESS);
}

_Noreturn void kit_not_for(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say('N', "", format, arguments);
    va_end(arguments);
    _exit(EXIT_SUCCESS);
}

void kit_tried(const char *file, int line, const char *call, unsigned *tries)
{
    bool again = kit_error.class == SP_CONTENDED || kit_error.class == SP_THROTTLED;
    if (!again || ++*tries > CONTENDED_TRIES)
        kit_fail(file, line, "%.*s(...): %s: %s", (int)strcspn(call, "("), call,
                 sp_class_name(kit_error.class), kit_error.text);
    kit_sleep((int64_t)(sp_random() % (uint64_t)(20 * SP_MILLISECOND)));
}

int64_t kit_soon_ns(const struct kit *kit)
{
    return kit->soon_ns;
}

int64_t kit_soon(const struct kit *kit)
{
    return sp_clock_now() + 4 * kit_soon_ns(kit);
}

void kit_sleep(int64_t ns)
{
    struct timespec left = {ns / SP_SECOND, ns % SP_SECOND};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
uint64_t kit_random(uint64_t *dice)
{
    uint64_t z = *dice += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

size_t kit_below(uint64_t *dice, size_t bound)
{
    return (size_t)(kit_random(dice) % bound);
}

const char *kit_shown(struct kit *kit, struct sp_slice text)
{
    char *shown = sp_arena_text(kit->arena, text.data, text.size < 120 ? text.size : 120);
    utf8_make_printable(shown);
    return shown;
}
