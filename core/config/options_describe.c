/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/options_inside.h"

#include <inttypes.h>

static const char *const type_names[] = {
    [SP_OPT_STRING] = "text",
    [SP_OPT_SECRET] = "secret text",
    [SP_OPT_INTEGER] = "whole number",
    [SP_OPT_BOOLEAN] = "true or false",
    [SP_OPT_SIZE] = "size",
    [SP_OPT_DURATION] = "duration",
    [SP_OPT_RATE] = "rate",
    [SP_OPT_ENUM] = "one of ",
    [SP_OPT_LIST] = "list",
    [SP_OPT_MAP] = "mapping",
    [SP_OPT_SECRET_MAP] = "mapping of secrets",
};

static void add_choices(const struct sp_option *option, struct buffer *out)
{
    for (size_t i = 0; option->choices[i]; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", option->choices[i]);
}

static void add_type_name(const struct sp_option *option, struct buffer *out)
{
    buffer_add_text(out, type_names[option->type]);
    if (option->type == SP_OPT_ENUM)
        add_choices(option, out);
}

void option_add_type(const struct sp_option *option, struct buffer *out)
{
    bool has_article = option->type == SP_OPT_STRING || option->type == SP_OPT_SECRET ||
                       option->type == SP_OPT_BOOLEAN || option->type == SP_OPT_ENUM;
    buffer_add_text(out, has_article ? "" : "a ");
    add_type_name(option, out);
}

static void add_bound(const struct sp_option *option, int64_t value, struct buffer *out)
{
    char text[32];
    if (option->type == SP_OPT_INTEGER) {
        buffer_printf(out, "%" PRId64, value);
        return;
    }
    if (option->type == SP_OPT_SIZE)
        option_format_size(value, text);
    else
        option_format_duration(value, text);
    buffer_add_text(out, text);
}

void option_add_range(const struct sp_option *option, struct buffer *out)
{
    bool is_counted =
        option->type == SP_OPT_INTEGER || option->type == SP_OPT_SIZE || option->type == SP_OPT_DURATION;
    if (!is_counted || (option->min == 0 && option->max == 0))
        return;
    if (option->max == INT64_MAX) {
        buffer_add_text(out, "at least ");
        add_bound(option, option->min, out);
        return;
    }
    add_bound(option, option->min, out);
    buffer_add_text(out, " to ");
    add_bound(option, option->max, out);
}

void option_add_example(const struct sp_option *option, struct buffer *out)
{
    static const char *const examples[] = {
        [SP_OPT_STRING] = ", in quotes where it begins with '{' or '['",
        [SP_OPT_SECRET] = ", in quotes where it begins with '{' or '['",
        [SP_OPT_SIZE] = " such as 512, 60KiB, 8MiB or 1GiB",
        [SP_OPT_DURATION] = " such as 250ms, 5s, 1m30s, 2h or 1d",
        [SP_OPT_RATE] = " such as 10/s, 600/m or 1000/h",
    };
    option_add_type(option, out);
    if (option->type < sizeof examples / sizeof *examples && examples[option->type]) {
        buffer_add_text(out, examples[option->type]);
    } else if (option->type == SP_OPT_INTEGER && (option->min != 0 || option->max != 0)) {
        buffer_add_text(out, ", ");
        option_add_range(option, out);
    } else if (option->type == SP_OPT_INTEGER) {
        buffer_add_text(out, " such as 1000");
    }
}

void option_add_found(const struct sp_option *option, const struct yaml_node *node, struct buffer *out)
{
    if (node->kind != YAML_SCALAR)
        buffer_add_text(out, yaml_what(node));
    else if (option_is_secret(option) || strcmp(node->shown, "***") == 0)
        buffer_add_text(out, "what is written here");
    else if (node->expanded)
        buffer_printf(out, "what '%s' holds", node->shown);
    else
        buffer_printf(out, "'%s'%s", node->shown, node->plain ? "" : " in quotes");
}

static void add_default(const struct sp_option *option, struct buffer *out)
{
    if (option->flags & SP_OPT_REQUIRED)
        buffer_add_text(out, ", required");
    else if (option->default_text)
        buffer_printf(out, ", default %s", *option->default_text ? option->default_text : "\"\"");
}

static void add_facts(const struct sp_option *option, struct buffer *out)
{
    SP_AUTO(buffer_fini) struct buffer range = {0};
    option_add_range(option, &range);
    add_type_name(option, out);
    add_default(option, out);
    if (range.size)
        buffer_printf(out, ", %s", range.data);
}

void options_describe(const struct sp_option *options, size_t count, option_printer *print,
                      struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        SP_AUTO(buffer_fini) struct buffer facts = {0};
        add_facts(&options[i], &facts);
        print(out, options[i].name, buffer_text(&facts), options[i].doc ? options[i].doc : "");
    }
}

void option_print_text(struct buffer *out, const char *name, const char *facts, const char *doc)
{
    buffer_printf(out, "%s  %s\n    %s\n\n", name, facts, doc);
}
