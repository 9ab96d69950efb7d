/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/diag_inside.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

#define MASK       "***"
#define MASK_WIDTH 3

/* Of a longer line only what is around the place is shown, in columns. */
#define WINDOW        100
#define WINDOW_BEFORE 50

void diag_text_fini(struct diag_text *text)
{
    free(text->data);
    free(text->lines);
    free(text->hidden);
    *text = (struct diag_text){0};
}

/* libyaml ends lines at CR, LF and CR LF; its other line ends are refused before it sees them. */
static size_t line_end_length(const char *at, size_t left)
{
    if (left >= 2 && at[0] == '\r' && at[1] == '\n')
        return 2;
    return left >= 1 && (at[0] == '\r' || at[0] == '\n');
}

static void find_lines(struct diag_text *text)
{
    size_t capacity = 64;
    text->lines = mem_alloc(capacity * sizeof *text->lines);
    text->lines[text->line_count++] = 0;
    for (size_t at = 0; at < text->size;) {
        size_t length = line_end_length(text->data + at, text->size - at);
        at += length ? length : 1;
        if (!length)
            continue;
        if (text->line_count == capacity) {
            capacity *= 2;
            text->lines = mem_realloc(text->lines, capacity * sizeof *text->lines);
        }
        text->lines[text->line_count++] = at;
    }
}

void diag_text_set(struct diag_text *text, struct sp_slice bytes)
{
    /* A byte order mark has no column. */
    if (bytes.size >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0)
        bytes = (struct sp_slice){bytes.data + 3, bytes.size - 3};
    diag_text_fini(text);
    text->data = mem_alloc(bytes.size + 1);
    if (bytes.size)
        memcpy(text->data, bytes.data, bytes.size);
    text->size = bytes.size;
    find_lines(text);
}

void diag_text_hide(struct diag_text *text, struct mark from, struct mark to)
{
    if (text->hidden_count == text->hidden_capacity) {
        text->hidden_capacity = text->hidden_capacity ? 2 * text->hidden_capacity : 16;
        text->hidden = mem_realloc(text->hidden, text->hidden_capacity * sizeof *text->hidden);
    }
    text->hidden[text->hidden_count++] = (struct hidden){from, to};
}

/* Sets mask[i] where column first + i of the line is hidden. */
static void find_mask(const struct diag_text *text, uint32_t line, uint32_t first, bool mask[WINDOW])
{
    memset(mask, 0, WINDOW * sizeof *mask);
    for (size_t i = 0; i < text->hidden_count; i++) {
        const struct hidden *hidden = &text->hidden[i];
        if (line < hidden->from.line || line > hidden->to.line)
            continue;
        uint32_t from = line == hidden->from.line ? hidden->from.column : 1;
        uint32_t to = line == hidden->to.line ? hidden->to.column : UINT32_MAX;
        for (uint32_t column = from > first ? from : first; column < to && column < first + WINDOW; column++)
            mask[column - first] = true;
    }
}

/* Well-formed text may still hold what a terminal obeys: C0, DEL and C1. */
static bool is_control(const char *at, size_t length)
{
    unsigned char first = (unsigned char)at[0];
    if (length == 1)
        return first < 0x20 || first == 0x7f;
    return length == 2 && first == 0xc2 && (unsigned char)at[1] < 0xa0;
}

/* Appends one character, or byte that is none. */
static void add_printable(struct buffer *out, const char *at, size_t length)
{
    if (utf8_length(at, length) == length && !is_control(at, length))
        buffer_add(out, at, length);
    else
        buffer_add_char(out, *at == '\t' || *at == '\n' || *at == '\r' ? ' ' : '?');
}

void diag_add_printable(struct buffer *out, struct sp_slice text, size_t limit)
{
    size_t shown = utf8_cut(text.data, text.size, limit);
    for (size_t at = 0, length; at < shown; at += length) {
        length = utf8_length(text.data + at, shown - at);
        length = length ? length : 1;
        add_printable(out, text.data + at, length);
    }
    if (shown < text.size)
        buffer_add_text(out, "...");
}

static struct sp_slice line_of(const struct diag_text *text, uint32_t line)
{
    const char *start = text->data + text->lines[line - 1];
    size_t left = text->size - text->lines[line - 1], size = 0;
    while (size < left && start[size] != '\n' && start[size] != '\r')
        size++;
    return (struct sp_slice){start, size};
}

/* Where the underline begins and ends, in columns of what is shown. */
struct caret {
    uint32_t from, to;
};

/* Widens the underline by what the column at hand takes of the shown line. */
static void underline(struct caret *caret, uint32_t from, uint32_t to)
{
    if (caret->to == 0)
        caret->from = from;
    caret->to = to;
}

static size_t skip_columns(struct sp_slice line, uint32_t count)
{
    size_t at = 0;
    for (uint32_t i = 0; i < count && at < line.size; i++) {
        size_t length = utf8_length(line.data + at, line.size - at);
        at += length ? length : 1;
    }
    return at;
}

/* Appends the part of the line around the mark and says what of it to underline. */
static struct caret add_line(const struct diag_text *text, struct mark mark, struct buffer *out)
{
    struct sp_slice line = line_of(text, mark.line);
    uint32_t first = mark.column > WINDOW - 10 ? mark.column - WINDOW_BEFORE : 1;
    uint32_t last = mark.column + (mark.width ? mark.width : 1) - 1;
    struct caret caret = {0, 0};
    bool mask[WINDOW];
    find_mask(text, mark.line, first, mask);
    size_t at = skip_columns(line, first - 1);
    uint32_t shown = first > 1 ? 3 : 0, mask_start = 0, i = 0;
    buffer_add_text(out, first > 1 ? "..." : "");
    for (; i < WINDOW && at < line.size; i++) {
        uint32_t start = shown;
        size_t length = skip_columns((struct sp_slice){line.data + at, line.size - at}, 1);
        if (!mask[i]) {
            add_printable(out, line.data + at, length);
            shown++;
        } else if (i > 0 && mask[i - 1]) {
            start = mask_start;
        } else {
            mask_start = shown;
            buffer_add_text(out, MASK);
            shown += MASK_WIDTH;
        }
        if (first + i >= mark.column && first + i <= last)
            underline(&caret, start, shown);
        at += length;
    }
    buffer_add_text(out, at < line.size ? "..." : "");
    /* A place behind the end of the line: something is missing there. */
    return caret.to ? caret : (struct caret){shown, shown + 1};
}

void diag_text_quote(const struct diag_text *text, struct mark mark, struct buffer *out)
{
    if (mark.line == 0 || mark.column == 0 || mark.line > text->line_count)
        return;
    if (text->lines[mark.line - 1] == text->size)
        return; /* the end of the file: there is no line to quote */
    SP_AUTO(buffer_fini) struct buffer number = {0};
    buffer_printf(&number, "%" PRIu32, mark.line);
    buffer_printf(out, "  %s | ", number.data);
    struct caret caret = add_line(text, mark, out);
    buffer_printf(out, "\n  %*s | %*s^", (int)number.size, "", (int)caret.from, "");
    for (uint32_t column = caret.from + 1; column < caret.to; column++)
        buffer_add_char(out, '~');
    buffer_add_char(out, '\n');
}
