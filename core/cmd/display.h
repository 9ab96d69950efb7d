/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DISPLAY_H
#define CMD_DISPLAY_H

/*
 * Two lines at the bottom of the terminal that say what flows, drawn again in place.  They step aside
 * while the log writes.  One display a process, driven by the main thread.
 */

#include "engine/engine.h"

void display_open(const char *pipeline);
void display_update(const struct engine_report *report);
void display_close(void);

struct display_rates {
    double read, written; /* events a second */
};

/* Rates are taken over at least a second, once there are any.  `at` is when it begins. */
struct display_meter {
    int64_t at;
    uint64_t read, written; /* as they were then */
    struct display_rates rates;
};
struct display_rates display_meter(struct display_meter *meter, const struct engine_report *report,
                                   int64_t now);

/* What the pipeline does, in a few words.  Pure. */
const char *display_where(const struct engine_report *report);

/* The two lines for a report, "a\nb", each cut to the width.  Pure. */
void display_lines(struct buffer *out, const char *pipeline, const struct engine_report *report,
                   struct display_rates rates, size_t width);

#endif
