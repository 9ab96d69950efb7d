/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sts_xml.h"

enum { DEEPEST = 16 };

struct reader {
    const char *at, *end;
    struct sp_slice names[DEEPEST]; /* of the elements that are open */
    size_t depth;
    struct sts_field *fields;
    size_t count;
    const char *fault;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

static bool starts(const struct reader *reader, const char *with)
{
    size_t length = strlen(with);
    return (size_t)(reader->end - reader->at) >= length && memcmp(reader->at, with, length) == 0;
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && is_space(*reader->at))
        reader->at++;
}

static struct sp_slice read_name(struct reader *reader)
{
    const char *begin = reader->at;
    while (reader->at < reader->end && is_name(*reader->at))
        reader->at++;
    return (struct sp_slice){begin, (size_t)(reader->at - begin)};
}

static bool is_here(const struct reader *reader, const char *path)
{
    for (size_t i = 0; i < reader->depth; i++) {
        size_t length = reader->names[i].size;
        if (strncmp(path, reader->names[i].data, length) != 0 ||
            path[length] != (i + 1 < reader->depth ? '/' : '\0'))
            return false;
        path += length + 1;
    }
    return reader->depth > 0;
}

static struct sts_field *field_here(struct reader *reader)
{
    for (size_t i = 0; i < reader->count; i++)
        if (is_here(reader, reader->fields[i].path))
            return &reader->fields[i];
    return NULL;
}

/* RFC 3629. */
static size_t encode(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(first[more] | point >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | ((point >> (6 * (more - i))) & 0x3f));
    return more + 1;
}

static bool is_character(uint32_t point)
{
    return point == 9 || point == 10 || point == 13 || (point >= 0x20 && point < 0xd800) ||
           (point >= 0xe000 && point < 0xfffe) || (point >= 0x10000 && point < 0x110000);
}

/* "#38" or "#x26". */
static size_t read_number(struct sp_slice name, char out[4])
{
    uint32_t base = name.size > 1 && name.data[1] == 'x' ? 16 : 10, point = 0;
    size_t digits = name.size - (base == 16 ? 2 : 1);
    const char *at = name.data + (name.size - digits);
    if (!digits || digits > 7)
        return 0;
    for (; digits--; at++) {
        uint32_t digit = *at >= '0' && *at <= '9'   ? (uint32_t)(*at - '0')
                         : *at >= 'a' && *at <= 'f' ? (uint32_t)(*at - 'a' + 10)
                         : *at >= 'A' && *at <= 'F' ? (uint32_t)(*at - 'A' + 10)
                                                    : 99;
        if (digit >= base)
            return 0;
        point = point * base + digit;
    }
    return is_character(point) ? encode(point, out) : 0;
}

/* What stands between '&' and ';'.  Returns its length; 0: unknown. */
static size_t read_entity(struct reader *reader, char out[4])
{
    static const struct {
        const char *name;
        char meaning;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    size_t room = (size_t)(reader->end - reader->at);
    const char *end = memchr(reader->at, ';', room < 12 ? room : 12);
    if (!end)
        return 0;
    struct sp_slice name = {reader->at, (size_t)(end - reader->at)};
    reader->at = end + 1;
    if (name.size && *name.data == '#')
        return read_number(name, out);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (sp_slice_equal(name, sp_slice_of(known[i].name))) {
            out[0] = known[i].meaning;
            return 1;
        }
    return 0;
}

static void read_text(struct reader *reader, struct sts_field *field)
{
    size_t size = 0;
    while (reader->at < reader->end && *reader->at != '<') {
        char bytes[4] = {*reader->at++};
        size_t length = bytes[0] == '&' ? read_entity(reader, bytes) : 1;
        if (!length || !bytes[0]) {
            reader->fault = "has an entity or a character that is unknown";
            return;
        }
        if (!reader->depth && !is_space(bytes[0])) {
            reader->fault = "has text outside of its elements";
            return;
        }
        if (field && size + length >= field->size) {
            reader->fault = "has a text that is too long";
            return;
        }
        if (field)
            memcpy(field->out + size, bytes, length);
        size += length;
    }
    if (field)
        field->out[size] = '\0';
}

/* name="value", which says nothing here. */
static void skip_attribute(struct reader *reader)
{
    (void)read_name(reader);
    skip_space(reader);
    bool equals = starts(reader, "=");
    reader->at += equals;
    skip_space(reader);
    const char *quote = equals && (starts(reader, "\"") || starts(reader, "'")) ? reader->at : NULL;
    const char *end = quote ? memchr(quote + 1, *quote, (size_t)(reader->end - quote - 1)) : NULL;
    if (end && !memchr(quote, '<', (size_t)(end - quote)))
        reader->at = end + 1;
    else
        reader->fault = "has an attribute that is none";
}

static void skip_attributes(struct reader *reader)
{
    skip_space(reader);
    while (!reader->fault && reader->at < reader->end && is_name(*reader->at)) {
        skip_attribute(reader);
        skip_space(reader);
    }
}

static void open_element(struct reader *reader)
{
    reader->at++;
    struct sp_slice name = read_name(reader);
    if (!name.size) {
        reader->fault = "has an element without a name";
        return;
    }
    skip_attributes(reader);
    bool empty = starts(reader, "/>");
    if (reader->fault || !(empty || starts(reader, ">"))) {
        reader->fault = reader->fault ? reader->fault : "has an element that does not end";
        return;
    }
    reader->at += empty ? 2 : 1;
    if (reader->depth == DEEPEST || field_here(reader)) {
        reader->fault =
            reader->depth == DEEPEST ? "is nested too deep" : "has elements where a text should be";
        return;
    }
    reader->names[reader->depth++] = name;
    struct sts_field *field = field_here(reader);
    if (field && (field->found || !field->size))
        reader->fault = "has an element twice";
    if (field && !reader->fault) {
        field->found = true;
        field->out[0] = '\0';
    }
    if (empty)
        reader->depth--;
    else if (!reader->fault)
        read_text(reader, field);
}

static void close_element(struct reader *reader)
{
    reader->at += 2;
    struct sp_slice name = read_name(reader);
    skip_space(reader);
    if (!reader->depth || !sp_slice_equal(name, reader->names[reader->depth - 1]) || !starts(reader, ">"))
        reader->fault = "has an end without its beginning";
    else {
        reader->at++;
        reader->depth--;
    }
}

static void skip_declaration(struct reader *reader)
{
    if (!starts(reader, "<?xml"))
        return;
    const char *end = memchr(reader->at, '>', (size_t)(reader->end - reader->at));
    if (end && end[-1] == '?')
        reader->at = end + 1;
    else
        reader->fault = "has a declaration that does not end";
}

const char *sts_xml_read(struct sp_slice xml, struct sts_field *fields, size_t count)
{
    bool begun = false;
    struct reader reader = {.at = xml.data, .end = xml.data + xml.size, .fields = fields, .count = count};
    for (size_t i = 0; i < count; i++)
        fields[i].found = false;
    skip_space(&reader);
    skip_declaration(&reader);
    while (!reader.fault && reader.at < reader.end) {
        if (*reader.at != '<')
            read_text(&reader, NULL);
        else if (starts(&reader, "</"))
            close_element(&reader);
        else if (begun && !reader.depth)
            reader.fault = "has two roots";
        else {
            open_element(&reader);
            begun = true;
        }
    }
    if (!reader.fault && (reader.depth || !begun))
        reader.fault = "ends too early";
    return reader.fault;
}
