/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "config/options.h"
#include "engine/call.h"
#include "engine/engine.h"
#include "engine/pulse.h"
#include "tap.h"

#include <scanpipe/host.h>

#include <stddef.h>
#include <stdlib.h>

/* ---- Configurations that say the same */

struct settings {
    const char *text, *secret;
    int64_t number;
    bool flag;
    struct sp_rate rate;
    int32_t choice;
    struct sp_list list;
    struct sp_map map;
};

#define FIELD(option_name, kind, field)                                                                      \
    {                                                                                                        \
        .name = option_name, .type = kind, .offset = offsetof(struct settings, field)                        \
    }

static const struct sp_option table[] = {
    FIELD("text", SP_OPT_STRING, text),       FIELD("secret", SP_OPT_SECRET, secret),
    FIELD("number", SP_OPT_DURATION, number), FIELD("flag", SP_OPT_BOOLEAN, flag),
    FIELD("rate", SP_OPT_RATE, rate),         FIELD("choice", SP_OPT_ENUM, choice),
    FIELD("list", SP_OPT_LIST, list),         FIELD("map", SP_OPT_SECRET_MAP, map),
};
enum { OPTIONS = sizeof table / sizeof *table };

static struct settings some_settings(char *text)
{
    static const char *const items[] = {"a", "b"};
    static const struct sp_pair pairs[] = {{"k", "v"}};
    return (struct settings){text, NULL, 7, true, {10, SP_SECOND}, 2, {2, items}, {1, pairs}};
}

static bool same(const struct settings *one, const struct settings *other)
{
    return options_same(table, OPTIONS, one, other);
}

static void values_count_not_pointers(void)
{
    static const char *const items[] = {"a", "c"};
    static const struct sp_pair pairs[] = {{"k", "w"}};
    char first[] = "text", second[] = "text";
    struct settings one = some_settings(first), other = some_settings(second);
    CU_ASSERT(same(&one, &other));
    second[0] = 'n';
    CU_ASSERT(!same(&one, &other));
    other = some_settings(first);
    other.secret = "";
    CU_ASSERT(!same(&one, &other));
    other = some_settings(first);
    other.number++;
    CU_ASSERT(!same(&one, &other));
    other = some_settings(first);
    other.flag = false;
    CU_ASSERT(!same(&one, &other));
    other = some_settings(first);
    other.rate.per_ns = 1;
    CU_ASSERT(!same(&one, &other));
    other = some_settings(first);
    other.choice = 0;
    CU_ASSERT(!same(&one, &other));
    other = some_settings(first);
    other.list.items = items;
    CU_ASSERT(!same(&one, &other));
    other = some_settings(first);
    other.list.count = 1;
    CU_ASSERT(!same(&one, &other));
    other = some_settings(first);
    other.map.items = pairs;
    CU_ASSERT(!same(&one, &other));
}

/* ---- A plugin that counts, and whose calls notice a configuration that is gone */

static _Atomic int loads, unloads, opens, closes, calls_of_the_dead;
static atomic_bool fails_to_load, fails_to_open;

/* A plugin may take its time: the thread that is inside it must not look as if it stood still by itself. */
static struct pulse pulse;
static _Atomic int looks_stuck;

static void note_pulse(void)
{
    looks_stuck += atomic_load(&pulse.due) != PULSE_ELSEWHERE;
}

struct loaded {
    atomic_bool alive;
    const struct settings *settings;
};

static int count_load(const void *config, const struct sp_stage *stage, void **out, struct sp_error *err)
{
    (void)stage;
    if (atomic_load(&fails_to_load))
        return sp_fail(err, SP_REFUSED, "will not load");
    struct loaded *loaded = calloc(1, sizeof *loaded);
    atomic_store(&loaded->alive, true);
    loaded->settings = config;
    atomic_fetch_add(&loads, 1);
    *out = loaded;
    return 0;
}

/* Its bytes stay, so that whoever uses it afterwards is noticed. */
static struct loaded *graves[256];

static void count_unload(void *loaded)
{
    note_pulse();
    atomic_store(&((struct loaded *)loaded)->alive, false);
    graves[atomic_fetch_add(&unloads, 1)] = loaded;
}

static int count_open(void *loaded, void **handle, struct sp_error *err)
{
    if (atomic_load(&fails_to_open))
        return sp_fail(err, SP_REFUSED, "will not open");
    note_pulse();
    atomic_fetch_add(&opens, 1);
    *handle = loaded;
    return 0;
}

static void count_close(void *handle)
{
    note_pulse();
    calls_of_the_dead += !atomic_load(&((struct loaded *)handle)->alive);
    atomic_fetch_add(&closes, 1);
}

static const struct plugin counting = {
    .about = {.name = "counting",
              .options = table,
              .option_count = OPTIONS,
              .load = count_load,
              .unload = count_unload,
              .open = count_open,
              .close = count_close},
};

/* A pipeline whose sink has so secret a secret. */
static struct pipeline *new_pipeline(const char *secret)
{
    struct sp_arena *arena = arena_new(4096);
    struct pipeline *pipeline = sp_arena_zalloc(arena, sizeof *pipeline);
    struct settings *settings = sp_arena_zalloc(arena, sizeof *settings);
    settings->secret = sp_arena_text(arena, secret, strlen(secret));
    pipeline->arena = arena;
    pipeline->sink = (struct stage){.pipeline = pipeline,
                                    .name = "sink",
                                    .plugin = &counting,
                                    .config = settings,
                                    .options = {.timeout_ns = SP_SECOND, .retry.initial_ns = SP_MILLISECOND}};
    return pipeline;
}

static const char *secret_of(const struct seat *seat)
{
    return ((struct loaded *)seat->handle)->settings->secret;
}

static void forget(void)
{
    for (int i = 0; i < atomic_load(&unloads); i++)
        free(graves[i]);
    loads = unloads = opens = closes = calls_of_the_dead = 0;
}

static void seats_move_over_one_by_one(void)
{
    struct pipeline *pipeline = new_pipeline("old");
    struct stop stop;
    struct crew crew;
    struct seat seats[2], *list = NULL;
    struct sp_error err = {0};
    stop_init(&stop);
    CU_ASSERT_FATAL(crew_load(&crew, &pipeline->sink, &err) == 0);
    CU_ASSERT_FATAL(seat_open(&seats[0], &crew, &stop, &list, &err) == 0);
    CU_ASSERT_FATAL(seat_open(&seats[1], &crew, &stop, &list, &err) == 0);
    /* Given a configuration that is what it was, then nothing is loaded; */
    CU_ASSERT(!crew_renew(&crew, new_pipeline("old")) && loads == 1);
    /* when the secret is another one, then each seat has it from its next call on, */
    CU_ASSERT(crew_renew(&crew, new_pipeline("new")) && loads == 2);
    pulse_adopt(&pulse);
    pulse_beat();
    looks_stuck = 0;
    (void)call_begin(&seats[0], 0);
    CU_ASSERT(!call_end(&seats[0], 0, &err));
    CU_ASSERT_STRING_EQUAL(secret_of(&seats[0]), "new");
    CU_ASSERT_STRING_EQUAL(secret_of(&seats[1]), "old");
    CU_ASSERT(unloads == 0);
    (void)call_begin(&seats[1], 0);
    CU_ASSERT(!call_end(&seats[1], 0, &err));
    /* and the old one goes with the last of them. */
    CU_ASSERT(unloads == 1 && opens == 4 && closes == 2);
    CU_ASSERT(looks_stuck == 0 && atomic_load(&pulse.due) != PULSE_ELSEWHERE);
    pulse_adopt(NULL);
    /* One that nobody has come to use is passed over; */
    CU_ASSERT(crew_renew(&crew, new_pipeline("newer")) && crew_renew(&crew, new_pipeline("newest")));
    seat_move(&seats[0]);
    CU_ASSERT_STRING_EQUAL(secret_of(&seats[0]), "newest");
    /* one that cannot be loaded or opened leaves all as it was; */
    atomic_store(&fails_to_load, true);
    CU_ASSERT(!crew_renew(&crew, new_pipeline("wrong")));
    atomic_store(&fails_to_load, false);
    atomic_store(&fails_to_open, true);
    seat_move(&seats[1]);
    CU_ASSERT_STRING_EQUAL(secret_of(&seats[1]), "new");
    atomic_store(&fails_to_open, false);
    /* and once the stop was asked for, nobody moves. */
    stop_ask(&stop);
    (void)call_begin(&seats[1], 0);
    CU_ASSERT_STRING_EQUAL(secret_of(&seats[1]), "new");
    CU_ASSERT(!call_end(&seats[1], 0, &err));
    seat_close(&seats[0]);
    seat_close(&seats[1]);
    crew_unload(&crew);
    CU_ASSERT(loads == 4 && unloads == loads && opens == closes && calls_of_the_dead == 0);
    pipeline_free(pipeline);
    stop_fini(&stop);
    forget();
}

enum { THREADS = 6, RENEWALS = 60 };

static void *call_on(void *argument)
{
    struct seat *seat = argument;
    struct sp_error err = {0};
    while (!stop_asked(seat->stop)) {
        (void)call_begin(seat, 0);
        atomic_bool *alive = &((struct loaded *)seat->handle)->alive;
        calls_of_the_dead += !atomic_load(alive);
        (void)call_end(seat, 0, &err);
    }
    return NULL;
}

static void threads_move_while_they_call(void)
{
    struct pipeline *pipeline = new_pipeline("first");
    struct stop stop;
    struct crew crew;
    struct seat seats[THREADS], *list = NULL;
    pthread_t threads[THREADS];
    struct sp_error err = {0};
    stop_init(&stop);
    CU_ASSERT_FATAL(crew_load(&crew, &pipeline->sink, &err) == 0);
    for (size_t i = 0; i < THREADS; i++) {
        CU_ASSERT_FATAL(seat_open(&seats[i], &crew, &stop, &list, &err) == 0);
        pthread_create(&threads[i], NULL, call_on, &seats[i]);
    }
    for (int i = 0; i < RENEWALS; i++) {
        char secret[] = {(char)('A' + i % 7), (char)('a' + i % 11), '\0'};
        crew_renew(&crew, new_pipeline(secret));
        (void)stop_wait(&stop, (int64_t)(sp_random() % (2 * SP_MILLISECOND)));
    }
    stop_ask(&stop);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        seat_close(&seats[i]);
    }
    crew_unload(&crew);
    CU_ASSERT(loads > RENEWALS / 2 && unloads == loads && opens == closes && calls_of_the_dead == 0);
    pipeline_free(pipeline);
    stop_fini(&stop);
    forget();
}

/* A queue of which no more may be received, for others hold too much of it, is not away: what is held is
 * settled, and that lets others receive again. */
static void who_loses_races_holds_nobody_up_and_is_told(void)
{
    struct pipeline *pipeline = new_pipeline("secret");
    struct stop stop;
    struct crew crew;
    struct seat receives, settles, *list = NULL;
    struct sp_error over = {0}, none = {0};
    stop_init(&stop);
    CU_ASSERT_FATAL(crew_load(&crew, &pipeline->sink, &none) == 0);
    CU_ASSERT_FATAL(seat_open(&receives, &crew, &stop, &list, &none) == 0);
    CU_ASSERT_FATAL(seat_open(&settles, &crew, &stop, &list, &none) == 0);
    sp_fail(&over, SP_CONTENDED, "ReceiveMessage: OverLimit");
    over.retry_after_ns = SP_SECOND;
    for (int i = 0; i < 50; i++) {
        /* Given a receive that fails so, again and again, */
        (void)call_begin(&receives, 0);
        CU_ASSERT(call_end(&receives, -1, &over));
        CU_ASSERT(call_pause_ns(&receives, &over) >= SP_SECOND);
        /* then settling waits for nothing, and nothing is to be told yet; */
        int64_t began = sp_clock_now();
        CU_ASSERT(call_begin_within(&settles, 0, 0, &(int64_t){0}, &none));
        CU_ASSERT(!call_end(&settles, 0, &none));
        CU_ASSERT(sp_clock_now() - began < SP_SECOND);
        CU_ASSERT(atomic_load(&crew.troubled) == 0);
    }
    /* when it has lasted for more than seconds, it is told, and settling goes on; */
    receives.contended_since -= 6 * SP_SECOND;
    (void)call_begin(&receives, 0);
    CU_ASSERT(call_end(&receives, -1, &over));
    CU_ASSERT(atomic_load(&crew.troubled) == 1 && crew.told_class == SP_CONTENDED);
    CU_ASSERT(call_begin_within(&settles, 0, 0, &(int64_t){0}, &none));
    CU_ASSERT(!call_end(&settles, 0, &none));
    CU_ASSERT(atomic_load(&crew.troubled) == 1);
    /* when it is over, that is told too. */
    (void)call_begin(&receives, 0);
    CU_ASSERT(!call_end(&receives, 0, &none));
    CU_ASSERT(atomic_load(&crew.troubled) == 0 && receives.contended_since == 0);
    seat_close(&receives);
    seat_close(&settles);
    crew_unload(&crew);
    pipeline_free(pipeline);
    stop_fini(&stop);
    forget();
}

/* What is told of trouble is cut where it is long, and never within a character. */
static void trouble_stays_text(void)
{
    struct pipeline *pipeline = new_pipeline("secret");
    struct stop stop;
    struct crew crew;
    struct seat seat, *list = NULL;
    struct sp_error away = {0}, none = {0};
    stop_init(&stop);
    CU_ASSERT_FATAL(crew_load(&crew, &pipeline->sink, &none) == 0);
    CU_ASSERT_FATAL(seat_open(&seat, &crew, &stop, &list, &none) == 0);
    sp_fail(&away, SP_UNAVAILABLE, "%0*d\u00fc and more", (int)sizeof crew.trouble - 2, 0);
    (void)call_begin(&seat, 0);
    CU_ASSERT(call_end(&seat, -1, &away));
    CU_ASSERT_EQUAL(strlen(crew.trouble), sizeof crew.trouble - 2);
    seat_close(&seat);
    crew_unload(&crew);
    pipeline_free(pipeline);
    stop_fini(&stop);
    forget();
}

/* ---- An engine of two seats, on a queue and a state that are away */

static int no_depth(void *handle, struct sp_depth *depth, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)depth, (void)deadline;
    return sp_fail(err, SP_UNAVAILABLE, "away");
}

static int no_record(void *handle, const char *record, struct sp_arena *arena, struct sp_slice *value,
                     int64_t *version, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)record, (void)arena, (void)value, (void)version, (void)deadline;
    return sp_fail(err, SP_UNAVAILABLE, "away");
}

/* How many handles were closed at a tick: 0 and 1 and 2. */
static bool ticked_at[3];

static void note_tick(void *context)
{
    (void)context;
    if (closes < 3)
        ticked_at[closes] = true;
}

/* A handle may take its time to close, and the watchdog wants to hear of us meanwhile. */
static void closing_is_told_handle_by_handle(void)
{
    static const struct sp_queue_ops queue_ops = {.depth = no_depth};
    static const struct sp_state_ops state_ops = {.get = no_record};
    struct pipeline *pipeline = new_pipeline("secret");
    struct plugin queue = counting, state = counting;
    struct engine *engine;
    struct sp_error err = {0};
    queue.about.queue = &queue_ops;
    state.about.state = &state_ops;
    pipeline->queue = pipeline->state = pipeline->sink;
    pipeline->queue.plugin = &queue;
    pipeline->state.plugin = &state;
    pipeline->sink.plugin = NULL;
    pipeline->shutdown_grace_ns = pipeline->hang_timeout_ns = pipeline->poller_lease_ns = 60 * SP_SECOND;
    CU_ASSERT_FATAL(engine_start(pipeline, false, &engine, &err) == 0);
    engine_stop(engine);
    engine_on_await(engine, note_tick, NULL);
    engine_end(engine, NULL);
    CU_ASSERT(opens == 2 && closes == 2 && unloads == 2);
    CU_ASSERT(ticked_at[1] && ticked_at[2]);
    pipeline_free(pipeline);
    forget();
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"configurations: values count, not pointers", values_count_not_pointers},
        {"a new configuration: seats move over one by one", seats_move_over_one_by_one},
        {"a new configuration: threads move while they call", threads_move_while_they_call},
        {"lost races: hold nobody up, and are told where they last",
         who_loses_races_holds_nobody_up_and_is_told},
        {"trouble: what is told of it stays text", trouble_stays_text},
        {"an engine ends: its closing is told handle by handle", closing_is_told_handle_by_handle},
    };
    return tap_run("crew", tests, sizeof tests / sizeof *tests);
}
