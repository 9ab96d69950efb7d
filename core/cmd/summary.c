/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/summary.h"

#include "cmd/cmd.h"

#include <inttypes.h>

static double seconds(const struct engine_report *report)
{
    return (double)report->elapsed_ns / (double)SP_SECOND;
}

/* Events a second, of the half that worked: a process without a source reads none. */
static double rate(const struct engine_report *report)
{
    uint64_t events = report->events_read ? report->events_read : report->events_received;
    return report->elapsed_ns > 0 ? (double)events / seconds(report) : 0;
}

static void add_text(struct buffer *out, const char *pipeline, const struct engine_report *report,
                     bool stopped)
{
    buffer_printf(out, "%s: %s after %.1f s\n", pipeline,
                  stopped ? "stopped" : (report->caught_up ? "caught up" : "ended"), seconds(report));
    bool only_wrote = report->events_read == 0 && report->events_received > 0;
    buffer_printf(out, "  read      %" PRIu64 " event%s in %" PRIu64 " page%s", report->events_read,
                  cmd_plural(report->events_read), report->pages_read, cmd_plural(report->pages_read));
    if (!only_wrote)
        buffer_printf(out, ", %.0f a second", rate(report));
    buffer_add_char(out, '\n');
    buffer_printf(out, "  repeated  %" PRIu64 "\n", report->events_repeated);
    buffer_printf(out, "  written   %" PRIu64 " in %" PRIu64 " write%s", report->events_written,
                  report->writes, cmd_plural(report->writes));
    if (only_wrote && report->events_written > 0)
        buffer_printf(out, ", %.0f a second", rate(report));
    buffer_add_char(out, '\n');
    buffer_printf(out, "  rows      %" PRIu64 " touched\n", report->rows_touched);
    buffer_printf(out, "  unwanted  %" PRIu64 "\n", report->events_unwanted);
    buffer_printf(out, "  rejected  %" PRIu64, report->letters_stored);
    for (size_t i = 0; report->letters_by_class[i].class; i++)
        buffer_printf(out, "%s%s %" PRIu64, i ? ", " : ": ", report->letters_by_class[i].class,
                      report->letters_by_class[i].count);
    buffer_add_char(out, '\n');
    if (report->cursor[0]) {
        buffer_add_text(out, "  cursor    ");
        cmd_add_escaped(out, sp_slice_of(report->cursor));
        buffer_add_char(out, '\n');
    }
}

static void add_count(struct buffer *out, const char *name, uint64_t count)
{
    buffer_printf(out, ",\"%s\":%" PRIu64, name, count);
}

static void add_json(struct buffer *out, const char *pipeline, const struct engine_report *report,
                     bool stopped)
{
    buffer_add_text(out, "{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(pipeline));
    buffer_printf(out, ",\"caught_up\":%s,\"stopped\":%s", report->caught_up ? "true" : "false",
                  stopped ? "true" : "false");
    add_count(out, "pages_read", report->pages_read);
    add_count(out, "events_read", report->events_read);
    add_count(out, "events_repeated", report->events_repeated);
    add_count(out, "not_events", report->not_events);
    add_count(out, "messages_sent", report->messages_sent);
    add_count(out, "events_sent", report->events_sent);
    add_count(out, "messages_received", report->messages_received);
    add_count(out, "events_received", report->events_received);
    add_count(out, "events_written", report->events_written);
    add_count(out, "events_unwanted", report->events_unwanted);
    add_count(out, "rows_touched", report->rows_touched);
    add_count(out, "writes", report->writes);
    add_count(out, "events_rejected", report->letters_stored);
    buffer_add_text(out, ",\"rejected\":{");
    for (size_t i = 0; report->letters_by_class[i].class; i++)
        buffer_printf(out, "%s\"%s\":%" PRIu64, i ? "," : "", report->letters_by_class[i].class,
                      report->letters_by_class[i].count);
    buffer_printf(out, "},\"seconds\":%.3f,\"events_per_second\":%.0f,\"cursor\":", seconds(report),
                  rate(report));
    buffer_add_json(out, sp_slice_of(report->cursor));
    buffer_add_text(out, "}\n");
}

void summary_add(struct buffer *out, const char *pipeline, const struct engine_report *report, bool stopped,
                 bool json)
{
    (json ? add_json : add_text)(out, pipeline, report, stopped);
}

static void add_reason(struct engine_report *report, const struct engine_reason *more)
{
    struct engine_reason *reasons = report->letters_by_class;
    size_t at = 0, most = sizeof report->letters_by_class / sizeof *reasons;
    while (at + 1 < most && reasons[at].class && strcmp(reasons[at].class, more->class) != 0)
        at++;
    reasons[at].class = more->class;
    reasons[at].count += more->count;
}

void summary_add_before(struct engine_report *report, const struct engine_report *before)
{
    report->pages_read += before->pages_read;
    report->events_read += before->events_read;
    report->events_repeated += before->events_repeated;
    report->not_events += before->not_events;
    report->messages_sent += before->messages_sent;
    report->events_sent += before->events_sent;
    report->messages_received += before->messages_received;
    report->events_received += before->events_received;
    report->events_written += before->events_written;
    report->events_unwanted += before->events_unwanted;
    report->rows_touched += before->rows_touched;
    report->writes += before->writes;
    report->letters_stored += before->letters_stored;
    report->elapsed_ns += before->elapsed_ns;
    for (size_t i = 0; before->letters_by_class[i].class; i++)
        add_reason(report, &before->letters_by_class[i]);
    if (!report->cursor[0])
        memcpy(report->cursor, before->cursor, sizeof report->cursor);
}
