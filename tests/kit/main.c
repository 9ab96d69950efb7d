/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "kit.h"

#include "cmd/cmd.h"
#include "config/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: scanpipe-kit KIND NAME|PLUGIN.so [OPTION=VALUE...]\n"
    "       scanpipe-kit KIND --list\n"
    "\n"
    "Checks that a plugin keeps the contract of its kind (source, queue, sink, state, letters), in TAP.\n"
    "\n"
    "  OPTION=VALUE            an option of the plugin; ${KIT_DIR} in it is a new folder for each check\n"
    "      --options FILE      all of them, as YAML\n"
    "      --apart OPTION=VALUE what to set so that it is another store, where no option has ${KIT_DIR}\n"
    "      --away OPTION=VALUE what to set so that the plugin's server or file is not there\n"
    "      --lease DURATION    a short lease; what waits for its end takes so long (400ms)\n"
    "      --output FILE       sinks: where the events can be read, a line each; -: standard output\n"
    "      --picky COMMAND     sinks: makes the table $KIT_TABLE in $KIT_DIR reject rows whose Word is\n"
    "                          'poison'\n"
    "      --expect FILE       sources: all events that must come, a line each, in order\n"
    "      --expect-not-events N  sources: how many of what comes is no event\n"
    "      --list              names the checks\n"
    "      --only TEXT         only those with this in their names\n"
    "      --seed N            repeats a run's chance\n"
    "      --jobs N            so many checks at a time (1); for plugins that have ${KIT_DIR}, or memory\n"
    "      --soon DURATION     how long what should happen at once may take (5s)\n"
    "  -v, --verbose           what was logged, also where all went well\n"
    "  -h, --help              this\n"
    "  -V, --version           the version\n"
    "\n"
    "Exit status: 0 where all checks passed or were skipped, 1 where one failed, 64 usage, 78 the plugin or\n"
    "its options are wrong.\n";

enum {
    OPTION_OPTIONS = 256,
    OPTION_APART,
    OPTION_AWAY,
    OPTION_LEASE,
    OPTION_OUTPUT,
    OPTION_PICKY,
    OPTION_EXPECT,
    OPTION_NOT_EVENTS,
    OPTION_LIST,
    OPTION_ONLY,
    OPTION_SEED,
    OPTION_JOBS,
    OPTION_SOON
};

static const struct option long_options[] = {
    {"options", required_argument, NULL, OPTION_OPTIONS},
    {"apart", required_argument, NULL, OPTION_APART},
    {"away", required_argument, NULL, OPTION_AWAY},
    {"lease", required_argument, NULL, OPTION_LEASE},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"picky", required_argument, NULL, OPTION_PICKY},
    {"expect", required_argument, NULL, OPTION_EXPECT},
    {"expect-not-events", required_argument, NULL, OPTION_NOT_EVENTS},
    {"list", no_argument, NULL, OPTION_LIST},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"jobs", required_argument, NULL, OPTION_JOBS},
    {"soon", required_argument, NULL, OPTION_SOON},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

struct request {
    struct run run;
    struct kit_options options;
    const char *apart[64], *away[64];
    bool list;
};

static int wrong(const char *what, const char *which)
{
    fprintf(stderr, "scanpipe-kit: %s%s%s\n  = `scanpipe-kit --help` says more\n", what, which ? " " : "",
            which ? which : "");
    return EXIT_USAGE;
}

static int take_number(int option, const char *text, struct run *run)
{
    int64_t number = 0;
    if (option == OPTION_LEASE || option == OPTION_SOON) {
        int64_t *ns = option == OPTION_LEASE ? &run->kit.lease_ns : &run->kit.soon_ns;
        if (!option_parse_duration(text, ns) || *ns < 50 * SP_MILLISECOND || *ns > 3600 * SP_SECOND)
            return wrong("this must be a duration from 50ms to 1h, not", text);
        return 0;
    }
    if (!option_parse_integer(text, &number) || number < (option == OPTION_NOT_EVENTS ? 0 : 1))
        return wrong("this is no number for the option:", text);
    switch (option) {
    case OPTION_NOT_EVENTS:
        run->kit.expect_not_events = number;
        break;
    case OPTION_SEED:
        run->seed = (uint64_t)number;
        break;
    default:
        run->jobs = number < 16 ? (size_t)number : 16;
    }
    return 0;
}

static int take_word(const char *complaint, const char *text, const char *words[static 64], size_t *count)
{
    if (*count == 64 || !strchr(text, '='))
        return wrong(complaint, text);
    words[(*count)++] = text;
    return 0;
}

static int take(int option, const char *text, struct request *request)
{
    struct run *run = &request->run;
    switch (option) {
    case OPTION_OPTIONS:
        request->options.file = text;
        return 0;
    case OPTION_AWAY:
        return take_word("--away is OPTION=VALUE, not", text, request->away, &request->options.away_count);
    case OPTION_APART:
        return take_word("--apart is OPTION=VALUE, not", text, request->apart, &request->options.apart_count);
    case OPTION_OUTPUT:
        run->kit.output = text;
        return 0;
    case OPTION_PICKY:
        run->kit.picky = text;
        return 0;
    case OPTION_EXPECT:
        run->kit.expect_events = text;
        return 0;
    case OPTION_LIST:
        request->list = true;
        return 0;
    case OPTION_ONLY:
        run->only = text;
        return 0;
    case 'v':
        run->verbose = true;
        return 0;
    default:
        return take_number(option, text, run);
    }
}

static const struct check_list *const source_chapters[] = {&lifecycle_checks, &source_checks,
                                                           &source_cursor_checks};
static const struct check_list *const queue_chapters[] = {&lifecycle_checks, &queue_checks,
                                                          &queue_lease_checks, &queue_wait_checks,
                                                          &queue_crash_checks};
static const struct check_list *const sink_chapters[] = {&lifecycle_checks, &sink_checks, &sink_fold_checks,
                                                         &sink_crash_checks, &sink_event_checks};
static const struct check_list *const state_chapters[] = {&lifecycle_checks, &state_checks};
static const struct check_list *const letters_chapters[] = {&lifecycle_checks, &letters_checks,
                                                            &letters_scan_checks};

#define CHAPTERS(array)                                                                                      \
    {                                                                                                        \
        array, sizeof(array) / sizeof *(array)                                                               \
    }

static const struct {
    const struct check_list *const *items;
    size_t count;
} chapters[] = {
    [SP_SOURCE] = CHAPTERS(source_chapters),   [SP_QUEUE] = CHAPTERS(queue_chapters),
    [SP_SINK] = CHAPTERS(sink_chapters),       [SP_STATE] = CHAPTERS(state_chapters),
    [SP_LETTERS] = CHAPTERS(letters_chapters),
};

static int list(const struct run *run)
{
    for (size_t i = 0; i < run->chapter_count; i++)
        for (size_t j = 0; j < run->chapters[i]->count; j++)
            if (!run->only || strstr(run->chapters[i]->checks[j].name, run->only))
                puts(run->chapters[i]->checks[j].name);
    return fflush(stdout) == 0 ? 0 : EXIT_FAILURE;
}

static int find(enum sp_kind kind, const char *name, const struct plugin **out)
{
    struct sp_error err = {0};
    folders_setup();
    int rc = strchr(name, '/') || strstr(name, ".so") ? plugin_load(name, kind, out, &err)
                                                      : plugin_find(kind, name, out, &err);
    if (rc == 0)
        return 0;
    fprintf(stderr, "scanpipe-kit: %s\n", err.text);
    if (err.cure[0])
        fprintf(stderr, "  = %s\n", err.cure);
    return EXIT_CONFIG;
}

/* What is wrong with the options is told once, before any check runs. */
static int check_options(const struct plugin *plugin, const struct kit_options *options)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    SP_AUTO(buffer_fini) struct buffer problems = {0};
    options_fill(plugin, options, "/nonexistent", KIT_HERE, arena, &problems);
    if (problems.size == 0)
        options_fill(plugin, options, "/nonexistent", KIT_AWAY, arena, &problems);
    fputs(buffer_text(&problems), stderr);
    return problems.size == 0 ? 0 : EXIT_CONFIG;
}

/* What lives in memory is new each time it is loaded. */
static bool is_fresh(const struct plugin *plugin, const struct kit_options *options)
{
    bool in_memory = (plugin->capabilities.flags & SP_EMBEDDED) && !(plugin->capabilities.flags & SP_DURABLE);
    return options_name_folder(options) || in_memory;
}

/* Names of pipelines and tables keep checks apart; queues and files of events have no such names. */
static bool is_shared(const struct run *run)
{
    return !run->kit.fresh && (run->kit.plugin->about.kind == SP_QUEUE || run->kit.output);
}

static int run(struct request *request, enum sp_kind kind, const char *name)
{
    struct run *run = &request->run;
    run->chapters = chapters[kind].items;
    run->chapter_count = chapters[kind].count;
    if (request->list)
        return list(run);
    if (!name)
        return wrong("the plugin is missing: its name, or the path of its shared object", NULL);
    int status = find(kind, name, &run->kit.plugin);
    if (status == 0)
        status = check_options(run->kit.plugin, &request->options);
    if (status != 0)
        return status;
    run->kit.options = &request->options;
    run->kit.fresh = is_fresh(run->kit.plugin, &request->options);
    if (run->jobs > 1 && is_shared(run))
        return wrong("--jobs needs ${KIT_DIR} in an option: the checks would disturb each other", NULL);
    size_t failed = run_checks(run);
    if (failed == RUN_NOTHING)
        return wrong("no check has this in its name:", run->only);
    return failed == 0 ? 0 : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct request request = {
        .run = {.kit = {.lease_ns = 400 * SP_MILLISECOND, .soon_ns = 5 * SP_SECOND, .expect_not_events = -1},
                .seed = sp_random() % 1000000 + 1,
                .jobs = 1}};
    for (int option; (option = getopt_long(argc, argv, "vhV", long_options, NULL)) >= 0;) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (option == 'V') {
            puts("scanpipe-kit " PACKAGE_VERSION);
            return 0;
        }
        if (option == '?')
            return EXIT_USAGE;
        int status = take(option, optarg, &request);
        if (status != 0)
            return status;
    }
    enum sp_kind kind;
    if (optind == argc || !plugin_kind_of(argv[optind], &kind))
        return wrong("the first word is a kind: source, queue, sink, state or letters", NULL);
    request.options.away = request.away;
    request.options.apart = request.apart;
    const char *name = argc - optind > 1 ? argv[optind + 1] : NULL;
    for (int i = optind + 2; i < argc; i++)
        if (!strchr(argv[i], '='))
            return wrong("options are OPTION=VALUE, not", argv[i]);
    if (name) {
        request.options.words = (const char *const *)argv + optind + 2;
        request.options.word_count = (size_t)(argc - optind - 2);
    }
    if (request.options.file && request.options.word_count > 0)
        return wrong("--options or OPTION=VALUE, not both", NULL);
    return run(&request, kind, name);
}
