/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/cursor.h"

#include "base/clock.h"
#include "engine/lease.h"
#include "ops/records.h"
#include "ops/spot.h"

/* A poller commits a few times a second, and a write takes milliseconds. */
enum { TRIES = 100 };

struct moving {
    const struct pipeline *pipeline;
    const struct cursor_move *move;
    struct hand state, source;
    struct sp_arena *arena;
    struct holder self;
    struct lease_watch watch;
    struct sp_slice to;
    bool told;
};

static int get_record(struct hand *state, struct sp_arena *arena, struct record *out, int64_t *version_out,
                      struct sp_error *err)
{
    struct sp_slice value;
    if (records_get(state, POLLER_RECORD, arena, &value, version_out, err) != 0)
        return -1;
    return record_parse(value, arena, out, err);
}

static int look(struct hand *state, struct hand *source, struct sp_arena *arena, struct cursor_view *out,
                struct sp_error *err)
{
    struct cursor_view view = {0};
    struct holder self;
    if (get_record(state, arena, &view.record, &view.version, err) != 0)
        return -1;
    holder_self(&self);
    view.there = view.version > 0;
    view.gone = view.record.held && holder_gone(&view.record.holder, &self);
    view.at = spot_text(source, view.record.cursor, arena);
    *out = view;
    return 0;
}

int cursor_look(const struct pipeline *pipeline, struct sp_arena *arena, struct cursor_view *out,
                struct sp_error *err)
{
    SP_AUTO(hand_close) struct hand state = {0};
    SP_AUTO(hand_close) struct hand source = {0};
    if (spot_open(&source, pipeline, err) != 0 || records_open(&state, pipeline, err) != 0)
        return -1;
    return look(&state, &source, arena, out, err);
}

/* Whether nobody is known to poll.  A holder that lives renews the record all the time, wherever it is. */
static bool is_free(struct moving *moving, const struct record *record, int64_t version, int64_t began,
                    int64_t look_every, bool *alive_out)
{
    bool moved = moving->watch.version != 0 && moving->watch.version != version;
    lease_look(&moving->watch, version, began, sp_clock_now(), look_every);
    *alive_out = moved;
    return lease_may_take(&moving->watch, record, &moving->self, moving->pipeline->poller_lease_ns);
}

/* What a move from this record would be. */
static enum cursor_outcome judge(struct moving *moving, const struct record *record, struct cursor_moved *out)
{
    out->from = spot_text(&moving->source, record->cursor, moving->arena);
    out->to = spot_text(&moving->source, moving->to, moving->arena);
    out->direction = spot_compare(&moving->source, moving->to, record->cursor);
    out->held = record->held;
    out->holder = record->holder;
    out->token = record->token + 1;
    if (moving->move->only_back && out->direction >= 0)
        return CURSOR_NOT_BACK;
    return out->direction > 0 && !moving->move->skip ? CURSOR_FORWARD : CURSOR_MOVED;
}

static int write_record(struct moving *moving, const struct record *old, int64_t version, bool *done_out,
                        struct sp_error *err)
{
    struct record record = {.token = old->token + 1,
                            .nonce = sp_random(),
                            .cursor = moving->to,
                            .queue = old->queue,
                            .moved = true};
    if (moving->to.size > 0)
        record.at = spot_text(&moving->source, moving->to, moving->arena);
    return records_put(&moving->state, POLLER_RECORD, record_format(&record, moving->arena), version,
                       moving->arena, done_out, err);
}

/* One look at the record, and the move where it may be.  *done_out: out->outcome says how it ended. */
static int try_once(struct moving *moving, int64_t look_every, struct cursor_moved *out, bool *done_out,
                    struct sp_error *err)
{
    struct record record;
    int64_t version, began = sp_clock_now();
    bool alive;
    *done_out = true;
    if (get_record(&moving->state, moving->arena, &record, &version, err) != 0)
        return -1;
    out->outcome = judge(moving, &record, out);
    if (out->outcome != CURSOR_MOVED)
        return 0;
    bool unheld = is_free(moving, &record, version, began, look_every, &alive);
    if (!unheld && !moving->move->force && alive) {
        out->outcome = CURSOR_HELD;
        return 0;
    }
    if (!unheld && !moving->move->force) {
        if (!moving->told)
            moving->move->watching(moving->move->context, &record.holder, moving->pipeline->poller_lease_ns);
        moving->told = true;
        *done_out = false;
        clock_sleep(look_every);
        return 0;
    }
    out->held = !unheld;
    return moving->move->dry_run ? 0 : write_record(moving, &record, version, done_out, err);
}

static int move_cursor(struct moving *moving, struct cursor_moved *out, struct sp_error *err)
{
    const struct cursor_move *move = moving->move;
    int64_t look_every = moving->pipeline->poller_lease_ns / 20;
    bool done = false;
    if (move->to && spot_of(&moving->source, move->to, moving->arena, &moving->to, err) != 0)
        return -1;
    for (int tries = 0; tries < TRIES && !done; tries++)
        if (try_once(moving, look_every, out, &done, err) != 0)
            return -1;
    return done ? 0 : sp_fail(err, SP_UNAVAILABLE, "state: others write the poller's record all the time");
}

int cursor_move(const struct pipeline *pipeline, const struct cursor_move *move, struct sp_arena *arena,
                struct cursor_moved *out, struct sp_error *err)
{
    struct moving moving = {.pipeline = pipeline, .move = move, .arena = arena};
    int result = -1;
    *out = (struct cursor_moved){0};
    holder_self(&moving.self);
    if ((!move->to && !pipeline->source.plugin) || spot_open(&moving.source, pipeline, err) == 0)
        result = records_open(&moving.state, pipeline, err);
    if (result == 0)
        result = move_cursor(&moving, out, err);
    hand_close(&moving.state);
    hand_close(&moving.source);
    return result;
}
