/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_HELD_H
#define QUEUE_SQS_HELD_H

/*
 * The messages of dead letters that were seen: who they are in memory, about 150 bytes each, and what they
 * say in a file without a name.  No word of requests.
 */

#include "copies.h"

#include <scanpipe/error.h>

enum { HELD_MOST = 100000 };
enum { RECEIPT_MOST = 4000 }; /* bytes; SQS's are far shorter */

enum held_state {
    HELD_LEASED, /* nobody else sees it until its lease's end */
    HELD_SHOWN,  /* it was shown to others again */
    HELD_GONE,   /* it was deleted */
};

struct held_message {
    unsigned char id[SP_SHA256_SIZE]; /* of the letter; not of what is bare */
    struct sp_digest128 message;      /* of SQS's own id */
    struct copy copy;
    int64_t sent_ms;   /* of this very message: its age */
    int64_t lease_end; /* sp_clock_now() */
    uint64_t body_at, receipt_at;
    uint32_t body_size, receipt_size;
    enum held_state state;
    bool bare, lines; /* no envelope; one event a line */
    bool stuck;       /* bare, and its events can never be letters here */
};

struct held {
    struct held_message *messages;
    size_t count, capacity;
    uint32_t *slots; /* a hash of `message`: index + 1; 0: free */
    size_t slot_count;
    bool sorted; /* by id, then as the copies are ordered; what is bare comes last */
    int fd;      /* -1: not made yet */
    uint64_t file_size;
    uint64_t key[2];
};

void held_init(struct held *held);
void held_fini(struct held *held);

struct sp_digest128 held_digest(const struct held *held, const char *message_id);

/* The message with that digest, or NULL. */
struct held_message *held_find(struct held *held, struct sp_digest128 message);

/* Adds a message with its body and receipt, or gives one that is there its newer receipt. */
int held_add(struct held *held, const struct held_message *message, struct sp_slice body, const char *receipt,
             struct held_message **out, struct sp_error *err) SP_MUST_CHECK;

/* `out` has room for it and a NUL. */
int held_read(const struct held *held, uint64_t at, uint32_t size, char *out,
              struct sp_error *err) SP_MUST_CHECK;

/* Forgets what is gone, was shown to others, or whose lease ends before `horizon`: it comes again. */
void held_keep_leased(struct held *held, int64_t horizon);

/* Whose leases hold, but end within a third of `lease_ns`: the indexes of `most` at most, from *at on and
 * around; *at is behind them.  0: nothing needs a longer lease before *from_out, nor does what is added from
 * now on with a lease of that length. */
size_t held_due(const struct held *held, int64_t now, int64_t lease_ns, size_t *at, size_t *indexes,
                size_t most, int64_t *from_out);

/* Afterwards the copies of a letter stand beside each other. */
void held_sort(struct held *held);
/* How many from `at` on are of the same letter. */
size_t held_group(const struct held *held, size_t at);
/* The first copy of a letter, or held->count. */
size_t held_look_up(const struct held *held, const unsigned char id[SP_SHA256_SIZE]);
/* The letter whose copies begin at `at`; *newest_out: the last of those that are not gone, or NULL. */
struct history held_fold(const struct held *held, size_t at, const struct held_message **newest_out);

#endif
