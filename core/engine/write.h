/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_WRITE_H
#define ENGINE_WRITE_H

/*
 * What write.c and doubt.c share: the one writes sets of events and isolates what the sink rejects, the other
 * finds out whose fault it is where the sink fails in a way that is not known.
 */

#include "engine/deliver.h"

enum answer { WRITTEN, REJECTED, UNKNOWN, STOPPED };

/* What the sink said of a set that it rejected. */
struct verdict {
    struct sp_result *results; /* one a row, or an event without a table */
    size_t count;
    bool unknown; /* it did not say that it rejects them: it failed in a way that is not known */
    struct sp_error err;
};

/* Folds a set whose events are all known to fit, or takes them as they are. */
void write_make_rows(struct worker *worker, struct batch *batch, struct set set, struct sp_batch *rows);

/* Writes rows, however long the sink is away; they count as so many events. */
enum answer write_rows(struct worker *worker, struct batch *batch, const struct sp_batch *rows, size_t events,
                       struct verdict *verdict);

/* The sink has taken the set. */
void write_note(struct batch *batch, struct set set);

/* The sink rejects this one event, alone.  Its letter waits until the whole batch is judged: one
 * store then serves all.  Nothing is lost meanwhile, the message is not settled. */
void write_bury(struct worker *worker, struct batch *batch, uint32_t event, const struct verdict *verdict);

/* Writes a set, and isolates what can never be written. */
enum outcome write_part(struct worker *worker, struct batch *batch, struct set set);

/* doubt.c: the sink has failed to take the set in a way that is not known. */
enum outcome doubt_set(struct worker *worker, struct batch *batch, struct set set,
                       const struct verdict *verdict);

/* One event has failed so, alone, though the sink had taken another write (verdicts.h). */
enum outcome doubt_strike(struct worker *worker, struct batch *batch, uint32_t event,
                          const struct verdict *verdict);

/* Those in doubt are tried once more, each alone and behind a witness. */
enum outcome doubt_again(struct worker *worker, struct batch *batch, struct set set);

#endif
