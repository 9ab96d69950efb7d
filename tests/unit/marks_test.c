/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * Marks without a process that dies: who is gone is what the test says.
 */

#include "base/arena.h"
#include "engine/marks.h"
#include "engine/trial.h"
#include "engine/verdicts.h"
#include "tap.h"

#include <dlfcn.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OURS = 1, THEIRS = 2 };

static struct mark_digest digest(unsigned number)
{
    struct mark_digest out = {{0}};
    memcpy(out.bytes, &number, sizeof number);
    return out;
}

static struct mark_what whole(struct sp_arena *arena, unsigned first, unsigned count)
{
    struct mark_digest *list = sp_arena_alloc(arena, count * sizeof *list);
    for (unsigned i = 0; i < count; i++)
        list[i] = digest(first + i);
    return (struct mark_what){list, count, 0, 0};
}

static bool claim(struct marks *marks, uint64_t run, uint64_t nonce, struct mark_what what,
                  struct sp_arena *arena)
{
    struct mark_entry mark = {.run = run, .nonce = nonce, .holder = {.pid = (int64_t)run, .host = "h"}};
    return marks_claim(marks, &mark, &what, arena);
}

static bool gone_run(const struct mark_entry *mark, void *run)
{
    return mark->run == *(uint64_t *)run;
}

static void bury(struct marks *marks, uint64_t run, struct sp_arena *arena)
{
    marks_bury(marks, gone_run, &run, arena);
}

static void others_keep_their_hands_off(void)
{
    /* Given four messages that one process has marked */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct marks marks = {NULL, 0};
    CU_ASSERT(claim(&marks, THEIRS, 7, whole(arena, 0, 4), arena));

    /* when another wants some of them, then it gets none, and says whose they are */
    CU_ASSERT(!claim(&marks, OURS, 8, whole(arena, 3, 4), arena));
    CU_ASSERT_EQUAL(marks.count, 1);
    CU_ASSERT(marks_held_by_other(&marks, digest(3), OURS));
    CU_ASSERT(!marks_held_by_other(&marks, digest(4), OURS));
    CU_ASSERT(!marks_held_by_other(&marks, digest(3), THEIRS));

    /* and when the write has come back, then nothing is left of the mark. */
    CU_ASSERT(marks_release(&marks, 7, true));
    CU_ASSERT(!marks_release(&marks, 7, true));
    CU_ASSERT_EQUAL(marks.count, 0);
}

static void a_stop_convicts_nobody(void)
{
    /* Given a mark that was released without having been written, once with deaths and once without */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct marks marks = {NULL, 0};
    claim(&marks, OURS, 1, whole(arena, 0, 2), arena);
    CU_ASSERT(marks_release_run(&marks, OURS));
    CU_ASSERT_EQUAL(marks.count, 0);
    claim(&marks, OURS, 2, whole(arena, 0, 2), arena);
    bury(&marks, OURS, arena);
    claim(&marks, THEIRS, 3, whole(arena, 0, 2), arena);
    CU_ASSERT(marks_release_run(&marks, THEIRS));

    /* then the deaths are remembered, and no more are counted, however often its last holder is gone. */
    CU_ASSERT_EQUAL(marks.count, 1);
    bury(&marks, THEIRS, arena);
    CU_ASSERT_EQUAL(marks.entries[0].deaths, 1);
    CU_ASSERT(!marks.entries[0].held);
}

static void a_part_is_taken_out(void)
{
    /* Given an entry of six messages that has died once, when two of them are claimed */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct marks marks = {NULL, 0};
    claim(&marks, THEIRS, 1, whole(arena, 0, 6), arena);
    bury(&marks, THEIRS, arena);
    CU_ASSERT(claim(&marks, OURS, 2, whole(arena, 2, 2), arena));

    /* then both entries remember the death, and the four are free. */
    uint64_t next;
    CU_ASSERT_EQUAL(marks.count, 2);
    CU_ASSERT_EQUAL(marks_find(&marks, digest(2), 0, &next)->deaths, 1);
    CU_ASSERT_EQUAL(marks_find(&marks, digest(2), 0, &next)->what.count, 2);
    CU_ASSERT_EQUAL(marks_find(&marks, digest(0), 0, &next)->what.count, 4);
    CU_ASSERT(!marks_held_by_other(&marks, digest(5), OURS));
}

static void what_nobody_died_of_is_not_kept(void)
{
    /* Given a mark that could not be taken out, when the same process claims a part of it, then the rest of
     * it has nothing to remember and goes. */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct marks marks = {NULL, 0};
    claim(&marks, OURS, 1, whole(arena, 0, 6), arena);
    CU_ASSERT(claim(&marks, OURS, 2, whole(arena, 2, 2), arena));
    CU_ASSERT_EQUAL(marks.count, 1);
    CU_ASSERT(marks_release(&marks, 2, true));
    CU_ASSERT_EQUAL(marks.count, 0);
}

static void the_record_survives_its_text(void)
{
    /* Given marks of every kind, when they are written and read again, then they are the same. */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct marks marks = {NULL, 0}, back;
    struct sp_error err;
    claim(&marks, THEIRS, UINT64_MAX - 1, whole(arena, 0, 3), arena);
    bury(&marks, THEIRS, arena);
    marks_witness(&marks);
    struct mark_what part = whole(arena, 9, 1);
    part.until = 17;
    claim(&marks, OURS, 5, part, arena);
    struct sp_slice text = marks_format(&marks, arena);
    CU_ASSERT(marks_parse(text, arena, &back, &err) == 0);
    CU_ASSERT_EQUAL(back.count, 2);
    CU_ASSERT(sp_slice_equal(marks_format(&back, arena), text));
    CU_ASSERT(back.entries[0].telling == 1 && back.entries[0].witnessed);
    CU_ASSERT(back.entries[0].deaths == 1 && !back.entries[0].held && back.entries[0].what.count == 3);
    CU_ASSERT(back.entries[1].held && back.entries[1].what.until == 17 && back.entries[1].nonce == 5);

    /* And what is none of ours is refused, with a cure. */
    static const char *const foreign[] = {"[]", "{", "{\"marks\":1}", "{\"marks\":[{}]}",
                                          "{\"marks\":[{\"messages\":[\"zz\"]}]}"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        CU_ASSERT(marks_parse(sp_slice_of(foreign[i]), arena, &back, &err) != 0);
        CU_ASSERT(err.class == SP_REFUSED && err.cure[0]);
    }
}

/* Takes the place of json-c's: one that had no memory says so by giving no reason. */
static bool memory_is_out;
struct json_object *json_tokener_parse_verbose(const char *text, enum json_tokener_error *error)
{
    static struct json_object *(*parse)(const char *, enum json_tokener_error *);
    if (memory_is_out)
        return NULL;
    if (!parse)
        *(void **)&parse = dlsym(RTLD_NEXT, "json_tokener_parse_verbose");
    return parse(text, error);
}

static void no_memory_is_no_foreign_record(void)
{
    /* Given a good record, when there is no memory to read it, then the process ends, as it does wherever
     * memory runs out: the record is not refused. */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct marks marks;
    struct sp_error err;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        memory_is_out = true;
        _exit(marks_parse(sp_slice_of("{\"marks\":[]}"), arena, &marks, &err) == 0 ? 1 : 2);
    }
    CU_ASSERT(waitpid(child, &status, 0) == child);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CU_ASSERT(marks_parse(sp_slice_of("null"), arena, &marks, &err) != 0 && err.class == SP_REFUSED);
}

static void copies_are_one_suspect(void)
{
    /* Given two copies of a message of one event, and another message */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct marks none = {NULL, 0};
    struct suspect suspects[] = {{.digest = digest(1), .events = 1},
                                 {.digest = digest(1), .events = 1},
                                 {.digest = digest(2), .events = 1}};
    struct trial_pick pick;

    /* when all are tried, then an entry names each message once; */
    trial_pick(&none, 1, suspects, 3, arena, &pick);
    CU_ASSERT(pick.member_count == 2 && pick.what.count == 2);
    CU_ASSERT(pick.members[0] == 0 && pick.members[1] == 2);

    /* and copies alone are tried as the one message that they are, by its events: it can be convicted. */
    trial_pick(&none, 1, suspects, 2, arena, &pick);
    CU_ASSERT(pick.member_count == 1 && pick.what.count == 1);
    CU_ASSERT(pick.what.from == 0 && pick.what.until == 1);
}

/* A world of messages, some events of which kill who writes them. */
enum { MESSAGES = 40, EVENTS = 300 };
static struct {
    uint64_t events[MESSAGES];
    bool kills[MESSAGES][EVENTS], dead[MESSAGES][EVENTS], written[MESSAGES][EVENTS];
    bool settled[MESSAGES];
    bool slow; /* it takes killers a while */
    size_t deaths;
} world;

static bool deadly(const struct trial_pick *pick, const unsigned *numbers, const struct suspect *suspects)
{
    for (size_t i = 0; i < pick->member_count; i++) {
        unsigned message = numbers[pick->members[i]];
        bool all = pick->member_count > 1;
        for (uint64_t at = all ? 0 : pick->from; at < (all ? suspects[pick->members[i]].events : pick->until);
             at++)
            if (world.kills[message][at])
                return true;
    }
    return false;
}

static void take(const struct trial_pick *pick, const unsigned *numbers, struct suspect *suspects)
{
    for (size_t i = 0; i < pick->member_count; i++) {
        struct suspect *suspect = &suspects[pick->members[i]];
        bool all = pick->member_count > 1;
        for (uint64_t at = all ? 0 : pick->from; at < (all ? suspect->events : pick->until); at++)
            (pick->choice == TRIAL_CONVICT ? world.dead : world.written)[numbers[pick->members[i]]][at] =
                true;
    }
    trial_take(pick, suspects);
}

/* A life of a process: takes some of what is not settled and tries it.  False: it died. */
static bool live(struct marks *marks, uint64_t run, struct sp_arena *arena)
{
    struct suspect suspects[MESSAGES];
    unsigned numbers[MESSAGES], count = 0;
    struct trial_pick pick;
    bool all = world.slow; /* where nothing but killers is received there is no witness */
    for (unsigned i = 0; i < MESSAGES; i++)
        if (!world.settled[i] && (all || rand() % 3)) {
            numbers[count] = i;
            suspects[count++] = (struct suspect){.digest = digest(i), .events = world.events[i]};
        }
    for (;;) {
        bury(marks, run - 1, arena);
        trial_pick(marks, run, suspects, count, arena, &pick);
        if (pick.choice == TRIAL_NOTHING)
            break;
        if (pick.choice == TRIAL_WRITE) {
            struct mark_entry mark = {.run = run, .nonce = run * 1000 + (uint64_t)rand() % 1000};
            CU_ASSERT_FATAL(marks_claim(marks, &mark, &pick.what, arena));
            if (deadly(&pick, numbers, suspects)) {
                world.deaths++;
                if (world.slow)
                    CU_ASSERT(marks_renew(marks, mark.nonce, MARK_LASTS));
                return false;
            }
            marks_witness(marks);
            CU_ASSERT(marks_release(marks, mark.nonce, true));
        }
        take(&pick, numbers, suspects);
    }
    for (unsigned i = 0; i < count; i++)
        if (trial_is_done(&suspects[i]))
            world.settled[numbers[i]] = true;
    return true;
}

static size_t settled_count(void)
{
    size_t count = 0;
    for (unsigned i = 0; i < MESSAGES; i++)
        count += world.settled[i];
    return count;
}

static void killers_are_found_alone(void)
{
    unsigned seed = getenv("SCANPIPE_SEED") ? (unsigned)atoi(getenv("SCANPIPE_SEED")) : 20261123;
    printf("# SCANPIPE_SEED=%u\n", seed);
    srand(seed);
    for (int round = 0; round < 60; round++) {
        /* Given messages with a few killers among their events, which kill at once or take a while */
        SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
        struct marks marks = {NULL, 0};
        size_t killers = 0, lives = 0;
        memset(&world, 0, sizeof world);
        world.slow = round % 2;
        for (unsigned i = 0; i < MESSAGES; i++) {
            world.events[i] = 1 + (uint64_t)rand() % (i % 2 ? 3 : EVENTS);
            if (rand() % 12 == 0) {
                world.kills[i][(uint64_t)rand() % world.events[i]] = true;
                killers++;
            }
        }

        /* when processes live and die on them, each with some of the messages */
        for (uint64_t run = 1; settled_count() < MESSAGES && lives < 2000; run++, lives++)
            live(&marks, run, arena);

        /* then all is settled; the killers are dead letters, and nothing else is; and it took no more
         * deaths than halving needs: 3, then a binary search of messages and events, for each. */
        CU_ASSERT_EQUAL(settled_count(), MESSAGES);
        for (unsigned i = 0; i < MESSAGES; i++)
            for (uint64_t at = 0; at < world.events[i]; at++) {
                CU_ASSERT(world.dead[i][at] == world.kills[i][at]);
                CU_ASSERT(world.written[i][at] || world.kills[i][at]);
            }
        CU_ASSERT(world.deaths <= killers * 18);

        /* What is left are the convictions, for copies of their messages; after an hour nothing is. */
        CU_ASSERT_EQUAL(marks.count, killers);
        marks_prune(&marks, 3600 * 1000);
        CU_ASSERT_EQUAL(marks.count, killers);
        marks_prune(&marks, 3600 * 1000 + 1);
        CU_ASSERT_EQUAL(marks.count, 0);
    }
}

/* What becomes of a write under a mark. */
enum end { DIES_AT_ONCE, DIES_LATER, HANGS, FAILS, IS_TAKEN };

/* A life that picks among messages of one event each, and ends with its first write unless that is taken.
 * Returns how many are left; those that are done are taken off the list. */
static unsigned live_on(struct marks *marks, uint64_t run, enum end end, unsigned *numbers, unsigned count,
                        unsigned *convicted, struct sp_arena *arena)
{
    struct suspect suspects[MESSAGES];
    struct trial_pick pick;
    unsigned left = 0;
    for (unsigned i = 0; i < count; i++)
        suspects[i] = (struct suspect){.digest = digest(numbers[i]), .events = 1};
    for (;;) {
        bury(marks, run - 1, arena);
        trial_pick(marks, run, suspects, count, arena, &pick);
        if (pick.choice == TRIAL_NOTHING)
            break;
        if (pick.choice == TRIAL_CONVICT) {
            ++*convicted;
        } else {
            struct mark_entry mark = {.run = run, .nonce = run};
            CU_ASSERT_FATAL(marks_claim(marks, &mark, &pick.what, arena));
            if (end == DIES_LATER || end == HANGS)
                CU_ASSERT(marks_renew(marks, run, end == HANGS ? MARK_OVERDUE : MARK_LASTS));
            if (end == IS_TAKEN)
                marks_witness(marks);
            if (end == FAILS || end == IS_TAKEN)
                CU_ASSERT(marks_release(marks, run, end == IS_TAKEN));
            if (end != IS_TAKEN)
                break;
        }
        trial_take(&pick, suspects);
    }
    for (unsigned i = 0; i < count; i++)
        if (!trial_is_done(&suspects[i]))
            numbers[left++] = numbers[i];
    return left;
}

static void deaths_in_an_outage_convict_nobody(void)
{
    /* Given a few suspects, and a sink that answers no write: it hangs, and sometimes it fails */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    struct marks marks = {NULL, 0};
    unsigned numbers[] = {0, 1, 2, 3}, convicted = 0;
    static const enum end ends[] = {DIES_LATER, DIES_AT_ONCE, DIES_AT_ONCE, FAILS, DIES_LATER, DIES_LATER};
    uint64_t run = 1;

    /* when processes are killed in it again and again, now and then also as they have just begun to write, */
    for (; run <= 200; run++)
        CU_ASSERT_EQUAL(live_on(&marks, run, ends[run % (sizeof ends / sizeof *ends)], numbers, 4, &convicted,
                                arena),
                        4);

    /* then nobody is convicted, and all are written when it is over; nothing is remembered. */
    CU_ASSERT_EQUAL(live_on(&marks, run, IS_TAKEN, numbers, 4, &convicted, arena), 0);
    CU_ASSERT_EQUAL(convicted, 0);
    CU_ASSERT_EQUAL(marks.count, 0);
}

static void one_that_kills_at_once_needs_no_witness(void)
{
    static const enum end ends[] = {DIES_AT_ONCE, HANGS};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        /* Given nothing in the queue but one event, which kills at once, or hangs until the process aborts */
        SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
        struct marks marks = {NULL, 0};
        unsigned numbers[] = {7}, convicted = 0;

        /* then it is convicted after its fifth death, and not before; */
        for (uint64_t run = 1; run <= 5; run++)
            CU_ASSERT_EQUAL(live_on(&marks, run, ends[i], numbers, 1, &convicted, arena), 1);
        CU_ASSERT_EQUAL(live_on(&marks, 6, ends[i], numbers, 1, &convicted, arena), 0);
        CU_ASSERT_EQUAL(convicted, 1);

        /* five in a row: not where a write of it has returned in between, */
        marks = (struct marks){NULL, 0};
        numbers[0] = 7;
        for (uint64_t run = 1; run <= 50; run++)
            live_on(&marks, run, run % 5 ? ends[i] : FAILS, numbers, 1, &convicted, arena);
        CU_ASSERT_EQUAL(convicted, 1);

        /* or where it was killed in between. */
        marks = (struct marks){NULL, 0};
        for (uint64_t run = 1; run <= 50; run++)
            live_on(&marks, run, run % 5 ? ends[i] : DIES_LATER, numbers, 1, &convicted, arena);
        CU_ASSERT_EQUAL(convicted, 1);
    }
}

static void one_that_takes_a_while_needs_a_witness(void)
{
    /* Given nothing in the queue but one event that has killed again and again, each time after a while: it
     * may as well be the sink that hangs */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    struct marks marks = {NULL, 0};
    unsigned numbers[] = {7, 8}, convicted = 0;
    struct trial_pick pick;
    uint64_t run = 1, next;
    for (; run <= 50; run++)
        CU_ASSERT_EQUAL(live_on(&marks, run, DIES_LATER, numbers, 1, &convicted, arena), 1);
    CU_ASSERT_EQUAL(convicted, 0);

    /* when another event comes, then that is tried first, though the other leads; */
    struct suspect suspects[] = {{.digest = digest(7), .events = 1}, {.digest = digest(8), .events = 1}};
    bury(&marks, run - 1, arena);
    trial_pick(&marks, run, suspects, 2, arena, &pick);
    CU_ASSERT(pick.choice == TRIAL_WRITE && pick.member_count == 1 && pick.members[0] == 1);
    struct mark_entry mark = {.run = run, .nonce = run};
    CU_ASSERT(marks_claim(&marks, &mark, &pick.what, arena));

    /* it is taken, and bears witness against the other, whose next death convicts it. */
    marks_witness(&marks);
    marks_release(&marks, run, true);
    trial_take(&pick, suspects);
    trial_pick(&marks, run, suspects, 2, arena, &pick);
    CU_ASSERT(pick.choice == TRIAL_WRITE && pick.members[0] == 0);
    CU_ASSERT(marks_claim(&marks, &mark, &pick.what, arena));
    CU_ASSERT(marks_renew(&marks, run, MARK_LASTS));
    bury(&marks, run, arena);
    CU_ASSERT(marks_find(&marks, digest(7), 0, &next)->convicted);
}

static void what_stands_behind_it_does_not_wait(void)
{
    /* Given a message whose first event needs a witness, and nothing else */
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    struct marks marks = {NULL, 0};
    struct suspect suspect = {.digest = digest(1), .events = 5};
    struct mark_what what = whole(arena, 1, 1);
    struct trial_pick pick;
    what.until = 1;
    for (uint64_t run = 1; run <= 5; run++) {
        CU_ASSERT(claim(&marks, run, run, what, arena));
        CU_ASSERT(marks_renew(&marks, run, MARK_LASTS));
        bury(&marks, run, arena);
    }

    /* then the events behind it are tried before it is. */
    trial_pick(&marks, 9, &suspect, 1, arena, &pick);
    CU_ASSERT(pick.choice == TRIAL_WRITE && pick.from == 1 && pick.until == 5);
    trial_take(&pick, &suspect);
    CU_ASSERT(!trial_is_done(&suspect));
    trial_pick(&marks, 9, &suspect, 1, arena, &pick);
    CU_ASSERT(pick.choice == TRIAL_WRITE && pick.from == 0 && pick.until == 1);
    trial_take(&pick, &suspect);
    CU_ASSERT(trial_is_done(&suspect));
}

static void too_many_are_noticed(void)
{
    /* Given a window of 10,000 events of which more than half must not be rejected */
    struct verdicts verdicts;
    verdicts_init(&verdicts, 10000, 50);

    /* when fewer than that were judged, then nothing is said, however bad they are */
    verdicts_add(&verdicts, 9800, 9800);
    CU_ASSERT(!verdicts_too_many(&verdicts));

    /* but from a full window on. */
    verdicts_add(&verdicts, 200, 200);
    CU_ASSERT(verdicts_too_many(&verdicts));

    /* And when good ones come, then the bad ones are forgotten behind the window; */
    verdicts_add(&verdicts, 4000, 0);
    CU_ASSERT(verdicts_too_many(&verdicts));
    verdicts_add(&verdicts, 2000, 0);
    CU_ASSERT(!verdicts_too_many(&verdicts));

    /* half of them rejected is not more than half; */
    for (int i = 0; i < 30; i++)
        verdicts_add(&verdicts, 1000, 500);
    CU_ASSERT(!verdicts_too_many(&verdicts));
    for (int i = 0; i < 30; i++)
        verdicts_add(&verdicts, 1000, 520);
    CU_ASSERT(verdicts_too_many(&verdicts));

    /* and without a window nothing is ever too much. */
    verdicts_init(&verdicts, 0, 50);
    verdicts_add(&verdicts, 100000, 100000);
    CU_ASSERT(!verdicts_too_many(&verdicts));
}

/* A sink that fails so often, in a hundred, whatever it is to write; the event does always where it is
 * poison. Returns after how many rounds it was rejected; 0: it was taken. */
static unsigned rounds_until_rejected(int percent, bool poison)
{
    unsigned strikes = 0, rounds = 0;
    for (;;) {
        rounds++;
        if (!poison && rand() % 100 >= percent)
            return 0;
        if (rand() % 100 < percent)
            strikes = 0;
        else if (verdicts_strike(&strikes))
            return rounds;
    }
}

static void a_fickle_sink_is_not_held_against_events(void)
{
    srand(20261123);
    /* Given a sink that fails in three writes of ten, then none of many events is rejected for it. */
    for (int i = 0; i < 10000; i++)
        CU_ASSERT_EQUAL(rounds_until_rejected(30, false), 0);

    /* Given one that is well, then what always fails is rejected after eight rounds, and not before; */
    CU_ASSERT_EQUAL(rounds_until_rejected(0, true), 8);

    /* where it is fickle as well, that takes longer, but comes to an end. */
    CU_ASSERT(rounds_until_rejected(30, true) >= 8);
}

int main(void)
{
    struct tap_test tests[] = {
        {"others keep their hands off what is marked", others_keep_their_hands_off},
        {"a stop convicts nobody", a_stop_convicts_nobody},
        {"a part is taken out of an entry", a_part_is_taken_out},
        {"what nobody died of is not kept", what_nobody_died_of_is_not_kept},
        {"the record survives its text", the_record_survives_its_text},
        {"no memory is no foreign record", no_memory_is_no_foreign_record},
        {"copies of a message are one suspect", copies_are_one_suspect},
        {"killers are found, alone", killers_are_found_alone},
        {"deaths in an outage convict nobody", deaths_in_an_outage_convict_nobody},
        {"one that kills at once needs no witness", one_that_kills_at_once_needs_no_witness},
        {"one that takes a while needs a witness", one_that_takes_a_while_needs_a_witness},
        {"what stands behind it in its message does not wait", what_stands_behind_it_does_not_wait},
        {"too many rejected events are noticed", too_many_are_noticed},
        {"a fickle sink is not held against events", a_fickle_sink_is_not_held_against_events},
    };
    return tap_run("marks", tests, sizeof tests / sizeof *tests);
}
