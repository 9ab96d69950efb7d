/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/migrate.h"

#include "base/arena.h"
#include "engine/place.h"
#include "ops/folded.h"
#include "ops/records.h"
#include "ops/spot.h"

/* Filling a column of a large table takes longer than other calls may. */
static const int64_t long_ns = 600 * SP_SECOND;

struct migrating {
    const struct migrate *to_do;
    struct sp_arena *arena;
    bool pending;         /* the state's tables are not as they should be; in a dry run */
    struct folded folded; /* the table's rules */
};

typedef int migrate_call(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                         int64_t deadline, struct sp_error *err);

/* The first try is a short one: who waits for a lock is told. */
static int64_t begin(struct hand *hand)
{
    return hand->patient ? hand_begin_extra(hand, long_ns) : hand_begin(hand);
}

static int bring_up(const struct migrating *migrating, const struct stage *stage, migrate_call *call,
                    const char **plan_out, struct sp_error *err)
{
    enum sp_migrate_mode mode = migrating->to_do->dry_run ? SP_MIGRATE_DRY_RUN : SP_MIGRATE_APPLY;
    SP_AUTO(hand_close) struct hand hand = {0};
    bool failed;
    if (hand_open(&hand, stage, err) != 0)
        return -1;
    do {
        *plan_out = "";
        failed = call(hand.handle, mode, migrating->arena, plan_out, begin(&hand), err) != 0;
    } while (failed && hand_again(&hand, err));
    return failed ? -1 : 0;
}

static bool is_embedded(const struct stage *stage)
{
    return stage->plugin->capabilities.flags & SP_EMBEDDED;
}

static bool has_server_tables(const struct stage *stage)
{
    return stage->plugin && stage->plugin->about.migrate && !is_embedded(stage);
}

static bool any_server_tables(const struct pipeline *pipeline)
{
    const struct stage *sink = &pipeline->sink;
    return has_server_tables(&pipeline->state) || has_server_tables(&pipeline->letters) ||
           has_server_tables(&pipeline->queue) ||
           (sink->plugin && sink->plugin->about.sink->migrate && !is_embedded(sink));
}

/* A dry run's script is for the server, where the statements of a file of SQLite's would fail, or leave
 * tables that nobody uses. */
static void tell_plan(const struct migrating *migrating, const struct stage *stage, const char *plan)
{
    const struct migrate *to_do = migrating->to_do;
    if (to_do->dry_run && *plan && is_embedded(stage) && any_server_tables(to_do->pipeline))
        to_do->tell_step(to_do->context, sp_arena_printf(migrating->arena,
                                                         "%s: %s needs no server: scanpipe makes its tables",
                                                         stage->name, stage->plugin->about.name));
    else
        to_do->tell_plan(to_do->context, stage->name, plan);
}

/* Of what a stage keeps for itself. */
static int migrate_own(struct migrating *migrating, const struct stage *stage, bool *pending_out,
                       struct sp_error *err)
{
    const struct migrate *to_do = migrating->to_do;
    const char *plan;
    if (!stage->plugin || !stage->plugin->about.migrate)
        return 0;
    if (bring_up(migrating, stage, stage->plugin->about.migrate, &plan, err) != 0)
        return -1;
    *pending_out = to_do->dry_run && *plan;
    tell_plan(migrating, stage, plan);
    return 0;
}

/* ---- what another program leaves */

static int ask_inherited(const struct migrating *migrating, struct hand *state, const char **place_out,
                         struct sp_error *err)
{
    const struct sp_state_ops *ops = state->stage->plugin->about.state;
    bool failed;
    do {
        failed = ops->inherited(state->handle, migrating->arena, place_out, hand_begin(state), err) != 0;
    } while (failed && hand_again(state, err));
    if (failed)
        return -1;
    hand_well(state);
    return 0;
}

/* The cursor, where the pipeline has none yet: as if a person had set it. */
static int inherit_cursor(const struct migrating *migrating, struct hand *state, const char *place,
                          struct sp_error *err)
{
    SP_AUTO(hand_close) struct hand source = {0};
    struct record record = {.token = 1, .nonce = sp_random()};
    bool swapped;
    if (spot_open(&source, migrating->to_do->pipeline, err) != 0)
        return -1;
    if (spot_of(&source, place, migrating->arena, &record.cursor, err) != 0) {
        sp_error_context(err, "the program before had read up to '%s'", place);
        return sp_fail_cure(err, "say where to begin: scanpipe cursor set");
    }
    record.at = spot_text(&source, record.cursor, migrating->arena);
    if (!migrating->to_do->dry_run &&
        records_put(state, POLLER_RECORD, record_format(&record, migrating->arena), 0, migrating->arena,
                    &swapped, err) != 0)
        return -1;
    migrating->to_do->tell_step(migrating->to_do->context,
                                sp_arena_printf(migrating->arena,
                                                "the cursor %s %s: so far the program before had come",
                                                migrating->to_do->dry_run ? "is to be set to" : "was set to",
                                                record.at));
    return 0;
}

static bool has_record(const struct migrating *migrating, struct hand *state, const char *name,
                       bool *there_out, struct sp_error *err)
{
    struct sp_slice value;
    int64_t version = 0;
    *there_out = false;
    if (records_get(state, name, migrating->arena, &value, &version, err) != 0 &&
        !(migrating->pending && err->class == SP_REFUSED))
        return false;
    *there_out = version > 0;
    return true;
}

/* Once: who takes the cursor away later, to read all again, does not get it back by this. */
static int inherit(const struct migrating *migrating, struct sp_error *err)
{
    const struct stage *stage = &migrating->to_do->pipeline->state;
    SP_AUTO(hand_close) struct hand state = {0};
    bool done, polled, swapped;
    const char *place = NULL;
    if (!stage->plugin->about.state->inherited)
        return 0;
    if (records_open(&state, migrating->to_do->pipeline, err) != 0 ||
        !has_record(migrating, &state, TAKEOVER_RECORD, &done, err))
        return -1;
    if (done)
        return 0;
    if (ask_inherited(migrating, &state, &place, err) != 0)
        return -1;
    if (!place)
        return 0;
    if (!migrating->to_do->pipeline->source.plugin) {
        migrating->to_do->tell_step(
            migrating->to_do->context,
            sp_arena_printf(
                migrating->arena,
                "the program before had read up to %s: say it also with the file that has the source",
                place));
        return 0;
    }
    if (!has_record(migrating, &state, POLLER_RECORD, &polled, err) ||
        (!polled && inherit_cursor(migrating, &state, place, err) != 0))
        return -1;
    if (migrating->to_do->dry_run)
        return 0;
    return records_put(&state, TAKEOVER_RECORD, sp_slice_of(place), 0, migrating->arena, &swapped, err);
}

/* ---- the table's rules */

/* Tables that are yet to be made hold no record. */
static int compare_rules(struct migrating *migrating, struct sp_error *err)
{
    const struct pipeline *pipeline = migrating->to_do->pipeline;
    SP_AUTO(hand_close) struct hand state = {0};
    if (!folded_is_kept(pipeline))
        return 0;
    if (records_open(&state, pipeline, err) != 0)
        return -1;
    if (folded_read(&state, pipeline, migrating->arena, &migrating->folded, err) == 0)
        return 0;
    return migrating->pending && err->class == SP_REFUSED ? 0 : -1;
}

static int store_rules(const struct migrating *migrating, struct sp_error *err)
{
    SP_AUTO(hand_close) struct hand state = {0};
    struct sp_slice ours =
        sp_slice_of(table_fingerprint(migrating->to_do->pipeline->table, migrating->arena));
    bool swapped;
    if (records_open(&state, migrating->to_do->pipeline, err) != 0 ||
        records_put(&state, TABLE_RECORD, ours, migrating->folded.version, migrating->arena, &swapped, err) !=
            0)
        return -1;
    if (swapped)
        return 0;
    sp_fail(err, SP_CONTENDED, "another process wrote the table's rules meanwhile");
    return sp_fail_cure(err, "stop it, and say it again");
}

/* ---- making the table afresh */

static int refuse_held(const struct cursor_moved *moved, struct sp_error *err)
{
    sp_fail(err, SP_REFUSED, "process %lld on %s polls, and writes by the old rules",
            (long long)moved->holder.pid, moved->holder.host);
    return sp_fail_cure(err, "stop every process of the pipeline first");
}

/* All of the source is to be read again. */
static int move_back(const struct migrating *migrating, bool dry_run, struct cursor_moved *moved,
                     struct sp_error *err)
{
    const struct migrate *to_do = migrating->to_do;
    const struct cursor_move move = {.dry_run = dry_run,
                                     .context = to_do->context,
                                     .watching = to_do->watching};
    if (cursor_move(to_do->pipeline, &move, migrating->arena, moved, err) != 0)
        return -1;
    return moved->outcome == CURSOR_HELD ? refuse_held(moved, err) : 0;
}

/*
 * The rules are stored last: until then nobody writes by the new ones, and whoever finds a rebuild that was
 * broken off does it again.  The cursor moves when the new table is there, so that nothing that is read again
 * goes into the old one.
 */
static int rebuild(const struct migrating *migrating, struct sp_error *err)
{
    const struct migrate *to_do = migrating->to_do;
    const struct stage *sink = &to_do->pipeline->sink;
    struct cursor_moved moved;
    const char *plan;
    if (move_back(migrating, true, &moved, err) != 0 ||
        bring_up(migrating, sink, sink->plugin->about.sink->rebuild, &plan, err) != 0)
        return -1;
    tell_plan(migrating, sink, plan);
    if (!to_do->dry_run &&
        (move_back(migrating, false, &moved, err) != 0 || store_rules(migrating, err) != 0))
        return -1;
    to_do->tell_step(to_do->context,
                     sp_arena_printf(migrating->arena,
                                     "the cursor %s back from %s to the start: all is read again",
                                     to_do->dry_run ? "is to be set" : "was set", moved.from));
    return 0;
}

static int migrate_sink(struct migrating *migrating, struct sp_error *err)
{
    const struct migrate *to_do = migrating->to_do;
    const struct stage *sink = &to_do->pipeline->sink;
    const char *plan;
    if (!sink->plugin)
        return 0;
    if (compare_rules(migrating, err) != 0)
        return -1;
    if (migrating->folded.change == TABLE_REFUSED)
        return to_do->rebuild && sink->plugin->about.sink->rebuild
                   ? rebuild(migrating, err)
                   : place_refuse_rules(to_do->pipeline, migrating->folded.what, err);
    if (to_do->rebuild && to_do->pipeline->table)
        to_do->tell_step(to_do->context, "the table's rules are those it was folded by: it stays");
    if (!sink->plugin->about.sink->migrate)
        return 0;
    if (bring_up(migrating, sink, sink->plugin->about.sink->migrate, &plan, err) != 0)
        return -1;
    tell_plan(migrating, sink, plan);
    return 0;
}

static int refuse_sinkless(const struct pipeline *pipeline, struct sp_error *err)
{
    sp_fail(err, SP_REFUSED, "%s has no sink, so it has no table to make afresh", pipeline->path);
    return sp_fail_cure(err, "say it with the file that has the sink");
}

int migrate_run(const struct migrate *migrate, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    struct migrating migrating = {.to_do = migrate, .arena = arena};
    const struct pipeline *pipeline = migrate->pipeline;
    bool ignored = false;
    if (migrate->rebuild && !pipeline->sink.plugin)
        return refuse_sinkless(pipeline, err);
    if (migrate_own(&migrating, &pipeline->state, &migrating.pending, err) != 0 ||
        inherit(&migrating, err) != 0 || migrate_own(&migrating, &pipeline->letters, &ignored, err) != 0 ||
        migrate_own(&migrating, &pipeline->queue, &ignored, err) != 0)
        return -1;
    return migrate_sink(&migrating, err);
}
