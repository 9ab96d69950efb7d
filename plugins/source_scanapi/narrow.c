/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "narrow.h"

#include <stdlib.h>

/* So often the same bytes must come running before they are believed. */
enum { TIMES = 3 };

static bool same(struct sp_digest128 a, struct sp_digest128 b)
{
    return a.low == b.low && a.high == b.high;
}

void narrow_reset(struct narrow *narrow)
{
    free(narrow->poison);
    *narrow = (struct narrow){.phase = NARROW_OFF};
}

int64_t narrow_limit(const struct narrow *narrow, int64_t page_size)
{
    return narrow->phase == NARROW_OFF ? page_size : narrow->limit;
}

int64_t narrow_ahead(const struct narrow *narrow)
{
    return narrow->phase == NARROW_CONFIRMING ? narrow->ahead - 1
           : narrow->phase == NARROW_PASSING  ? narrow->ahead
                                              : 0;
}

static void begin(struct narrow *narrow, int64_t limit)
{
    narrow->phase = NARROW_HALVING;
    narrow->limit = limit > 1 ? limit : 1;
    narrow->times = 0;
}

enum narrow_verdict narrow_readable(struct narrow *narrow, int64_t page_size)
{
    switch (narrow->phase) {
    case NARROW_PASSING:
        narrow->phase = NARROW_CONFIRMING;
        return NARROW_AGAIN;
    case NARROW_CONFIRMING:
        /* The suspect can be read by now. */
        narrow_reset(narrow);
        return NARROW_AGAIN;
    case NARROW_HALVING:
        if (narrow->limit < page_size / 2) {
            begin(narrow, narrow->limit * 2);
            narrow->uniform = narrow->wider_came = false;
            return NARROW_TAKE;
        }
        break;
    case NARROW_OFF:
        break;
    }
    narrow_reset(narrow);
    return NARROW_TAKE;
}

bool narrow_halve(struct narrow *narrow, int64_t asked)
{
    if (asked <= 1)
        return false;
    begin(narrow, asked / 2);
    return true;
}

static void count(struct narrow *narrow, struct sp_digest128 digest)
{
    narrow->times = narrow->times && same(narrow->last, digest) ? narrow->times + 1 : 1;
    narrow->last = digest;
}

static enum narrow_verdict while_off(struct narrow *narrow, int64_t page_size, struct sp_digest128 digest)
{
    if (narrow->given_up && same(narrow->hopeless, digest))
        return NARROW_OUTAGE;
    narrow->given_up = false;
    count(narrow, digest);
    if (narrow->times < TIMES)
        return NARROW_OUTAGE;
    begin(narrow, page_size / 2);
    narrow->base = digest;
    narrow->uniform = true;
    narrow->wider_came = false;
    return NARROW_AGAIN;
}

/* What may well be an outage after all is told as one, and never asked for without a pause. */
static enum narrow_verdict told_while_passing(const struct narrow *narrow, enum narrow_shape shape)
{
    return shape == NARROW_CUT && !narrow->uniform ? NARROW_AGAIN : NARROW_OUTAGE;
}

static enum narrow_verdict suspect(struct narrow *narrow, struct sp_slice body, enum narrow_shape shape)
{
    free(narrow->poison);
    narrow->poison = malloc(body.size + 1);
    if (!narrow->poison)
        return NARROW_OUTAGE;
    memcpy(narrow->poison, body.data, body.size);
    narrow->poison_size = body.size;
    narrow->phase = NARROW_PASSING;
    narrow->ahead = 1;
    narrow->confirmed = 0;
    return told_while_passing(narrow, shape);
}

static enum narrow_verdict while_halving(struct narrow *narrow, struct sp_slice body,
                                         struct sp_digest128 digest, enum narrow_shape shape)
{
    narrow->uniform = narrow->uniform && same(narrow->base, digest);
    if (narrow->limit > 1) {
        narrow->wider = digest;
        narrow->wider_came = true;
        begin(narrow, narrow->limit / 2);
        return NARROW_AGAIN;
    }
    count(narrow, digest);
    if (narrow->times < TIMES)
        return NARROW_OUTAGE;
    if (narrow->uniform && shape != NARROW_CUT) {
        narrow_reset(narrow);
        narrow->given_up = true;
        narrow->hopeless = digest;
        return NARROW_OUTAGE;
    }
    if (shape == NARROW_OTHER && narrow->wider_came && same(narrow->wider, digest))
        return NARROW_OUTAGE;
    return suspect(narrow, body, shape);
}

static enum narrow_verdict while_passing(struct narrow *narrow, struct sp_digest128 digest,
                                         enum narrow_shape shape)
{
    if (same(narrow->last, digest)) {
        narrow->ahead++;
        narrow->confirmed = 0;
        return told_while_passing(narrow, shape);
    }
    if (shape != NARROW_CUT)
        return NARROW_OUTAGE;
    narrow->phase = NARROW_CONFIRMING;
    return NARROW_AGAIN;
}

static enum narrow_verdict while_confirming(struct narrow *narrow, struct sp_digest128 digest,
                                            enum narrow_shape shape)
{
    if (!same(narrow->last, digest)) {
        if (shape == NARROW_CUT)
            narrow_reset(narrow);
        return NARROW_OUTAGE;
    }
    if (++narrow->confirmed < TIMES) {
        narrow->phase = NARROW_PASSING;
        return NARROW_AGAIN;
    }
    begin(narrow, 1);
    return NARROW_POISON;
}

enum narrow_verdict narrow_unreadable(struct narrow *narrow, int64_t page_size, struct sp_slice body,
                                      struct sp_digest128 digest, enum narrow_shape shape)
{
    if (shape == NARROW_MARKUP)
        return NARROW_OUTAGE;
    switch (narrow->phase) {
    case NARROW_HALVING:
        return while_halving(narrow, body, digest, shape);
    case NARROW_PASSING:
        return while_passing(narrow, digest, shape);
    case NARROW_CONFIRMING:
        return while_confirming(narrow, digest, shape);
    case NARROW_OFF:
        break;
    }
    return while_off(narrow, page_size, digest);
}
