/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/about.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "config/near.h"

enum { OPTION_FORMAT = 300 };

const struct arg_option cmd_plugins_options[] = {
    ARG_OPTION("format", OPTION_FORMAT, "FORMAT", "text, or mdoc: the lists for a manual page",
               .choices = "text mdoc"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

/* As the file's blocks are called, and as the shared objects are. */
static const char *const kinds[] = {"source", "queue", "sink", "state", "letters", "dead_letters"};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

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

static int describe(const char *kind_name, const char *name, const struct about_format *format)
{
    enum sp_kind kind;
    const char *stage;
    if (!read_kind(kind_name, &kind, &stage))
        return EXIT_USAGE;
    const struct plugin *plugin;
    struct sp_error err = {0};
    if (plugin_find(kind, name, &plugin, &err) < 0)
        return args_wrong("plugins", err.cure, "%s", err.text);
    SP_AUTO(buffer_fini) struct buffer out = {0};
    about_plugin(&out, plugin, stage, format);
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}

/* What the file may say, whatever the plugin. */
static int describe_core(const char *name, const struct about_format *format)
{
    enum sp_kind kind;
    const char *stage = name;
    if (strcmp(name, "pipeline") != 0 && strcmp(name, "stage") != 0 && !read_kind(name, &kind, &stage))
        return EXIT_USAGE;
    SP_AUTO(buffer_fini) struct buffer out = {0};
    about_core(&out, stage, format);
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}

/* NULL: *exit_out says how to end. */
static const struct about_format *read_options(const struct args *args, int *exit_out)
{
    static const char *const names[] = {"text", "mdoc"};
    const struct about_format *const formats[] = {&about_text, &about_mdoc};
    int chosen = 0;
    *exit_out = EXIT_USAGE;
    for (int option; (option = args_next(args)) != ARGS_END;) {
        if (option == 'h') {
            help_print("plugins", stdout);
            *exit_out = 0;
            return NULL;
        }
        if (option == OPTION_FORMAT)
            chosen = args_choice(args, "--format", optarg, names, 2);
        if (option == ARGS_WRONG || chosen < 0)
            return NULL;
    }
    return args_count_is(args, 0, 2, NULL) ? formats[chosen] : NULL;
}

int cmd_plugins(int argc, char **argv)
{
    struct args args = {"plugins", cmd_plugins_options, argc, argv};
    int code;
    const struct about_format *format = read_options(&args, &code);
    if (!format)
        return code;
    folders_setup();
    switch (argc - optind) {
    case 0:
        return list();
    case 1:
        return describe_core(argv[optind], format);
    default:
        return describe(argv[optind], argv[optind + 1], format);
    }
}
