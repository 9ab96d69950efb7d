/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "fault_rules.h"

#include <stdlib.h>
#include <unistd.h>

static bool parse_class(const char *text, enum sp_class *out)
{
    for (enum sp_class class = SP_OK; class <= SP_STOPPED; class ++)
        if (strcmp(text, sp_class_name(class)) == 0) {
            *out = class;
            return true;
        }
    return false;
}

/* "3", "3..7", "3..". */
static bool parse_span(const char *text, struct fault_rule *rule)
{
    char *end;
    rule->first = rule->last = strtoull(text, &end, 10);
    if (strcmp(end, "..") == 0)
        rule->last = UINT64_MAX;
    else if (strncmp(end, "..", 2) == 0)
        rule->last = strtoull(end + 2, &end, 10);
    return rule->first > 0 && rule->last >= rule->first && (*end == '\0' || rule->last == UINT64_MAX);
}

static bool parse_entries(const char *text, enum fault_entries *out)
{
    static const char *const names[] = {"whole", "all", "odd", "match"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (enum fault_entries)i;
            return true;
        }
    return false;
}

static bool parse_count(const char *text, int64_t *out)
{
    return wrap_parse_number(text, out) && *out >= 0;
}

static bool parse_word(const char *name, const char *value, struct fault_rule *rule)
{
    int64_t number = 0;
    if (strcmp(name, "at") == 0)
        return parse_span(value, rule);
    if (strcmp(name, "entries") == 0)
        return parse_entries(value, &rule->entries);
    const char **text = strcmp(name, "while") == 0   ? &rule->while_file
                        : strcmp(name, "key") == 0   ? &rule->match.key
                        : strcmp(name, "order") == 0 ? &rule->match.order
                        : strcmp(name, "bytes") == 0 ? &rule->match.bytes
                                                     : NULL;
    if (text) {
        *text = value;
        return true;
    }
    if (!parse_count(value, &number))
        return false;
    if (strcmp(name, "every") == 0)
        rule->every = (uint64_t)number;
    else if (strcmp(name, "chance") == 0)
        rule->chance = number;
    else if (strcmp(name, "column") == 0)
        rule->column = (uint32_t)number;
    else if (strcmp(name, "retry_after") == 0)
        rule->retry_after_ns = number;
    else if (strcmp(name, "delay") == 0)
        rule->delay_ns = number;
    else
        return false;
    return true;
}

static bool parse_part(size_t number, char *part, struct fault_rule *rule)
{
    if (number == 0) {
        rule->op = wrap_op_of(part);
        return rule->op < WRAP_OPS || strcmp(part, "any") == 0;
    }
    if (number == 1)
        return parse_class(part, &rule->class);
    if (strcmp(part, "after") == 0)
        return rule->after = true;
    char *value = strchr(part, '=');
    if (!value)
        return false;
    *value++ = '\0';
    return parse_word(part, value, rule);
}

int fault_rule_parse(const char *text, struct fault_rule *out, struct sp_error *err)
{
    struct fault_rule rule = {.first = 1, .last = UINT64_MAX, .chance = 100, .column = SP_NO_COLUMN};
    rule.text = strdup(text);
    char *rest, *part = rule.text ? strtok_r(rule.text, " ", &rest) : NULL;
    size_t count = 0;
    while (part && parse_part(count, part, &rule)) {
        count++;
        part = strtok_r(NULL, " ", &rest);
    }
    if (!part && count >= 2) {
        *out = rule;
        return 0;
    }
    if (part)
        sp_fail(err, SP_REFUSED, "the rule '%s' is not to be understood at '%s'", text, part);
    else
        sp_fail(err, SP_REFUSED, "the rule '%s' wants an operation and a class", text);
    fault_rule_fini(&rule);
    return -1;
}

void fault_rule_fini(struct fault_rule *rule)
{
    free(rule->text);
}

/* splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

bool fault_rule_fires(const struct fault_rule *rule, const struct wrap_call *call, int64_t seed)
{
    if (rule->op == WRAP_OPS ? call->op >= WRAP_TEXT_OF : rule->op != call->op)
        return false;
    if (call->number < rule->first || call->number > rule->last)
        return false;
    if (rule->every && call->number % rule->every != 0)
        return false;
    uint64_t drawn = mix(mix(mix((uint64_t)seed ^ rule->salt << 32) ^ call->op) ^ call->number) % 100;
    if (drawn >= (uint64_t)rule->chance)
        return false;
    if (rule->while_file && access(rule->while_file, F_OK) != 0)
        return false;
    return wrap_matches(&rule->match, call);
}
