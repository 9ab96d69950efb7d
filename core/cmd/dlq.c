/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/args.h"
#include "cmd/cmd.h"

#include <inttypes.h>

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"json", no_argument, NULL, ARG_JSON},
    {"help", no_argument, NULL, 'h'},
    {0},
};

enum { LETTERS_AT_ONCE = 100, HEAD_BYTES = 400 };

static void add_json(struct buffer *out, const struct sp_letter *letter)
{
    char first[32], last[32];
    clock_format_wall(letter->first_wall_ms, first);
    clock_format_wall(letter->last_wall_ms, last);
    buffer_add_text(out, "{\"id\":\"");
    for (size_t i = 0; i < sizeof letter->id; i++)
        buffer_printf(out, "%02x", letter->id[i]);
    buffer_printf(out, "\",\"version\":%" PRId64 ",\"attempts\":%" PRId64 ",\"first\":\"%s\",\"last\":\"%s\"",
                  letter->version, letter->attempts, first, last);
    cmd_add_member(out, "pipeline", letter->pipeline);
    cmd_add_member(out, "stage", letter->stage);
    cmd_add_member(out, "plugin", letter->plugin);
    cmd_add_member(out, "class", letter->class);
    cmd_add_member(out, "reason", letter->reason);
    cmd_add_member(out, "column", letter->column);
    cmd_add_member(out, "pointer", letter->pointer);
    cmd_add_member(out, "event_id", letter->event_id);
    cmd_add_member(out, "event_key", letter->event_key);
    cmd_add_member(out, "cursor", letter->cursor);
    if (utf8_valid(letter->event)) {
        buffer_add_text(out, ",\"event\":");
        buffer_add_json(out, letter->event);
    } else {
        buffer_add_text(out, ",\"event_base64\":\"");
        buffer_add_base64(out, letter->event);
        buffer_add_char(out, '"');
    }
    buffer_add_text(out, "}\n");
}

static void add_said(struct buffer *out, const char *before, const char *text, const char *after)
{
    if (!text || !*text)
        return;
    buffer_add_text(out, before);
    cmd_add_escaped(out, sp_slice_of(text));
    buffer_add_text(out, after);
}

static void add_text(struct buffer *out, const struct sp_letter *letter)
{
    char last[32];
    clock_format_wall(letter->last_wall_ms, last);
    buffer_add_text(out, last);
    add_said(out, " ", letter->class, "");
    add_said(out, " from the ", letter->stage, "");
    add_said(out, ", event ", letter->event_id, "");
    add_said(out, ", key ", letter->event_key, "");
    add_said(out, ", cursor ", letter->cursor, "");
    if (letter->attempts > 1)
        buffer_printf(out, ", %" PRId64 " times", letter->attempts);
    buffer_add_text(out, "\n  ");
    add_said(out, "", letter->column, "");
    add_said(out, letter->column ? " (" : "(", letter->pointer, ")");
    add_said(out, letter->column || letter->pointer ? ": " : "", letter->reason, "");
    buffer_add_text(out, "\n  ");
    struct sp_slice head = letter->event;
    if (head.size > HEAD_BYTES)
        head.size = utf8_cut(head.data, head.size, HEAD_BYTES);
    cmd_add_escaped(out, head);
    if (head.size < letter->event.size)
        buffer_printf(out, " ... (%zu bytes)", letter->event.size);
    buffer_add_char(out, '\n');
}

static int scan_all(const struct pipeline *pipeline, void *handle, bool json, uint64_t *count_out,
                    struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(64 * 1024);
    SP_AUTO(buffer_fini) struct buffer after = {0}, out = {0};
    const struct stage *stage = &pipeline->letters;
    struct sp_letter_filter filter = {.size = sizeof filter, .pipeline = pipeline->name};
    do {
        const struct sp_letter *letters;
        size_t count;
        struct sp_slice next = {0};
        int64_t deadline = sp_clock_now() + stage->options.timeout_ns;
        if (stage->plugin->about.letters->scan(handle, &filter, (struct sp_slice){after.data, after.size},
                                               LETTERS_AT_ONCE, arena, &letters, &count, &next, deadline,
                                               err) < 0)
            return -1;
        for (size_t i = 0; i < count; i++)
            (json ? add_json : add_text)(&out, &letters[i]);
        *count_out += count;
        buffer_clear(&after);
        buffer_add(&after, next.data, next.size);
        if (!cmd_print(&out))
            return sp_fail(err, SP_REFUSED, "not all letters were printed");
        buffer_clear(&out);
        arena_reset(arena, 1024 * 1024);
    } while (after.size > 0);
    return 0;
}

static int with_handle(const struct pipeline *pipeline, void *loaded, bool json, uint64_t *count_out,
                       struct sp_error *err)
{
    const struct sp_plugin *about = &pipeline->letters.plugin->about;
    void *handle;
    if (about->open(loaded, &handle, err) < 0)
        return -1;
    int result = scan_all(pipeline, handle, json, count_out, err);
    about->close(handle);
    return result;
}

static int list(const struct pipeline *pipeline, bool json)
{
    const struct sp_plugin *about = &pipeline->letters.plugin->about;
    struct sp_error err = {0};
    void *loaded;
    uint64_t count = 0;
    int result = about->load(pipeline->letters.config, &pipeline->letters.about, &loaded, &err);
    if (result == 0) {
        result = with_handle(pipeline, loaded, json, &count, &err);
        about->unload(loaded);
    }
    if (result < 0) {
        sp_error_context(&err, "dead_letters");
        cmd_complain_error(&err);
        return EXIT_AWAY;
    }
    if (!json)
        fprintf(stderr, "%" PRIu64 " dead letter%s\n", count, cmd_plural(count));
    return 0;
}

int cmd_dlq(int argc, char **argv)
{
    struct args args = {"dlq", ":c:h", long_options, argc, argv};
    const char *file = NULL;
    bool json = false;
    for (int option; (option = args_next(&args)) != ARGS_END;) {
        if (option == ARGS_WRONG)
            return EXIT_USAGE;
        if (option == 'h') {
            help_print("dlq", stdout);
            return 0;
        }
        if (option == ARG_JSON)
            json = true;
        else
            file = optarg;
    }
    if (!args_count_is(&args, 1, 1, "what to do ('list')"))
        return EXIT_USAGE;
    if (strcmp(argv[optind], "list") != 0)
        return args_wrong("dlq", "scanpipe dlq list -c FILE", "unknown command 'dlq %s'", argv[optind]);
    if (!file)
        return args_wrong("dlq", "scanpipe dlq list -c FILE", "which pipeline? -c FILE is missing");
    int code;
    struct pipeline *pipeline = cmd_load(file, &code);
    if (!pipeline)
        return code;
    code = list(pipeline, json);
    pipeline_free(pipeline);
    return code;
}
