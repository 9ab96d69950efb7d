/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/service.h"

#include "base/log.h"
#include "cmd/cmd.h"
#include "config/options.h"

#include <inttypes.h>
#include <time.h>

static const int64_t status_every_ns = 2 * SP_SECOND;

/* The bound of a stop is the engine's; closing its stages comes behind it. */
static const int64_t closing_ns = 5 * SP_SECOND;

static bool is_asked(const struct service *service)
{
    return service->notify.fd >= 0;
}

static bool tell(const struct service *service, const struct buffer *lines)
{
    return is_asked(service) && notify_send(&service->notify, lines);
}

static bool tell_text(const struct service *service, const char *lines)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_add_text(&text, lines);
    return tell(service, &text);
}

/* Sends what the manager must not miss and has not taken yet.  It brings a status of its own. */
static void tell_kept(struct service *service)
{
    if (service->kept.size == 0 || !tell(service, &service->kept))
        return;
    buffer_clear(&service->kept);
    buffer_clear(&service->status);
}

/* In their order; what is not taken now is sent again, unless the next comes first. */
static void tell_surely(struct service *service, const struct buffer *lines)
{
    tell_kept(service);
    buffer_clear(&service->kept);
    buffer_add(&service->kept, lines->data, lines->size);
    tell_kept(service);
}

void service_open(struct service *service)
{
    *service = (struct service){.meter = {.at = sp_clock_now()}};
    notify_open(&service->notify);
}

void service_close(struct service *service)
{
    buffer_fini(&service->status);
    buffer_fini(&service->kept);
    notify_close(&service->notify);
}

void service_ready(struct service *service)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    service->refused = false;
    service->status_at = 0;
    buffer_add_text(&text, "READY=1\nSTATUS=started\n");
    tell_surely(service, &text);
}

/* The manager tells a reload from the one before by this clock, which is not the one that is used elsewhere.
 */
void service_reloading(struct service *service, int64_t most_ns)
{
    struct timespec now;
    SP_AUTO(buffer_fini) struct buffer text = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t usec = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
    buffer_printf(&text,
                  "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nEXTEND_TIMEOUT_USEC=%" PRId64
                  "\nSTATUS=reading the file again\n",
                  usec, (most_ns + closing_ns) / 1000);
    tell_surely(service, &text);
}

void service_opening(struct service *service, int64_t most_ns)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_printf(&text, "EXTEND_TIMEOUT_USEC=%" PRId64 "\nSTATUS=loading and opening the stages\n",
                  (most_ns + closing_ns) / 1000);
    tell_surely(service, &text);
}

void service_refused(struct service *service)
{
    service_ready(service);
    service->refused = true;
}

void service_stopping(struct service *service, int64_t grace_ns)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    if (service->stopping)
        return;
    service->stopping = true;
    buffer_printf(&text,
                  "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRId64
                  "\nSTATUS=stopping; what is in flight is finished or handed back\n",
                  (grace_ns + closing_ns) / 1000);
    tell_surely(service, &text);
}

/* True while all go on. */
static bool note_stuck(struct service *service, const char *stuck, int64_t now)
{
    if (stuck && service->stuck_since == 0) {
        service->stuck_since = now;
        sp_log(SP_ERROR, "the thread %s stands still; the watchdog is told no more, and starts a new process",
               stuck);
    } else if (!stuck && service->stuck_since != 0) {
        service->stuck_since = 0;
        sp_log(SP_INFO, "all threads go on again");
    }
    return !stuck;
}

void service_beat(struct service *service, const char *stuck)
{
    if (service->notify.watchdog_ns == 0 || note_stuck(service, stuck, sp_clock_now()))
        service_keep_alive(service);
}

void service_keep_alive(struct service *service)
{
    int64_t now = sp_clock_now(), every = service->notify.watchdog_ns / 2;
    tell_kept(service);
    if (every > 0 && (service->beat_at == 0 || now - service->beat_at >= every))
        service->beat_at = tell_text(service, "WATCHDOG=1\n") ? now : service->beat_at;
}

bool service_wants_status(const struct service *service)
{
    return is_asked(service) && !service->stopping &&
           (service->status_at == 0 || sp_clock_now() - service->status_at >= status_every_ns);
}

static void add_trouble(struct buffer *out, const struct engine_report *report)
{
    char lasts[32];
    buffer_printf(out, "held up by the %s", report->trouble);
    if (report->trouble_ns >= SP_SECOND) {
        option_format_duration(report->trouble_ns / SP_SECOND * SP_SECOND, lasts);
        buffer_printf(out, " for %s", lasts);
    }
    if (report->trouble_why[0]) {
        buffer_add_text(out, " (");
        cmd_add_escaped(out, sp_slice_of(report->trouble_why));
        buffer_add_char(out, ')');
    }
    buffer_add_text(out, "; ");
}

void service_line(struct buffer *out, const struct engine_report *report, struct display_rates rates,
                  bool refused)
{
    if (report->halted)
        buffer_printf(out, "%s; ", report->halted);
    if (report->trouble)
        add_trouble(out, report);
    buffer_printf(out, "%s; read %" PRIu64 " (%.0f/s)", display_where(report), report->events_read,
                  rates.read);
    if (report->queue_known)
        buffer_printf(out, ", queue %" PRIu64 "+%" PRIu64, report->queue_visible, report->queue_leased);
    buffer_printf(out, ", written %" PRIu64 " (%.0f/s), rejected %" PRIu64, report->events_written,
                  rates.written, report->letters_stored);
    if (report->cursor[0]) {
        buffer_add_text(out, ", cursor ");
        cmd_add_escaped(out, sp_slice_of(report->cursor));
    }
    if (refused)
        buffer_add_text(out, "; the file was refused at the last reload, see the log");
}

void service_status(struct service *service, const struct engine_report *report)
{
    int64_t now = sp_clock_now();
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_add_text(&text, "STATUS=");
    service_line(&text, report, display_meter(&service->meter, report, now), service->refused);
    buffer_add_char(&text, '\n');
    bool news = !service->status.data || strcmp(text.data, service->status.data) != 0;
    service->status_at = now;
    if (!news || service->kept.size > 0 || !tell(service, &text))
        return;
    buffer_clear(&service->status);
    buffer_add(&service->status, text.data, text.size);
}
