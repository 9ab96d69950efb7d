/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/log.h"
#include "config/options.h"
#include "engine/call.h"

#include <time.h>

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
    pthread_cond_timedwait(condition, lock, &until);
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

int crew_load(struct crew *crew, const struct stage *stage, struct sp_error *err)
{
    *crew = (struct crew){.stage = stage};
    pthread_mutex_init(&crew->lock, NULL);
    if (!stage->plugin)
        return 0;
    if (stage->plugin->about.load(stage->config, &stage->about, &crew->loaded, err) == 0)
        return 0;
    sp_error_context(err, "%s", stage->name);
    return -1;
}

void crew_unload(struct crew *crew)
{
    if (crew->loaded)
        crew->stage->plugin->about.unload(crew->loaded);
    pthread_mutex_destroy(&crew->lock);
}

int seat_open(struct seat *seat, struct crew *crew, struct stop *stop, struct seat **list,
              struct sp_error *err)
{
    *seat = (struct seat){.crew = crew, .stop = stop};
    if (crew->stage->plugin->about.open(crew->loaded, &seat->handle, err) != 0) {
        sp_error_context(err, "%s", crew->stage->name);
        return -1;
    }
    seat->next = *list;
    *list = seat;
    return 0;
}

void seat_close(struct seat *seat)
{
    if (seat->handle)
        seat->crew->stage->plugin->about.close(seat->handle);
    seat->handle = NULL;
}

int64_t call_begin(struct seat *seat, int64_t extra_ns)
{
    int64_t deadline = sp_clock_now() + seat->crew->stage->options.timeout_ns + extra_ns;
    atomic_store(&seat->deadline, deadline);
    log_name(seat->crew->stage->name);
    return deadline;
}

static void tell_trouble(const struct sp_error *err)
{
    sp_log(err->class == SP_REFUSED ? SP_ERROR : SP_WARN, "%s: %s%s%s%s; holding what it holds, trying again",
           sp_class_name(err->class), err->text, err->cure[0] ? " (" : "", err->cure,
           err->cure[0] ? ")" : "");
}

static void note_trouble(struct seat *seat, const struct sp_error *err)
{
    struct crew *crew = seat->crew;
    pthread_mutex_lock(&crew->lock);
    bool news = !seat->troubled && crew->troubled++ == 0;
    /* What a person must cure is told again at each try, a minute and more apart. */
    bool changed = strcmp(crew->trouble.text, err->text) != 0 || err->class == SP_REFUSED;
    seat->troubled = true;
    if (news)
        crew->troubled_since = sp_clock_now();
    if (news || changed) {
        crew->trouble = *err;
        tell_trouble(err);
    }
    pthread_mutex_unlock(&crew->lock);
}

static void note_recovery(struct seat *seat)
{
    struct crew *crew = seat->crew;
    pthread_mutex_lock(&crew->lock);
    seat->troubled = false;
    if (--crew->troubled == 0) {
        char lasted[32];
        option_format_duration((sp_clock_now() - crew->troubled_since) / SP_MILLISECOND * SP_MILLISECOND,
                               lasted);
        sp_log(SP_INFO, "works again, after %s", lasted);
        crew->trouble = (struct sp_error){0};
    }
    pthread_mutex_unlock(&crew->lock);
}

bool call_end(struct seat *seat, int rc, const struct sp_error *err)
{
    atomic_store(&seat->deadline, 0);
    if (rc == 0) {
        seat->retry.failures = 0;
        if (seat->troubled)
            note_recovery(seat);
    } else if (err->class == SP_CONTENDED || err->class == SP_STOPPED) {
        sp_log(SP_DEBUG, "%s: %s", sp_class_name(err->class), err->text);
    } else if (err->class != SP_REJECTED) {
        note_trouble(seat, err);
    }
    return rc != 0;
}

bool call_again(struct seat *seat, const struct sp_error *err)
{
    return call_again_within(seat, err, INT64_MAX);
}

bool call_again_within(struct seat *seat, const struct sp_error *err, int64_t most_ns)
{
    const struct stage_options *options = &seat->crew->stage->options;
    struct retry_policy policy = {options->retry_initial_ns, options->retry_max_ns,
                                  options->retry_refused_ns};
    int64_t pause = retry_pause(&seat->retry, &policy, err, sp_random());
    return !stop_asked(seat->stop) && stop_wait(seat->stop, pause < most_ns ? pause : most_ns);
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

struct seat *seats_overdue(struct seat *list, int64_t now, int64_t slack_ns)
{
    struct seat *worst = NULL;
    int64_t worst_by = slack_ns;
    for (struct seat *seat = list; seat; seat = seat->next) {
        int64_t deadline = atomic_load(&seat->deadline);
        if (deadline != 0 && now - deadline > worst_by) {
            worst = seat;
            worst_by = now - deadline;
        }
    }
    return worst;
}
