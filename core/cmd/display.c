/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/display.h"

#include "base/log.h"
#include "base/utf8.h"
#include "cmd/cmd.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* Each line is wiped to its end as it is drawn, so that nothing flickers. */
#define WIPE_LINE  "\033[K"
#define WIPE_BELOW "\033[J"
#define LINE_UP    "\033[A"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char name[80];       /* a pipeline's has 64 at most */
static struct buffer shown; /* what stands on the terminal, or will again when the log is done */
static bool drawn;

static struct display_meter meter;

static void put(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, text, size);
        if (written <= 0)
            return;
        text += written;
        size -= (size_t)written;
    }
}

static void erase(void)
{
    if (drawn)
        put("\r" LINE_UP WIPE_BELOW, strlen("\r" LINE_UP WIPE_BELOW));
    drawn = false;
}

/* The cursor stays at the end of the second line. */
static void draw(void)
{
    if (!shown.size)
        return;
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_add_text(&text, drawn ? "\r" LINE_UP : "");
    size_t first = strcspn(shown.data, "\n");
    buffer_add(&text, shown.data, first);
    buffer_add_text(&text, WIPE_LINE "\n");
    buffer_add_text(&text, shown.data + first + 1);
    buffer_add_text(&text, WIPE_LINE);
    put(text.data, text.size);
    drawn = true;
}

static void before_log(void)
{
    pthread_mutex_lock(&lock);
    erase();
}

static void after_log(void)
{
    draw();
    pthread_mutex_unlock(&lock);
}

/* A line that wraps could not be drawn over. */
static void add_cut(struct buffer *out, const struct buffer *line, size_t width)
{
    size_t at = 0;
    for (size_t columns = 0; at < line->size && columns + 1 < width; columns++)
        at += utf8_length(line->data + at, line->size - at);
    buffer_add(out, line->data, at);
}

const char *display_where(const struct engine_report *report)
{
    if (!report->has_source)
        return "writes what is queued";
    if (!report->holds_poller)
        return "another process reads";
    return report->caught_up ? "caught up" : "reading on";
}

void display_lines(struct buffer *out, const char *pipeline, const struct engine_report *report,
                   struct display_rates rates_now, size_t width)
{
    SP_AUTO(buffer_fini) struct buffer line = {0};
    buffer_printf(&line, "%s  read %" PRIu64 " (%.0f/s)  sent %" PRIu64, pipeline, report->events_read,
                  rates_now.read, report->events_sent);
    if (report->queue_known)
        buffer_printf(&line, "  queue %" PRIu64 "+%" PRIu64, report->queue_visible, report->queue_leased);
    add_cut(out, &line, width);
    buffer_add_char(out, '\n');
    buffer_clear(&line);
    buffer_printf(&line, "  written %" PRIu64 " (%.0f/s)  rejected %" PRIu64 "  %s", report->events_written,
                  rates_now.written, report->letters_stored, display_where(report));
    if (report->halted)
        buffer_printf(&line, ", %s", report->halted);
    if (report->trouble)
        buffer_printf(&line, ", held up by the %s", report->trouble);
    if (report->cursor[0]) {
        buffer_add_text(&line, ", cursor ");
        cmd_add_escaped(&line, sp_slice_of(report->cursor));
    }
    add_cut(out, &line, width);
}

void display_open(const char *pipeline)
{
    snprintf(name, sizeof name, "%s", pipeline);
    meter = (struct display_meter){.at = sp_clock_now()};
    log_around(before_log, after_log);
}

static double rate(uint64_t now, uint64_t before, int64_t passed_ns)
{
    return (double)(now - before) * (double)SP_SECOND / (double)passed_ns;
}

struct display_rates display_meter(struct display_meter *at, const struct engine_report *report, int64_t now)
{
    int64_t passed = now - at->at;
    if (passed >= SP_SECOND || (at->rates.read == 0 && at->rates.written == 0 && passed > 0)) {
        at->rates.read = rate(report->events_read, at->read, passed);
        at->rates.written = rate(report->events_written, at->written, passed);
        at->read = report->events_read;
        at->written = report->events_written;
        at->at = now;
    }
    return at->rates;
}

void display_update(const struct engine_report *report)
{
    struct display_rates rates = display_meter(&meter, report, sp_clock_now());
    pthread_mutex_lock(&lock);
    buffer_clear(&shown);
    display_lines(&shown, name, report, rates, cmd_terminal_width());
    draw();
    pthread_mutex_unlock(&lock);
}

void display_close(void)
{
    log_around(NULL, NULL);
    pthread_mutex_lock(&lock);
    erase();
    buffer_fini(&shown);
    pthread_mutex_unlock(&lock);
}
