/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_ENVELOPE_H
#define SCANPIPE_ENVELOPE_H

/*
 * A dead letter as text: one JSON object on one line, for stores that keep text, and for the way back
 * through the queue.  Any text field may be missing or null, and members that are not named here are
 * ignored.
 *
 *     {"envelope":1,"id":"<64 hex digits>","attempts":2,
 *      "first":"2026-11-23T09:00:00.000Z","last":"2026-11-23T10:00:00.000Z",
 *      "pipeline":..., "stage":..., "plugin":..., "class":..., "reason":..., "column":..., "pointer":...,
 *      "event_id":..., "event_key":..., "cursor":..., "place":...,
 *      "event":"<the bytes, where they are UTF-8>" or "event_base64":"<RFC 4648, section 4, padded>"}
 *
 * Any thread may call these; nothing blocks, and nothing is kept.
 */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>
#include <scanpipe/letters.h>

/*
 * The letter as an envelope, in the arena; no line end and no NUL is in it, nor a character that a
 * queue of XML text refuses.  The event's bytes survive, whatever they are.  In the other texts what is
 * not UTF-8 becomes U+FFFD, and times are cut to the years 1 to 9999.  The version stays behind: it is
 * the store's.
 */
SP_API struct sp_slice sp_envelope_format(const struct sp_letter *letter, struct sp_arena *arena);

/* The same in memory of its own, which the caller gives back with free(), for who has no arena; a NUL stands
 * behind it. */
SP_API char *sp_envelope_text(const struct sp_letter *letter, size_t *size_out)
    __attribute__((returns_nonnull)) SP_MUST_CHECK;

/*
 * Reads an envelope, as strictly as it is written.  What is in the letter lives in the arena or in
 * `text`; its version is 0.  It is not checked that the id is the digest of the bytes: of a letter with
 * a place they are not here.  SP_REJECTED says what is wrong.
 */
SP_API int sp_envelope_parse(struct sp_slice text, struct sp_arena *arena, struct sp_letter *letter_out,
                             struct sp_error *err) SP_MUST_CHECK;

#endif
