/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_OVERSIZE_H
#define ENGINE_OVERSIZE_H

/*
 * Dead letters that are larger than their store can hold: the event's bytes are a file in a folder, the
 * letter has their head and the file's place.  The file is named by the letter's id, which is the digest of
 * pipeline and bytes, so that writing it twice is writing it once.
 *
 * A file is written and its letter stored under the folder's lock, shared; a letter is removed and its file
 * dropped under it, alone.  So no file goes that a newer version of its letter needs.
 */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>
#include <scanpipe/letters.h>

enum { OVERSIZE_HEAD = 1024 }; /* so many bytes of the event stay in the letter, at most */

/* Whether the letter, as an envelope, has more than `limit` bytes; 0: there is no limit. */
bool oversize_is(const struct sp_letter *letter, int64_t limit);

/* The lock of a folder; {-1}: not held.  For SP_AUTO(oversize_leave). */
struct oversize_lock {
    int fd;
};
enum oversize_access { OVERSIZE_TO_STORE, OVERSIZE_TO_REMOVE };

/* Takes the lock, making the folder where it is not there.  SP_CONTENDED where others have it. */
int oversize_enter(const char *folder, enum oversize_access access, struct oversize_lock *lock_out,
                   struct sp_error *err) SP_MUST_CHECK;
void oversize_leave(struct oversize_lock *lock);

/* Writes the letter's event to its file, durably, and makes its event the head and its place the file; both
 * live in the arena, or where the event does.  The lock is held. */
int oversize_put(const char *folder, struct sp_letter *letter, struct sp_arena *arena,
                 struct sp_error *err) SP_MUST_CHECK;

/*
 * Makes the letter whole: its event is what the file holds, in the arena, and its place NULL.  Looks at the
 * letter's place, then into the folder, which may be NULL.  Bytes that are not those of the letter's id are
 * refused.  A letter without a place is whole.
 *
 * An event of more than `most` bytes is SP_REJECTED, and its file is not read; 0: any that could be an event.
 */
int oversize_read(const char *folder, struct sp_letter *letter, int64_t most, struct sp_arena *arena,
                  struct sp_error *err) SP_MUST_CHECK;

/* Removes the file of a letter that was removed, where it is in the folder.  The lock is held, alone. */
void oversize_drop(const char *folder, const unsigned char id[SP_SHA256_SIZE]);

#endif
