/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/cursor.h"

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "config/options.h"

#include <inttypes.h>

enum { OPTION_FORCE = 300, OPTION_SKIP, OPTION_TO_START, OPTION_DRY_RUN };

const struct arg_option cmd_cursor_options[] = {
    ARG_CONFIG_OPTION,
    ARG_OPTION("to-start", OPTION_TO_START, NULL, "to the very beginning", .words = "set rewind"),
    ARG_OPTION("skip", OPTION_SKIP, NULL, "PLACE may lie after the cursor: the events between are NEVER read",
               .words = "set"),
    ARG_OPTION("force", OPTION_FORCE, NULL,
               "also while a process polls: it steps down, and polling goes on from PLACE",
               .words = "set rewind"),
    ARG_OPTION("dry-run", OPTION_DRY_RUN, NULL, "say what would be done", .words = "set rewind"),
    ARG_OPTION("json", ARG_JSON, NULL, "one JSON object"),
    ARG_HELP_OPTION,
    ARG_END_OPTION,
};

struct cursor_options {
    const char *file, *place;
    bool to_start, json;
    struct cursor_move move;
};

static void add_holder(struct buffer *out, const struct holder *holder)
{
    buffer_printf(out, "process %" PRId64 " on ", holder->pid);
    cmd_add_escaped(out, sp_slice_of(holder->host));
}

static void add_holder_json(struct buffer *out, bool held, const struct holder *holder)
{
    buffer_printf(out, ",\"held\":%s", held ? "true" : "false");
    if (!held)
        return;
    buffer_add_text(out, ",\"holder\":{\"host\":");
    buffer_add_json(out, sp_slice_of(holder->host));
    buffer_printf(out, ",\"pid\":%" PRId64 "}", holder->pid);
}

/* ---- show */

static void add_view(struct buffer *out, const struct cursor_view *view)
{
    buffer_add_text(out, "cursor  ");
    cmd_add_escaped(out, sp_slice_of(view->at));
    buffer_add_text(out, view->there ? "\nheld    by " : ": nothing was read yet\nheld    by ");
    if (view->record.held)
        add_holder(out, &view->record.holder);
    else
        buffer_add_text(out, "nobody");
    buffer_printf(out, "%s\ntoken   %" PRId64 "\n", view->gone ? ", which is gone" : "", view->record.token);
}

static void add_view_json(struct buffer *out, const char *pipeline, const struct cursor_view *view)
{
    buffer_add_text(out, "{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(pipeline));
    if (view->record.cursor.size > 0)
        cmd_add_member(out, "cursor", view->at);
    else
        buffer_add_text(out, ",\"cursor\":null");
    buffer_printf(out, ",\"token\":%" PRId64 ",\"version\":%" PRId64, view->record.token, view->version);
    add_holder_json(out, view->record.held, &view->record.holder);
    if (view->record.held)
        buffer_printf(out, ",\"gone\":%s", view->gone ? "true" : "false");
    buffer_add_text(out, "}\n");
}

static int show(const struct pipeline *pipeline, const struct cursor_options *options)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct cursor_view view;
    struct sp_error err = {0};
    if (cursor_look(pipeline, arena, &view, &err) != 0) {
        cmd_complain_error(&err);
        return EXIT_AWAY;
    }
    if (options->json)
        add_view_json(&out, pipeline->name, &view);
    else
        add_view(&out, &view);
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}

/* ---- set and rewind */

static void tell_watching(void *context, const struct holder *holder, int64_t lease_ns)
{
    char lease[32];
    SP_AUTO(buffer_fini) struct buffer who = {0};
    (void)context;
    option_format_duration(lease_ns, lease);
    add_holder(&who, holder);
    fprintf(stderr, "%s held the cursor last; watching for up to %s whether it still does\n",
            buffer_text(&who), lease);
}

static int refuse(const struct cursor_moved *moved, const char *command)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    char hint[200];
    if (moved->outcome == CURSOR_HELD) {
        add_holder(&text, &moved->holder);
        buffer_add_text(&text, " polls, and holds the cursor");
        cmd_complain("stop it, or say --force: it steps down, and whoever polls next goes on from there",
                     "%s", buffer_text(&text));
        return EXIT_AWAY;
    }
    cmd_add_escaped(&text, sp_slice_of(moved->to));
    if (moved->outcome == CURSOR_FORWARD) {
        buffer_add_text(&text, " lies after the cursor, ");
        cmd_add_escaped(&text, sp_slice_of(moved->from));
        return args_wrong(command, "say --skip where the events between them are never to be read", "%s",
                          buffer_text(&text));
    }
    if (strcmp(moved->to, moved->from) == 0) {
        buffer_add_text(&text, " is where the cursor stands");
        return args_wrong(command, "name a place before it", "%s", buffer_text(&text));
    }
    buffer_add_text(&text, " does not lie before the cursor, ");
    cmd_add_escaped(&text, sp_slice_of(moved->from));
    snprintf(hint, sizeof hint, "'scanpipe cursor set' goes anywhere");
    return args_wrong(command, hint, "%s", buffer_text(&text));
}

static void add_moved(struct buffer *out, const struct cursor_moved *moved, bool dry_run)
{
    buffer_add_text(out, dry_run ? "would move the cursor from " : "moved the cursor from ");
    cmd_add_escaped(out, sp_slice_of(moved->from));
    buffer_add_text(out, " to ");
    cmd_add_escaped(out, sp_slice_of(moved->to));
    if (moved->direction < 0)
        buffer_add_text(out, strcmp(moved->from, moved->to) == 0
                                 ? ", before that event: it is read again"
                                 : ": the events between them are read again");
    if (moved->direction > 0)
        buffer_add_text(out, ": the events between them are never read");
    buffer_add_char(out, '\n');
    if (!moved->held)
        return;
    add_holder(out, &moved->holder);
    buffer_printf(out, " %s down with its next write, and whoever polls next goes on from there\n",
                  dry_run ? "would step" : "steps");
}

static void add_moved_json(struct buffer *out, const char *pipeline, const struct cursor_moved *moved,
                           bool dry_run)
{
    static const char *const directions[] = {"back", "none", "forward"};
    int direction = (moved->direction > 0) - (moved->direction < 0);
    buffer_add_text(out, "{\"pipeline\":");
    buffer_add_json(out, sp_slice_of(pipeline));
    cmd_add_member(out, "from", moved->from);
    cmd_add_member(out, "to", moved->to);
    buffer_printf(out, ",\"direction\":\"%s\",\"dry_run\":%s,\"token\":%" PRId64, directions[direction + 1],
                  dry_run ? "true" : "false", moved->token);
    add_holder_json(out, moved->held, &moved->holder);
    buffer_add_text(out, "}\n");
}

static int move(const struct pipeline *pipeline, const struct cursor_options *options)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    SP_AUTO(buffer_fini) struct buffer out = {0};
    struct cursor_moved moved;
    struct sp_error err = {0};
    if (cursor_move(pipeline, &options->move, arena, &moved, &err) != 0) {
        cmd_complain_error(&err);
        return err.class == SP_REJECTED ? EXIT_USAGE : EXIT_AWAY;
    }
    if (moved.outcome != CURSOR_MOVED)
        return refuse(&moved, "cursor");
    if (options->json)
        add_moved_json(&out, pipeline->name, &moved, options->move.dry_run);
    else
        add_moved(&out, &moved, options->move.dry_run);
    return cmd_print(&out) ? 0 : EXIT_AWAY;
}

/* ---- the command line */

static void take_option(struct cursor_options *options, int option)
{
    if (option == 'c')
        options->file = optarg;
    options->json |= option == ARG_JSON;
    options->to_start |= option == OPTION_TO_START;
    options->move.force |= option == OPTION_FORCE;
    options->move.skip |= option == OPTION_SKIP;
    options->move.dry_run |= option == OPTION_DRY_RUN;
}

/* What is wrong with words that are right one by one; EXIT_USAGE after a message. */
static int check_words(const struct cursor_options *options, bool shows)
{
    if (!options->file)
        return args_wrong("cursor", "scanpipe cursor show -c FILE", "which pipeline? -c FILE is missing");
    if (shows && options->place)
        return args_wrong("cursor", NULL, "'cursor show' only looks: it takes no place");
    if (!shows && !options->place == !options->to_start)
        return args_wrong("cursor", "an event's id, FILE:LINE, or --to-start", "%s",
                          options->place ? "it is either a place or --to-start"
                                         : "to where? the place is missing");
    return 0;
}

int cmd_cursor(int argc, char **argv)
{
    struct args args = {"cursor", cmd_cursor_options, argc, argv};
    struct cursor_options options = {.move.watching = tell_watching};
    static const char *const acts[] = {"show", "set", "rewind"};
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("cursor", stdout);
            return 0;
        }
        take_option(&options, option);
    }
    if (!args_count_is(&args, 1, 2, "what to do ('show', 'set' or 'rewind')"))
        return EXIT_USAGE;
    int act = args_choice(&args, "'cursor'", argv[optind], acts, 3);
    if (act < 0 || !args_fit(&args, acts[act]))
        return EXIT_USAGE;
    options.place = options.move.to = argc - optind > 1 ? argv[optind + 1] : NULL;
    options.move.only_back = act == 2;
    int code = check_words(&options, act == 0);
    struct pipeline *pipeline = code == 0 ? cmd_load(options.file, &code) : NULL;
    if (!pipeline)
        return code;
    code = act == 0 ? show(pipeline, &options) : move(pipeline, &options);
    pipeline_free(pipeline);
    return code;
}
