/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "config/near.h"
#include "config/options.h"

#include <inttypes.h>

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* As the file's blocks are called, and as the shared objects are. */
static const char *const kinds[] = {"source", "queue", "sink", "state", "letters", "dead_letters"};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

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

static size_t longest(const char *text, size_t so_far)
{
    size_t size = strlen(text);
    return size > so_far ? size : so_far;
}

/* Two shared objects may offer the same, as state and letters of a database: the one that a file gets. */
static size_t drop_repeated(const struct plugin **plugins, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct sp_error err = {0};
        const struct sp_plugin *about = &plugins[i]->about;
        const struct plugin *found;
        if (kept > 0 && plugins[kept - 1]->about.kind == about->kind &&
            strcmp(plugins[kept - 1]->about.name, about->name) == 0)
            continue;
        plugins[kept++] = plugin_find(about->kind, about->name, &found, &err) == 0 ? found : plugins[i];
    }
    return kept;
}

static int list(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    SP_AUTO(buffer_fini) struct buffer problems = {0}, out = {0};
    size_t count, name = 4, version = 7;
    const struct plugin **plugins = plugin_list(arena, &count, &problems);
    count = drop_repeated(plugins, count);
    for (size_t i = 0; i < count; i++) {
        name = longest(plugins[i]->about.name, name);
        version = longest(plugins[i]->about.version, version);
    }
    for (size_t i = 0; i < count; i++) {
        const struct sp_plugin *about = &plugins[i]->about;
        buffer_printf(&out, "%-7s  %-*s  %-*s  %s  (%s)\n", plugin_kind_name(about->kind), (int)name,
                      about->name, (int)version, about->version, about->summary, plugins[i]->path);
    }
    bool printed = cmd_print(&out);
    if (count == 0)
        cmd_complain("name their folder in SCANPIPE_PLUGIN_PATH", "no plugins were found");
    fputs(buffer_text(&problems), stderr);
    return printed ? 0 : EXIT_AWAY;
}

static void add_limit(struct buffer *out, const char *format, const char *value)
{
    buffer_add_text(out, "  ");
    buffer_add_text(out, format);
    buffer_add_text(out, value);
    buffer_add_char(out, '\n');
}

static void add_capabilities(struct buffer *out, enum sp_kind kind, const struct sp_capabilities *can)
{
    char text[32];
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
        if (can->flags & capabilities[i].flag)
            buffer_printf(out, "  %s\n", capabilities[i].text);
    if (kind == SP_SINK && can->flags & SP_TABLES)
        buffer_printf(out, "  fractional digits of a timestamp: %" PRIu32 "\n", can->time_digits);
    if (can->message_bytes > 0) {
        option_format_size(can->message_bytes, text);
        add_limit(out, "largest message: ", text);
    }
    if (can->batch_messages > 0)
        buffer_printf(out, "  messages in one call: %" PRId64 "\n", can->batch_messages);
    if (can->batch_bytes > 0) {
        option_format_size(can->batch_bytes, text);
        add_limit(out, "bytes in one call: ", text);
    }
    if (can->lease_max_ns > 0) {
        option_format_duration(can->lease_max_ns, text);
        add_limit(out, "longest lease: ", text);
    }
}

/* False after a complaint; *stage_out is what the file calls it. */
static bool read_kind(const char *name, enum sp_kind *out, const char **stage_out)
{
    char hint[96];
    *stage_out = strcmp(name, "letters") == 0 ? "dead_letters" : name;
    if (plugin_kind_of(strcmp(*stage_out, "dead_letters") == 0 ? "letters" : *stage_out, out))
        return true;
    const char *nearest = near_miss(name, kinds, KIND_COUNT);
    snprintf(hint, sizeof hint, nearest ? "did you mean '%s'?" : "source, queue, sink, state, letters",
             nearest);
    args_wrong("plugins", hint, "there is no kind '%s' of plugins", name);
    return false;
}

static int describe(const char *kind_name, const char *name)
{
    enum sp_kind kind;
    const char *stage;
    if (!read_kind(kind_name, &kind, &stage))
        return EXIT_USAGE;
    const struct plugin *plugin;
    struct sp_error err = {0};
    if (plugin_find(kind, name, &plugin, &err) < 0)
        return args_wrong("plugins", err.cure, "%s", err.text);

    const struct sp_plugin *about = &plugin->about;
    SP_AUTO(buffer_fini) struct buffer out = {0};
    buffer_printf(&out, "%s %s %s: %s\n%s\n\n", plugin_kind_name(kind), about->name, about->version,
                  about->summary, plugin->path);
    add_capabilities(&out, kind, &plugin->capabilities);
    buffer_printf(&out, "\nOptions of %s %s:\n\n", plugin_kind_name(kind), about->name);
    if (about->option_count > 0)
        options_describe(about->options, about->option_count, &out);
    else
        buffer_add_text(&out, "none\n");
    size_t core_count;
    const struct sp_option *core = pipeline_core_options(stage, &core_count);
    buffer_printf(&out, "\nOptions of every %s:\n\n", stage);
    options_describe(core, core_count, &out);
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}

int cmd_plugins(int argc, char **argv)
{
    struct args args = {"plugins", ":h", long_options, argc, argv};
    int option = args_next(&args);
    if (option == ARGS_WRONG)
        return EXIT_USAGE;
    if (option == 'h') {
        help_print("plugins", stdout);
        return 0;
    }
    enum sp_kind kind;
    const char *stage;
    if (argc - optind == 1 && !read_kind(argv[optind], &kind, &stage))
        return EXIT_USAGE;
    if (argc - optind == 1)
        return args_wrong("plugins", "scanpipe plugins KIND NAME", "the plugin's name is missing");
    if (!args_count_is(&args, 0, 2, NULL))
        return EXIT_USAGE;
    folders_setup();
    return argc - optind == 2 ? describe(argv[optind], argv[optind + 1]) : list();
}
