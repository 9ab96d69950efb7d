/* SPDX-License-Identifier: Apache-2.0 */

/* Which threads go on: the decision behind the watchdog, with its times as numbers. */

#include <config.h>

#include "engine/pulse.h"
#include "tap.h"

#include <scanpipe/host.h>

#include <stdio.h>
#include <string.h>

static const int64_t second = SP_SECOND, slack = 30 * SP_SECOND;

/* Looks every second, until `until`. */
static int64_t look(struct pulse *list, int64_t now, int64_t until)
{
    for (; now < until; now += second)
        pulses_look(list, now + second, second);
    return now;
}

static void set(struct pulse *pulse, int64_t due)
{
    atomic_store(&pulse->due, due);
}

static void stands_still(void)
{
    /* Given two threads, when one shows itself and the other does not any more, */
    struct pulse quiet = {.name = "keeper"}, lively = {.next = &quiet, .name = "clerk"};
    int64_t now = 1000 * second, begun = now;
    set(&quiet, now);
    while (now < begun + 29 * second) {
        set(&lively, now);
        now = look(&lively, now, now + second);
    }
    /* then nobody is late within the slack, and the other one behind it. */
    CU_ASSERT_PTR_NULL(pulses_late(&lively, slack));
    while (now < begun + 33 * second) {
        set(&lively, now);
        now = look(&lively, now, now + second);
    }
    CU_ASSERT_PTR_EQUAL(pulses_late(&lively, slack), &quiet);
    /* When it shows itself again, all is well. */
    set(&quiet, now);
    look(&lively, now, now + second);
    CU_ASSERT_PTR_NULL(pulses_late(&lively, slack));
}

static void waits(void)
{
    /* Given a thread that waits for a minute, then it may stand still for so long, and the slack; */
    struct pulse pulse = {.name = "caretaker"};
    int64_t now = 1000 * second;
    set(&pulse, now + 60 * second);
    now = look(&pulse, now, now + 89 * second);
    CU_ASSERT_PTR_NULL(pulses_late(&pulse, slack));
    /* then it should have come back. */
    look(&pulse, now, now + 3 * second);
    CU_ASSERT_PTR_NOT_NULL(pulses_late(&pulse, slack));
}

static void is_elsewhere(void)
{
    /* Given a thread inside a plugin, or behind another thread, then that is for others to judge. */
    struct pulse pulse = {.name = "deliver"};
    set(&pulse, PULSE_ELSEWHERE);
    look(&pulse, 1000 * second, 5000 * second);
    CU_ASSERT_PTR_NULL(pulses_late(&pulse, slack));
}

static void was_frozen(void)
{
    /* Given a process that was frozen for an hour, or a machine that was, */
    struct pulse pulse = {.name = "sender"};
    int64_t now = 1000 * second;
    set(&pulse, now);
    pulses_look(&pulse, now, second);
    now += 3600 * second;
    /* then the look that follows counts for a second: the thread gets the time to show itself. */
    pulses_look(&pulse, now, 3600 * second);
    CU_ASSERT_PTR_NULL(pulses_late(&pulse, slack));
    CU_ASSERT_PTR_NOT_NULL(pulses_late(&pulse, 0));
    set(&pulse, now);
    pulses_look(&pulse, now + 1, 1);
    CU_ASSERT_PTR_NULL(pulses_late(&pulse, 0));
}

static void circles(void)
{
    /* Given a thread that shows itself again and again, then it goes on, late as it may be at each look. */
    struct pulse pulse = {.name = "source"};
    int64_t now = 1000 * second;
    for (int i = 0; i < 100; i++) {
        set(&pulse, now);
        now = look(&pulse, now, now + 20 * second);
        CU_ASSERT_PTR_NULL(pulses_late(&pulse, slack));
    }
}

static void of_the_thread(void)
{
    struct pulse pulse = {.name = "mine"};
    /* Given a thread without a pulse, then telling does nothing. */
    pulse_beat();
    CU_ASSERT_PTR_NULL(pulse_adopt(&pulse));
    CU_ASSERT_EQUAL(pulse.due, 0);
    /* Given one, then it says by when it is back. */
    int64_t before = sp_clock_now();
    pulse_beat();
    CU_ASSERT(pulse.due >= before && pulse.due <= sp_clock_now());
    before = sp_clock_now();
    pulse_rest(5 * second);
    CU_ASSERT(pulse.due >= before + 5 * second && pulse.due <= sp_clock_now() + 5 * second);
    pulse_rest(INT64_MAX);
    CU_ASSERT_EQUAL(pulse.due, PULSE_ELSEWHERE);
    pulse_leave();
    CU_ASSERT_EQUAL(pulse.due, PULSE_ELSEWHERE);
    CU_ASSERT_PTR_EQUAL(pulse_adopt(NULL), &pulse);
    pulse_beat();
    CU_ASSERT_EQUAL(pulse.due, PULSE_ELSEWHERE);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"a thread that stands still is late, and only it", stands_still},
        {"a wait has its time", waits},
        {"what is inside a plugin is not judged here", is_elsewhere},
        {"who was frozen convicts nobody", was_frozen},
        {"slow is not late", circles},
        {"each thread tells for itself", of_the_thread},
    };
    return tap_run("pulse", tests, sizeof tests / sizeof *tests);
}
