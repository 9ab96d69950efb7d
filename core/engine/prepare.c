/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/log.h"
#include "engine/deliver.h"
#include "engine/place.h"
#include "engine/pulse.h"
#include "engine/record.h"

/*
 * What must be so before the first message is received: the table is there, the sink answers, and
 * the table is folded by the same rules as ever.
 */

static bool migrate(struct worker *worker, struct sp_arena *arena)
{
    struct seat *seat = &worker->sink;
    const struct sp_sink_ops *ops = seat->crew->stage->plugin->about.sink;
    struct sp_error err = {0};
    bool failed;
    if (!ops->migrate || !worker->deliver->work->pipeline->sink_options.migrate)
        return true;
    do {
        int64_t deadline = call_begin(seat, 0);
        failed =
            call_end(seat, ops->migrate(seat->handle, SP_MIGRATE_APPLY, arena, NULL, deadline, &err), &err);
    } while (failed && call_again(seat, &err));
    return !failed;
}

/* Until the sink answers.  False: the stop came first. */
static bool probe(struct seat *seat)
{
    struct sp_error err = {0};
    bool failed;
    do {
        int64_t deadline = call_begin(seat, 0);
        failed = call_end(seat, seat->crew->stage->plugin->about.probe(seat->handle, deadline, &err), &err);
    } while (failed && call_again(seat, &err));
    return !failed;
}

/* Compares the stored fingerprint with ours.  *version_out is the record's; *store_out says whether
 * ours is to be stored: it is new, or has grown, as *grown_out then says. */
static int compare_table(struct deliver *deliver, struct sp_arena *arena, int64_t deadline,
                         int64_t *version_out, bool *store_out, const char **grown_out, struct sp_error *err)
{
    const struct table_plan *plan = deliver->work->pipeline->table;
    const struct sp_state_ops *ops = deliver->state.crew->stage->plugin->about.state;
    struct sp_slice stored;
    const char *what = NULL;
    if (ops->get(deliver->state.handle, TABLE_RECORD, arena, &stored, version_out, deadline, err) != 0)
        return -1;
    *store_out = true;
    if (*version_out == 0)
        return 0;
    switch (table_compare(plan, sp_arena_text(arena, stored.data, stored.size), arena, &what)) {
    case TABLE_SAME:
        *store_out = false;
        break;
    case TABLE_NEW_COLUMNS:
        *grown_out = what;
        break;
    case TABLE_REFUSED:
        return place_refuse_rules(deliver->work->pipeline, what, err);
    }
    return 0;
}

static int store_table(struct deliver *deliver, struct sp_arena *arena, int64_t deadline, int64_t version,
                       struct sp_error *err)
{
    const struct sp_state_ops *ops = deliver->state.crew->stage->plugin->about.state;
    struct sp_slice ours = sp_slice_of(table_fingerprint(deliver->work->pipeline->table, arena));
    bool swapped;
    if (ops->put(deliver->state.handle, TABLE_RECORD, ours, version, &swapped, &version, deadline, err) != 0)
        return -1;
    return swapped ? 0 : sp_fail(err, SP_CONTENDED, "another process wrote the table's fingerprint");
}

enum rules_step { RULES_COMPARE, RULES_STORE };

/* Before anything is made, the rules are compared; once it is there, ours are stored. */
static bool check_rules(struct deliver *deliver, struct sp_arena *arena, enum rules_step step)
{
    struct seat *seat = &deliver->state;
    struct sp_error err = {0};
    bool failed, store = false;
    const char *grown = NULL;
    int64_t version = 0;
    if (!deliver->work->pipeline->table)
        return true;
    do {
        int64_t deadline = call_begin(seat, 0);
        int rc = compare_table(deliver, arena, deadline, &version, &store, &grown, &err);
        if (rc == 0 && store && step == RULES_STORE)
            rc = store_table(deliver, arena, deadline, version, &err);
        failed = call_end(seat, rc, &err);
    } while (failed && call_again(seat, &err));
    if (!failed && grown && step == RULES_COMPARE)
        sp_log(SP_WARN, "the table has changed: %s; reading the source again fills it", grown);
    return !failed;
}

bool deliver_prepare(struct worker *worker)
{
    struct deliver *deliver = worker->deliver;
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    pulse_leave(); /* who prepares may wait for the sink, however long */
    pthread_mutex_lock(&deliver->preparing);
    pulse_beat();
    /* Nothing is at stake yet: a stop need not wait for the sink. */
    atomic_store(&worker->sink.at_stop, BREAK_AT_ONCE);
    atomic_store(&deliver->state.at_stop, BREAK_AT_ONCE);
    if (!deliver->prepared && !stop_asked(&deliver->work->stop))
        deliver->prepared = check_rules(deliver, arena, RULES_COMPARE) && migrate(worker, arena) &&
                            probe(&worker->sink) && check_rules(deliver, arena, RULES_STORE);
    bool prepared = deliver->prepared;
    atomic_store(&worker->sink.at_stop, BREAK_LATE);
    pthread_mutex_unlock(&deliver->preparing);
    return prepared;
}
