/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_format format_now = LOG_TEXT;
static enum sp_level level_now = SP_INFO;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*step_aside)(void), (*step_back)(void);
static _Thread_local const char *name_now = "core";

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_setup(enum log_format format, enum sp_level level)
{
    format_now = format;
    level_now = level;
}

bool log_enabled(enum sp_level level)
{
    return level <= level_now;
}

const char *log_name(const char *name)
{
    const char *before = name_now;
    name_now = name;
    return before;
}

void log_around(void (*before)(void), void (*after)(void))
{
    pthread_mutex_lock(&lock);
    step_aside = before;
    step_back = after;
    pthread_mutex_unlock(&lock);
}

static void write_line(const struct buffer *line)
{
    pthread_mutex_lock(&lock);
    if (step_aside)
        step_aside();
    for (size_t at = 0; at < line->size;) {
        ssize_t put = write(STDERR_FILENO, line->data + at, line->size - at);
        if (put < 0 && errno != EINTR)
            break;
        at += put > 0 ? (size_t)put : 0;
    }
    if (step_back)
        step_back();
    pthread_mutex_unlock(&lock);
}

void log_lines(enum sp_level level, const char *lines)
{
    if (!log_enabled(level))
        return;
    if (format_now == LOG_TEXT) {
        SP_AUTO(buffer_fini) struct buffer text = {0};
        buffer_add_text(&text, lines);
        write_line(&text);
        return;
    }
    for (size_t size; *lines; lines += size + (lines[size] == '\n')) {
        size = strcspn(lines, "\n");
        sp_log(level, "%.*s", (int)size, lines);
    }
}

void sp_log(enum sp_level level, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    char text[1024], when[32];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof text)
        text[utf8_cut(text, sizeof text, sizeof text - 1)] = '\0';
    utf8_make_printable(text);
    clock_format_wall(sp_clock_wall_ms(), when);
    SP_AUTO(buffer_fini) struct buffer line = {0};
    if (format_now == LOG_JSON) {
        buffer_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"from\":\"%s\",\"message\":", when,
                      level_names[level], name_now);
        buffer_add_json(&line, sp_slice_of(text));
        buffer_add_text(&line, "}\n");
    } else {
        buffer_printf(&line, "%s %-5s %s: %s\n", when, level_names[level], name_now, text);
    }
    write_line(&line);
}
