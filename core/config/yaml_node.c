/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/yaml_inside.h"

#include <stdlib.h>

#include "base/mem.h"

struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
    for (size_t i = 0; mapping->kind == YAML_MAPPING && i < mapping->count; i++)
        if (strcmp(mapping->pairs[i].key->text, key) == 0)
            return mapping->pairs[i].value;
    return NULL;
}

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

static bool is_based_integer(const char *text)
{
    if (strncmp(text, "0x", 2) == 0)
        return text[2] && text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0';
    return strncmp(text, "0o", 2) == 0 && text[2] && text[2 + strspn(text + 2, "01234567")] == '\0';
}

/* The numbers of YAML's core schema. */
static bool is_number(const char *text)
{
    static const char *const words[] = {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF"};
    if (is_based_integer(text))
        return true;
    bool has_sign = *text == '-' || *text == '+';
    for (size_t i = has_sign ? 3 : 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text + has_sign, words[i]) == 0)
            return true;
    text += has_sign;
    size_t whole = count_digits(text), fraction = 0;
    text += whole;
    if (*text == '.') {
        fraction = count_digits(++text);
        text += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*text != 'e' && *text != 'E')
        return *text == '\0';
    text++;
    text += *text == '-' || *text == '+';
    return *text && text[count_digits(text)] == '\0';
}

static bool is_boolean(const char *text)
{
    static const char *const words[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

const char *yaml_what(const struct yaml_node *node)
{
    if (node->kind == YAML_MAPPING)
        return "a mapping";
    if (node->kind == YAML_SEQUENCE)
        return "a list";
    if (node->is_null)
        return "nothing";
    if (node->plain && is_number(node->text))
        return "a number";
    return node->plain && is_boolean(node->text) ? "true or false" : "text";
}

/* By key, then by place: the first of equals is the one that counts. */
static int by_key(const void *a, const void *b)
{
    const struct yaml_pair *first = *(struct yaml_pair *const *)a, *second = *(struct yaml_pair *const *)b;
    int order = strcmp(first->key->text, second->key->text);
    return order ? order : first < second ? -1 : first > second;
}

/* Neither value is shown: which option it is, and whether that is a secret, is not known here. */
static void tell_duplicate(const struct yaml_pair *first, const struct yaml_pair *again, struct diag *diag)
{
    diag_error(diag, again->key->mark, "remove one of the two", "the key '%s' is there twice",
               again->key->text);
    diag_note(diag, first->key->mark, "the first is here");
    yaml_hide(first->value, diag);
    yaml_hide(again->value, diag);
}

void yaml_drop_duplicates(struct yaml_node *mapping, struct diag *diag)
{
    if (mapping->count < 2)
        return;
    SP_AUTO(mem_free_at) struct yaml_pair **sorted = mem_alloc(mapping->count * sizeof *sorted);
    for (size_t i = 0; i < mapping->count; i++)
        sorted[i] = &mapping->pairs[i];
    qsort(sorted, mapping->count, sizeof(struct yaml_pair *), by_key);
    SP_AUTO(mem_free_at) bool *drop = mem_zalloc(mapping->count * sizeof *drop);
    for (size_t i = 1, first = 0; i < mapping->count; i++) {
        if (strcmp(sorted[i]->key->text, sorted[first]->key->text) == 0) {
            tell_duplicate(sorted[first], sorted[i], diag);
            drop[sorted[i] - mapping->pairs] = true;
        } else {
            first = i;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < mapping->count; i++)
        if (!drop[i])
            mapping->pairs[kept++] = mapping->pairs[i];
    mapping->count = kept;
}
