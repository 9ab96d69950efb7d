/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/near.h"
#include "table/block.h"

#include <strings.h>

#define NAME_MAX_LENGTH 128
#define TEXT_MAX_LENGTH 1000000

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *did_you_mean(const char *text, const char *const *candidates, size_t count,
                                struct sp_arena *arena)
{
    const char *near = near_miss(text, candidates, count);
    return near ? sp_arena_printf(arena, "did you mean '%s'?", near) : NULL;
}

void block_check_keys(const struct yaml_node *mapping, const char *const *known, size_t count,
                      struct diag *diag, struct sp_arena *arena)
{
    for (size_t i = 0; i < mapping->count; i++) {
        const struct yaml_node *key = mapping->pairs[i].key;
        size_t at = 0;
        while (at < count && strcmp(known[at], key->text) != 0)
            at++;
        if (at == count)
            diag_error(diag, key->mark, did_you_mean(key->text, known, count, arena), "unknown key '%s'",
                       key->text);
    }
}

bool block_read_boolean(const struct yaml_node *node, struct diag *diag, bool *out)
{
    static const char *const yes[] = {"yes", "on", "y", "1"}, *const no[] = {"no", "off", "n", "0"};
    const char *hint = "write true or false";
    if (!node)
        return false;
    if (node->kind == YAML_SCALAR && node->plain && !node->is_null) {
        bool is_true = strcmp(node->text, "true") == 0;
        if (is_true || strcmp(node->text, "false") == 0) {
            *out = is_true;
            return true;
        }
        for (size_t i = 0; i < COUNT(yes); i++)
            hint = strcasecmp(node->text, yes[i]) == 0  ? "write true"
                   : strcasecmp(node->text, no[i]) == 0 ? "write false"
                                                        : hint;
    }
    diag_error(diag, node->mark, hint, "expected true or false, but found %s", yaml_what(node));
    return false;
}

bool block_read_choice(const struct yaml_node *node, const char *const *choices, size_t count,
                       struct diag *diag, struct sp_arena *arena, size_t *out)
{
    if (!node)
        return false;
    if (node->kind == YAML_SCALAR && !node->is_null) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(node->text, choices[i]) == 0) {
                *out = i;
                return true;
            }
        }
    }
    struct buffer list SP_AUTO(buffer_fini) = {0};
    for (size_t i = 0; i < count; i++)
        buffer_printf(&list, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", choices[i]);
    bool text = node->kind == YAML_SCALAR && !node->is_null;
    diag_error(diag, node->mark, text ? did_you_mean(node->text, choices, count, arena) : NULL,
               "expected %s, but found %s%s%s", buffer_text(&list), text ? "'" : "",
               text ? node->text : yaml_what(node), text ? "'" : "");
    return false;
}

static bool is_name(const char *text, size_t size)
{
    if (size == 0 || size > NAME_MAX_LENGTH || (text[0] >= '0' && text[0] <= '9'))
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c != '_' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'))
            return false;
    }
    return true;
}

bool block_check_name(const char *name, struct mark mark, const char *what, bool with_schema,
                      struct diag *diag)
{
    const char *dot = with_schema ? strchr(name, '.') : NULL;
    bool good = dot ? is_name(name, (size_t)(dot - name)) && is_name(dot + 1, strlen(dot + 1))
                    : is_name(name, strlen(name));
    if (!good)
        diag_error(diag, mark,
                   with_schema ? "use letters, digits and '_', not starting with a digit, at most 128;"
                                 " a schema may stand before it: dbo.ParcelSummary"
                               : "use letters, digits and '_', not starting with a digit, at most 128",
                   "'%s' cannot be the name of a %s", name, what);
    return good;
}

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " ");
}

/* A number of at most seven digits; NULL where there is none. */
static const char *take_number(const char *at, uint32_t *out)
{
    size_t digits = strspn(at = skip_spaces(at), "0123456789");
    if (digits == 0 || digits > 7)
        return NULL;
    *out = 0;
    for (size_t i = 0; i < digits; i++)
        *out = *out * 10 + (uint32_t)(at[i] - '0');
    return skip_spaces(at + digits);
}

static const char *read_text_size(const char *size, struct value_rule *rule)
{
    const char *at = size ? take_number(size, &rule->length) : NULL;
    if (size && (!at || strcmp(at, ")") != 0 || rule->length < 1 || rule->length > TEXT_MAX_LENGTH))
        return "the length of text is 1 to 1000000 characters: text(50)";
    return NULL;
}

static const char *read_decimal_size(const char *size, struct value_rule *rule)
{
    const char *at = size ? take_number(size, &rule->precision) : NULL;
    at = at && *at == ',' ? take_number(at + 1, &rule->scale) : NULL;
    if (size && !strchr(size, ')'))
        return "between braces, write it in quotes: \"decimal(10,2)\"";
    if (!at || strcmp(at, ")") != 0 || rule->precision < 1 || rule->precision > VALUE_MAX_PRECISION ||
        rule->scale > rule->precision)
        return "write decimal(digits, digits after the point): decimal(10,2), with at most 38 digits";
    return NULL;
}

bool block_read_type(const struct yaml_node *node, unsigned time_digits, struct diag *diag,
                     struct sp_arena *arena, struct value_rule *rule)
{
    static const char *const names[] = {"int", "bigint", "decimal", "boolean", "text", "timestamp", "json"};
    if (node->kind != YAML_SCALAR || node->is_null) {
        diag_error(diag, node->mark,
                   "types are int, bigint, decimal(p,s), boolean, text, text(n), timestamp, json",
                   "expected a type, but found %s", yaml_what(node));
        return false;
    }
    size_t length = strcspn(node->text, "( "), at = 0;
    const char *word = sp_arena_text(arena, node->text, length);
    while (at < COUNT(names) && strcmp(names[at], word) != 0)
        at++;
    if (at == COUNT(names)) {
        const char *hint = did_you_mean(word, names, COUNT(names), arena);
        if (!hint)
            hint = "types are int, bigint, decimal(p,s), boolean, text, text(n), timestamp, json";
        diag_error(diag, node->mark, hint, "unknown type '%s'", node->text);
        return false;
    }
    const char *rest = skip_spaces(node->text + length), *size = *rest == '(' ? rest + 1 : NULL;
    const char *hint = size ? sp_arena_printf(arena, "write '%s'", word) : NULL;
    rule->type = (enum sp_type)at;
    if (rule->type == SP_TYPE_TEXT)
        hint = read_text_size(size, rule);
    else if (rule->type == SP_TYPE_DECIMAL)
        hint = read_decimal_size(size, rule);
    if (*rest && !size)
        hint = sp_arena_printf(arena, "write '%s'", word);
    rule->tick_step = 1;
    for (unsigned digit = time_digits; digit < 7; digit++)
        rule->tick_step *= 10;
    if (hint)
        diag_error(diag, node->mark, hint, "'%s' is not a type", node->text);
    return !hint;
}
