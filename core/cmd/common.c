/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/utf8.h"
#include "cmd/cmd.h"
#include "config/options.h"
#include "ops/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

void cmd_complain(const char *hint, const char *format, ...)
{
    va_list arguments;
    fputs("scanpipe: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (hint && *hint)
        fprintf(stderr, "  = %s\n", hint);
}

void cmd_complain_error(const struct sp_error *err)
{
    cmd_complain(err->cure, "%s", err->text);
}

/* U+0080 to U+009F are control characters too; U+202A to U+202E and U+2066 to U+2069 turn text around. */
static bool is_harmless(const unsigned char *text, size_t length)
{
    if (length == 1)
        return text[0] >= 0x20 && text[0] != 0x7f;
    if (length == 2)
        return !(text[0] == 0xc2 && text[1] < 0xa0);
    if (length == 3 && text[0] == 0xe2)
        return !(text[1] == 0x80 && text[2] >= 0xa8 && text[2] <= 0xae) &&
               !(text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9);
    return length > 0;
}

void cmd_add_escaped(struct buffer *out, struct sp_slice text)
{
    for (size_t at = 0; at < text.size;) {
        size_t length = utf8_length(text.data + at, text.size - at);
        if (is_harmless((const unsigned char *)text.data + at, length)) {
            buffer_add(out, text.data + at, length);
            at += length;
            continue;
        }
        for (size_t end = at + (length ? length : 1); at < end; at++)
            buffer_printf(out, "\\x%02x", (unsigned char)text.data[at]);
    }
}

void cmd_add_member(struct buffer *out, const char *name, const char *text)
{
    if (!text)
        return;
    buffer_printf(out, ",\"%s\":", name);
    buffer_add_json(out, sp_slice_of(text));
}

bool cmd_print(const struct buffer *text)
{
    if (text->size)
        fwrite(text->data, 1, text->size, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    cmd_complain(NULL, "cannot write to standard output: %s", strerror(errno));
    return false;
}

const char *cmd_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Whether the file is one that can be read at all; the text of it is pipeline_load's to judge. */
static bool is_readable_file(const char *path)
{
    struct stat about;
    if (strcmp(path, "-") == 0)
        return true;
    const char *hint = "name the pipeline's file with -c FILE";
    if (stat(path, &about) != 0 || access(path, R_OK) != 0) {
        cmd_complain(hint, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    if (S_ISDIR(about.st_mode)) {
        cmd_complain(hint, "cannot read %s: it is a folder", path);
        return false;
    }
    return true;
}

/* A line that is drawn in place may stand there: it is drawn again. */
static void tell_waiting(const char *stage, const struct sp_error *err, int64_t left_ns)
{
    char left[32];
    option_format_duration((left_ns + SP_SECOND - 1) / SP_SECOND * SP_SECOND, left);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    cmd_complain(err->cure, "%s: %s; trying again for up to %s", stage, err->text, left);
}

struct pipeline *cmd_load(const char *path, int *exit_out)
{
    if (!is_readable_file(path)) {
        *exit_out = EXIT_NO_INPUT;
        return NULL;
    }
    folders_setup();
    hand_tell_with(tell_waiting);
    struct diag *diag = diag_new(path, (struct sp_slice){0});
    struct pipeline *pipeline = pipeline_load(path, diag);
    SP_AUTO(buffer_fini) struct buffer text = {0};
    diag_print(diag, &text);
    diag_free(diag);
    fputs(buffer_text(&text), stderr);
    if (!pipeline)
        *exit_out = EXIT_CONFIG;
    return pipeline;
}

size_t cmd_terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
