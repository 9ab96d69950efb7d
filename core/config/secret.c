/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/near.h"
#include "config/secret.h"

#include "base/utf8.h"

static const char *const parts[] = {"pass",       "pwd",  "secret", "token",  "bearer",   "key",
                                    "credential", "auth", "header", "cookie", "signature"};

/* Words that a slip of the fingers turns into something without any of the parts. */
static const char *const whole[] = {"password", "passwd", "secret", "token", "bearer", "credentials"};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

#define LONGEST_WORD 64

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool secret_name(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strcasestr(name, parts[i]))
            return true;
    for (size_t i = 0; i < COUNT_OF(whole); i++)
        if (near_distance(name, whole[i]) <= 1)
            return true;
    return false;
}

/* As secret_name; what is longer than a name is taken for one. */
static bool secret_word(const char *word, size_t size)
{
    char copy[LONGEST_WORD + 1];
    if (size > LONGEST_WORD)
        return true;
    memcpy(copy, word, size);
    copy[size] = '\0';
    return secret_name(copy);
}

/* "://user:password@" */
static const char *find_user(const char *text, const char *end)
{
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), "://", 3)); at += 3) {
        size_t size = 3;
        while (at + size < end && !strchr("/@ \t\"'", at[size]))
            size++;
        if (at + size < end && at[size] == '@')
            return at + 3;
    }
    return NULL;
}

bool secret_text(const char *text)
{
    if (find_user(text, text + strlen(text)))
        return true;
    for (const char *at = strchr(text, '='); at; at = strchr(at + 1, '=')) {
        const char *end = at;
        while (end > text && end[-1] == ' ')
            end--;
        const char *start = end;
        while (start > text && is_word_char(start[-1]))
            start--;
        if (start < end && secret_word(start, (size_t)(end - start)))
            return true;
    }
    return false;
}

bool secret_reference(const char *text)
{
    const char *close = strchr(text, '}');
    return strncmp(text, "${", 2) == 0 && close && close[1] == '\0' && !strstr(text, ":-");
}

/* Reading a broken file line by line: below a secret name everything is hidden but keys, until a key
 * stands no deeper than that name's line. */
struct hider {
    struct diag *diag;
    uint32_t line;
    bool active;
    size_t indent;
    char quote; /* open since an earlier line */
    bool block; /* after '|' or '>' */
};

static uint32_t column_of(struct sp_slice line, size_t offset)
{
    uint32_t column = 1;
    for (size_t at = 0; at < offset; column++) {
        size_t length = utf8_length(line.data + at, line.size - at);
        at += length ? length : 1;
    }
    return column;
}

static size_t skip_any(struct sp_slice line, size_t at, const char *set)
{
    while (at < line.size && line.data[at] && strchr(set, line.data[at]))
        at++;
    return at;
}

static void hide_rest(struct hider *hider, struct sp_slice line, size_t at)
{
    if (at >= line.size)
        return;
    diag_hide(hider->diag, (struct mark){hider->line, column_of(line, at), 0},
              (struct mark){hider->line, UINT32_MAX, 0});
}

/* Hides the value that begins at or behind `at` and notes how it goes on. */
static void hide_value(struct hider *hider, struct sp_slice line, size_t at)
{
    at = skip_any(line, at, "\"'");
    at = skip_any(line, at, " \t:=");
    hide_rest(hider, line, at);
    if (at >= line.size)
        return;
    char first = line.data[at];
    hider->block = first == '|' || first == '>';
    if ((first == '"' || first == '\'') && !memchr(line.data + at + 1, first, line.size - at - 1))
        hider->quote = first;
}

/* The place behind the colon where the line is "key:", else 0. */
static size_t behind_key(struct sp_slice line, size_t indent)
{
    size_t start = skip_any(line, indent, "\"'"), at = start;
    while (at < line.size && (is_word_char(line.data[at]) || line.data[at] == '.' || line.data[at] == '/'))
        at++;
    if (at == start)
        return 0;
    at = skip_any(line, skip_any(line, at, "\"'"), " ");
    bool colon = at < line.size && line.data[at] == ':';
    return colon && (at + 1 == line.size || strchr(" \t", line.data[at + 1])) ? at + 1 : 0;
}

/* True where the line still belongs to the secret above it. */
static bool hide_below(struct hider *hider, struct sp_slice line, size_t indent)
{
    if (hider->quote) {
        hide_rest(hider, line, indent);
        if (memchr(line.data, hider->quote, line.size))
            hider->quote = '\0';
        return true;
    }
    if (hider->block && indent > hider->indent) {
        hide_rest(hider, line, indent);
        return true;
    }
    size_t behind = behind_key(line, indent);
    if (behind && indent <= hider->indent)
        return false;
    if (behind)
        hide_value(hider, line, behind);
    else
        hide_rest(hider, line, indent);
    return true;
}

static void hide_in_line(struct hider *hider, struct sp_slice line)
{
    size_t indent = skip_any(line, 0, " \t-");
    if (indent == line.size)
        return;
    if (hider->active && hide_below(hider, line, indent))
        return;
    hider->active = hider->block = false;
    const char *user = find_user(line.data, line.data + line.size);
    if (user)
        hide_rest(hider, line, (size_t)(user - line.data));
    for (size_t at = indent, end; at < line.size; at = end + 1) {
        for (end = at; end < line.size && is_word_char(line.data[end]);)
            end++;
        if (end > at && secret_word(line.data + at, end - at)) {
            hider->active = true;
            hider->indent = indent;
            hide_value(hider, line, end);
            return;
        }
    }
}

void secret_hide_lines(struct diag *diag, struct sp_slice text)
{
    struct hider hider = {.diag = diag, .line = 1};
    for (size_t at = 0; at < text.size; hider.line++) {
        size_t end = at;
        while (end < text.size && text.data[end] != '\n' && text.data[end] != '\r')
            end++;
        hide_in_line(&hider, (struct sp_slice){text.data + at, end - at});
        at = end + 1;
        if (at < text.size && text.data[end] == '\r' && text.data[at] == '\n')
            at++;
    }
}
