/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/log.h"
#include "config/options.h"
#include "engine/call.h"

#include <time.h>

/* How often trouble that lasts is told, and that it is of another kind by now. */
static const int64_t tell_again_ns = 60 * SP_SECOND, tell_other_ns = 5 * SP_SECOND;

/* Races lost for so long are trouble. */
static const int64_t contended_long_ns = 5 * SP_SECOND;

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
    seat->began = sp_clock_now();
    int64_t deadline = seat->began + seat->crew->stage->options.timeout_ns + extra_ns;
    atomic_store(&seat->deadline, deadline);
    seat->speaker = log_name(seat->crew->stage->name);
    return deadline;
}

static void tell_trouble(const struct sp_error *err)
{
    sp_log(err->class == SP_REFUSED || err->class == SP_REJECTED ? SP_ERROR : SP_WARN,
           "%s: %s%s%s%s; holding what it holds, trying again", sp_class_name(err->class), err->text,
           err->cure[0] ? " (" : "", err->cure, err->cure[0] ? ")" : "");
}

/* Told when it begins, and again now and then while it lasts: not at every try of every thread. */
static void note_trouble(struct seat *seat, const struct sp_error *err)
{
    struct crew *crew = seat->crew;
    int64_t now = sp_clock_now();
    pthread_mutex_lock(&crew->lock);
    bool news = false;
    if (!seat->troubled)
        news = atomic_fetch_add(&crew->troubled, 1) == 0;
    seat->troubled = true;
    if (news)
        crew->troubled_since = now;
    bool other = err->class != crew->told_class && now - crew->told_at >= tell_other_ns;
    if (news || other || now - crew->told_at >= tell_again_ns) {
        crew->told_at = now;
        crew->told_class = err->class;
        tell_trouble(err);
    }
    pthread_mutex_unlock(&crew->lock);
}

static void tell_recovery(const struct crew *crew)
{
    char lasted[32];
    option_format_duration((sp_clock_now() - crew->troubled_since) / SP_MILLISECOND * SP_MILLISECOND, lasted);
    sp_log(SP_INFO, "works again, after %s", lasted);
}

/* An answer while there is trouble: those who pause need not wait any longer. */
static void note_answer(struct seat *seat)
{
    struct crew *crew = seat->crew;
    pthread_mutex_lock(&crew->lock);
    if (seat->troubled && atomic_fetch_sub(&crew->troubled, 1) == 1)
        tell_recovery(crew);
    seat->troubled = false;
    atomic_fetch_add(&crew->answers, 1);
    pthread_mutex_unlock(&crew->lock);
    pthread_mutex_lock(&seat->stop->lock);
    pthread_cond_broadcast(&seat->stop->changed);
    pthread_mutex_unlock(&seat->stop->lock);
}

/* Races are lost in the daily run of things; who loses for seconds meets a lock that does not go away. */
static bool contended_long(struct seat *seat)
{
    if (seat->contended_since == 0)
        seat->contended_since = seat->began;
    return sp_clock_now() - seat->contended_since > contended_long_ns;
}

static bool end(struct seat *seat, bool answered, bool failed, const struct sp_error *err)
{
    atomic_store(&seat->deadline, 0);
    if (answered) {
        seat->retry.failures = 0;
        seat->contended_since = 0;
        if (atomic_load_explicit(&seat->crew->troubled, memory_order_relaxed) > 0)
            note_answer(seat);
    } else if (err->class == SP_STOPPED || (err->class == SP_CONTENDED && !contended_long(seat))) {
        sp_log(SP_DEBUG, "%s: %s", sp_class_name(err->class), err->text);
    } else {
        note_trouble(seat, err);
    }
    log_name(seat->speaker);
    return failed;
}

bool call_end(struct seat *seat, int rc, const struct sp_error *err)
{
    return end(seat, rc == 0, rc != 0, err);
}

bool call_end_rejectable(struct seat *seat, int rc, const struct sp_error *err)
{
    return end(seat, rc == 0 || err->class == SP_REJECTED, rc != 0, err);
}

int64_t call_pause_ns(struct seat *seat, const struct sp_error *err)
{
    const struct stage_options *options = &seat->crew->stage->options;
    struct retry_policy policy = {options->retry_initial_ns, options->retry_max_ns,
                                  options->retry_refused_ns};
    return retry_pause(&seat->retry, &policy, err, sp_random());
}

bool call_again(struct seat *seat, const struct sp_error *err)
{
    return call_again_within(seat, err, INT64_MAX);
}

/* Waits until `until`, or until another seat got an answer. */
static bool wait_for_answer(struct seat *seat, uint64_t answers, int64_t until)
{
    struct stop *stop = seat->stop;
    pthread_mutex_lock(&stop->lock);
    for (int64_t left; (left = until - sp_clock_now()) > 0 && !stop_asked(stop);) {
        if (atomic_load(&seat->crew->answers) != answers)
            break;
        cond_wait_ns(&stop->changed, &stop->lock, left);
    }
    bool answered = atomic_load(&seat->crew->answers) != answers;
    pthread_mutex_unlock(&stop->lock);
    return answered;
}

bool call_again_within(struct seat *seat, const struct sp_error *err, int64_t most_ns)
{
    uint64_t answers = atomic_load(&seat->crew->answers);
    int64_t pause = call_pause_ns(seat, err), initial = seat->crew->stage->options.retry_initial_ns;
    if (stop_asked(seat->stop))
        return false;
    bool contended = err->class == SP_CONTENDED;
    if (wait_for_answer(seat, answers, sp_clock_now() + (pause < most_ns ? pause : most_ns)) && !contended)
        stop_wait(seat->stop, (int64_t)(sp_random() % (uint64_t)initial)); /* not all of them at once */
    return !stop_asked(seat->stop);
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
