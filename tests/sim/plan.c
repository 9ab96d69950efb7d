/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "plan.h"

#include <inttypes.h>

static int64_t ms(struct dice *dice, int64_t low, int64_t high)
{
    return dice_spread(dice, low, high) * SP_MILLISECOND;
}

/* Nothing, in most plans. */
static unsigned some(struct dice *dice, unsigned in, unsigned of, int64_t low, int64_t high)
{
    int64_t value = dice_spread(dice, low, high);
    return dice_chance(dice, in, of) ? (unsigned)value : 0;
}

static void draw_clockwork(struct dice *dice, struct clockwork_plan *plan)
{
    *plan = (struct clockwork_plan){
        .yields_one_in = (unsigned)dice_spread(dice, 1, 64),
        .stalls_one_in = some(dice, 1, 4, 500, 20000),
        .stall_ns = ms(dice, 20, 20000),
        .step_ns = dice_spread(dice, 1000, 50000),
        .priorities = dice_chance(dice, 1, 3),
        .spurious_one_in = some(dice, 1, 3, 2, 100),
    };
}

static void draw_feed(struct dice *dice, struct plan *plan)
{
    bool fat = dice_chance(dice, 1, 20);
    plan->table = dice_chance(dice, 3, 4);
    plan->events = (unsigned)dice_spread(dice, 10, 400);
    plan->keys = (unsigned)dice_spread(dice, 1, 60);
    plan->repeats_permille = some(dice, 1, 3, 5, 300);
    plan->padding = fat ? 20000 : (size_t)some(dice, 1, 3, 10, 1000);
    plan->foreign = some(dice, 1, 4, 1, 10);
    plan->page_events = (unsigned)dice_spread(dice, 1, 60);
    plan->poll_ns = ms(dice, 50, 3000);
    for (int kind = EVENT_REJECTED_NAMED; kind < EVENT_KINDS; kind++)
        plan->per_10000[kind] = some(dice, 1, 4, 20, 800);
    /* Each costs several lives and long waits. */
    plan->per_10000[EVENT_KILLS] /= 8;
    plan->per_10000[EVENT_HANGS] /= 8;
}

static void draw_queue(struct dice *dice, struct plan *plan)
{
    plan->fifo = dice_chance(dice, 1, 2);
    plan->again_permille = some(dice, 1, 4, 2, 100);
    plan->suspects_permille = some(dice, 1, 4, 2, 300);
    plan->old_receipts = dice_chance(dice, 1, 2);
    plan->batch_messages = dice_chance(dice, 1, 2) ? 10 : 0;
    plan->visibility_ns = ms(dice, 1000, 60000);
}

static void draw_settings(struct dice *dice, struct plan *plan)
{
    plan->lease_ns = ms(dice, 1000, 20000);
    plan->grace_ns = ms(dice, 500, 25000);
    plan->hang_ns = ms(dice, 1000, 60000);
    plan->timeout_ns = ms(dice, 100, 30000);
    plan->retry.initial_ns = ms(dice, 1, 1000);
    plan->retry.max_ns = plan->retry.initial_ns + ms(dice, 1, 30000);
    plan->retry.refused_ns = ms(dice, 100, 60000);
    plan->pack_events = (unsigned)dice_spread(dice, 1, 50);
    plan->senders = (unsigned)dice_spread(dice, 1, 4);
    plan->workers = (unsigned)dice_spread(dice, 1, 4);
    plan->batch_events = (unsigned)dice_spread(dice, 1, 200);
    plan->linger_ns = dice_chance(dice, 1, 3) ? ms(dice, 1, 2000) : 0;
    plan->read_ahead = dice_spread(dice, 64 << 10, 256 << 10);
}

static enum sp_class outage_class(struct dice *dice)
{
    static const enum sp_class classes[] = {SP_UNAVAILABLE, SP_UNAVAILABLE, SP_THROTTLED,
                                            SP_REFUSED,     SP_UNCERTAIN,   SP_CONTENDED};
    return classes[dice_below(dice, sizeof classes / sizeof *classes)];
}

static void draw_stage(struct dice *dice, const struct plan *plan, struct stage_plan *stage)
{
    *stage = (struct stage_plan){
        .fails_permille = some(dice, 1, 3, 5, 400),
        .after_permille = some(dice, 1, 2, 50, 1000),
        .late_permille = some(dice, 1, 3, 20, 500),
        .partly_permille = some(dice, 1, 4, 10, 300),
        .hangs_per_10000 = some(dice, 1, 16, 5, 40),
        .latency_ns = ms(dice, 1, dice_chance(dice, 1, 6) ? 2 * plan->timeout_ns / SP_MILLISECOND : 100),
        .outage_count = some(dice, 1, 3, 1, OUTAGES),
    };
    stage->least_ns = dice_chance(dice, 1, 12) ? stage->latency_ns / 4 : 1000;
    for (unsigned i = 0; i < stage->outage_count; i++) {
        struct outage *outage = &stage->outages[i];
        outage->from = dice_between(dice, 0, plan->chaos_ns);
        outage->until = outage->from + dice_spread(dice, SP_MILLISECOND, plan->chaos_ns);
        outage->class = outage_class(dice);
        outage->black_hole = dice_chance(dice, 1, 4);
    }
}

/* A plugin that does not know the code holds the stage while all writes fail so; once, and without events
 * that fail so themselves: who fails so twice with an accepted write in between is what is wrong. */
static void draw_unknown_outage(struct dice *dice, struct plan *plan)
{
    struct stage_plan *sink = &plan->stages[SIM_SINK];
    if (plan->per_10000[EVENT_UNKNOWN] > 0 || !dice_chance(dice, 1, 8))
        return;
    sink->outage_count = 1;
    sink->outages[0].class = SP_UNKNOWN;
    sink->outages[0].black_hole = false;
}

static void draw_process(struct dice *dice, const struct plan *plan, struct process_plan *process)
{
    int64_t chaos = plan->chaos_ns;
    *process = (struct process_plan){
        .role =
            plan->processes == 1 || dice_chance(dice, 1, 2) ? ROLE_BOTH : (enum role)dice_below(dice, ROLES),
        .machine = dice_chance(dice, 1, 3) ? (unsigned)dice_below(dice, 3) : 0,
        .same_pid = dice_chance(dice, 1, 4),
        .kill_ns = dice_chance(dice, 1, 2) ? dice_spread(dice, SP_SECOND / 10, chaos) : 0,
        .freeze_ns = dice_chance(dice, 1, 3) ? dice_spread(dice, SP_SECOND / 10, chaos) : 0,
        .frozen_ns = dice_spread(dice, SP_SECOND / 100, 3 * plan->lease_ns + plan->visibility_ns),
        .stop_ns = dice_chance(dice, 1, 3) ? dice_spread(dice, SP_SECOND / 2, chaos) : 0,
        .restart_ns = ms(dice, 1, 20000),
    };
}

/* The largest that a process may become: what it holds at rest, what it reads ahead, what each worker writes
 * and what it has put aside. */
static size_t heap_max(const struct plan *plan)
{
    size_t event = 400 + plan->padding, page = plan->page_events * event;
    size_t message = plan->pack_events * event, batch = plan->batch_events * event + 2 * message;
    return ((size_t)1 << 20) + 2 * (size_t)plan->read_ahead + 2 * page +
           plan->workers * (2 * batch + (1 << 20));
}

void plan_draw(struct plan *plan, uint64_t seed)
{
    struct dice dice = dice_of(seed, 2);
    *plan = (struct plan){.seed = seed};
    plan->chaos_ns = ms(&dice, 2000, 200000);
    draw_clockwork(&dice, &plan->clockwork);
    draw_feed(&dice, plan);
    draw_queue(&dice, plan);
    draw_settings(&dice, plan);
    for (int stage = 0; stage < SIM_STAGES; stage++)
        draw_stage(&dice, plan, &plan->stages[stage]);
    draw_unknown_outage(&dice, plan);
    plan->processes = (unsigned)dice_between(&dice, 1, PROCESSES);
    for (unsigned i = 0; i < plan->processes; i++)
        draw_process(&dice, plan, &plan->process[i]);
    plan->wall_jumps = dice_chance(&dice, 1, 4);
    plan->system_fails = dice_chance(&dice, 1, 8);
    plan->clean_drain = dice_chance(&dice, 1, 2);
    plan->heap_max = heap_max(plan);
}

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

void plan_tell(const struct plan *plan, FILE *out)
{
    static const char *const stages[] = {"source", "queue", "sink", "state", "letters"};
    static const char *const roles[] = {"both", "ingest", "deliver"};
    fprintf(out, "seed %" PRIu64 ": %u events, %s, chaos for %.1f s, drained by %s\n", plan->seed,
            plan->events, plan->table ? "a table" : "no table", seconds(plan->chaos_ns),
            plan->clean_drain ? "a fresh process" : "those that are there");
    fprintf(out,
            "  pages of %u, messages of %u, batches of %u; visibility %.1f s, lease %.1f s, grace %.1f s\n",
            plan->page_events, plan->pack_events, plan->batch_events, seconds(plan->visibility_ns),
            seconds(plan->lease_ns), seconds(plan->grace_ns));
    for (int i = 0; i < SIM_STAGES; i++) {
        const struct stage_plan *stage = &plan->stages[i];
        fprintf(out,
                "  %s: fails %u, partly %u permille (after %u, late %u), hangs %u/10000, latency %.3f s\n",
                stages[i], stage->fails_permille, stage->partly_permille, stage->after_permille,
                stage->late_permille, stage->hangs_per_10000, seconds(stage->latency_ns));
        for (unsigned at = 0; at < stage->outage_count; at++)
            fprintf(out, "    %s from %.1f to %.1f s%s\n", sp_class_name(stage->outages[at].class),
                    seconds(stage->outages[at].from), seconds(stage->outages[at].until),
                    stage->outages[at].black_hole ? ", a black hole" : "");
    }
    for (unsigned i = 0; i < plan->processes; i++) {
        const struct process_plan *one = &plan->process[i];
        fprintf(out,
                "  process %u: %s on machine %u; killed each %.1f, frozen each %.1f, stopped each %.1f s\n",
                i + 1, roles[one->role], one->machine, seconds(one->kill_ns), seconds(one->freeze_ns),
                seconds(one->stop_ns));
    }
}

static void write_retry(const struct plan *plan, FILE *out)
{
    fprintf(out, "  timeout: %" PRId64 "ms\n", plan->timeout_ns / SP_MILLISECOND);
    fprintf(out, "  retry: {initial: %" PRId64 "ms, max: %" PRId64 "ms, refused: %" PRId64 "ms}\n",
            plan->retry.initial_ns / SP_MILLISECOND, plan->retry.max_ns / SP_MILLISECOND,
            plan->retry.refused_ns / SP_MILLISECOND);
}

static void write_table(FILE *out)
{
    fputs("table:\n"
          "  name: Parcels\n"
          "  order: /Id\n"
          "  where: {/Type: [PICKUP, SCAN, DELIVERY]}\n"
          "  columns:\n"
          "    Key: {from: /Key, type: int, key: true}\n"
          "    LastId: {from: /Id, type: bigint}\n"
          "    LastType: {from: /Type, type: text(20)}\n"
          "    PickedUpAmount: {from: /Amount, type: int, when: {/Type: PICKUP}, keep: first,"
          " order_column: PickedUpId}\n"
          "    Most: {from: /Amount, type: int, keep: max}\n"
          "    Least: {from: /Amount, type: int, keep: min}\n"
          "    Bad: {from: /Bad, type: int, keep: max}\n",
          out);
}

void plan_write_file(const struct plan *plan, enum role role, FILE *out)
{
    fprintf(out, "name: sim\nsingle_machine: true\nmax_event_bytes: %zu\n", 2048 + plan->padding);
    fprintf(out, "shutdown_grace: %" PRId64 "ms\n", plan->grace_ns / SP_MILLISECOND);
    fprintf(out, "hang_timeout: %" PRId64 "ms\n", plan->hang_ns / SP_MILLISECOND);
    fprintf(out, "poller_lease: %" PRId64 "ms\n", plan->lease_ns / SP_MILLISECOND);
    if (role != ROLE_DELIVER) {
        fprintf(out, "source:\n  plugin: sim\n  read_ahead: %" PRId64 "\n", plan->read_ahead);
        write_retry(plan, out);
    }
    fprintf(out, "queue:\n  plugin: sim\n  visibility_timeout: %" PRId64 "ms\n  senders: %u\n",
            plan->visibility_ns / SP_MILLISECOND, plan->senders);
    fprintf(out, "  pack: {events: %u, bytes: 64KiB}\n", plan->pack_events);
    write_retry(plan, out);
    if (role != ROLE_INGEST) {
        fprintf(out, "sink:\n  plugin: sim\n  workers: %u\n", plan->workers);
        fprintf(out, "  batch: {events: %u, linger: %" PRId64 "ms}\n", plan->batch_events,
                plan->linger_ns / SP_MILLISECOND);
        write_retry(plan, out);
    }
    fputs("state:\n  plugin: sim\n", out);
    write_retry(plan, out);
    fputs("dead_letters:\n  plugin: sim\n", out);
    write_retry(plan, out);
    if (plan->table && role != ROLE_INGEST)
        write_table(out);
}
