/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/value.h"

#include <scanpipe/time.h>

/* How much of a value a reason quotes. */
#define QUOTED 40

const char *value_what(const struct sp_json_value *json)
{
    switch (json->kind) {
    case SP_JSON_ABSENT:
        return "nothing";
    case SP_JSON_NULL:
        return "null";
    case SP_JSON_TRUE:
        return "true";
    case SP_JSON_FALSE:
        return "false";
    case SP_JSON_INTEGER:
        return "an integer";
    case SP_JSON_NUMBER:
        return "a number";
    case SP_JSON_STRING:
    case SP_JSON_STRING_ESCAPED:
        return "text";
    case SP_JSON_OBJECT:
        return "an object";
    case SP_JSON_ARRAY:
        return "a list";
    }
    return "nothing";
}

bool value_is_text(enum sp_type type)
{
    return type == SP_TYPE_DECIMAL || type == SP_TYPE_TEXT || type == SP_TYPE_JSON;
}

static const char *is_not(const char *wanted, const struct sp_json_value *json, struct sp_arena *arena)
{
    const char *what = value_what(json);
    if (json->kind == SP_JSON_NUMBER)
        return sp_arena_printf(arena, "is not %s, but the number %.*s%s", wanted,
                               (int)(json->raw.size < QUOTED ? json->raw.size : QUOTED), json->raw.data,
                               json->raw.size > QUOTED ? "..." : "");
    /* "text" needs an integer to be called what the reader expects: a number. */
    return sp_arena_printf(arena, "is not %s, but %s", wanted,
                           json->kind == SP_JSON_INTEGER ? "a number" : what);
}

static const char *read_integer(const struct value_rule *rule, const struct sp_json_value *json,
                                struct sp_arena *arena, struct sp_value *out)
{
    if (json->kind != SP_JSON_INTEGER)
        return is_not("an integer", json, arena);
    int64_t number;
    bool fits = sp_json_int64(json, &number);
    if (fits && rule->type == SP_TYPE_INT)
        fits = number >= INT32_MIN && number <= INT32_MAX;
    if (!fits)
        return sp_arena_printf(arena, "is %.*s%s, which does not fit the type %s",
                               (int)(json->raw.size < QUOTED ? json->raw.size : QUOTED), json->raw.data,
                               json->raw.size > QUOTED ? "..." : "", sp_type_name(rule->type));
    *out = (struct sp_value){.number = number, .present = true};
    return NULL;
}

static bool is_blank(struct sp_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != ' ' && (text.data[i] < '\t' || text.data[i] > '\r'))
            return false;
    return true;
}

static size_t count_points(struct sp_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

/* Copies only where a letter changes. */
static const char *change_case(struct sp_slice text, char first, char last, struct sp_arena *arena)
{
    size_t i = 0;
    while (i < text.size && (text.data[i] < first || text.data[i] > last))
        i++;
    if (i == text.size)
        return text.data;
    char *changed = sp_arena_text(arena, text.data, text.size);
    for (; i < text.size; i++)
        if (changed[i] >= first && changed[i] <= last)
            changed[i] ^= 0x20;
    return changed;
}

static const char *read_text(const struct value_rule *rule, const struct sp_json_value *json,
                             struct sp_arena *arena, struct sp_value *out)
{
    if (json->kind != SP_JSON_STRING && json->kind != SP_JSON_STRING_ESCAPED)
        return is_not("text", json, arena);
    struct sp_slice text = sp_json_unescape(json, arena);
    if (json->kind == SP_JSON_STRING_ESCAPED && memchr(text.data, '\0', text.size))
        return "holds the character U+0000, which text cannot";
    if (rule->required && is_blank(text))
        return "is blank";
    if (rule->length && text.size > rule->length) {
        size_t points = count_points(text);
        if (points > rule->length)
            return sp_arena_printf(arena, "has %zu characters where %u fit", points, rule->length);
    }
    out->text = text.data;
    if (rule->letters == CASE_UPPER)
        out->text = change_case(text, 'a', 'z', arena);
    else if (rule->letters == CASE_LOWER)
        out->text = change_case(text, 'A', 'Z', arena);
    out->length = (uint32_t)text.size;
    out->present = true;
    return NULL;
}

static const char *read_timestamp(const struct value_rule *rule, const struct sp_json_value *json,
                                  struct sp_arena *arena, struct sp_value *out)
{
    if (json->kind != SP_JSON_STRING && json->kind != SP_JSON_STRING_ESCAPED)
        return is_not("a timestamp", json, arena);
    int64_t ticks;
    const char *wrong = sp_time_parse(sp_json_unescape(json, arena), &ticks);
    if (!wrong)
        *out = (struct sp_value){.number = ticks - ticks % rule->tick_step, .present = true};
    return wrong;
}

static const char *read_decimal(const struct value_rule *rule, const struct sp_json_value *json,
                                struct sp_arena *arena, struct sp_value *out)
{
    switch (json->kind) {
    case SP_JSON_INTEGER:
    case SP_JSON_NUMBER:
    case SP_JSON_STRING:
    case SP_JSON_STRING_ESCAPED:
        break;
    default:
        return is_not("a number", json, arena);
    }
    struct sp_slice text = json->kind == SP_JSON_STRING_ESCAPED ? sp_json_unescape(json, arena) : json->raw;
    return decimal_read(text, rule->precision, rule->scale, arena, out);
}

static const char *read_boolean(const struct sp_json_value *json, struct sp_arena *arena,
                                struct sp_value *out)
{
    if (json->kind != SP_JSON_TRUE && json->kind != SP_JSON_FALSE)
        return is_not("true or false", json, arena);
    *out = (struct sp_value){.number = json->kind == SP_JSON_TRUE, .present = true};
    return NULL;
}

static const char *read_json(const struct sp_json_value *json, struct sp_value *out)
{
    /* The quotes of a string stand around its raw text. */
    size_t quote = json->kind == SP_JSON_STRING || json->kind == SP_JSON_STRING_ESCAPED;
    out->text = json->raw.data - quote;
    out->length = (uint32_t)(json->raw.size + 2 * quote);
    out->present = true;
    return NULL;
}

static const char *read_by_type(const struct value_rule *rule, const struct sp_json_value *json,
                                struct sp_arena *arena, struct sp_value *out)
{
    switch (rule->type) {
    case SP_TYPE_INT:
    case SP_TYPE_BIGINT:
        return read_integer(rule, json, arena, out);
    case SP_TYPE_DECIMAL:
        return read_decimal(rule, json, arena, out);
    case SP_TYPE_BOOLEAN:
        return read_boolean(json, arena, out);
    case SP_TYPE_TEXT:
        return read_text(rule, json, arena, out);
    case SP_TYPE_TIMESTAMP:
        return read_timestamp(rule, json, arena, out);
    case SP_TYPE_JSON:
        return read_json(json, out);
    }
    return "has no type";
}

static const char *value_print(enum sp_type type, const struct sp_value *value, struct sp_arena *arena)
{
    char time[SP_TIME_TEXT_SIZE];
    if (type == SP_TYPE_TIMESTAMP) {
        size_t size = sp_time_format(value->number, 7, time);
        return sp_arena_text(arena, time, size);
    }
    if (value_is_text(type))
        return sp_arena_printf(arena, "%.*s", (int)value->length, value->text);
    return sp_arena_printf(arena, "%lld", (long long)value->number);
}

static const char *check_bounds(const struct value_rule *rule, const struct sp_value *value,
                                struct sp_arena *arena)
{
    bool low = rule->has_min && value_compare(rule->type, value, &rule->min) < 0;
    if (!low && (!rule->has_max || value_compare(rule->type, value, &rule->max) <= 0))
        return NULL;
    return sp_arena_printf(arena, "is %s, but must be at %s %s", value_print(rule->type, value, arena),
                           low ? "least" : "most",
                           value_print(rule->type, low ? &rule->min : &rule->max, arena));
}

const char *value_read(const struct value_rule *rule, const struct sp_json_value *json,
                       struct sp_arena *arena, struct sp_value *out)
{
    if (json->kind == SP_JSON_ABSENT || json->kind == SP_JSON_NULL) {
        if (rule->required)
            return json->kind == SP_JSON_NULL ? "is null" : "is missing";
        *out = rule->has_default ? rule->otherwise : (struct sp_value){0};
        return NULL;
    }
    const char *wrong = read_by_type(rule, json, arena, out);
    if (!wrong && (rule->has_min || rule->has_max))
        wrong = check_bounds(rule, out, arena);
    return wrong;
}

int value_compare(enum sp_type type, const struct sp_value *a, const struct sp_value *b)
{
    if (!value_is_text(type))
        return (a->number > b->number) - (a->number < b->number);
    if (type == SP_TYPE_DECIMAL)
        return decimal_compare((struct sp_slice){a->text, a->length}, (struct sp_slice){b->text, b->length});
    size_t common = a->length < b->length ? a->length : b->length;
    int order = common ? memcmp(a->text, b->text, common) : 0;
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

bool value_equal(enum sp_type type, const struct sp_value *a, const struct sp_value *b)
{
    if (!a->present || !b->present)
        return a->present == b->present;
    return value_compare(type, a, b) == 0;
}

const char *sp_type_name(enum sp_type type)
{
    static const char *const names[] = {"int", "bigint", "decimal", "boolean", "text", "timestamp", "json"};
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "unknown";
}

const char *sp_keep_name(enum sp_keep keep)
{
    static const char *const names[] = {"last", "first", "min", "max"};
    return (size_t)keep < sizeof names / sizeof *names ? names[keep] : "unknown";
}
