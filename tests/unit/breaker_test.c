/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/breaker.h"
#include "engine/call.h"
#include "tap.h"

#include <scanpipe/host.h>

#include <stdio.h>
#include <stdlib.h>

#define MS SP_MILLISECOND

static const struct retry_policy policy = {160 * MS, 10 * SP_SECOND, 60 * SP_SECOND};
static const int64_t gap = 10 * MS, for_ever = INT64_MAX, call_lasts = SP_SECOND;

static const struct sp_error unavailable = {.class = SP_UNAVAILABLE};
static const struct sp_error refused = {.class = SP_REFUSED};

static bool begin(struct breaker *breaker, struct caller *caller, int64_t now)
{
    if (breaker_wait(breaker, caller, now, for_ever, gap, 0) > 0)
        return false;
    breaker_begin(breaker, caller, true, now, now + call_lasts);
    return true;
}

static void fail(struct breaker *breaker, struct caller *caller, const struct sp_error *err, int64_t now)
{
    (void)breaker_failed(breaker, caller, &policy, err, now, UINT64_C(1) << 40);
}

static void one_probe_at_a_time(void)
{
    /* Given three callers, of which one has failed, */
    struct breaker breaker = {0};
    struct caller callers[3] = {0};
    int64_t now = SP_SECOND;
    CU_ASSERT(begin(&breaker, &callers[0], now) && begin(&breaker, &callers[1], now));
    fail(&breaker, &callers[0], &unavailable, now);
    /* then nobody may call before the pause is over, not even who has not failed; */
    CU_ASSERT(!begin(&breaker, &callers[0], now) && !begin(&breaker, &callers[2], now));
    /* then whoever comes first may, and nobody else; */
    now = breaker.probe_at;
    CU_ASSERT(begin(&breaker, &callers[2], now));
    CU_ASSERT(callers[2].probe != 0);
    CU_ASSERT(!begin(&breaker, &callers[0], now));
    /* the pause grows with each probe that fails, and not with calls that were under way before; */
    unsigned failures = breaker.retry.failures;
    fail(&breaker, &callers[1], &unavailable, now);
    CU_ASSERT(breaker.retry.failures == failures && !begin(&breaker, &callers[1], now));
    fail(&breaker, &callers[2], &unavailable, now);
    CU_ASSERT(breaker.retry.failures == failures + 1 && breaker.probe_at > now);
    /* and when a probe is answered, others go on, and failures count from nothing. */
    now = breaker.probe_at;
    CU_ASSERT(begin(&breaker, &callers[0], now));
    CU_ASSERT(breaker_answered(&breaker, &callers[0], now));
    CU_ASSERT(!breaker.open && begin(&breaker, &callers[0], now) && begin(&breaker, &callers[1], now));
    fail(&breaker, &callers[0], &unavailable, now);
    CU_ASSERT(breaker.retry.failures == 1);
}

static void a_probe_that_yields_gives_its_right_on(void)
{
    struct breaker breaker = {0};
    struct caller callers[2] = {0};
    CU_ASSERT(begin(&breaker, &callers[0], 0));
    fail(&breaker, &callers[0], &unavailable, 0);
    int64_t now = breaker.probe_at;
    /* Who has failed last comes after the others. */
    CU_ASSERT(!begin(&breaker, &callers[0], now));
    now += gap;
    CU_ASSERT(begin(&breaker, &callers[0], now) && !begin(&breaker, &callers[1], now));
    CU_ASSERT(breaker_yielded(&breaker, &callers[0], now, 0));
    CU_ASSERT(begin(&breaker, &callers[1], now));
    /* One that does not return within its time has lost it as well, */
    CU_ASSERT(!begin(&breaker, &callers[0], now + call_lasts - 1));
    CU_ASSERT(begin(&breaker, &callers[0], now + call_lasts));
    /* and what it says then counts as any call that was under way. */
    unsigned failures = breaker.retry.failures;
    fail(&breaker, &callers[1], &unavailable, now + call_lasts);
    CU_ASSERT(breaker.retry.failures == failures && breaker.probe == callers[0].probe);
}

static void a_question_ends_no_trouble(void)
{
    /* Given a stage that answers each question and fails each call that follows, */
    struct breaker breaker = {0};
    struct caller caller = {0};
    int64_t now = 0;
    CU_ASSERT(begin(&breaker, &caller, now));
    fail(&breaker, &caller, &unavailable, now);
    for (unsigned i = 1; i < 20; i++) {
        /* when it is asked in turn, then the call is the next probe at once, */
        now = breaker.probe_at + gap;
        CU_ASSERT(begin(&breaker, &caller, now));
        breaker_asked(&breaker, &caller);
        CU_ASSERT(breaker.open && begin(&breaker, &caller, now) && caller.probe != 0);
        /* and pauses grow as they do without questions. */
        fail(&breaker, &caller, &unavailable, now);
        CU_ASSERT(breaker.retry.failures == i + 1);
    }
    /* A call that is answered ends it. */
    now = breaker.probe_at + gap;
    CU_ASSERT(begin(&breaker, &caller, now));
    breaker_asked(&breaker, &caller);
    CU_ASSERT(begin(&breaker, &caller, now));
    CU_ASSERT(breaker_answered(&breaker, &caller, now) && !breaker.open);
}

static void refusal_waits_for_long_and_patience_does_not_shorten_it(void)
{
    struct breaker breaker = {0};
    struct caller caller = {0};
    CU_ASSERT(begin(&breaker, &caller, 0));
    fail(&breaker, &caller, &refused, 0);
    CU_ASSERT(breaker_refuses(&breaker));
    CU_ASSERT(breaker_wait(&breaker, &caller, 0, SP_SECOND, gap, 0) >= 54 * SP_SECOND);
    /* A secret that has changed does. */
    breaker_hasten(&breaker, &caller, 0, 5 * MS);
    CU_ASSERT(breaker_wait(&breaker, &caller, 0, for_ever, gap, 0) == 5 * MS + gap);
}

static void who_can_bear_less_probes_earlier(void)
{
    struct breaker breaker = {0};
    struct caller callers[2] = {0};
    int64_t now = 0;
    CU_ASSERT(begin(&breaker, &callers[0], now));
    fail(&breaker, &callers[0], &unavailable, now);
    for (int i = 0; i < 20; i++) {
        now = breaker.probe_at;
        breaker_begin(&breaker, &callers[0], true, now, now + call_lasts);
        (void)breaker_failed(&breaker, &callers[0], &policy, &unavailable, now, 10 * SP_SECOND);
    }
    CU_ASSERT(breaker_wait(&breaker, &callers[0], now, for_ever, gap, 0) > 9 * SP_SECOND);
    CU_ASSERT(breaker_wait(&breaker, &callers[1], now, SP_SECOND, gap, 0) == SP_SECOND);
    CU_ASSERT(breaker_wait(&breaker, &callers[1], now + SP_SECOND, SP_SECOND, gap, 0) == 0);
}

static void retry_after_holds_for_the_whole_stage(void)
{
    /* Given two calls under way, of which one is told to come back later, */
    struct sp_error later = {.class = SP_THROTTLED, .retry_after_ns = 7 * SP_SECOND};
    struct breaker breaker = {0};
    struct caller callers[3] = {0};
    CU_ASSERT(begin(&breaker, &callers[0], 0) && begin(&breaker, &callers[1], 0));
    fail(&breaker, &callers[0], &later, 0);
    /* when the other is answered, then the stage waits all the same, whoever asks. */
    (void)breaker_answered(&breaker, &callers[1], MS);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(breaker_wait(&breaker, &callers[i], MS, SP_SECOND, gap, 0) >= 7 * SP_SECOND - MS);
    /* A call under way that is told so as well moves it on. */
    CU_ASSERT(begin(&breaker, &callers[2], breaker.probe_at));
    later.retry_after_ns = 30 * SP_SECOND;
    fail(&breaker, &callers[1], &later, breaker.probe_at);
    CU_ASSERT(breaker.not_before == breaker.probe_at + 30 * SP_SECOND);
    /* And the answer to a probe that had begun before does not shorten it. */
    int64_t now = breaker.probe_at + MS;
    CU_ASSERT(!breaker_answered(&breaker, &callers[2], now));
    for (int i = 0; i < 3; i++)
        CU_ASSERT(breaker_wait(&breaker, &callers[i], now, SP_SECOND, gap, 0) >= 30 * SP_SECOND - MS);
}

static void who_fails_alone_holds_up_nobody(void)
{
    /* Given one whose calls always fail, beside one whose calls are always answered, */
    struct breaker breaker = {0};
    struct caller bad = {0}, good = {0};
    int64_t now = 0, waited = 0;
    unsigned failures = 0, answers = 0;
    for (int i = 0; i < 10000; i++, now += 10 * MS) {
        if (breaker_pause(&breaker, &bad, now, for_ever, gap, 0) == 0 && begin(&breaker, &bad, now)) {
            fail(&breaker, &bad, &refused, now);
            failures++;
        }
        if (begin(&breaker, &good, now)) {
            (void)breaker_answered(&breaker, &good, now);
            answers++;
        } else {
            waited += 10 * MS;
        }
    }
    /* then the other waits for one pause of the stage only, and the bad one does not try too often. */
    CU_ASSERT(waited <= 61 * SP_SECOND && answers > 3000);
    CU_ASSERT(failures == 2);
    /* When nobody is answered any more, the stage is in trouble. */
    now += 2000 * SP_SECOND;
    CU_ASSERT(begin(&breaker, &good, now));
    fail(&breaker, &good, &unavailable, now);
    CU_ASSERT(begin(&breaker, &bad, now));
    fail(&breaker, &bad, &unavailable, now);
    CU_ASSERT(breaker.open);
}

static void a_late_failure_tells_nothing_of_now(void)
{
    struct breaker breaker = {0};
    struct caller callers[2] = {0};
    CU_ASSERT(begin(&breaker, &callers[0], 0) && begin(&breaker, &callers[1], 0));
    fail(&breaker, &callers[0], &unavailable, 0);
    int64_t now = breaker.probe_at + gap;
    CU_ASSERT(begin(&breaker, &callers[0], now));
    CU_ASSERT(breaker_answered(&breaker, &callers[0], now));
    fail(&breaker, &callers[1], &unavailable, now);
    CU_ASSERT(!breaker.open && breaker_pause(&breaker, &callers[1], now, for_ever, gap, 0) > 0);
}

/* ---- Many seats, a stage that comes and goes, by chance */

enum { MOST_SEATS = 64 };

struct chance {
    uint64_t state;
};

static uint64_t draw(struct chance *chance, uint64_t below)
{
    chance->state ^= chance->state << 13;
    chance->state ^= chance->state >> 7;
    chance->state ^= chance->state << 17;
    return below ? chance->state % below : chance->state;
}

struct seats {
    struct breaker breaker;
    struct caller callers[MOST_SEATS];
    bool at_work[MOST_SEATS];
    int64_t ends[MOST_SEATS];
    size_t count;
    int64_t now, closed_at;
    size_t begun_since; /* it closed */
};

static void end_call(struct seats *seats, size_t i, bool away, struct chance *chance)
{
    struct caller *caller = &seats->callers[i];
    bool was_open = seats->breaker.open;
    seats->at_work[i] = false;
    switch (away ? draw(chance, 8) : 7) {
    case 0:
        (void)breaker_yielded(&seats->breaker, caller, seats->now, 0);
        break;
    case 1:
        (void)breaker_failed(&seats->breaker, caller, &policy,
                             &(struct sp_error){.class = SP_THROTTLED, .retry_after_ns = 50 * MS}, seats->now,
                             draw(chance, 0));
        break;
    case 7:
        if (!away) {
            (void)breaker_answered(&seats->breaker, caller, seats->now);
            break;
        }
        /* fall through */
    default:
        (void)breaker_failed(&seats->breaker, caller, &policy, &unavailable, seats->now, draw(chance, 0));
        break;
    }
    if (was_open && !seats->breaker.open) {
        seats->closed_at = seats->now;
        seats->begun_since = 0;
    }
}

static void begin_call(struct seats *seats, size_t i, struct chance *chance)
{
    struct caller *caller = &seats->callers[i];
    if (breaker_wait(&seats->breaker, caller, seats->now, for_ever, gap, draw(chance, 0)) > 0)
        return;
    int64_t lasts = MS + (int64_t)draw(chance, 20 * MS);
    breaker_begin(&seats->breaker, caller, true, seats->now, seats->now + SP_SECOND);
    seats->at_work[i] = true;
    seats->ends[i] = seats->now + lasts;
    seats->begun_since++;
}

/* Calls at work that have begun since the breaker opened. */
static size_t count_probes(const struct seats *seats)
{
    size_t probes = 0;
    for (size_t i = 0; i < seats->count && seats->breaker.open; i++)
        probes += seats->at_work[i] && seats->callers[i].changes == seats->breaker.changes;
    return probes;
}

static void seats_keep_in_line(uint64_t seed)
{
    struct chance chance = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    struct seats *seats = calloc(1, sizeof *seats);
    seats->count = 2 + draw(&chance, MOST_SEATS - 2);
    bool away = false;
    size_t most_probes = 0, most_at_once = 0, answered = 0;
    for (int tick = 0; tick < 40000; tick++, seats->now += MS / 2) {
        if (draw(&chance, 3000) == 0)
            away = !away;
        size_t first = draw(&chance, seats->count);
        for (size_t n = 0; n < seats->count; n++) {
            size_t i = (first + n) % seats->count;
            if (seats->at_work[i] && seats->ends[i] <= seats->now) {
                end_call(seats, i, away, &chance);
                answered += !away;
            } else if (!seats->at_work[i]) {
                begin_call(seats, i, &chance);
            }
        }
        if (count_probes(seats) > most_probes)
            most_probes = count_probes(seats);
        if (seats->closed_at && !seats->breaker.open && seats->now - seats->closed_at < 5 * MS &&
            seats->begun_since > most_at_once)
            most_at_once = seats->begun_since;
    }
    if (most_probes > 1 || most_at_once > 10)
        printf("# seed %llu: %zu probes at once, %zu calls after closing\n", (unsigned long long)seed,
               most_probes, most_at_once);
    CU_ASSERT(most_probes <= 1);
    CU_ASSERT(most_at_once <= 10);
    CU_ASSERT(answered > 0);
    free(seats);
}

static void many_seats_never_stampede(void)
{
    const char *given = getenv("SCANPIPE_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : sp_random() % 1000000;
    printf("# seed %llu (SCANPIPE_TEST_SEED repeats it)\n", (unsigned long long)seed);
    for (uint64_t i = 0; i < 60; i++)
        seats_keep_in_line(seed + i);
}

/* ---- Threads: a stage that is away, and comes back */

enum { THREADS = 8 };

struct stage_of_test {
    struct crew crew;
    struct stage stage;
    struct stop stop;
    struct seat seats[THREADS];
    atomic_bool away;
    _Atomic unsigned at_work, most_while_away, answered;
};

static int visit(struct stage_of_test *test, struct seat *seat, struct sp_error *err)
{
    unsigned others = atomic_fetch_add(&test->at_work, 1);
    bool away = atomic_load(&test->away), probing = call_probes(seat);
    if (away && probing && others + 1 > atomic_load(&test->most_while_away))
        atomic_store(&test->most_while_away, others + 1);
    (void)stop_wait(&test->stop, 2 * MS);
    atomic_fetch_sub(&test->at_work, 1);
    if (away)
        return sp_fail(err, SP_UNAVAILABLE, "away");
    atomic_fetch_add(&test->answered, 1);
    return 0;
}

struct visitor {
    struct stage_of_test *test;
    struct seat *seat;
};

static void *visit_on(void *argument)
{
    struct visitor visitor = *(struct visitor *)argument;
    struct sp_error err = {0};
    while (!stop_asked(&visitor.test->stop)) {
        bool failed;
        do {
            int64_t deadline = call_begin(visitor.seat, 0);
            CU_ASSERT_FATAL(deadline > 0);
            failed = call_end(visitor.seat, visit(visitor.test, visitor.seat, &err), &err);
        } while (failed && call_again(visitor.seat, &err));
    }
    return NULL;
}

static void await_answers(struct stage_of_test *test, unsigned more)
{
    unsigned until = atomic_load(&test->answered) + more;
    for (int i = 0; i < 2000 && atomic_load(&test->answered) < until; i++)
        (void)stop_wait(&test->stop, 5 * MS);
    CU_ASSERT(atomic_load(&test->answered) >= until);
}

static void threads_wait_for_the_probe(void)
{
    /* Given eight threads at work, when the stage goes away for a while, again and again, */
    static struct stage_of_test test;
    struct visitor visitors[THREADS];
    pthread_t threads[THREADS];
    test.stage = (struct stage){.name = "test",
                                .options = {.timeout_ns = SP_SECOND,
                                            .retry.initial_ns = 16 * MS,
                                            .retry.max_ns = 30 * MS,
                                            .retry.refused_ns = MS}};
    test.crew.stage = &test.stage;
    pthread_mutex_init(&test.crew.lock, NULL);
    stop_init(&test.stop);
    for (size_t i = 0; i < THREADS; i++) {
        test.seats[i] = (struct seat){.crew = &test.crew, .stop = &test.stop};
        visitors[i] = (struct visitor){&test, &test.seats[i]};
        pthread_create(&threads[i], NULL, visit_on, &visitors[i]);
    }
    for (int round = 0; round < 5; round++) {
        await_answers(&test, 100);
        atomic_store(&test.away, true);
        (void)stop_wait(&test.stop, 100 * MS);
        /* then who waits is not at work, */
        CU_ASSERT(atomic_load(&test.at_work) <= 1);
        atomic_store(&test.away, false);
    }
    /* all go on by themselves, */
    await_answers(&test, 100);
    atomic_store(&test.away, true);
    (void)stop_wait(&test.stop, 50 * MS);
    /* and a stop ends every wait. */
    stop_ask(&test.stop);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < THREADS; i++)
        CU_ASSERT(atomic_load(&test.seats[i].deadline) == 0);
    pthread_mutex_destroy(&test.crew.lock);
    stop_fini(&test.stop);
}

static void a_turn_that_does_not_come_is_no_call(void)
{
    /* Given a stage of which one seat finds out whether it is back, */
    static struct stage_of_test test;
    struct sp_error err = {0}, away = {.class = SP_UNAVAILABLE, .text = "away"};
    int64_t deadline = 0;
    test.stage = (struct stage){.name = "test",
                                .options = {.timeout_ns = 60 * SP_SECOND,
                                            .retry.initial_ns = MS,
                                            .retry.max_ns = MS,
                                            .retry.refused_ns = MS}};
    test.crew.stage = &test.stage;
    pthread_mutex_init(&test.crew.lock, NULL);
    stop_init(&test.stop);
    struct seat *seat = &test.seats[0], *other = &test.seats[1];
    *seat = (struct seat){.crew = &test.crew, .stop = &test.stop};
    *other = (struct seat){.crew = &test.crew, .stop = &test.stop};
    (void)call_begin(seat, 0);
    CU_ASSERT(call_end(seat, -1, &away) && call_again(seat, &away));
    (void)call_begin(seat, 0);
    CU_ASSERT(call_probes(seat));
    /* then one that cannot be held up is told so in its time, */
    CU_ASSERT(!call_begin_within(other, 0, 5 * MS, &deadline, &err));
    CU_ASSERT(err.class == SP_UNAVAILABLE && atomic_load(&other->deadline) == 0);
    /* and at a stop each call is made, briefly. */
    stop_ask(&test.stop);
    CU_ASSERT(call_begin(other, 0) <= sp_clock_now() + SP_SECOND);
    CU_ASSERT(!call_probes(other) && call_end(other, -1, &away) && !call_again(other, &away));
    CU_ASSERT(!call_end(seat, 0, &err));
    pthread_mutex_destroy(&test.crew.lock);
    stop_fini(&test.stop);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"one probe at a time", one_probe_at_a_time},
        {"a probe that yields gives its right on", a_probe_that_yields_gives_its_right_on},
        {"a question ends no trouble", a_question_ends_no_trouble},
        {"refusal waits for long", refusal_waits_for_long_and_patience_does_not_shorten_it},
        {"who can bear less probes earlier", who_can_bear_less_probes_earlier},
        {"Retry-After holds for the whole stage", retry_after_holds_for_the_whole_stage},
        {"who fails alone holds up nobody", who_fails_alone_holds_up_nobody},
        {"a late failure tells nothing of now", a_late_failure_tells_nothing_of_now},
        {"many seats never stampede", many_seats_never_stampede},
        {"threads wait for the probe", threads_wait_for_the_probe},
        {"a turn that does not come is no call", a_turn_that_does_not_come_is_no_call},
    };
    return tap_run("breaker", tests, sizeof tests / sizeof *tests);
}
