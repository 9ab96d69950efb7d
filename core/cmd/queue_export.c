/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/queue.h"
#include "engine/framing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

struct exporting {
    FILE *file;
    bool messages;
    struct buffer out;
    struct sp_arena *arena; /* of one message */
    uint64_t events;
    int told; /* of what is wrong */
};

enum { TOLD_MOST = 20 };

/* ---- as messages */

static void add_bytes(struct buffer *out, const char *name, struct sp_slice bytes)
{
    if (utf8_valid(bytes)) {
        buffer_printf(out, ",\"%s\":", name);
        buffer_add_json(out, bytes);
        return;
    }
    buffer_printf(out, ",\"%s_base64\":\"", name);
    buffer_add_base64(out, bytes);
    buffer_add_char(out, '"');
}

static void add_attributes(struct buffer *out, const struct sp_salvaged *message)
{
    buffer_add_text(out, ",\"attributes\":{");
    for (size_t i = 0; i < message->attribute_count; i++) {
        buffer_add_text(out, i ? "," : "");
        buffer_add_json(out, message->attributes[i].name);
        buffer_add_char(out, ':');
        buffer_add_json(out, message->attributes[i].value);
    }
    buffer_add_char(out, '}');
}

static void add_message(struct buffer *out, const struct sp_salvaged *message)
{
    static const char *const outcomes[] = {"whole", "doubtful", "lost"};
    buffer_printf(out, "{\"outcome\":\"%s\"", outcomes[message->outcome]);
    cmd_add_member(out, "why", message->text);
    if (message->sent_wall_ms > 0) {
        char sent[32];
        clock_format_wall(message->sent_wall_ms, sent);
        cmd_add_member(out, "sent", sent);
        buffer_printf(out, ",\"events\":%" PRIu64, message->event_count);
    }
    add_attributes(out, message);
    if (message->outcome != SP_SALVAGE_LOST)
        add_bytes(out, "body", message->body);
    buffer_add_text(out, "}\n");
}

/* ---- as events */

static void add_events(struct exporting *exporting, const struct sp_salvaged *message)
{
    struct sp_received received = {.body = message->body,
                                   .attributes = message->attributes,
                                   .attribute_count = message->attribute_count};
    struct framing_reader events = framing_open(&received);
    const struct framing_history *history;
    for (struct sp_slice event; framing_next_event(&events, exporting->arena, &event, &history);) {
        struct sp_slice line = framing_one_line(event, exporting->arena);
        buffer_add(&exporting->out, line.data, line.size);
        buffer_add_char(&exporting->out, '\n');
        exporting->events++;
    }
    arena_reset(exporting->arena, 1 << 20);
}

static bool take(void *context, const struct sp_salvaged *message)
{
    struct exporting *exporting = context;
    if (message->text && exporting->told++ < TOLD_MOST)
        fprintf(stderr, "%s\n", message->text);
    if (exporting->messages)
        add_message(&exporting->out, message);
    else if (message->outcome != SP_SALVAGE_LOST)
        add_events(exporting, message);
    bool written =
        fwrite(buffer_text(&exporting->out), 1, exporting->out.size, exporting->file) == exporting->out.size;
    buffer_clear(&exporting->out);
    return written;
}

/* ---- where to */

/* Never over what is there. */
static FILE *open_output(const char *path)
{
    if (!path)
        return stdout;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        cmd_complain(errno == EEXIST ? "name a file that is not there" : NULL, "cannot write %s: %s", path,
                     strerror(errno));
        return NULL;
    }
    return fdopen(file, "w");
}

/* False where not all of it is on the disk. */
static bool close_output(const char *path, FILE *file)
{
    bool good = fflush(file) == 0 && !ferror(file) && (!path || fsync(fileno(file)) == 0);
    if (!good)
        cmd_complain(NULL, "cannot write %s: %s", path ? path : "to standard output", strerror(errno));
    if (path)
        fclose(file);
    return good;
}

static bool tell(const struct pipeline *pipeline, const struct queue_options_given *given,
                 const struct exporting *exporting, const struct salvage_report *loss)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    if (given->json) {
        buffer_add_text(&out, "{\"pipeline\":");
        buffer_add_json(&out, sp_slice_of(pipeline->name));
        cmd_add_member(&out, "output", given->output);
        queue_add_loss_json(&out, loss);
        buffer_add_text(&out, "}\n");
        return cmd_print(&out);
    }
    if (!given->messages)
        buffer_printf(&out, "%" PRIu64 " event%s\n", exporting->events, cmd_plural(exporting->events));
    queue_add_loss(&out, pipeline->path, loss);
    fputs(buffer_text(&out), stderr);
    return true;
}

int queue_do_export(const struct pipeline *pipeline, struct hand *hand,
                    const struct queue_options_given *given)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    SP_AUTO(arena_free_at) struct sp_arena *scratch = arena_new(65536);
    struct exporting exporting = {.messages = given->messages, .arena = scratch};
    struct salvage_report loss;
    struct sp_error err = {0};
    exporting.file = open_output(given->output);
    if (!exporting.file)
        return EXIT_AWAY;
    int failed = salvage_run(pipeline, hand, take, &exporting, arena, &loss, &err);
    buffer_fini(&exporting.out);
    bool written = close_output(given->output, exporting.file);
    if (failed != 0 && err.class != SP_STOPPED)
        cmd_complain_error(&err);
    if (failed != 0 || !written || !tell(pipeline, given, &exporting, &loss))
        return EXIT_AWAY;
    return loss.lost || loss.doubtful ? EXIT_REJECTED : 0;
}
