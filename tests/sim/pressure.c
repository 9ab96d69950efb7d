/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "pressure.h"

#include "laws.h"

/* Pauses are drawn from zero to a bound that doubles up to the largest.  While it grows there are few of
 * them, and of those after it hardly ever so many so short that their mean is an eighth of the bound. */
enum { CALLS_WHILE_IT_GROWS = 40, CALLS_A_PAUSE = 8 };

/* Within so much time the process has taken note of an answer; others may do so later of a failure. */
static const int64_t noted_ns = SP_SECOND / 10;

/* Who failed while others were answered is in trouble of its own, and tries again alone; from the next
 * failure on it is the stage's.  Two may be noted at the same time. */
enum { FAILURES_TO_KNOW = 3 };

/* Threads beside senders and workers that call a stage: keeper, poller, clerk, reader, trials. */
enum { OTHERS = 5 };

/* Of one process on one stage. */
struct pressure {
    const struct outage *outage;
    unsigned life;
    uint64_t spell; /* of silence: it ends with an answer */
    int64_t since;
    unsigned calls, failures;
    unsigned retries; /* under way, by who knows that the stage is away */
};

static const struct plan *plan;
static struct pressure all[PROCESSES + 2][SIM_STAGES];
static uint64_t spells;

void pressure_open(const struct plan *the_plan)
{
    plan = the_plan;
    spells = 0;
    memset(all, 0, sizeof all);
}

static void begin_spell(struct pressure *pressure, const struct outage *outage)
{
    *pressure = (struct pressure){.outage = outage,
                                  .life = process_self()->life,
                                  .spell = ++spells,
                                  .since = sim_now()};
}

/* Lost races, and what asks for less, are no outages; and at a stop each thread tries once more. */
static bool must_be_left_in_peace(const struct outage *outage)
{
    const struct process *process = process_self();
    return (outage->black_hole || outage->class == SP_UNAVAILABLE || outage->class == SP_REFUSED) &&
           !process->stopping && process->disturbed_ns == 0;
}

static void law_left_in_peace(const struct pressure *pressure, enum sim_stage stage)
{
    unsigned most = plan->senders + plan->workers + OTHERS + CALLS_WHILE_IT_GROWS;
    int64_t lasts_ns = sim_now() - pressure->since;
    if (pressure->retries > 1)
        law_broken("an outage is left in peace", "%u threads that know of it call stage %d at once",
                   pressure->retries, (int)stage);
    /* Who has a lease to keep looks more often. */
    if (stage != SIM_STATE && pressure->calls > most + CALLS_A_PAUSE * (lasts_ns / plan->retry.max_ns))
        law_broken("an outage is left in peace", "%u calls of stage %d in %.3f s", pressure->calls,
                   (int)stage, (double)lasts_ns / 1e9);
}

/* Whether the depth is known is nobody's business but its own. */
static bool counts(const struct fate *fate)
{
    return fate->op != OP_DEPTH;
}

void pressure_begin(const struct handle *handle, struct fate *fate)
{
    struct pressure *pressure = &all[process_self()->number][handle->stage];
    if (!counts(fate))
        return;
    if (pressure->outage != fate->outage || pressure->life != process_self()->life)
        begin_spell(pressure, fate->outage);
    fate->spell = pressure->spell;
    fate->retries = handle->failed_in == pressure->spell && pressure->failures >= FAILURES_TO_KNOW;
    pressure->calls++;
    pressure->retries += fate->retries;
    if (fate->outage && must_be_left_in_peace(fate->outage))
        law_left_in_peace(pressure, handle->stage);
}

void pressure_end(struct handle *handle, const struct fate *fate, bool answered)
{
    struct pressure *pressure = &all[process_self()->number][handle->stage];
    if (!counts(fate))
        return;
    if (answered) /* also where the call was under way when the outage began */
        begin_spell(pressure, pressure->outage);
    else if (fate->spell == pressure->spell) {
        pressure->retries -= fate->retries;
        if (sim_now() - pressure->since > noted_ns) {
            handle->failed_in = pressure->spell;
            pressure->failures++;
        }
    }
}
