/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

/*
 * A pipeline as a service: what a service manager is told, and when.  All of it from the main thread, out of
 * the loop that sees every thread go on.  Where no manager asked, nothing is told.
 */

#include "base/notify.h"
#include "cmd/display.h"

struct service {
    struct notify notify;
    struct display_meter meter;
    struct buffer status; /* as it was told last; empty: another one was */
    struct buffer kept;   /* READY=1 and its like, until it was taken */
    int64_t beat_at, status_at;
    int64_t stuck_since;    /* 0: no thread is */
    bool stopping, refused; /* the stop was told; the last reload changed nothing */
};

void service_open(struct service *service);
void service_close(struct service *service);

/* The pipeline runs: its stages are loaded and its threads are at work.  Whether servers answer is no part of
 * it: what is away is waited for. */
void service_ready(struct service *service);
/* Stages are loaded and opened, at the start and at a reload, which may take so long. */
void service_opening(struct service *service, int64_t most_ns);
/* The file is read again, and the pipeline that runs ends, which together may take so long; service_opening()
 * or service_refused() follows. */
void service_reloading(struct service *service, int64_t most_ns);
void service_refused(struct service *service);
/* It ends, which may take so long.  Told once. */
void service_stopping(struct service *service, int64_t grace_ns);

/* Now and then.  The watchdog is kept quiet, unless `stuck` names a thread that stands still. */
void service_beat(struct service *service, const char *stuck);
/* The same, where another bound watches the threads: of who stands still nothing is said. */
void service_keep_alive(struct service *service);
/* Whether it is time for the next status, for a report has its price. */
bool service_wants_status(const struct service *service);
void service_status(struct service *service, const struct engine_report *report);

/* How long a thread may stand still before the watchdog is told no more. */
static inline int64_t service_slack_ns(const struct service *service)
{
    return service->notify.watchdog_ns ? service->notify.watchdog_ns : INT64_MAX;
}

/* One line for people: what is held and why, then how far it is.  Pure. */
void service_line(struct buffer *out, const struct engine_report *report, struct display_rates rates,
                  bool refused);

#endif
