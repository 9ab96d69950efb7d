/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/dlq.h"

#include "base/arena.h"
#include "cmd/args.h"
#include "config/near.h"
#include "config/options.h"
#include "engine/letter.h"

#include <scanpipe/time.h>

/* Options of this command alone. */
enum {
    OPTION_CLASS = 1024,
    OPTION_COLUMN,
    OPTION_EVENT_ID,
    OPTION_KEY,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_ID,
    OPTION_LIMIT,
    OPTION_ALL,
    OPTION_DRY_RUN,
    OPTION_YES,
    OPTION_ENVELOPES,
    OPTION_OUTPUT,
    OPTION_RATE,
};

const struct arg_option cmd_dlq_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("json", ARG_JSON, NULL,
               "a JSON object a letter; of redrive and purge one that says what was done",
               .words = "list show redrive purge"),
    ARG_OPTION("class", OPTION_CLASS, "CLASS",
               "filter: malformed, value, rejected, too_large, killed or given_up",
               .words = "list export redrive purge",
               .choices = "malformed value rejected too_large killed given_up"),
    ARG_OPTION("column", OPTION_COLUMN, "NAME", "filter: the column of the table that is to blame",
               .words = "list export redrive purge"),
    ARG_OPTION("event-id", OPTION_EVENT_ID, "ID", "filter: of the event, as 'dlq list' prints it",
               .words = "list export redrive purge"),
    ARG_OPTION("key", OPTION_KEY, "KEY", "filter: of the event, as 'dlq list' prints it",
               .words = "list export redrive purge"),
    ARG_OPTION("since", OPTION_SINCE, "TIME",
               "filter: when it failed last: 2026-11-23T09:00:00Z, or 2h for two hours ago",
               .words = "list export redrive purge"),
    ARG_OPTION("until", OPTION_UNTIL, "TIME", "filter: the same, and not at that time itself",
               .words = "list export redrive purge"),
    ARG_OPTION("id", OPTION_ID, "DIGITS",
               "filter: the beginning of the letter's id; may be given again for others",
               .words = "list export redrive purge"),
    ARG_OPTION("limit", OPTION_LIMIT, "N", "no more than so many", .words = "list export redrive purge"),
    ARG_OPTION("envelopes", OPTION_ENVELOPES, NULL,
               "the letters with their reasons instead of the events' own bytes", .words = "export"),
    ARG_OPTION("output", OPTION_OUTPUT, "FILE", "instead of standard output", .words = "export"),
    ARG_OPTION("rate", OPTION_RATE, "RATE", "no faster than this: 50/s, 600/m", .words = "redrive"),
    ARG_OPTION("dry-run", OPTION_DRY_RUN, NULL, "say what would be done", .words = "redrive purge"),
    ARG_OPTION("all", OPTION_ALL, NULL, "all dead letters, where no filter is given", .words = "purge"),
    ARG_OPTION("yes", OPTION_YES, NULL, "do not ask", .words = "purge"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

static const struct {
    const char *name;
    int (*run)(const struct pipeline *pipeline, const struct dlq_options *options);
} verbs[] = {
    {"list", dlq_list},       {"show", dlq_show},   {"export", dlq_export},
    {"redrive", dlq_redrive}, {"purge", dlq_purge},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

/* "2026-11-23T09:00:00Z", or "2h": so long ago. */
static bool read_time(const char *option, const char *text, int64_t *wall_ms_out)
{
    int64_t ticks, ns;
    if (!sp_time_parse(sp_slice_of(text), &ticks)) {
        *wall_ms_out = ticks / 10000 - INT64_C(62135596800000); /* from 0001-01-01 to 1970-01-01 */
        return true;
    }
    if (option_parse_duration(text, &ns)) {
        *wall_ms_out = sp_clock_wall_ms() - ns / SP_MILLISECOND;
        return true;
    }
    args_wrong("dlq", "write 2026-11-23T09:00:00Z, or 2h for two hours ago", "'%s' is no time for %s", text,
               option);
    return false;
}

static bool read_id(struct dlq_options *options, const char *text)
{
    size_t *count = &options->query.id_count;
    if (*count == DLQ_IDS)
        args_wrong("dlq", NULL, "at most %d ids can be given", DLQ_IDS);
    else if (!id_prefix_parse(text, &options->ids[*count]))
        args_wrong("dlq", "an id is what 'scanpipe dlq list' prints, or its first digits",
                   "'%s' is no id of a dead letter", text);
    else {
        (*count)++;
        options->query.ids = options->ids;
        return true;
    }
    return false;
}

/* Letters of a misspelt class are none, and whoever sends those back would believe it. */
static bool read_class(struct dlq_options *options, const char *text)
{
    enum { NAMED = LETTER_CLASSES - 1 }; /* the last is all others */
    char hint[96] = "malformed, value, rejected, too_large, killed or given_up";
    options->query.filter.class = text;
    for (size_t i = 0; i < NAMED; i++)
        if (strcmp(letter_classes[i], text) == 0)
            return true;
    const char *nearest = near_miss(text, letter_classes, NAMED);
    if (nearest)
        snprintf(hint, sizeof hint, "did you mean '%s'?", nearest);
    args_wrong("dlq", hint, "'%s' is no class of dead letters", text);
    return false;
}

static bool read_limit(struct dlq_options *options, const char *text)
{
    int64_t limit;
    if (!option_parse_integer(text, &limit) || limit < 1) {
        args_wrong("dlq", NULL, "'%s' is nothing for --limit: a number, at least 1", text);
        return false;
    }
    options->query.limit = (uint64_t)limit;
    return true;
}

static bool read_rate(struct dlq_options *options, const char *text)
{
    if (option_parse_rate(text, &options->rate) && options->rate.count > 0)
        return true;
    args_wrong("dlq", "write 50/s, 600/m or 1000/h", "'%s' is no rate", text);
    return false;
}

/* What says which letters.  False after a complaint; *known_out is false where it is no filter. */
static bool take_filter(struct dlq_options *options, int option, bool *known_out)
{
    struct sp_letter_filter *filter = &options->query.filter;
    *known_out = true;
    switch (option) {
    case OPTION_CLASS:
        return read_class(options, optarg);
    case OPTION_COLUMN:
        filter->column = optarg;
        return true;
    case OPTION_EVENT_ID:
        filter->event_id = optarg;
        return true;
    case OPTION_KEY:
        filter->event_key = optarg;
        return true;
    case OPTION_SINCE:
        return read_time("--since", optarg, &filter->from_wall_ms);
    case OPTION_UNTIL:
        return read_time("--until", optarg, &filter->until_wall_ms);
    case OPTION_ID:
        return read_id(options, optarg);
    }
    *known_out = false;
    return true;
}

static bool take_option(struct dlq_options *options, int option)
{
    bool is_filter;
    if (!take_filter(options, option, &is_filter))
        return false;
    options->has_filter = options->has_filter || is_filter;
    switch (option) {
    case 'c':
        options->file = optarg;
        break;
    case ARG_JSON:
        options->json = true;
        break;
    case OPTION_LIMIT:
        return read_limit(options, optarg);
    case OPTION_ALL:
        options->all = true;
        break;
    case OPTION_DRY_RUN:
        options->dry_run = true;
        break;
    case OPTION_YES:
        options->yes = true;
        break;
    case OPTION_ENVELOPES:
        options->envelopes = true;
        break;
    case OPTION_OUTPUT:
        options->output = optarg;
        break;
    case OPTION_RATE:
        return read_rate(options, optarg);
    }
    return true;
}

static int find_verb(const char *name)
{
    const char *names[VERBS];
    for (int i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return i;
        names[i] = verbs[i].name;
    }
    const char *nearest = near_miss(name, names, VERBS);
    char hint[64] = "list, show, export, redrive or purge";
    if (nearest)
        snprintf(hint, sizeof hint, "did you mean '%s'?", nearest);
    args_wrong("dlq", hint, "unknown command 'dlq %s'", name);
    return -1;
}

static bool has_file(const char *verb, const struct dlq_options *options)
{
    char hint[64];
    snprintf(hint, sizeof hint, "scanpipe dlq %s -c FILE", verb);
    if (!options->file)
        args_wrong("dlq", hint, "which pipeline? -c FILE is missing");
    return options->file != NULL;
}

/* The ids that stand behind the verb. */
static bool take_ids(const struct args *args, const char *verb, struct dlq_options *options)
{
    bool shows = strcmp(verb, "show") == 0;
    if (!args_count_is(args, shows ? 2 : 1, shows ? 1 + DLQ_IDS : 1, "the id of a dead letter"))
        return false;
    for (int i = optind + 1; i < args->argc; i++)
        if (!read_id(options, args->argv[i]))
            return false;
    return true;
}

/* What matches nothing, whenever it is asked. */
static bool range_is_some(const struct sp_letter_filter *filter)
{
    if (filter->from_wall_ms == 0 || filter->until_wall_ms == 0 ||
        filter->from_wall_ms < filter->until_wall_ms)
        return true;
    args_wrong("dlq", "--since is the earlier one: --since 2h --until 1h",
               "there is no time between --since and --until");
    return false;
}

/* The index of the verb; -1: *exit_out says how to end. */
static int read_options(int argc, char **argv, struct dlq_options *options, int *exit_out)
{
    struct args args = {"dlq", cmd_dlq_options, argc, argv};
    *exit_out = EXIT_USAGE;
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == 'h') {
            help_print("dlq", stdout);
            *exit_out = 0;
            return -1;
        }
        if (option == ARGS_WRONG || !take_option(options, option))
            return -1;
    }
    if (!args_count_is(&args, 1, INT32_MAX, "what to do (list, show, export, redrive or purge)"))
        return -1;
    int verb = find_verb(argv[optind]);
    if (verb < 0 || !args_fit(&args, verbs[verb].name) || !take_ids(&args, verbs[verb].name, options) ||
        !has_file(verbs[verb].name, options) || !range_is_some(&options->query.filter))
        return -1;
    return verb;
}

static bool has_column(const struct sp_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return true;
    return false;
}

static int complain_column(const struct sp_table *table, const char *name)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    const char **names = sp_arena_alloc(arena, table->column_count * sizeof *names);
    for (size_t i = 0; i < table->column_count; i++)
        names[i] = table->columns[i].name;
    const char *nearest = near_miss(name, names, table->column_count);
    const char *hint = nearest ? sp_arena_printf(arena, "did you mean '%s'?", nearest) : NULL;
    return args_wrong("dlq", hint, "the table %s has no column '%s', and no dead letter blames one",
                      table->name, name);
}

/* A column that the table had before may be to blame for letters that are still there: so those are asked.
 * Returns the exit code; 0: go on. */
static int check_column(const struct pipeline *pipeline, const struct dlq_options *options)
{
    const struct letters_query query = {.filter.column = options->query.filter.column, .limit = 1};
    const struct sp_table *table = pipeline->table ? table_of(pipeline->table) : NULL;
    struct sp_error err = {0};
    struct hand hand;
    uint64_t count = 0;
    if (!query.filter.column || !table || has_column(table, query.filter.column))
        return 0;
    int result = hand_open(&hand, &pipeline->letters, &err);
    if (result == 0) {
        result = choose_count(&hand, pipeline->name, &query, &count, &err);
        hand_close(&hand);
    }
    if (result != 0) {
        cmd_complain_error(&err);
        return EXIT_AWAY;
    }
    return count > 0 ? 0 : complain_column(table, query.filter.column);
}

int cmd_dlq(int argc, char **argv)
{
    struct dlq_options options = {0};
    int code, verb = read_options(argc, argv, &options, &code);
    if (verb < 0)
        return code;
    struct pipeline *pipeline = cmd_load(options.file, &code);
    if (!pipeline)
        return code;
    code = check_column(pipeline, &options);
    if (code == 0)
        code = verbs[verb].run(pipeline, &options);
    pipeline_free(pipeline);
    return code;
}

void dlq_complain_letter(const struct sp_letter *letter, const struct sp_error *err)
{
    SP_AUTO(buffer_fini) struct buffer id = {0};
    buffer_add_hex(&id, letter->id, DLQ_ID_SHOWN);
    cmd_complain(err->cure, "letter %s: %s", id.data, err->text);
}
