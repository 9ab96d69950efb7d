/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/dlq.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/output.h"
#include "engine/framing.h"
#include "engine/oversize.h"

#include <errno.h>
#include <inttypes.h>
#include <scanpipe/envelope.h>
#include <unistd.h>

/* How much of an event goes to a terminal. */
enum { LISTED_BYTES = 400, SHOWN_BYTES = 16 << 10 };

struct showing {
    const struct dlq_options *options;
    const char *folder; /* of letters larger than their store */
    struct sp_arena *arena;
    struct buffer out;
    FILE *file;     /* where it goes */
    uint64_t count; /* letters that were printed */
    uint64_t left;  /* whose bytes are not to be had */
    void (*add)(struct showing *showing, const struct sp_letter *letter);
};

/* The envelope, with what the store alone knows. */
static void add_json(struct showing *showing, const struct sp_letter *letter)
{
    struct sp_slice envelope = sp_envelope_format(letter, showing->arena);
    buffer_printf(&showing->out, "{\"version\":%" PRId64 ",", letter->version);
    buffer_add(&showing->out, envelope.data + 1, envelope.size - 1);
    buffer_add_char(&showing->out, '\n');
}

static void add_said(struct buffer *out, const char *before, const char *text, const char *after)
{
    if (!text || !*text)
        return;
    buffer_add_text(out, before);
    cmd_add_escaped(out, sp_slice_of(text));
    buffer_add_text(out, after);
}

/* At most so much of it. */
static void add_event(struct buffer *out, struct sp_slice event, size_t most)
{
    struct sp_slice head = event;
    if (head.size > most)
        head.size = utf8_cut(head.data, head.size, most);
    cmd_add_escaped(out, head);
    if (head.size < event.size)
        buffer_printf(out, " ... (%zu bytes)", event.size);
    buffer_add_char(out, '\n');
}

/* Sources name what is wrong by its pointer: "/EventId is missing". */
static bool begins_with(const char *reason, const char *pointer)
{
    size_t size = pointer ? strlen(pointer) : 0;
    return size > 0 && strncmp(reason, pointer, size) == 0 && reason[size] == ' ';
}

static void add_line(struct showing *showing, const struct sp_letter *letter)
{
    struct buffer *out = &showing->out;
    char last[32];
    clock_format_wall(letter->last_wall_ms, last);
    buffer_add_text(out, last);
    buffer_add_char(out, ' ');
    buffer_add_hex(out, letter->id, DLQ_ID_SHOWN);
    add_said(out, " ", letter->class, "");
    add_said(out, " from the ", letter->stage, "");
    add_said(out, ", event ", letter->event_id, "");
    add_said(out, ", key ", letter->event_key, "");
    add_said(out, ", cursor ", letter->cursor, "");
    if (letter->attempts > 1)
        buffer_printf(out, ", %" PRId64 " times", letter->attempts);
    buffer_add_text(out, "\n  ");
    add_said(out, "", letter->column, "");
    if (!letter->column && letter->reason && begins_with(letter->reason, letter->pointer)) {
        add_said(out, "", letter->reason, "");
    } else {
        add_said(out, letter->column ? " (" : "(", letter->pointer, ")");
        add_said(out, letter->column || letter->pointer ? ": " : "", letter->reason, "");
    }
    buffer_add_text(out, "\n  ");
    add_event(out, letter->event, LISTED_BYTES);
    add_said(out, "  all of it is in ", letter->place, "\n");
}

static void add_field(struct buffer *out, const char *name, const char *text)
{
    if (!text)
        return;
    buffer_printf(out, "%-9s ", name);
    add_said(out, "", text, "");
    buffer_add_char(out, '\n');
}

static void add_all(struct showing *showing, const struct sp_letter *letter)
{
    struct buffer *out = &showing->out;
    char first[32], last[32];
    clock_format_wall(letter->first_wall_ms, first);
    clock_format_wall(letter->last_wall_ms, last);
    if (showing->count > 0)
        buffer_add_char(out, '\n');
    buffer_printf(out, "%-9s ", "id");
    buffer_add_hex(out, letter->id, sizeof letter->id);
    buffer_add_char(out, '\n');
    add_field(out, "class", letter->class);
    add_field(out, "reason", letter->reason);
    add_field(out, "column", letter->column);
    add_field(out, "pointer", letter->pointer);
    add_field(out, "event id", letter->event_id);
    add_field(out, "key", letter->event_key);
    add_field(out, "pipeline", letter->pipeline);
    add_field(out, "stage", letter->stage);
    add_field(out, "plugin", letter->plugin);
    add_field(out, "cursor", letter->cursor);
    buffer_printf(out, "%-9s %" PRId64 "\n", "attempts", letter->attempts);
    buffer_printf(out, "%-9s %s\n%-9s %s\n", "first", first, "last", last);
    add_field(out, "file", letter->place);
    buffer_printf(out, "%-9s %zu bytes: ", "event", letter->event.size);
    add_event(out, letter->event, SHOWN_BYTES);
}

/* The event as it came, on a line. */
static void add_own_bytes(struct showing *showing, const struct sp_letter *letter)
{
    struct sp_slice line = framing_one_line(letter->event, showing->arena);
    buffer_add(&showing->out, line.data, line.size);
    buffer_add_char(&showing->out, '\n');
}

static void add_envelope(struct showing *showing, const struct sp_letter *letter)
{
    struct sp_slice envelope = sp_envelope_format(letter, showing->arena);
    buffer_add(&showing->out, envelope.data, envelope.size);
    buffer_add_char(&showing->out, '\n');
}

static int print(struct showing *showing, struct sp_error *err)
{
    struct buffer *out = &showing->out;
    if (out->size)
        fwrite(out->data, 1, out->size, showing->file);
    buffer_clear(out);
    if (fflush(showing->file) == 0 && !ferror(showing->file))
        return 0;
    const char *to = showing->options->output ? showing->options->output : "standard output";
    return sp_fail(err, SP_REFUSED, "cannot write to %s: %s", to, strerror(errno));
}

static enum scan_answer show_as_stored(void *context, const struct sp_letter *letters, size_t count,
                                       struct sp_error *err)
{
    struct showing *showing = context;
    for (size_t i = 0; i < count; i++) {
        showing->add(showing, &letters[i]);
        showing->count++;
    }
    arena_reset(showing->arena, 1 << 20);
    return print(showing, err) == 0 ? SCAN_ON : SCAN_FAILED;
}

/* With all bytes of the events, also where those are in files. */
static enum scan_answer show_whole(void *context, const struct sp_letter *letters, size_t count,
                                   struct sp_error *err)
{
    struct showing *showing = context;
    for (size_t i = 0; i < count; i++) {
        struct sp_letter whole = letters[i];
        struct sp_error why = {0};
        if (oversize_read(showing->folder, &whole, 0, showing->arena, &why) != 0) {
            dlq_complain_letter(&letters[i], &why);
            showing->left++;
            continue;
        }
        showing->add(showing, &whole);
        showing->count++;
        arena_reset(showing->arena, 1 << 20);
        if (print(showing, err) != 0)
            return SCAN_FAILED;
    }
    return SCAN_ON;
}

/* Goes through the letters; returns the exit code. */
static int scan(const struct pipeline *pipeline, struct showing *showing,
                enum scan_answer (*take)(void *context, const struct sp_letter *letters, size_t count,
                                         struct sp_error *err))
{
    struct sp_error err = {0};
    struct hand hand;
    showing->folder = pipeline->letters_options.oversize;
    showing->arena = arena_new(64 * 1024);
    int result = hand_open(&hand, &pipeline->letters, &err);
    if (result == 0) {
        result = choose_letters(&hand, pipeline->name, &showing->options->query, take, showing, &err);
        hand_close(&hand);
    }
    if (result != 0)
        cmd_complain_error(&err);
    arena_free(showing->arena);
    buffer_fini(&showing->out);
    return result != 0 ? EXIT_AWAY : showing->left > 0 ? EXIT_REJECTED : 0;
}

static void tell_count(const struct showing *showing, const char *what)
{
    fprintf(stderr, "%" PRIu64 " dead letter%s%s\n", showing->count, cmd_plural(showing->count), what);
}

int dlq_list(const struct pipeline *pipeline, const struct dlq_options *options)
{
    struct showing showing = {.options = options, .file = stdout, .add = options->json ? add_json : add_line};
    int code = scan(pipeline, &showing, show_as_stored);
    if (code == 0 && !options->json)
        tell_count(&showing, "");
    return code;
}

int dlq_show(const struct pipeline *pipeline, const struct dlq_options *options)
{
    struct showing showing = {.options = options, .file = stdout, .add = options->json ? add_json : add_all};
    int code = scan(pipeline, &showing, options->json ? show_whole : show_as_stored);
    if (code != 0 || showing.count > 0)
        return code;
    cmd_complain("'scanpipe dlq list' prints the ids of those that are there",
                 "there is no such dead letter");
    return EXIT_NO_INPUT;
}

int dlq_export(const struct pipeline *pipeline, const struct dlq_options *options)
{
    struct showing showing = {.options = options,
                              .add = options->json        ? add_json
                                     : options->envelopes ? add_envelope
                                                          : add_own_bytes};
    struct output output;
    if (output_open(&output, options->output) != 0)
        return EXIT_AWAY;
    showing.file = output.file;
    int code = scan(pipeline, &showing, show_whole);
    if (output_close(&output, code != EXIT_AWAY) != 0)
        code = EXIT_AWAY;
    if (code == EXIT_AWAY && output.renamed)
        fprintf(stderr, "nothing is exported; '%s' is as it was\n", options->output);
    else
        tell_count(&showing, code == EXIT_AWAY ? " exported, not all of them" : " exported");
    return code;
}
