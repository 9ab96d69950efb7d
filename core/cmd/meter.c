/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/meter.h"

#include "cmd/cmd.h"
#include "config/options.h"

#include <inttypes.h>
#include <scanpipe/host.h>
#include <stdio.h>
#include <unistd.h>

enum { BAR = 24 };

static const int64_t draw_every_ns = 100 * SP_MILLISECOND;

/* What would take longer is no estimate. */
static const double longest_left_s = 1000.0 * 86400;

void meter_open(struct meter *meter, const char *done_word, uint64_t total)
{
    *meter = (struct meter){.done_word = done_word,
                            .total = total,
                            .on = isatty(STDERR_FILENO),
                            .begun = sp_clock_now()};
}

static void add_bar(struct buffer *out, uint64_t done, uint64_t total)
{
    uint64_t filled = done < total ? (uint64_t)((double)done / (double)total * BAR) : BAR;
    buffer_add_text(out, "  [");
    for (uint64_t i = 0; i < BAR; i++)
        buffer_add_char(out, i < filled ? '#' : '-');
    buffer_printf(out, "] %3.0f %%", done < total ? (double)done / (double)total * 100 : 100.0);
}

void meter_line(struct buffer *out, const struct meter *meter, uint64_t done, int64_t now, size_t width)
{
    size_t start = out->size;
    double seconds = (double)(now - meter->begun) / (double)SP_SECOND;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    buffer_printf(out, "%s %" PRIu64, meter->done_word, done);
    if (meter->total > 0) {
        buffer_printf(out, " of %" PRIu64, meter->total);
        add_bar(out, done, meter->total);
    }
    buffer_printf(out, "  %.0f/s", rate);
    double more = meter->total > done && rate > 0 ? (double)(meter->total - done) / rate : 0;
    if (more > 0 && more < longest_left_s) {
        char left[32];
        option_format_duration((more < 1 ? 1 : (int64_t)more) * SP_SECOND, left);
        buffer_printf(out, "  %s left", left);
    }
    if (width > 0 && out->size - start >= width) {
        out->size = start + width - 1;
        out->data[out->size] = '\0';
    }
}

void meter_update(struct meter *meter, uint64_t done)
{
    int64_t now = sp_clock_now();
    if (!meter->on || (meter->drawn_at && now - meter->drawn_at < draw_every_ns))
        return;
    SP_AUTO(buffer_fini) struct buffer line = {0};
    meter_line(&line, meter, done, now, cmd_terminal_width());
    fprintf(stderr, "\r%s\033[K", line.data);
    meter->drawn_at = now;
}

void meter_close(struct meter *meter)
{
    if (meter->drawn_at)
        fputs("\r\033[K", stderr);
    meter->drawn_at = 0;
}
