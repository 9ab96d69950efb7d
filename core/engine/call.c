/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/log.h"
#include "base/utf8.h"
#include "config/options.h"
#include "engine/call.h"
#include "engine/pulse.h"

#include <stdio.h>
#include <time.h>

/* How often trouble that lasts is told, and that it is of another kind by now. */
static const int64_t tell_again_ns = 60 * SP_SECOND, tell_other_ns = 5 * SP_SECOND;

/* Races lost for so long are trouble. */
static const int64_t contended_long_ns = 5 * SP_SECOND;

/* A call has ended so long after its deadline; and one that is made at a stop in the midst of trouble may
 * take no longer. */
static const int64_t overrun_ns = 5 * SP_SECOND, last_try_ns = SP_SECOND;

/* So many of those who waited go on in the time of the first pause. */
enum { AT_ONCE_AFTER = 16 };

void cond_init_monotonic(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void cond_wait_ns(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t ns)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t sum = until.tv_nsec + ns;
    until.tv_sec += sum / SP_SECOND;
    until.tv_nsec = sum % SP_SECOND;
    pulse_rest(ns);
    pthread_cond_timedwait(condition, lock, &until);
    pulse_beat();
}

void stop_init(struct stop *stop)
{
    pthread_mutex_init(&stop->lock, NULL);
    cond_init_monotonic(&stop->changed);
    atomic_init(&stop->asked, false);
}

void stop_fini(struct stop *stop)
{
    pthread_cond_destroy(&stop->changed);
    pthread_mutex_destroy(&stop->lock);
}

void stop_ask(struct stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    atomic_store(&stop->asked, true);
    pthread_cond_broadcast(&stop->changed);
    pthread_mutex_unlock(&stop->lock);
}

void stop_wake(struct stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    pthread_cond_broadcast(&stop->changed);
    pthread_mutex_unlock(&stop->lock);
}

bool stop_wait(struct stop *stop, int64_t ns)
{
    int64_t until = sp_clock_now() + ns;
    pthread_mutex_lock(&stop->lock);
    for (int64_t left = ns; left > 0 && !stop_asked(stop); left = until - sp_clock_now())
        cond_wait_ns(&stop->changed, &stop->lock, left);
    bool asked = stop_asked(stop);
    pthread_mutex_unlock(&stop->lock);
    return !asked;
}

static const struct stage_options *options_of(const struct seat *seat)
{
    return &seat->crew->stage->options;
}

typedef int64_t ask_breaker(struct breaker *breaker, struct caller *caller, int64_t now, int64_t most_ns,
                            int64_t gap_ns, uint64_t random);

/* Asks how long to wait; called with the crew's lock held. */
static int64_t ask(ask_breaker *how_long, struct seat *seat, int64_t now)
{
    int64_t gap = options_of(seat)->retry.initial_ns / AT_ONCE_AFTER;
    int64_t most = seat->patience_ns > 0 ? seat->patience_ns : INT64_MAX;
    return how_long(&seat->crew->breaker, &seat->caller, now, most, gap, sp_random());
}

/* Takes the turn where it is the seat's, or at a stop; else says how long to wait. */
static int64_t try_turn(struct seat *seat, int64_t extra_ns, bool stopping)
{
    struct breaker *breaker = &seat->crew->breaker;
    pthread_mutex_lock(&seat->crew->lock);
    int64_t now = sp_clock_now(), wait = ask(breaker_wait, seat, now);
    int64_t lasts = options_of(seat)->timeout_ns + extra_ns;
    if (wait == 0 || stopping) {
        seat->refused = seat->refused || breaker_refuses(breaker);
        seat->lasts_ns = breaker->open && stopping && lasts > last_try_ns ? last_try_ns : lasts;
        breaker_begin(breaker, &seat->caller, wait == 0, now, now + seat->lasts_ns + overrun_ns);
        wait = 0;
    }
    pthread_mutex_unlock(&seat->crew->lock);
    return wait;
}

/* Waits until it is the seat's turn.  False: it was not, for so long. */
static bool take_turn(struct seat *seat, int64_t extra_ns, int64_t most_ns)
{
    struct stop *stop = seat->stop;
    int64_t began = sp_clock_now(), wait;
    if (try_turn(seat, extra_ns, stop_asked(stop)) == 0)
        return true;
    pthread_mutex_lock(&stop->lock);
    while ((wait = try_turn(seat, extra_ns, stop_asked(stop))) > 0) {
        int64_t left = most_ns - (sp_clock_now() - began);
        if (left <= 0)
            break;
        cond_wait_ns(&stop->changed, &stop->lock, wait < left ? wait : left);
    }
    pthread_mutex_unlock(&stop->lock);
    return wait == 0;
}

/* Whoever was refused may be let in with what its secrets are by now. */
static int64_t begin(struct seat *seat)
{
    pulse_leave(); /* it may load and open first; then seats_overdue() watches the call */
    if (seat->refused && !stop_asked(seat->stop))
        (void)crew_read_again(seat->crew);
    seat_move(seat);
    seat->speaker = log_name(seat->crew->stage->name);
    seat->began = sp_clock_now();
    atomic_store(&seat->deadline, seat->began + seat->lasts_ns);
    return seat->began + seat->lasts_ns;
}

int64_t call_begin(struct seat *seat, int64_t extra_ns)
{
    take_turn(seat, extra_ns, INT64_MAX);
    return begin(seat);
}

bool call_begin_within(struct seat *seat, int64_t extra_ns, int64_t most_ns, int64_t *deadline_out,
                       struct sp_error *err)
{
    if (!take_turn(seat, extra_ns, most_ns)) {
        sp_fail(err, SP_UNAVAILABLE, "another call finds out whether the %s is back",
                seat->crew->stage->name);
        return false;
    }
    *deadline_out = begin(seat);
    return true;
}

static void tell_trouble(const struct sp_error *err, int64_t pause)
{
    char in[40] = "", duration[32];
    if (pause >= SP_SECOND) {
        option_format_duration(pause / SP_SECOND * SP_SECOND, duration);
        snprintf(in, sizeof in, " in %s", duration);
    }
    sp_log(err->class == SP_REFUSED || err->class == SP_REJECTED ? SP_ERROR : SP_WARN,
           "%s: %s%s%s%s; holding what it holds, trying again%s", sp_class_name(err->class), err->text,
           err->cure[0] ? " (" : "", err->cure, err->cure[0] ? ")" : "", in);
}

/* Told when it begins, and again now and then while it lasts: not at every try of every thread.  Called with
 * the crew's lock held. */
static void note_trouble(struct seat *seat, const struct sp_error *err, int64_t now, int64_t pause)
{
    struct crew *crew = seat->crew;
    bool news = false;
    if (!seat->troubled)
        news = atomic_fetch_add(&crew->troubled, 1) == 0;
    seat->troubled = true;
    if (news)
        crew->troubled_since = now;
    size_t size = utf8_cut(err->text, strlen(err->text), sizeof crew->trouble - 1);
    memcpy(crew->trouble, err->text, size);
    crew->trouble[size] = '\0';
    bool other = err->class != crew->told_class && now - crew->told_at >= tell_other_ns;
    if (news || other || now - crew->told_at >= tell_again_ns) {
        crew->told_at = now;
        crew->told_class = err->class;
        tell_trouble(err, pause);
    }
}

/* Called with the crew's lock held. */
static void note_recovery(struct seat *seat, int64_t now)
{
    struct crew *crew = seat->crew;
    bool last = seat->troubled && atomic_fetch_sub(&crew->troubled, 1) == 1;
    /* At a stop waits are broken off, which tells nothing of the stage. */
    if (last && !stop_asked(seat->stop)) {
        char lasted[32];
        option_format_duration((now - crew->troubled_since) / SP_MILLISECOND * SP_MILLISECOND, lasted);
        sp_log(SP_INFO, "works again, after %s", lasted);
    }
    seat->troubled = false;
}

/* Races are lost in the daily run of things; who loses for seconds meets a lock that does not go away. */
static bool contended_long(struct seat *seat, int64_t now)
{
    if (seat->contended_since == 0)
        seat->contended_since = seat->began;
    return now - seat->contended_since > contended_long_ns;
}

/* What the outcome of a call means for those who wait. */
enum meaning { ANSWERED, ASKED, FAILED, FAILED_ASIDE, RACE_LOST, BROKEN_OFF };

/* `answered` and `failed` are what it means where the stage has answered, and where it could not. */
static enum meaning meaning_of(int rc, enum meaning answered, enum meaning failed, const struct sp_error *err)
{
    if (rc == 0)
        return answered;
    if (err->class == SP_STOPPED)
        return BROKEN_OFF;
    if (err->class == SP_CONTENDED)
        return RACE_LOST;
    return failed;
}

/* Returns whether those who wait must look again.  Called with the crew's lock held. */
static bool note_end(struct seat *seat, enum meaning meaning, const struct sp_error *err)
{
    struct breaker *breaker = &seat->crew->breaker;
    const struct retry_policy *policy = &options_of(seat)->retry;
    int64_t now = sp_clock_now();
    bool news = false;
    switch (meaning) {
    case ANSWERED:
        seat->races.failures = 0;
        seat->contended_since = 0;
        seat->refused = false;
        news = breaker_answered(breaker, &seat->caller, now);
        note_recovery(seat, now);
        break;
    case ASKED:
        breaker_asked(breaker, &seat->caller);
        break;
    case FAILED:
        seat->refused = err->class == SP_REFUSED || err->class == SP_REJECTED;
        news = breaker_failed(breaker, &seat->caller, policy, err, now, sp_random());
        note_trouble(seat, err, now, ask(breaker_pause, seat, now));
        break;
    case FAILED_ASIDE:
        news = breaker_failed_aside(breaker, &seat->caller, policy, err, now, sp_random());
        note_trouble(seat, err, now, ask(breaker_pause, seat, now));
        break;
    case RACE_LOST:
        if (contended_long(seat, now))
            note_trouble(seat, err, now, 0);
        news = breaker_yielded(breaker, &seat->caller, now, 0);
        break;
    case BROKEN_OFF:
        news = breaker_yielded(breaker, &seat->caller, now, 0);
        break;
    }
    return news;
}

/* A secret may have changed before it was refused: then nobody need wait for long. */
static void hasten(struct seat *seat)
{
    if (stop_asked(seat->stop))
        return;
    pulse_leave(); /* it may load the plugin again */
    bool changed = crew_read_again(seat->crew);
    pulse_beat();
    if (!changed)
        return;
    pthread_mutex_lock(&seat->crew->lock);
    breaker_hasten(&seat->crew->breaker, &seat->caller, sp_clock_now(), options_of(seat)->retry.initial_ns);
    pthread_mutex_unlock(&seat->crew->lock);
}

static bool end(struct seat *seat, enum meaning meaning, int rc, const struct sp_error *err)
{
    struct crew *crew = seat->crew;
    atomic_store(&seat->deadline, 0);
    pulse_beat();
    if (meaning == RACE_LOST || meaning == BROKEN_OFF)
        sp_log(SP_DEBUG, "%s: %s", sp_class_name(err->class), err->text);
    pthread_mutex_lock(&crew->lock);
    bool news = note_end(seat, meaning, err);
    pthread_mutex_unlock(&crew->lock);
    if (meaning == FAILED && seat->refused)
        hasten(seat);
    log_name(seat->speaker);
    if (news)
        stop_wake(seat->stop);
    return rc != 0;
}

bool call_end(struct seat *seat, int rc, const struct sp_error *err)
{
    return end(seat, meaning_of(rc, ANSWERED, FAILED, err), rc, err);
}

bool call_end_rejectable(struct seat *seat, int rc, const struct sp_error *err)
{
    bool rejected = rc != 0 && err->class == SP_REJECTED;
    return end(seat, rejected ? ANSWERED : meaning_of(rc, ANSWERED, FAILED, err), rc, err);
}

bool call_end_asked(struct seat *seat, int rc, const struct sp_error *err)
{
    return end(seat, meaning_of(rc, ASKED, FAILED, err), rc, err);
}

bool call_end_aside(struct seat *seat, int rc, const struct sp_error *err)
{
    return end(seat, meaning_of(rc, ANSWERED, FAILED_ASIDE, err), rc, err);
}

void call_hold(struct seat *seat, const struct sp_error *err)
{
    pthread_mutex_lock(&seat->crew->lock);
    note_trouble(seat, err, sp_clock_now(), 0);
    pthread_mutex_unlock(&seat->crew->lock);
}

void call_go_on(struct seat *seat)
{
    pthread_mutex_lock(&seat->crew->lock);
    note_recovery(seat, sp_clock_now());
    pthread_mutex_unlock(&seat->crew->lock);
}

static int64_t pause_of_stage(struct seat *seat)
{
    pthread_mutex_lock(&seat->crew->lock);
    int64_t pause = ask(breaker_pause, seat, sp_clock_now());
    pthread_mutex_unlock(&seat->crew->lock);
    return pause;
}

/* A lost race is between callers, and no matter of the stage. */
static int64_t pause_of_race(struct seat *seat, const struct sp_error *err)
{
    const struct retry_policy *policy = &options_of(seat)->retry;
    return retry_pause(&seat->races, policy, err, sp_random());
}

int64_t call_pause_ns(struct seat *seat, const struct sp_error *err)
{
    return err->class == SP_CONTENDED ? pause_of_race(seat, err) : pause_of_stage(seat);
}

bool call_again(struct seat *seat, const struct sp_error *err)
{
    return call_again_within(seat, err, INT64_MAX);
}

bool call_again_within(struct seat *seat, const struct sp_error *err, int64_t most_ns)
{
    struct stop *stop = seat->stop;
    if (err->class == SP_CONTENDED) {
        int64_t pause = pause_of_race(seat, err);
        return stop_wait(stop, pause < most_ns ? pause : most_ns);
    }
    int64_t began = sp_clock_now(), pause;
    pthread_mutex_lock(&stop->lock);
    while (!stop_asked(stop) && (pause = pause_of_stage(seat)) > 0) {
        int64_t left = most_ns - (sp_clock_now() - began);
        if (left <= 0)
            break;
        cond_wait_ns(&stop->changed, &stop->lock, pause < left ? pause : left);
    }
    pthread_mutex_unlock(&stop->lock);
    return !stop_asked(stop);
}

void seats_interrupt(struct seat *list, bool late)
{
    for (struct seat *seat = list; seat; seat = seat->next) {
        int at_stop = atomic_load(&seat->at_stop);
        if (atomic_load(&seat->deadline) != 0 &&
            (at_stop == BREAK_AT_ONCE || (late && at_stop == BREAK_LATE)))
            seat->crew->stage->plugin->about.interrupt(seat->handle);
    }
}

struct seat *seats_overdue(struct seat *list, int64_t now, int64_t since_last_ns, int64_t slack_ns)
{
    int64_t counted = since_last_ns < SP_SECOND ? since_last_ns : SP_SECOND;
    for (struct seat *seat = list; seat; seat = seat->next) {
        int64_t deadline = atomic_load(&seat->deadline);
        if (deadline == 0 || deadline != seat->overdue_deadline || now <= deadline)
            seat->overdue_ns = 0;
        else
            seat->overdue_ns += counted;
        seat->overdue_deadline = deadline;
        if (seat->overdue_ns > slack_ns)
            return seat;
    }
    return NULL;
}

struct seat *seats_at_work(struct seat *list)
{
    while (list && atomic_load(&list->deadline) == 0)
        list = list->next;
    return list;
}
