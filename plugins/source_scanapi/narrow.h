/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_NARROW_H
#define SCANAPI_NARROW_H

/*
 * What to ask for when a page cannot be read.  Pure, but for the copy that it keeps of a poison's bytes.
 *
 * At first that is an outage: the same is asked again.  When the same unreadable bytes came three times
 * running, the limit is halved, and halved again, from the first id on of which nothing was read: what
 * can be read on the way is taken and doubles the limit again.  What is still unreadable, three times
 * running, at limit 1 is a suspect.  It is a poison, and becomes a dead letter, when
 *
 *   - some limit gave other bytes, or the feed's own envelope was cut within an element (else it is the
 *     page of a proxy: an outage),
 *   - asking id by id further on, another answer comes that is a page of the feed,
 *   - and after that the suspect's last id still gives the same bytes (else all was an outage), and so
 *     on in turn, three times.
 *
 * Only then the cursor moves: so no outage, whatever it looks like, makes reading skip an event.
 */

#include "page.h"

#include <scanpipe/host.h>

enum narrow_phase { NARROW_OFF, NARROW_HALVING, NARROW_PASSING, NARROW_CONFIRMING };

/* What an unreadable answer looks like. */
enum narrow_shape {
    NARROW_MARKUP, /* HTML and the like: never the feed's */
    NARROW_OTHER,
    NARROW_CUT, /* the feed's envelope, and a part of an element at least */
};

enum narrow_verdict {
    NARROW_OUTAGE, /* tell the core; the same is asked again after its pause */
    NARROW_AGAIN,  /* ask in another way, at once */
    NARROW_TAKE,   /* the page can be used */
    NARROW_POISON, /* narrow.poison is a dead letter, and reading goes on at narrow.ahead further */
};

struct narrow {
    enum narrow_phase phase;
    int64_t limit;
    int64_t ahead; /* ids to go beyond the first of which nothing was read */
    struct sp_digest128 last, base, wider, hopeless;
    unsigned times; /* that `last` came running */
    unsigned confirmed;
    bool uniform;    /* since halving began, all that came was `base` */
    bool given_up;   /* every limit gave `hopeless` */
    bool wider_came; /* at a limit above 1, since something could be read */
    char *poison;    /* heap */
    size_t poison_size;
};

/* Back to the start; also frees. */
void narrow_reset(struct narrow *narrow);

/* How much to ask for, and from how many ids beyond the first of which nothing was read (only while
 * the phase is not NARROW_OFF). */
int64_t narrow_limit(const struct narrow *narrow, int64_t page_size);
int64_t narrow_ahead(const struct narrow *narrow);

/* The answer can be read, and was asked for with `page_size` at most. */
enum narrow_verdict narrow_readable(struct narrow *narrow, int64_t page_size);

/* Ask for half of what was asked for from here on, without an outage first.  False: that was 1 already. */
bool narrow_halve(struct narrow *narrow, int64_t asked);

enum narrow_verdict narrow_unreadable(struct narrow *narrow, int64_t page_size, struct sp_slice body,
                                      struct sp_digest128 digest, enum narrow_shape shape);

#endif
