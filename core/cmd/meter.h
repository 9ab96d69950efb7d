/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_METER_H
#define CMD_METER_H

/* One line on a terminal that says how far a command is, drawn again in place. */

#include "base/buffer.h"

struct meter {
    const char *done_word; /* "redriven" */
    uint64_t total;        /* 0: not known */
    bool on;               /* false: nothing is drawn */
    int64_t begun, drawn_at;
};

/* Draws where standard error is a terminal. */
void meter_open(struct meter *meter, const char *done_word, uint64_t total);
/* To be called as often as one likes. */
void meter_update(struct meter *meter, uint64_t done);
/* Wipes the line. */
void meter_close(struct meter *meter);

/* The line, cut to the width.  Pure. */
void meter_line(struct buffer *out, const struct meter *meter, uint64_t done, int64_t now, size_t width);

#endif
