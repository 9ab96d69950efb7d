/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/about.h"

#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>

static const struct {
    enum sp_capability flag;
    const char *text;
} capabilities[] = {
    {SP_DURABLE, "durable: what it accepted survives a crash and a power cut"},
    {SP_LOCAL, "local: other machines do not see it"},
    {SP_IDEMPOTENT, "idempotent: writing the same events twice is once"},
    {SP_TABLES, "takes the rows of a table"},
    {SP_EVENTS, "takes events as they come"},
    {SP_EMBEDDED, "embedded: needs no server, and makes what is missing"},
};

static size_t tell_number(struct buffer *out, const struct about_format *format, const char *what,
                          int64_t value)
{
    char text[64];
    snprintf(text, sizeof text, "%s: %" PRId64, what, value);
    format->ability(out, text);
    return 1;
}

static size_t tell_limit(struct buffer *out, const struct about_format *format, const char *what,
                         int64_t value, void (*write)(int64_t, char[32]))
{
    char number[32], text[64];
    if (value <= 0)
        return 0;
    write(value, number);
    snprintf(text, sizeof text, "%s: %s", what, number);
    format->ability(out, text);
    return 1;
}

static void tell_abilities(struct buffer *out, enum sp_kind kind, const struct sp_capabilities *can,
                           const struct about_format *format)
{
    size_t count = 0;
    SP_AUTO(buffer_fini) struct buffer list = {0};
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
        if (!(can->flags & capabilities[i].flag))
            continue;
        format->ability(&list, capabilities[i].text);
        count++;
    }
    if (kind == SP_SINK && can->flags & SP_TABLES)
        count += tell_number(&list, format, "fractional digits of a timestamp", can->time_digits);
    count += tell_limit(&list, format, kind == SP_LETTERS ? "largest letter" : "largest message",
                        can->message_bytes, option_format_size);
    if (can->batch_messages > 0)
        count +=
            tell_number(&list, format, kind == SP_LETTERS ? "letters in one call" : "messages in one call",
                        can->batch_messages);
    count += tell_limit(&list, format, "bytes in one call", can->batch_bytes, option_format_size);
    count += tell_limit(&list, format, "longest lease", can->lease_max_ns, option_format_duration);
    if (count == 0)
        return;
    format->list(out, ABOUT_ABILITIES, NULL, count);
    buffer_add_text(out, buffer_text(&list));
    format->end(out, ABOUT_ABILITIES, count);
}

static void tell_options(struct buffer *out, enum about_list which, const char *title,
                         const struct sp_option *options, size_t count, const struct about_format *format)
{
    format->list(out, which, title, count);
    options_describe(options, count, format->option, out);
    format->end(out, which, count);
}

static bool is_among(const struct sp_option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(options[i].name, name) == 0)
            return true;
    return false;
}

/* What the stage has and other stages have not. */
static void tell_stage(struct buffer *out, const char *stage, const struct about_format *format)
{
    struct sp_option own[32];
    size_t count, own_count = 0, shared_count;
    const struct sp_option *all = pipeline_core_options(stage, &count);
    const struct sp_option *shared = pipeline_core_options("stage", &shared_count);
    for (size_t i = 0; i < count; i++) {
        if (is_among(shared, shared_count, all[i].name))
            continue;
        assert(own_count < sizeof own / sizeof *own);
        own[own_count++] = all[i];
    }
    char title[64];
    snprintf(title, sizeof title, "Options of every %s", stage);
    tell_options(out, ABOUT_CORE_OPTIONS, title, own, own_count, format);
}

void about_core(struct buffer *out, const char *stage, const struct about_format *format)
{
    size_t count;
    bool is_stage = strcmp(stage, "pipeline") != 0;
    bool is_one_kind = is_stage && strcmp(stage, "stage") != 0;
    if (is_one_kind)
        tell_stage(out, stage, format);
    if (is_one_kind && !format->with_core)
        return;
    const struct sp_option *options = pipeline_core_options(is_stage ? "stage" : "pipeline", &count);
    const char *title = is_stage ? "Options of every stage" : "Options of a pipeline";
    tell_options(out, ABOUT_CORE_OPTIONS, title, options, count, format);
}

void about_plugin(struct buffer *out, const struct plugin *plugin, const char *stage,
                  const struct about_format *format)
{
    const struct sp_plugin *about = &plugin->about;
    char title[128];
    if (format->head)
        format->head(out, plugin);
    tell_abilities(out, about->kind, &plugin->capabilities, format);
    snprintf(title, sizeof title, "Options of %s %s", plugin_kind_name(about->kind), about->name);
    tell_options(out, ABOUT_PLUGIN_OPTIONS, title, about->options, about->option_count, format);
    if (format->with_core)
        about_core(out, stage, format);
}

static void text_head(struct buffer *out, const struct plugin *plugin)
{
    const struct sp_plugin *about = &plugin->about;
    buffer_printf(out, "%s %s %s: %s\n%s\n\n", plugin_kind_name(about->kind), about->name, about->version,
                  about->summary, plugin->path);
}

static void text_list(struct buffer *out, enum about_list which, const char *title, size_t count)
{
    if (which != ABOUT_ABILITIES)
        buffer_printf(out, "%s:\n\n%s", title, count > 0 ? "" : "none\n\n");
}

static void text_ability(struct buffer *out, const char *text)
{
    buffer_printf(out, "  %s\n", text);
}

static void text_end(struct buffer *out, enum about_list which, size_t count)
{
    (void)count;
    buffer_add_text(out, which == ABOUT_ABILITIES ? "\n" : "");
}

const struct about_format about_text = {text_head,         text_list, text_ability,
                                        option_print_text, text_end,  true};

/* Text within a line of mdoc. */
static void mdoc_add(struct buffer *out, const char *text)
{
    for (size_t left = strlen(text), size; left > 0; text += size, left -= size) {
        size = utf8_length(text, left);
        if (size > 1) {
            uint32_t code = (unsigned char)*text & (0xff >> (size + 1));
            for (size_t i = 1; i < size; i++)
                code = code << 6 | ((unsigned char)text[i] & 0x3f);
            buffer_printf(out, "\\[u%04X]", code);
            continue;
        }
        size = 1;
        if (*text == '\\')
            buffer_add_text(out, "\\e");
        else if (*text == '"')
            buffer_add_text(out, "\\(dq");
        else
            buffer_add_char(out, *text);
    }
}

/* Lines of text of which none begins as mdoc's requests do. */
static void mdoc_lines(struct buffer *out, const char *text, const char *end)
{
    enum { WIDTH = 78 };
    SP_AUTO(buffer_fini) struct buffer escaped = {0};
    mdoc_add(&escaped, text);
    buffer_add_text(&escaped, end);
    for (char *line = escaped.data, *next; line; line = next) {
        size_t size = strlen(line), cut = size > WIDTH ? WIDTH : size;
        while (cut > 0 && cut < size && line[cut] != ' ')
            cut--;
        cut = cut > 0 ? cut : size;
        next = line[cut] ? line + cut + 1 : NULL;
        buffer_add_text(out, *line == '.' || *line == '\'' ? "\\&" : "");
        buffer_add(out, line, cut);
        buffer_add_char(out, '\n');
    }
}

static void mdoc_list(struct buffer *out, enum about_list which, const char *title, size_t count)
{
    (void)title;
    buffer_add_text(out, out->size > 0 ? ".Pp\n" : "");
    if (which == ABOUT_ABILITIES)
        buffer_add_text(out, "What it can do:\n.Pp\n");
    else if (which == ABOUT_PLUGIN_OPTIONS)
        buffer_add_text(out, count > 0 ? "Its options:\n" : "It has no options of its own.\n");
    if (count > 0)
        buffer_add_text(out, which == ABOUT_ABILITIES ? ".Bl -bullet -compact\n" : ".Bl -tag -width Ds\n");
}

static void mdoc_ability(struct buffer *out, const char *text)
{
    buffer_add_text(out, ".It\n");
    mdoc_lines(out, text, "");
}

static void mdoc_option(struct buffer *out, const char *name, const char *facts, const char *doc)
{
    buffer_add_text(out, ".It Cm ");
    mdoc_add(out, name);
    buffer_add_text(out, " Pq \"");
    mdoc_add(out, facts);
    buffer_add_text(out, "\"\n");
    mdoc_lines(out, doc, ".");
}

static void mdoc_end(struct buffer *out, enum about_list which, size_t count)
{
    (void)which;
    buffer_add_text(out, count > 0 ? ".El\n" : "");
}

const struct about_format about_mdoc = {NULL, mdoc_list, mdoc_ability, mdoc_option, mdoc_end, false};
