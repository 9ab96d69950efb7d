/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/utf8.h"

#include <scanpipe/error.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const class_names[] = {
    [SP_OK] = "ok",
    [SP_UNAVAILABLE] = "unavailable",
    [SP_THROTTLED] = "throttled",
    [SP_CONTENDED] = "contended",
    [SP_UNCERTAIN] = "uncertain",
    [SP_REJECTED] = "rejected",
    [SP_REFUSED] = "refused",
    [SP_UNKNOWN] = "unknown",
    [SP_STOPPED] = "stopped",
};

const char *sp_class_name(enum sp_class class)
{
    size_t count = sizeof class_names / sizeof *class_names;
    return (size_t) class < count ? class_names[class] : "unknown";
}

static void format_into(char *out, size_t capacity, const char *format, va_list arguments)
{
    int length = vsnprintf(out, capacity, format, arguments);
    if (length >= (int)capacity)
        out[utf8_cut(out, capacity, capacity - 1)] = '\0';
    /* What servers and events say goes into one line of a log. */
    utf8_make_printable(out);
}

int sp_fail(struct sp_error *err, enum sp_class class, const char *format, ...)
{
    va_list arguments;
    err->class = class;
    err->retry_after_ns = 0;
    err->cure[0] = '\0';
    va_start(arguments, format);
    format_into(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    return -1;
}

int sp_fail_cure(struct sp_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_into(err->cure, sizeof err->cure, format, arguments);
    va_end(arguments);
    return -1;
}

void sp_error_context(struct sp_error *err, const char *format, ...)
{
    char text[sizeof err->text], context[sizeof err->text];
    va_list arguments;
    memcpy(text, err->text, sizeof text);
    va_start(arguments, format);
    format_into(context, sizeof context, format, arguments);
    va_end(arguments);
    int length = snprintf(err->text, sizeof err->text, "%s: %s", context, text);
    if (length >= (int)sizeof err->text)
        err->text[utf8_cut(err->text, sizeof err->text, sizeof err->text - 1)] = '\0';
}
