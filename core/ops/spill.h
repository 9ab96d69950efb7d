/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_SPILL_H
#define OPS_SPILL_H

/*
 * What does not fit into memory: shelves of values, ordered by their keys (by bytes), in a file of TMPDIR
 * that is unlinked as soon as it is open.  So nothing is left behind, whatever ends the process.
 *
 * It is a SQLite file, which nobody else sees: memory is bounded by its cache.  Used by one thread.
 * Every failure is SP_UNAVAILABLE (no room, no folder), and final: the spill is of no use after it.
 */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>

struct spill;

struct spill_entry {
    struct sp_slice key, value;
};

/* Whether this program has it: without SQLite spill_open() always fails. */
bool spill_is_built(void);

/* With the shelves 0 to `shelves` - 1, all empty. */
int spill_open(unsigned shelves, struct spill **out, struct sp_error *err) SP_MUST_CHECK;
/* Does nothing with NULL. */
void spill_close(struct spill *spill);

/* Adds or replaces.  No key is empty. */
int spill_put(struct spill *spill, unsigned shelf, struct sp_slice key, struct sp_slice value,
              struct sp_error *err) SP_MUST_CHECK;
/* Removing what is not there is no failure. */
int spill_remove(struct spill *spill, unsigned shelf, struct sp_slice key,
                 struct sp_error *err) SP_MUST_CHECK;

/* The value lives in the arena; `value_out` may be NULL, and then the arena too. */
int spill_get(struct spill *spill, unsigned shelf, struct sp_slice key, struct sp_arena *arena,
              bool *found_out, struct sp_slice *value_out, struct sp_error *err) SP_MUST_CHECK;

/* The next at most `max` entries behind the key `after` (empty: from the start), in order, in the arena.
 * Fewer than `max`: that was the end. */
int spill_scan(struct spill *spill, unsigned shelf, struct sp_slice after, size_t max, struct sp_arena *arena,
               const struct spill_entry **entries_out, size_t *count_out, struct sp_error *err) SP_MUST_CHECK;

#endif
