/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/pulse.h"

#include <scanpipe/host.h>

static const int64_t most_counted_ns = SP_SECOND;

static _Thread_local struct pulse *own;

struct pulse *pulse_adopt(struct pulse *pulse)
{
    struct pulse *before = own;
    own = pulse;
    return before;
}

static void show(int64_t due)
{
    if (own)
        atomic_store_explicit(&own->due, due, memory_order_relaxed);
}

void pulse_beat(void)
{
    show(own ? sp_clock_now() : 0);
}

void pulse_rest(int64_t ns)
{
    int64_t now = own ? sp_clock_now() : 0;
    show(ns < PULSE_ELSEWHERE - now ? now + ns : PULSE_ELSEWHERE);
}

void pulse_leave(void)
{
    show(PULSE_ELSEWHERE);
}

void pulses_look(struct pulse *list, int64_t now, int64_t since_last_ns)
{
    int64_t counted = since_last_ns < most_counted_ns ? since_last_ns : most_counted_ns;
    for (struct pulse *pulse = list; pulse; pulse = pulse->next) {
        int64_t due = atomic_load_explicit(&pulse->due, memory_order_relaxed);
        if (due != pulse->watched_due || now <= due)
            pulse->overdue_ns = 0;
        else
            pulse->overdue_ns += counted;
        pulse->watched_due = due;
    }
}

const struct pulse *pulses_late(const struct pulse *list, int64_t slack_ns)
{
    while (list && list->overdue_ns <= slack_ns)
        list = list->next;
    return list;
}
