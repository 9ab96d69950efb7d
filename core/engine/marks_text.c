/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/marks.h"
#include "engine/record_json.h"

#include <inttypes.h>
#include <stdio.h>

enum { HEX_DIGITS = 2 * sizeof(struct mark_digest) };

static int fail_foreign(struct sp_error *err)
{
    sp_fail(err, SP_REFUSED, "the state's record '" MARKS_RECORD "' is not one that scanpipe wrote");
    return sp_fail_cure(err, "restore it, or remove it: what it knows of suspects is then learnt again");
}

static bool parse_digest(const char *text, struct mark_digest *out)
{
    unsigned byte;
    if (strlen(text) != HEX_DIGITS)
        return false;
    for (size_t i = 0; i < sizeof out->bytes; i++) {
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        out->bytes[i] = (unsigned char)byte;
    }
    return true;
}

static bool parse_what(json_object *entry, struct sp_arena *arena, struct mark_what *out)
{
    json_object *list;
    if (!json_object_object_get_ex(entry, "messages", &list) || !json_object_is_type(list, json_type_array))
        return false;
    size_t count = json_object_array_length(list);
    struct mark_digest *digests = sp_arena_alloc(arena, count * sizeof *digests);
    for (size_t i = 0; i < count; i++) {
        json_object *text = json_object_array_get_idx(list, i);
        if (!json_object_is_type(text, json_type_string) ||
            !parse_digest(json_object_get_string(text), &digests[i]))
            return false;
    }
    out->digests = digests;
    out->count = count;
    out->from = (uint64_t)json_number_in(entry, "from");
    out->until = (uint64_t)json_number_in(entry, "until");
    return count > 0 && out->from <= out->until && (out->until == 0 || count == 1);
}

static bool parse_mark(json_object *entry, struct sp_arena *arena, struct mark_entry *out)
{
    *out = (struct mark_entry){.nonce = json_nonce_in(entry, "nonce")};
    out->held = json_take_holder(entry, &out->holder);
    out->run = json_nonce_in(entry, "run");
    out->beat = (uint64_t)json_number_in(entry, "beat");
    out->deaths = json_number_in(entry, "deaths");
    out->phase = (enum mark_phase)json_number_in(entry, "phase");
    out->telling = json_number_in(entry, "telling");
    out->witnessed = json_flag_in(entry, "witnessed");
    out->convicted = json_flag_in(entry, "convicted");
    out->seen_wall_ms = json_number_in(entry, "seen_ms");
    return json_object_is_type(entry, json_type_object) && parse_what(entry, arena, &out->what);
}

int marks_parse(struct sp_slice value, struct sp_arena *arena, struct marks *out, struct sp_error *err)
{
    *out = (struct marks){NULL, 0};
    if (value.size == 0)
        return 0;
    SP_AUTO(json_put_at) json_object *root = json_parse(sp_arena_text(arena, value.data, value.size));
    json_object *list;
    if (!json_object_is_type(root, json_type_object) || !json_object_object_get_ex(root, "marks", &list) ||
        !json_object_is_type(list, json_type_array))
        return fail_foreign(err);
    struct marks marks = {.count = json_object_array_length(list)};
    marks.entries = sp_arena_alloc(arena, marks.count * sizeof *marks.entries);
    for (size_t i = 0; i < marks.count; i++)
        if (!parse_mark(json_object_array_get_idx(list, i), arena, &marks.entries[i]))
            return fail_foreign(err);
    *out = marks;
    return 0;
}

static void add_digests(struct buffer *out, const struct mark_what *what)
{
    for (size_t i = 0; i < what->count; i++) {
        buffer_add_text(out, i ? ",\"" : "\"");
        buffer_add_hex(out, what->digests[i].bytes, sizeof what->digests[i].bytes);
        buffer_add_char(out, '"');
    }
}

static void add_mark(struct buffer *out, const struct mark_entry *mark)
{
    buffer_printf(out, "{\"deaths\":%" PRId64 ",\"nonce\":", mark->deaths);
    json_add_nonce(out, mark->nonce);
    buffer_add_text(out, ",\"run\":");
    json_add_nonce(out, mark->run);
    buffer_printf(out, ",\"beat\":%" PRIu64 ",\"holder\":", mark->beat);
    json_add_holder(out, mark->held ? &mark->holder : NULL);
    buffer_printf(out, ",\"seen_ms\":%" PRId64 ",\"messages\":[", mark->seen_wall_ms);
    add_digests(out, &mark->what);
    buffer_add_char(out, ']');
    if (mark->what.until > 0)
        buffer_printf(out, ",\"from\":%" PRIu64 ",\"until\":%" PRIu64, mark->what.from, mark->what.until);
    if (mark->held)
        buffer_printf(out, ",\"phase\":%d", (int)mark->phase);
    if (mark->telling > 0)
        buffer_printf(out, ",\"telling\":%" PRId64, mark->telling);
    if (mark->witnessed)
        buffer_add_text(out, ",\"witnessed\":true");
    if (mark->convicted)
        buffer_add_text(out, ",\"convicted\":true");
    buffer_add_char(out, '}');
}

struct sp_slice marks_format(const struct marks *marks, struct sp_arena *arena)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_add_text(&text, "{\"marks\":[");
    for (size_t i = 0; i < marks->count; i++) {
        if (i)
            buffer_add_char(&text, ',');
        add_mark(&text, &marks->entries[i]);
    }
    buffer_add_text(&text, "]}");
    return sp_arena_copy(arena, (struct sp_slice){text.data, text.size});
}
