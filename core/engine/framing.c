/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/framing.h"

#include <scanpipe/envelope.h>
#include <scanpipe/json.h>

/* How many of the events fit one message, and the size of its body. */
static size_t take(const struct sp_slice *events, size_t count, const struct framing_limits *limits,
                   size_t *body_out)
{
    size_t taken = 0, body = 0;
    while (taken < count && taken < limits->events) {
        size_t larger = body + (taken > 0) + events[taken].size;
        if (taken > 0 && larger > limits->bytes)
            break;
        body = larger;
        taken++;
    }
    *body_out = body;
    return taken;
}

static bool has_line_end(struct sp_slice text)
{
    return text.size > 0 && (memchr(text.data, '\n', text.size) || memchr(text.data, '\r', text.size));
}

static void blank_line_ends(char *text, size_t size)
{
    for (const char *ends = "\r\n"; *ends; ends++)
        for (char *at = text; (at = memchr(at, *ends, size - (size_t)(at - text))); at++)
            *at = ' ';
}

struct sp_slice framing_one_line(struct sp_slice event, struct sp_arena *arena)
{
    if (!has_line_end(event))
        return event;
    char *line = sp_arena_text(arena, event.data, event.size);
    blank_line_ends(line, event.size);
    return (struct sp_slice){line, event.size};
}

static void write_body(const struct sp_slice *events, size_t count, char *body)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *body++ = '\n';
        if (events[i].size)
            memcpy(body, events[i].data, events[i].size);
        blank_line_ends(body, events[i].size);
        body += events[i].size;
    }
}

struct sp_message *framing_pack(const struct sp_slice *events, size_t count,
                                const struct framing_limits *limits, const struct sp_attribute *attributes,
                                size_t attribute_count, struct sp_arena *arena, size_t *count_out)
{
    size_t messages = 0, body_size;
    for (size_t at = 0; at < count; messages++)
        at += take(events + at, count - at, limits, &body_size);
    struct sp_message *list = sp_arena_alloc(arena, messages * sizeof *list);
    for (size_t at = 0, i = 0; at < count; i++) {
        size_t taken = take(events + at, count - at, limits, &body_size);
        char *body = sp_arena_alloc(arena, body_size);
        write_body(events + at, taken, body);
        list[i] = (struct sp_message){{body, body_size}, attributes, attribute_count, taken};
        at += taken;
    }
    *count_out = messages;
    return list;
}

struct sp_slice framing_attribute(const struct sp_received *message, const char *name)
{
    for (size_t i = 0; i < message->attribute_count; i++)
        if (sp_slice_equal(message->attributes[i].name, sp_slice_of(name)))
            return message->attributes[i].value;
    return (struct sp_slice){NULL, 0};
}

static struct sp_slice first_line(struct sp_slice text)
{
    const char *end = text.size ? memchr(text.data, '\n', text.size) : NULL;
    return (struct sp_slice){text.data, end ? (size_t)(end - text.data) : text.size};
}

bool framing_is_object(struct sp_slice text)
{
    struct sp_json_fault fault;
    size_t at = 0;
    while (at < text.size && text.data[at] && strchr(" \t\r\n", text.data[at]))
        at++;
    return at < text.size && text.data[at] == '{' && sp_json_scan_whole(NULL, text, NULL, &fault) == 0;
}

struct framing_reader framing_open(const struct sp_received *message)
{
    struct sp_slice format = framing_attribute(message, FRAMING_FORMAT);
    bool lines = format.data ? sp_slice_equal(format, sp_slice_of(FRAMING_NDJSON))
                             : framing_is_object(first_line(message->body));
    bool envelope = format.data && sp_slice_equal(format, sp_slice_of(FRAMING_ENVELOPE));
    return (struct framing_reader){message->body, !lines, envelope};
}

static bool is_blank(struct sp_slice line)
{
    for (size_t i = 0; i < line.size; i++)
        if (!strchr(" \t\r", line.data[i]) || !line.data[i])
            return false;
    return true;
}

bool framing_next(struct framing_reader *reader, struct sp_slice *event_out)
{
    while (reader->left.size > 0) {
        struct sp_slice event = reader->whole ? reader->left : first_line(reader->left);
        size_t used = event.size < reader->left.size ? event.size + 1 : event.size;
        reader->left.data += used;
        reader->left.size -= used;
        if (reader->whole || !is_blank(event)) {
            *event_out = event;
            return true;
        }
    }
    return false;
}

/* The event of a letter that came back, and its history. */
static const struct framing_history *open_envelope(struct sp_arena *arena, struct sp_slice *event)
{
    struct framing_history *history = sp_arena_zalloc(arena, sizeof *history);
    struct sp_letter letter;
    struct sp_error err;
    if (sp_envelope_parse(*event, arena, &letter, &err) != 0) {
        history->wrong = sp_arena_text(arena, err.text, strlen(err.text));
    } else if (letter.place) {
        history->wrong = "is an envelope without its event, whose bytes are in a file";
    } else {
        *event = letter.event;
        history->attempts = letter.attempts;
        history->first_wall_ms = letter.first_wall_ms;
    }
    return history;
}

bool framing_next_event(struct framing_reader *reader, struct sp_arena *arena, struct sp_slice *event_out,
                        const struct framing_history **history_out)
{
    if (!framing_next(reader, event_out))
        return false;
    *history_out = reader->envelope ? open_envelope(arena, event_out) : NULL;
    return true;
}
