/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "wellformed.h"

#include <scanpipe/time.h>

#include <assert.h>

static const char *const kind_names[] = {"positive", "integer", "text", "timestamp"};

bool rule_kind_of(const char *name, enum rule_kind *out)
{
    for (size_t i = 0; name && i < sizeof kind_names / sizeof *kind_names; i++)
        if (strcmp(name, kind_names[i]) == 0) {
            *out = (enum rule_kind)i;
            return true;
        }
    return false;
}

const char *rule_kind_names(void)
{
    return "positive, integer, text or timestamp";
}

const char *pointer_fault(const char *pointer)
{
    if (*pointer && *pointer != '/')
        return "a JSON Pointer starts with /";
    for (; *pointer; pointer++)
        if (*pointer == '~' && pointer[1] != '0' && pointer[1] != '1')
            return "in a JSON Pointer ~ is written ~0";
    return NULL;
}

void rules_compile(const struct sp_map *well_formed, const char *id, struct sp_arena *arena,
                   struct rules *out)
{
    size_t count = well_formed->count, bad;
    *out = (struct rules){.count = count,
                          .pointers = sp_arena_alloc(arena, count * sizeof *out->pointers),
                          .kinds = sp_arena_alloc(arena, count * sizeof *out->kinds)};
    for (size_t i = 0; i < count; i++) {
        out->pointers[i] = well_formed->items[i].key;
        bool known = rule_kind_of(well_formed->items[i].value, &out->kinds[i]);
        assert(known);
        if (strcmp(out->pointers[i], id) == 0)
            out->id = i;
    }
    int rc = sp_json_paths_new(out->pointers, count, arena, &out->paths, &bad);
    assert(rc == 0);
}

static bool is_blank(struct sp_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != ' ' && (text.data[i] < '\t' || text.data[i] > '\r'))
            return false;
    return true;
}

/* Most strings have no escape, and need no decoding to be judged. */
static struct sp_slice text_of(const struct sp_json_value *value, struct sp_arena *arena)
{
    return value->kind == SP_JSON_STRING ? value->raw : sp_json_unescape(value, arena);
}

static const char *judge_string(enum rule_kind kind, const struct sp_json_value *value,
                                struct sp_arena *arena)
{
    int64_t ticks;
    if (value->kind != SP_JSON_STRING && value->kind != SP_JSON_STRING_ESCAPED)
        return "is not a string";
    struct sp_slice text = text_of(value, arena);
    if (kind == RULE_TIMESTAMP)
        return sp_time_parse(text, &ticks) ? "is not an RFC 3339 time" : NULL;
    return is_blank(text) ? "is blank" : NULL;
}

static const char *judge_number(enum rule_kind kind, const struct sp_json_value *value)
{
    int64_t number;
    if (value->kind == SP_JSON_STRING || value->kind == SP_JSON_STRING_ESCAPED)
        return "is not an integer, but text";
    if (value->kind != SP_JSON_INTEGER)
        return "is not an integer";
    if (!sp_json_int64(value, &number))
        return "does not fit 64 bits";
    return kind == RULE_POSITIVE && number <= 0 ? "is not above 0" : NULL;
}

static const char *judge(enum rule_kind kind, const struct sp_json_value *value, struct sp_arena *arena)
{
    if (value->kind == SP_JSON_ABSENT)
        return "is missing";
    if (value->kind == SP_JSON_NULL)
        return "is null";
    return kind == RULE_POSITIVE || kind == RULE_INTEGER ? judge_number(kind, value)
                                                         : judge_string(kind, value, arena);
}

/* As much of a value as a reason should quote, never ending within a character; empty for what has parts. */
static struct sp_slice quotable(const struct sp_json_value *value)
{
    enum { QUOTED = 60 };
    struct sp_slice text = value->raw;
    if (value->kind == SP_JSON_NULL || value->kind == SP_JSON_OBJECT || value->kind == SP_JSON_ARRAY)
        text.size = 0;
    if (text.size > QUOTED)
        for (text.size = QUOTED; text.size && (text.data[text.size] & 0xC0) == 0x80;)
            text.size--;
    return text;
}

const char *rules_judge(const struct rules *rules, const struct sp_json_value *found, struct sp_arena *arena,
                        const char **pointer_out)
{
    for (size_t i = 0; i < rules->count; i++) {
        const char *fault = judge(rules->kinds[i], &found[i], arena);
        if (!fault)
            continue;
        *pointer_out = rules->pointers[i];
        struct sp_slice quoted = quotable(&found[i]);
        return sp_arena_printf(arena, "%s %s%s%.*s%s", rules->pointers[i], fault, quoted.size ? ": " : "",
                               (int)quoted.size, quoted.size ? quoted.data : "",
                               quoted.size && quoted.size < found[i].raw.size ? "..." : "");
    }
    return NULL;
}
