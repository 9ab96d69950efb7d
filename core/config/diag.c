/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/diag_inside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* Who gets more than this has one mistake, not a hundred. */
#define MOST_ENTRIES 100

/* A message is for one glance: what is longer is cut. */
#define LONGEST_MESSAGE 600

struct note {
    struct mark mark;
    const char *text;
};

struct entry {
    bool is_error;
    size_t order; /* ties are told in the order they were found in */
    struct mark mark;
    const char *text, *hint;
    struct note note; /* text is NULL where there is none */
};

struct diag {
    struct sp_arena *arena;
    const char *path;
    struct diag_text text;
    struct entry *entries;
    size_t count;
    struct entry *last; /* the one that a note belongs to; NULL where it was not kept */
    size_t errors, warnings;
};

struct diag *diag_new(const char *path, struct sp_slice text)
{
    struct diag *diag = mem_zalloc(sizeof *diag);
    diag->arena = arena_new(4096);
    diag->path = sp_arena_text(diag->arena, path, strlen(path));
    diag->entries = mem_alloc(MOST_ENTRIES * sizeof *diag->entries);
    diag_text_set(&diag->text, text);
    return diag;
}

void diag_free(struct diag *diag)
{
    if (!diag)
        return;
    diag_text_fini(&diag->text);
    free(diag->entries);
    arena_free(diag->arena);
    free(diag);
}

void diag_set_text(struct diag *diag, struct sp_slice text)
{
    diag_text_set(&diag->text, text);
}

void diag_hide(struct diag *diag, struct mark from, struct mark to)
{
    diag_text_hide(&diag->text, from, to);
}

static bool is_told(const struct diag *diag, struct mark mark, bool is_error, const char *text)
{
    for (size_t i = 0; i < diag->count; i++) {
        const struct entry *entry = &diag->entries[i];
        if (entry->is_error == is_error && entry->mark.line == mark.line &&
            entry->mark.column == mark.column && strcmp(entry->text, text) == 0)
            return true;
    }
    return false;
}

/* What comes from the file must not move a terminal's cursor, and fits a glance. */
static const char *clean_text(struct diag *diag, const char *raw)
{
    SP_AUTO(buffer_fini) struct buffer clean = {0};
    diag_add_printable(&clean, sp_slice_of(raw), LONGEST_MESSAGE);
    return sp_arena_text(diag->arena, clean.data ? clean.data : "", clean.size);
}

static const char *format_text(struct diag *diag, const char *format, va_list arguments)
{
    char *raw = NULL;
    if (vasprintf(&raw, format, arguments) < 0)
        mem_exhausted();
    const char *text = clean_text(diag, raw);
    free(raw);
    return text;
}

static void add_entry(struct diag *diag, bool is_error, struct mark mark, const char *hint,
                      const char *format, va_list arguments)
{
    size_t *counter = is_error ? &diag->errors : &diag->warnings;
    diag->last = NULL;
    if (diag->count == MOST_ENTRIES) {
        ++*counter;
        return;
    }
    const char *text = format_text(diag, format, arguments);
    if (is_told(diag, mark, is_error, text))
        return;
    ++*counter;
    diag->last = &diag->entries[diag->count];
    *diag->last = (struct entry){.is_error = is_error, .order = diag->count, .mark = mark, .text = text};
    diag->last->hint = hint ? clean_text(diag, hint) : NULL;
    diag->count++;
}

void diag_error(struct diag *diag, struct mark mark, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_entry(diag, true, mark, hint, format, arguments);
    va_end(arguments);
}

void diag_warning(struct diag *diag, struct mark mark, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_entry(diag, false, mark, hint, format, arguments);
    va_end(arguments);
}

void diag_note(struct diag *diag, struct mark mark, const char *format, ...)
{
    if (!diag->last)
        return;
    va_list arguments;
    va_start(arguments, format);
    diag->last->note = (struct note){mark, format_text(diag, format, arguments)};
    va_end(arguments);
}

size_t diag_errors(const struct diag *diag)
{
    return diag->errors;
}

size_t diag_warnings(const struct diag *diag)
{
    return diag->warnings;
}

static int by_place(const void *a, const void *b)
{
    const struct entry *first = a, *second = b;
    if (first->mark.line != second->mark.line)
        return first->mark.line < second->mark.line ? -1 : 1;
    if (first->mark.column != second->mark.column)
        return first->mark.column < second->mark.column ? -1 : 1;
    return first->order < second->order ? -1 : first->order > second->order;
}

static int digits_of(uint32_t number)
{
    return snprintf(NULL, 0, "%" PRIu32, number);
}

static void add_place(const struct diag *diag, struct mark mark, struct buffer *out)
{
    buffer_add_text(out, diag->path);
    if (mark.line)
        buffer_printf(out, ":%" PRIu32, mark.line);
    if (mark.line && mark.column)
        buffer_printf(out, ":%" PRIu32, mark.column);
}

void diag_print_first(const struct diag *diag, struct buffer *out)
{
    for (size_t i = 0; i < diag->count; i++)
        if (diag->entries[i].is_error) {
            add_place(diag, diag->entries[i].mark, out);
            buffer_printf(out, ": %s", diag->entries[i].text);
            return;
        }
}

static void print_place(const struct diag *diag, struct mark mark, const char *what, const char *text,
                        struct buffer *out)
{
    add_place(diag, mark, out);
    buffer_printf(out, ": %s: %s\n", what, text);
    diag_text_quote(&diag->text, mark, out);
}

static void print_entry(const struct diag *diag, const struct entry *entry, struct buffer *out)
{
    print_place(diag, entry->mark, entry->is_error ? "error" : "warning", entry->text, out);
    if (entry->hint)
        buffer_printf(out, "  %*s = %s\n", entry->mark.line ? digits_of(entry->mark.line) : 0, "",
                      entry->hint);
    if (entry->note.text)
        print_place(diag, entry->note.mark, "note", entry->note.text, out);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

void diag_print(struct diag *diag, struct buffer *out)
{
    qsort(diag->entries, diag->count, sizeof *diag->entries, by_place);
    diag->last = NULL;
    for (size_t i = 0; i < diag->count; i++)
        print_entry(diag, &diag->entries[i], out);
    if (diag->errors == 0)
        return;
    buffer_printf(out, "%s: %zu error%s", diag->path, diag->errors, plural(diag->errors));
    if (diag->warnings)
        buffer_printf(out, ", %zu warning%s", diag->warnings, plural(diag->warnings));
    if (diag->errors + diag->warnings > diag->count)
        buffer_printf(out, "; only the first %d found are shown", MOST_ENTRIES);
    buffer_add_char(out, '\n');
}
