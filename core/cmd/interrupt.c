/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/interrupt.h"

#include "base/clock.h"

#include <signal.h>

static volatile sig_atomic_t asked;

static void ask(int number)
{
    (void)number;
    asked = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = ask, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool interrupt_asked(void)
{
    return asked;
}

/* In slices: another thread may have got the signal. */
bool interrupt_pause(void *context, int64_t ns)
{
    static const int64_t slice = 100 * SP_MILLISECOND;
    (void)context;
    int64_t until = sp_clock_now() + ns;
    for (int64_t left = ns; left > 0 && !asked; left = until - sp_clock_now())
        clock_sleep(left < slice ? left : slice);
    return !asked;
}
