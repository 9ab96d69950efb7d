/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static const struct clock_source *replacement;

void clock_replace(const struct clock_source *source)
{
    replacement = source;
}

int64_t sp_clock_now(void)
{
    if (replacement)
        return replacement->now();
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * SP_SECOND + now.tv_nsec;
}

int64_t sp_clock_wall_ms(void)
{
    if (replacement)
        return replacement->wall_ms();
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t sp_random(void)
{
    if (replacement)
        return replacement->random();
    uint64_t value;
    ssize_t got = getrandom(&value, sizeof value, 0);
    assert(got == sizeof value); /* getrandom(2): up to 256 bytes are never interrupted */
    return value;
}

void clock_sleep(int64_t ns)
{
    struct timespec left = {.tv_sec = ns / SP_SECOND, .tv_nsec = ns % SP_SECOND};
    while (ns > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

void clock_format_wall(int64_t wall_ms, char out[32])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    char date[24];
    gmtime_r(&seconds, &parts);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out, 32, "%s.%03dZ", date, (int)(wall_ms % 1000));
}
