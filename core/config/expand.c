/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/file.h"
#include "base/utf8.h"
#include "config/yaml.h"

#include <stdlib.h>

#define MOST_FILE_BYTES 65536

static const char *const forms = "write ${NAME}, ${NAME:-default} or ${file:PATH}; $${ is the text '${'";

/* One scalar on its way; what a reference puts in goes to `out` and is not looked at again. */
struct expansion {
    const struct yaml_node *node;
    struct diag *diag;
    struct buffer out;
    struct mark mark; /* of the reference at hand */
    bool failed;
};

static void expansion_fini(struct expansion *expansion)
{
    buffer_fini(&expansion->out);
}

static uint32_t count_columns(const char *text, size_t size)
{
    uint32_t columns = 0;
    for (size_t at = 0; at < size; columns++) {
        size_t length = utf8_length(text + at, size - at);
        at += length ? length : 1;
    }
    return columns;
}

/* The place of a part of the text, where the file has the text as it is: no escapes, one line. */
static struct mark mark_inside(const struct yaml_node *node, size_t offset, size_t size)
{
    uint32_t quotes = node->plain ? 0 : 2;
    struct mark mark = node->mark;
    bool one_line = node->mark.line == node->end.line;
    if (!one_line || mark.width != count_columns(node->text, strlen(node->text)) + quotes)
        return mark;
    mark.column += quotes / 2 + count_columns(node->text, offset);
    mark.width = count_columns(node->text + offset, size);
    return mark;
}

/* Adds what a variable or file holds; it must not be shown, whatever is wrong with it. */
static void add_value(struct expansion *expansion, struct sp_slice value, const char *what)
{
    bool is_text = utf8_valid(value) && (value.size == 0 || !memchr(value.data, '\0', value.size));
    if (is_text) {
        buffer_add(&expansion->out, value.data, value.size);
        return;
    }
    expansion->failed = true;
    diag_error(expansion->diag, expansion->mark, "it must be UTF-8 without NUL bytes", "the %s holds no text",
               what);
}

/* Text of the file itself: "$$" is one '$' here as everywhere. */
static void add_default(struct expansion *expansion, struct sp_slice text)
{
    for (size_t at = 0; at < text.size; at++) {
        bool is_dollar = text.data[at] == '$' && at + 1 < text.size;
        if (is_dollar && text.data[at + 1] == '{') {
            expansion->failed = true;
            diag_error(expansion->diag, expansion->mark, "write the default out; $${ is the text '${'",
                       "a default cannot hold another ${...}");
            return;
        }
        at += is_dollar && text.data[at + 1] == '$';
        buffer_add_char(&expansion->out, text.data[at]);
    }
}

static void add_variable(struct expansion *expansion, struct sp_slice name, const struct sp_slice *fallback)
{
    SP_AUTO(buffer_fini) struct buffer copy = {0};
    buffer_add(&copy, name.data, name.size);
    const char *value = getenv(copy.data);
    if (fallback && (!value || !*value)) {
        add_default(expansion, *fallback);
    } else if (value) {
        add_value(expansion, sp_slice_of(value), "variable");
    } else {
        SP_AUTO(buffer_fini) struct buffer hint = {0};
        buffer_printf(&hint, "set it in the environment, or write ${%s:-default}", copy.data);
        expansion->failed = true;
        diag_error(expansion->diag, expansion->mark, hint.data, "the variable %s is not set", copy.data);
    }
}

static size_t name_length(struct sp_slice text)
{
    size_t at = 0;
    while (at < text.size) {
        char c = text.data[at];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!is_letter && (at == 0 || c < '0' || c > '9'))
            break;
        at++;
    }
    return at;
}

/* The length of "${...}" with braces inside in pairs; 0 where it is not closed. */
static size_t reference_length(const char *text)
{
    size_t depth = 0;
    for (size_t at = 1; text[at]; at++) {
        depth += text[at] == '{';
        if (text[at] == '}' && --depth == 0)
            return at + 1;
    }
    return 0;
}

/* "NAME" or "NAME:-text"; false where it is neither. */
static bool add_named(struct expansion *expansion, struct sp_slice body)
{
    size_t length = name_length(body);
    struct sp_slice name = {body.data, length}, rest = {body.data + length, body.size - length};
    if (length > 0 && rest.size == 0) {
        add_variable(expansion, name, NULL);
    } else if (length > 0 && rest.size >= 2 && memcmp(rest.data, ":-", 2) == 0) {
        struct sp_slice fallback = {rest.data + 2, rest.size - 2};
        add_variable(expansion, name, &fallback);
    } else {
        return false;
    }
    return true;
}

/* Adds a path, in which variables may stand: folders that a service is told by them. */
static void add_path(struct expansion *expansion, const char *text)
{
    while (*text && !expansion->failed) {
        size_t length = strncmp(text, "${", 2) == 0 ? reference_length(text) : 0;
        if (length == 0) {
            text += strncmp(text, "$$", 2) == 0; /* one '$', here as everywhere */
            buffer_add_char(&expansion->out, *text++);
        } else {
            if (!add_named(expansion, (struct sp_slice){text + 2, length - 3})) {
                expansion->failed = true;
                diag_error(expansion->diag, expansion->mark, forms, "this names no variable");
            }
            text += length;
        }
    }
}

static void add_file(struct expansion *expansion, struct sp_slice written)
{
    SP_AUTO(buffer_fini) struct buffer text = {0}, path = {0}, content = {0};
    struct sp_error err = {0};
    buffer_add(&text, written.data, written.size);
    struct buffer out = expansion->out;
    bool failed_before = expansion->failed;
    expansion->out = path;
    expansion->failed = false;
    add_path(expansion, buffer_text(&text));
    path = expansion->out;
    expansion->out = out;
    if (expansion->failed)
        return;
    expansion->failed = failed_before;
    if (path.size == 0) {
        expansion->failed = true;
        diag_error(expansion->diag, expansion->mark, forms, "there is no path after 'file:'");
    } else if (strcmp(path.data, "-") == 0) {
        /* Secrets are read again while the pipeline runs, and standard input comes once. */
        expansion->failed = true;
        diag_error(expansion->diag, expansion->mark, "name a file; one that is called '-' is ./-",
                   "'-' would be standard input, and a file is wanted");
    } else if (file_read_shown(path.data, text.data, MOST_FILE_BYTES, &content, &err) < 0) {
        /* The path as it is written: what variables hold is not shown. */
        expansion->failed = true;
        diag_error(expansion->diag, expansion->mark, "correct the path, or make the file readable", "%s",
                   err.text);
    } else {
        while (content.size > 0 && strchr("\r\n", content.data[content.size - 1]))
            content.size--;
        add_value(expansion, (struct sp_slice){content.data, content.size}, "file");
    }
}

/* What stands between "${" and "}". */
static void add_reference(struct expansion *expansion, struct sp_slice body)
{
    if (body.size >= 5 && memcmp(body.data, "file:", 5) == 0) {
        add_file(expansion, (struct sp_slice){body.data + 5, body.size - 5});
    } else if (!add_named(expansion, body)) {
        expansion->failed = true;
        diag_error(expansion->diag, expansion->mark, forms, "this names no variable and no file");
    }
}

/* Handles what begins at the '$' and returns its length. */
static size_t add_dollar(struct expansion *expansion, size_t offset)
{
    const char *text = expansion->node->text + offset;
    if (text[1] != '{') {
        buffer_add_char(&expansion->out, '$');
        return text[1] == '$' ? 2 : 1;
    }
    size_t length = reference_length(text);
    if (length == 0) {
        expansion->failed = true;
        diag_error(expansion->diag, mark_inside(expansion->node, offset, 2), forms, "'${' without its '}'");
        return strlen(text);
    }
    expansion->mark = mark_inside(expansion->node, offset, length);
    add_reference(expansion, (struct sp_slice){text + 2, length - 3});
    return length;
}

static void expand_scalar(struct yaml_node *node, struct diag *diag, struct sp_arena *arena)
{
    if (!strchr(node->text, '$'))
        return;
    SP_AUTO(expansion_fini) struct expansion expansion = {.node = node, .diag = diag};
    bool has_reference = false;
    for (size_t at = 0; node->text[at];) {
        size_t size = strcspn(node->text + at, "$");
        buffer_add(&expansion.out, node->text + at, size);
        at += size;
        if (!node->text[at])
            break;
        /* "$${" is text: its second '$' is taken together with the first. */
        has_reference = has_reference || node->text[at + 1] == '{';
        at += add_dollar(&expansion, at);
    }
    node->text = sp_arena_text(arena, buffer_text(&expansion.out), expansion.out.size);
    node->broken = expansion.failed;
    node->expanded = node->expanded || has_reference;
    node->plain = node->plain || has_reference;
}

void yaml_expand(struct yaml_node *root, struct diag *diag, struct sp_arena *arena)
{
    if (root->kind == YAML_SCALAR)
        expand_scalar(root, diag, arena);
    for (size_t i = 0; root->kind == YAML_MAPPING && i < root->count; i++)
        yaml_expand(root->pairs[i].value, diag, arena);
    for (size_t i = 0; root->kind == YAML_SEQUENCE && i < root->count; i++)
        yaml_expand(root->items[i], diag, arena);
}
