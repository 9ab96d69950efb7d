/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_VERIFY_INSIDE_H
#define OPS_VERIFY_INSIDE_H

/* What the files of `verify` share, and nobody else sees. */

#include "base/arena.h"
#include "base/buffer.h"
#include "engine/pack.h"
#include "engine/rate.h"
#include "ops/cells.h"
#include "ops/hand.h"
#include "ops/spill.h"
#include "ops/verify.h"
#include "ops/verify_compare.h"
#include "table/fold.h"

/* What the spill holds. */
enum verify_shelf {
    SHELF_ROWS,     /* key -> the row that the source's events make */
    SHELF_BURIED,   /* key -> the row that those of them make that are dead letters */
    SHELF_SUSPECTS, /* key of each row that differed when it was last compared */
    SHELF_LETTERS,  /* id of each dead letter */
    SHELF_REJECTS,  /* id -> what was rejected and has no letter */
    SHELF_COUNT,
};

/*
 * A row in the spill has a cell a column, and behind them one for each group that has no order (a minimum
 * or maximum): the event, as text, that gave the value.
 */
struct verify_layout {
    bool *is_text;   /* one a cell */
    size_t count;    /* of cells */
    size_t *note_of; /* one a group: its cell, or 0 */
    bool has_notes;
};

struct verify {
    const struct pipeline *pipeline;
    const struct verify_options *options;
    const struct verify_listener *listener;
    struct verify_report *report;
    const struct sp_table *table;
    struct sp_arena *arena;   /* of what lives as long as the whole */
    struct sp_arena *scratch; /* of verify_join() */
    struct hand source, queue, sink, state, letters;
    struct spill *spill;
    struct fold *fold;   /* of a chunk of the source's events */
    struct fold *single; /* of one event */
    struct verify_layout layout;
    struct verify_span span;
    struct pack_limits limits;
    struct rate rate;
    struct sp_slice cursor; /* of the pipeline at the start, in `arena` */
    struct sp_slice bound;  /* up to where the source was read, on the heap */
    uint64_t letter_count, reject_count, suspect_count;
    bool misplaced;   /* the range that was asked for is none */
    uint64_t further; /* suspects that hold what the source does not say, at the last look */
};

/* ---- verify_feed.c */

/* Reads from `from` to `until` and joins what it says into SHELF_ROWS; `suspects_only`: into rows of
 * SHELF_SUSPECTS. */
int verify_read(struct verify *verify, struct sp_slice from, struct sp_slice until, bool suspects_only,
                struct sp_error *err) SP_MUST_CHECK;

/* ---- verify_spill.c */

void verify_lay_out(struct verify *verify);
/* Joins the row (of table->column_count values) into what the shelf has of its key.  `event` is the one that
 * the row was made of where it was only one, else NULL. */
int verify_join(struct verify *verify, enum verify_shelf shelf, const struct sp_value *row, const char *event,
                bool *made_out, struct sp_error *err) SP_MUST_CHECK;
/* Whether the shelf has the row's key. */
int verify_has(struct verify *verify, enum verify_shelf shelf, const struct sp_value *row, bool *has_out,
               struct sp_error *err) SP_MUST_CHECK;
/* The row of the key, with its notes; NULL where there is none. */
int verify_load(struct verify *verify, enum verify_shelf shelf, struct sp_slice key, struct sp_arena *arena,
                const struct sp_value **row_out, struct sp_error *err) SP_MUST_CHECK;

/* ---- verify_letters.c */

/* Takes note of every dead letter of the pipeline that is new, and strikes out the rejects that have one by
 * now. */
int verify_scan_letters(struct verify *verify, struct sp_error *err) SP_MUST_CHECK;
/* Whether the bytes are a dead letter. */
int verify_find_letter(struct verify *verify, struct sp_slice bytes, bool *found_out,
                       struct sp_error *err) SP_MUST_CHECK;
/* What should have a letter and has none. */
int verify_note_reject(struct verify *verify, struct sp_slice bytes, const struct verify_reject *reject,
                       struct sp_error *err) SP_MUST_CHECK;
int verify_tell_rejects(struct verify *verify, struct sp_error *err) SP_MUST_CHECK;

/* ---- verify_rows.c */

/* Compares every row; those that differ are put on SHELF_SUSPECTS. */
int verify_compare_all(struct verify *verify, struct sp_error *err) SP_MUST_CHECK;
/* Compares the suspects again, and strikes out those that differ no more. */
int verify_compare_suspects(struct verify *verify, struct sp_error *err) SP_MUST_CHECK;
/* Tells what is left of them, compared once more. */
int verify_tell_suspects(struct verify *verify, struct sp_error *err) SP_MUST_CHECK;

/* ---- verify.c */

void verify_progress(struct verify *verify);
void verify_say(struct verify *verify, const char *format, ...) SP_PRINTF(2, 3);

#endif
