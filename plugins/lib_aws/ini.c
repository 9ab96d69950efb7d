/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ini.h"

#include <stdlib.h>

/* Entries of which nothing is known but the section say that the section is there. */
struct reader {
    const char *at, *end;
    size_t line, indent; /* indent: of the key or section that was read last */
    char *to;            /* what is kept is never longer than what was read */
    const char *section;
    bool in_value; /* the last key's value may go on */
    struct ini *ini;
    size_t capacity;
    const char *fault;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct sp_slice stripped(struct sp_slice text)
{
    while (text.size && is_space(text.data[text.size - 1]))
        text.size--;
    while (text.size && is_space(*text.data)) {
        text.data++;
        text.size--;
    }
    return text;
}

/* A line ends with LF, CR LF or CR. */
static struct sp_slice next_line(struct reader *reader)
{
    const char *begin = reader->at, *end = begin;
    while (end < reader->end && *end != '\n' && *end != '\r')
        end++;
    reader->at = end;
    if (reader->at < reader->end)
        reader->at += *end == '\r' && end + 1 < reader->end && end[1] == '\n' ? 2 : 1;
    reader->line++;
    return (struct sp_slice){begin, (size_t)(end - begin)};
}

static const char *keep(struct reader *reader, struct sp_slice text)
{
    char *kept = reader->to;
    if (text.size)
        memcpy(kept, text.data, text.size);
    kept[text.size] = '\0';
    reader->to += text.size + 1;
    return kept;
}

static const char *keep_lower(struct reader *reader, struct sp_slice text)
{
    char *kept = reader->to;
    (void)keep(reader, text);
    for (char *c = kept; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
    return kept;
}

static void add_entry(struct reader *reader, struct ini_entry entry)
{
    struct ini *ini = reader->ini;
    if (ini->count == reader->capacity) {
        size_t capacity = reader->capacity ? reader->capacity * 2 : 32;
        struct ini_entry *more = realloc(ini->entries, capacity * sizeof *more);
        if (!more) {
            reader->fault = "there is no memory left";
            return;
        }
        ini->entries = more;
        reader->capacity = capacity;
    }
    ini->entries[ini->count++] = entry;
}

/* "[name]": to the last bracket of the line. */
static void read_section(struct reader *reader, struct sp_slice line)
{
    const char *close = memrchr(line.data, ']', line.size);
    const char *name = keep(reader, (struct sp_slice){line.data + 1, (size_t)(close - line.data - 1)});
    reader->in_value = false;
    reader->section = name;
    if (ini_has(reader->ini, name))
        reader->fault = "this section is there twice";
    else
        add_entry(reader, (struct ini_entry){.section = name});
}

static bool is_section(struct sp_slice line)
{
    const char *close = *line.data == '[' ? memrchr(line.data, ']', line.size) : NULL;
    return close && close > line.data + 1;
}

static void read_key(struct reader *reader, struct sp_slice line)
{
    size_t at = 0;
    while (at < line.size && line.data[at] != '=' && line.data[at] != ':')
        at++;
    struct sp_slice key = stripped((struct sp_slice){line.data, at});
    if (at == line.size)
        reader->fault = "this line has neither '=' nor ':'";
    else if (!key.size)
        reader->fault = "this line has no key";
    if (reader->fault)
        return;
    const char *name = keep_lower(reader, key);
    if (ini_get(reader->ini, reader->section, name)) {
        reader->fault = "this key is there twice";
        return;
    }
    struct sp_slice value = stripped((struct sp_slice){line.data + at + 1, line.size - at - 1});
    add_entry(reader, (struct ini_entry){reader->section, name, keep(reader, value)});
    reader->in_value = true;
}

/* The value that was read last is what was kept last. */
static void go_on(struct reader *reader, struct sp_slice line)
{
    reader->to[-1] = '\n';
    (void)keep(reader, line);
}

static void read_line(struct reader *reader, struct sp_slice line)
{
    struct sp_slice text = stripped(line);
    size_t indent = (size_t)(text.data - line.data);
    if (text.size && (*text.data == '#' || *text.data == ';'))
        return;
    if (!text.size) {
        if (reader->in_value)
            go_on(reader, text);
        return;
    }
    if (reader->in_value && indent > reader->indent) {
        go_on(reader, text);
        return;
    }
    reader->indent = indent;
    if (is_section(text))
        read_section(reader, text);
    else if (!reader->section)
        reader->fault = "this line stands before the first [section]";
    else
        read_key(reader, text);
}

/* Empty lines may stand within a value, and say nothing at its end. */
static void trim_values(struct ini *ini)
{
    for (size_t i = 0; i < ini->count; i++) {
        char *value = (char *)ini->entries[i].value;
        size_t size = value ? strlen(value) : 0;
        while (size && is_space(value[size - 1]))
            value[--size] = '\0';
    }
}

static struct sp_slice without_mark(struct sp_slice text)
{
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        return (struct sp_slice){text.data + 3, text.size - 3};
    return text;
}

int ini_parse(struct sp_slice text, struct ini *out, struct ini_fault *fault)
{
    struct ini ini = {0};
    text = without_mark(text);
    struct reader reader = {.at = text.data, .end = text.data + text.size, .ini = &ini};
    /* Of all lines only "k=" at the very end makes more than was read: two ends of text. */
    ini.memory = reader.to = malloc(text.size + 2);
    if (!ini.memory)
        reader.fault = "there is no memory left";
    else if (text.size && memchr(text.data, '\0', text.size))
        reader.fault = "this is no text";
    while (!reader.fault && reader.at < reader.end)
        read_line(&reader, next_line(&reader));
    if (reader.fault) {
        *fault = (struct ini_fault){reader.line ? reader.line : 1, reader.fault};
        ini_free(&ini);
        return -1;
    }
    trim_values(&ini);
    *out = ini;
    return 0;
}

/* The keys in it are secret. */
void ini_free(struct ini *ini)
{
    for (size_t i = 0; i < ini->count; i++)
        if (ini->entries[i].value)
            explicit_bzero((char *)ini->entries[i].value, strlen(ini->entries[i].value));
    free(ini->entries);
    free(ini->memory);
    *ini = (struct ini){0};
}

bool ini_has(const struct ini *ini, const char *section)
{
    for (size_t i = 0; i < ini->count; i++)
        if (strcmp(ini->entries[i].section, section) == 0)
            return true;
    return false;
}

const char *ini_get(const struct ini *ini, const char *section, const char *key)
{
    for (size_t i = 0; i < ini->count; i++) {
        const struct ini_entry *entry = &ini->entries[i];
        if (entry->key && strcmp(entry->section, section) == 0 && strcmp(entry->key, key) == 0)
            return entry->value;
    }
    return NULL;
}

/* What stands behind the kind, as a shell reads one word: bare, or in quotes of one kind. */
static bool names(const char *section, const char *kind, const char *name)
{
    size_t length = strlen(kind);
    if (strncmp(section, kind, length) != 0 || !is_space(section[length]))
        return false;
    struct sp_slice word = stripped(sp_slice_of(section + length));
    if (word.size >= 2 && (*word.data == '"' || *word.data == '\'') &&
        word.data[word.size - 1] == *word.data) {
        word.data++;
        word.size -= 2;
    }
    return sp_slice_equal(word, sp_slice_of(name));
}

const char *ini_section(const struct ini *ini, const char *kind, const char *name)
{
    const char *found = NULL;
    bool is_default = strcmp(kind, "profile") == 0 && strcmp(name, "default") == 0;
    for (size_t i = 0; i < ini->count; i++) {
        const char *section = ini->entries[i].section;
        if (names(section, kind, name) || (is_default && strcmp(section, "default") == 0))
            found = section; /* the last one counts */
    }
    return found;
}

bool ini_nested(const char *value, const char *key, struct sp_slice *out)
{
    if (*value != '\n')
        return false;
    for (const char *line = value; line; line = strchr(line, '\n')) {
        line++;
        size_t size = strcspn(line, "\n");
        const char *equals = memchr(line, '=', size);
        if (!equals)
            continue;
        struct sp_slice name = stripped((struct sp_slice){line, (size_t)(equals - line)});
        if (sp_slice_equal(name, sp_slice_of(key))) {
            *out = stripped((struct sp_slice){equals + 1, (size_t)(line + size - equals - 1)});
            return true;
        }
    }
    return false;
}
