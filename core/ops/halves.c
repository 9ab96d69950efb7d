/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/halves.h"

#include "base/arena.h"
#include "ops/records.h"

/* Only people write this record: races are few. */
enum { TRIES = 20 };

/* Resuming goes over whatever is there: that is the cure for what cannot be read. */
static int look(struct hand *hand, enum halves_act act, struct sp_arena *arena, struct halves_report *report,
                int64_t *version_out, struct sp_error *err)
{
    struct sp_slice value;
    if (records_get(hand, PAUSE_RECORD, arena, &value, version_out, err) != 0)
        return -1;
    report->unreadable = pause_parse(value, arena, &report->before, err) != 0;
    if (report->unreadable && act != HALVES_RESUME)
        return -1;
    if (report->unreadable)
        report->before = (struct pause){false, false};
    report->after = report->before;
    return 0;
}

static bool change(enum halves_act act, const struct pause *which, struct halves_report *report)
{
    const struct pause *before = &report->before;
    bool pauses = act == HALVES_PAUSE;
    if (which->ingest)
        report->after.ingest = pauses;
    if (which->deliver)
        report->after.deliver = pauses;
    bool same = report->after.ingest == before->ingest && report->after.deliver == before->deliver;
    return act == HALVES_RESUME || (pauses && !same);
}

static int act_on(struct hand *hand, enum halves_act act, const struct pause *which,
                  struct halves_report *report, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    for (int tries = 0; tries < TRIES; tries++) {
        int64_t version;
        *report = (struct halves_report){0};
        if (look(hand, act, arena, report, &version, err) != 0)
            return -1;
        if (act == HALVES_LOOK || !change(act, which, report)) {
            report->after = act == HALVES_LOOK ? report->before : report->after;
            return 0;
        }
        struct sp_slice value = pause_format(&report->after, arena);
        if (records_put(hand, PAUSE_RECORD, value, version, arena, &report->written, err) != 0)
            return -1;
        if (report->written)
            return 0;
    }
    return sp_fail(err, SP_UNAVAILABLE, "state: others write the record '" PAUSE_RECORD "' all the time");
}

int halves_run(const struct pipeline *pipeline, enum halves_act act, const struct pause *which,
               struct halves_report *report, struct sp_error *err)
{
    SP_AUTO(hand_close) struct hand hand = {0};
    if (records_open(&hand, pipeline, err) != 0)
        return -1;
    return act_on(&hand, act, which, report, err);
}
