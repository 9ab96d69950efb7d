/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/breaker.h"

static bool is_probing(const struct breaker *breaker, int64_t now)
{
    return breaker->probe != 0 && now < breaker->probe_until;
}

bool breaker_refuses(const struct breaker *breaker)
{
    return breaker->open && (breaker->class == SP_REFUSED || breaker->class == SP_REJECTED);
}

/* When a caller that can bear so much may probe. */
static int64_t due(const struct breaker *breaker, int64_t most_ns)
{
    int64_t at = breaker->probe_at;
    if (!breaker_refuses(breaker) && most_ns < at - breaker->failed_at)
        at = breaker->failed_at + most_ns;
    return at > breaker->not_before ? at : breaker->not_before;
}

/* Gives the caller a place in the line of those who go on, once a relief. */
static void line_up(struct breaker *breaker, struct caller *caller, int64_t now, int64_t gap_ns,
                    uint64_t random)
{
    if (caller->line == breaker->reliefs)
        return;
    caller->line = breaker->reliefs;
    caller->place = breaker->next_place > now ? breaker->next_place : now;
    breaker->next_place = caller->place + 1 + (int64_t)(random % (uint64_t)(2 * gap_ns + 1));
}

int64_t breaker_wait(struct breaker *breaker, struct caller *caller, int64_t now, int64_t most_ns,
                     int64_t gap_ns, uint64_t random)
{
    int64_t at;
    if (!breaker->open) {
        line_up(breaker, caller, now, gap_ns, random);
        at = caller->place;
    } else {
        int64_t step_back = caller->caused == breaker->pauses ? gap_ns : 0;
        at = is_probing(breaker, now) ? breaker->probe_until : due(breaker, most_ns) + step_back;
    }
    return at > now ? at - now : 0;
}

int64_t breaker_pause(struct breaker *breaker, struct caller *caller, int64_t now, int64_t most_ns,
                      int64_t gap_ns, uint64_t random)
{
    bool alone = !breaker->open && caller->paused_relief == breaker->reliefs && caller->paused_until > now;
    int64_t own = caller->paused_until - now;
    if (alone)
        return own < most_ns ? own : most_ns;
    return breaker_wait(breaker, caller, now, most_ns, gap_ns, random);
}

void breaker_begin(struct breaker *breaker, struct caller *caller, bool may, int64_t now, int64_t until)
{
    caller->changes = breaker->changes;
    caller->probe = 0;
    if (!may || !breaker->open || is_probing(breaker, now))
        return;
    caller->probe = breaker->probe = ++breaker->probes;
    breaker->probe_until = until;
}

/* True where the call was the probe, and nobody has taken its place. */
static bool end_probe(struct breaker *breaker, struct caller *caller)
{
    bool probed = caller->probe != 0 && caller->probe == breaker->probe;
    if (probed)
        breaker->probe = 0;
    caller->probe = 0;
    return probed;
}

static void set_alone(struct breaker *breaker, struct caller *caller, bool alone)
{
    if (caller->alone && !alone)
        breaker->alone--;
    else if (!caller->alone && alone)
        breaker->alone++;
    caller->alone = alone;
}

/* Those who wait go on, this caller first. */
static void relieve(struct breaker *breaker, struct caller *caller, int64_t now)
{
    breaker->reliefs++;
    breaker->next_place = now;
    caller->line = breaker->reliefs;
    caller->place = now;
}

/* What asks for less may still answer calls that were under way, the probe among them. */
static bool closes(const struct breaker *breaker, bool probed, int64_t now)
{
    return breaker->open && now >= breaker->not_before && (probed || breaker->class != SP_THROTTLED);
}

bool breaker_answered(struct breaker *breaker, struct caller *caller, int64_t now)
{
    bool was_alone = caller->alone, closing = closes(breaker, end_probe(breaker, caller), now);
    breaker->answers++;
    caller->retry.failures = 0;
    caller->paused_until = 0;
    set_alone(breaker, caller, false);
    if (closing) {
        breaker->open = false;
        breaker->changes++;
        breaker->probe = 0;
    }
    bool relief = closing || (was_alone && !breaker->open);
    if (relief)
        relieve(breaker, caller, now);
    return relief;
}

void breaker_asked(struct breaker *breaker, struct caller *caller)
{
    end_probe(breaker, caller);
}

/* Others were answered since anybody failed last, and either this caller fails again, or others are known to
 * fail alone.  Who is asked for less does not call too much alone. */
static bool fails_alone(const struct breaker *breaker, const struct caller *caller,
                        const struct sp_error *err)
{
    return err->class != SP_THROTTLED && breaker->answers != breaker->answers_then &&
           (caller->retry.failures > 0 || breaker->alone > 0);
}

static void pause_stage(struct breaker *breaker, struct caller *caller, const struct retry_policy *policy,
                        const struct sp_error *err, int64_t now, uint64_t random)
{
    caller->caused = ++breaker->pauses;
    breaker->class = err->class;
    breaker->failed_at = now;
    breaker->probe_at = now + retry_pause(&breaker->retry, policy, err, random);
}

static void trip(struct breaker *breaker)
{
    breaker->open = true;
    breaker->changes++;
    breaker->retry.failures = 0;
    breaker->not_before = 0;
}

static void pause_alone(struct breaker *breaker, struct caller *caller, const struct retry_policy *policy,
                        const struct sp_error *err, int64_t now, uint64_t random)
{
    caller->paused_until = now + retry_pause(&caller->retry, policy, err, random);
    caller->paused_relief = breaker->reliefs;
}

bool breaker_failed(struct breaker *breaker, struct caller *caller, const struct retry_policy *policy,
                    const struct sp_error *err, int64_t now, uint64_t random)
{
    bool probed = end_probe(breaker, caller), current = caller->changes == breaker->changes;
    bool alone = fails_alone(breaker, caller, err);
    breaker->answers_then = breaker->answers;
    /* A call that was under way when the breaker closed tells of then, not of now. */
    if (!breaker->open && err->class != SP_THROTTLED && (alone || !current)) {
        pause_alone(breaker, caller, policy, err, now, random);
        set_alone(breaker, caller, caller->alone || (alone && current));
        return false;
    }
    bool tripped = !breaker->open;
    if (tripped)
        trip(breaker);
    if (tripped || probed)
        pause_stage(breaker, caller, policy, err, now, random);
    if (breaker->not_before < now + err->retry_after_ns)
        breaker->not_before = now + err->retry_after_ns;
    caller->retry.failures++;
    return true;
}

bool breaker_yielded(struct breaker *breaker, struct caller *caller, int64_t now, int64_t pause_ns)
{
    bool probed = end_probe(breaker, caller);
    if (probed && breaker->probe_at < now + pause_ns)
        breaker->probe_at = now + pause_ns;
    return probed;
}

bool breaker_failed_aside(struct breaker *breaker, struct caller *caller, const struct retry_policy *policy,
                          const struct sp_error *err, int64_t now, uint64_t random)
{
    pause_alone(breaker, caller, policy, err, now, random);
    return breaker_yielded(breaker, caller, now, policy->initial_ns);
}

void breaker_hasten(struct breaker *breaker, struct caller *caller, int64_t now, int64_t pause_ns)
{
    if (caller->paused_until > now + pause_ns)
        caller->paused_until = now + pause_ns;
    if (breaker->probe_at > now + pause_ns)
        breaker->probe_at = now + pause_ns;
}
