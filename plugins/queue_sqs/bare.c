/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "bare.h"

#include <scanpipe/json.h>
#include <stdlib.h>

static struct sp_slice first_line(struct sp_slice text)
{
    const char *end = text.size ? memchr(text.data, '\n', text.size) : NULL;
    return (struct sp_slice){text.data, end ? (size_t)(end - text.data) : text.size};
}

static bool is_blank(struct sp_slice text)
{
    size_t at = 0;
    while (at < text.size && text.data[at] && strchr(" \t\r\n", text.data[at]))
        at++;
    return at == text.size;
}

static bool is_object(struct sp_slice text)
{
    struct sp_json_fault fault;
    size_t at = 0;
    while (at < text.size && text.data[at] && strchr(" \t\r\n", text.data[at]))
        at++;
    return at < text.size && text.data[at] == '{' && sp_json_scan_whole(NULL, text, NULL, &fault) == 0;
}

struct bare bare_open(struct sp_slice body, const char *format)
{
    return (struct bare){body, *format ? strcmp(format, "ndjson") == 0 : is_object(first_line(body))};
}

bool bare_next(struct bare *bare, struct sp_slice *event_out)
{
    while (bare->left.size > 0) {
        struct sp_slice event = bare->lines ? first_line(bare->left) : bare->left;
        size_t used = event.size < bare->left.size ? event.size + 1 : event.size;
        bare->left = (struct sp_slice){bare->left.data + used, bare->left.size - used};
        if (!bare->lines || !is_blank(event)) {
            *event_out = event;
            return true;
        }
    }
    return false;
}

/* As the core makes it: the digest of pipeline, NUL and bytes. */
static bool identify(struct sp_letter *letter)
{
    size_t name = strlen(letter->pipeline) + 1;
    char *text = malloc(name + letter->event.size);
    if (!text)
        return false;
    memcpy(text, letter->pipeline, name);
    if (letter->event.size)
        memcpy(text + name, letter->event.data, letter->event.size);
    sp_sha256(text, name + letter->event.size, letter->id);
    free(text);
    return true;
}

bool bare_letter(const char *pipeline, struct sp_slice event, int64_t sent_ms, struct sp_letter *out)
{
    *out = (struct sp_letter){
        .event = event,
        .pipeline = pipeline,
        .stage = "queue",
        .plugin = "sqs",
        .class = "given_up",
        .reason = "SQS gave up its message: it was received too often; the queue's RedrivePolicy has a "
                  "maxReceiveCount that is too low",
        .attempts = 1,
        .first_wall_ms = sent_ms,
        .last_wall_ms = sent_ms,
    };
    return identify(out);
}
