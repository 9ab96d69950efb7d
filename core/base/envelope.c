/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/buffer.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <scanpipe/envelope.h>
#include <scanpipe/json.h>
#include <scanpipe/time.h>
#include <stdio.h>

enum { ENVELOPE_VERSION = 1 };

enum {
    AT_VERSION,
    AT_ID,
    AT_ATTEMPTS,
    AT_FIRST,
    AT_LAST,
    AT_EVENT,
    AT_BASE64,
    AT_TEXTS,
    MEMBERS = AT_TEXTS + 11
};

/* Members by their pointers; a name is what stands behind the slash. */
static const char *const pointers[MEMBERS] = {
    "/envelope",     "/id",       "/attempts", "/first",     "/last",   "/event",
    "/event_base64", "/pipeline", "/stage",    "/plugin",    "/class",  "/reason",
    "/column",       "/pointer",  "/event_id", "/event_key", "/cursor", "/place",
};

/* Where the texts of AT_TEXTS and behind it belong. */
static const size_t text_offsets[MEMBERS - AT_TEXTS] = {
    offsetof(struct sp_letter, pipeline),  offsetof(struct sp_letter, stage),
    offsetof(struct sp_letter, plugin),    offsetof(struct sp_letter, class),
    offsetof(struct sp_letter, reason),    offsetof(struct sp_letter, column),
    offsetof(struct sp_letter, pointer),   offsetof(struct sp_letter, event_id),
    offsetof(struct sp_letter, event_key), offsetof(struct sp_letter, cursor),
    offsetof(struct sp_letter, place),
};

/* From 0001-01-01, where ticks begin, to 1970-01-01. */
static const int64_t ticks_of_1970 = INT64_C(621355968000000000);
enum { TICKS_PER_MS = 10000 };
static const int64_t first_ms = INT64_C(-62135596800000), last_ms = INT64_C(253402300799999);

static void add_time(struct buffer *out, const char *name, int64_t wall_ms)
{
    char text[SP_TIME_TEXT_SIZE];
    int64_t ms = wall_ms < first_ms ? first_ms : wall_ms > last_ms ? last_ms : wall_ms;
    sp_time_format(ms * TICKS_PER_MS + ticks_of_1970, 3, text);
    buffer_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void add_texts(struct buffer *out, const struct sp_letter *letter)
{
    for (size_t i = AT_TEXTS; i < MEMBERS; i++) {
        const char *text;
        memcpy(&text, (const char *)letter + text_offsets[i - AT_TEXTS], sizeof text);
        if (!text)
            continue;
        buffer_printf(out, ",\"%s\":", pointers[i] + 1);
        buffer_add_json(out, sp_slice_of(text));
    }
}

static void add_envelope(struct buffer *out, const struct sp_letter *letter)
{
    buffer_printf(out, "{\"envelope\":%d,\"id\":\"", ENVELOPE_VERSION);
    buffer_add_hex(out, letter->id, sizeof letter->id);
    buffer_printf(out, "\",\"attempts\":%" PRId64, letter->attempts > 0 ? letter->attempts : 0);
    add_time(out, "first", letter->first_wall_ms);
    add_time(out, "last", letter->last_wall_ms);
    add_texts(out, letter);
    if (utf8_valid(letter->event)) {
        buffer_add_text(out, ",\"event\":");
        buffer_add_json(out, letter->event);
    } else {
        buffer_add_text(out, ",\"event_base64\":\"");
        buffer_add_base64(out, letter->event);
        buffer_add_char(out, '"');
    }
    buffer_add_char(out, '}');
}

struct sp_slice sp_envelope_format(const struct sp_letter *letter, struct sp_arena *arena)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    add_envelope(&out, letter);
    return sp_arena_copy(arena, (struct sp_slice){out.data, out.size});
}

char *sp_envelope_text(const struct sp_letter *letter, size_t *size_out)
{
    struct buffer out = {0};
    add_envelope(&out, letter);
    *size_out = out.size;
    return out.data;
}

/* What is being read: the members that were found, and where to put what they hold. */
struct reading {
    struct sp_json_value found[MEMBERS];
    struct sp_arena *arena;
    struct sp_error *err;
};

static bool is_missing(const struct reading *reading, size_t member)
{
    enum sp_json_kind kind = reading->found[member].kind;
    return kind == SP_JSON_ABSENT || kind == SP_JSON_NULL;
}

static int wrong(const struct reading *reading, size_t member, const char *what)
{
    return sp_fail(reading->err, SP_REJECTED, "is no envelope: '%s' %s", pointers[member] + 1, what);
}

static int read_bytes(const struct reading *reading, size_t member, struct sp_slice *out)
{
    const struct sp_json_value *value = &reading->found[member];
    if (value->kind != SP_JSON_STRING && value->kind != SP_JSON_STRING_ESCAPED)
        return wrong(reading, member, value->kind == SP_JSON_ABSENT ? "is missing" : "is not text");
    *out = sp_json_unescape(value, reading->arena);
    return 0;
}

static int read_text(const struct reading *reading, size_t member, const char **out)
{
    struct sp_slice text;
    if (is_missing(reading, member)) {
        *out = NULL;
        return 0;
    }
    if (read_bytes(reading, member, &text) != 0)
        return -1;
    if (text.size && memchr(text.data, '\0', text.size))
        return wrong(reading, member, "has a NUL in it");
    *out = sp_arena_text(reading->arena, text.data, text.size);
    return 0;
}

static int read_texts(const struct reading *reading, struct sp_letter *letter)
{
    for (size_t i = AT_TEXTS; i < MEMBERS; i++) {
        const char *text = NULL;
        if (read_text(reading, i, &text) != 0)
            return -1;
        memcpy((char *)letter + text_offsets[i - AT_TEXTS], &text, sizeof text);
    }
    return 0;
}

/* What a lower-case hexadecimal digit stands for, or something over 15. */
static unsigned hex_digit(char c)
{
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

static int read_id(const struct reading *reading, unsigned char id[SP_SHA256_SIZE])
{
    struct sp_slice text;
    if (read_bytes(reading, AT_ID, &text) != 0)
        return -1;
    if (text.size != 2 * (size_t)SP_SHA256_SIZE)
        return wrong(reading, AT_ID, "does not have 64 hexadecimal digits");
    for (size_t i = 0; i < SP_SHA256_SIZE; i++) {
        unsigned high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);
        if (high > 15 || low > 15)
            return wrong(reading, AT_ID, "does not have 64 hexadecimal digits");
        id[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

static int read_count(const struct reading *reading, size_t member, int64_t *out)
{
    *out = 0;
    if (is_missing(reading, member))
        return 0;
    if (!sp_json_int64(&reading->found[member], out) || *out < 0)
        return wrong(reading, member, "is no count");
    return 0;
}

static int read_time(const struct reading *reading, size_t member, int64_t *wall_ms_out)
{
    struct sp_slice text;
    int64_t ticks;
    *wall_ms_out = 0;
    if (is_missing(reading, member))
        return 0;
    if (read_bytes(reading, member, &text) != 0)
        return -1;
    const char *fault = sp_time_parse(text, &ticks);
    if (fault)
        return wrong(reading, member, fault);
    *wall_ms_out = ticks / TICKS_PER_MS - ticks_of_1970 / TICKS_PER_MS;
    return 0;
}

/* The six bits of a digit of base64, or something over 63. */
static unsigned base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0' + 52);
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Canonical: padded, and no bit is set that stands for nothing.  False where it is not. */
static bool decode_base64(struct sp_slice text, struct sp_arena *arena, struct sp_slice *out)
{
    size_t pads = 0, size = 0;
    if (text.size % 4 != 0)
        return false;
    while (pads < 2 && pads < text.size && text.data[text.size - 1 - pads] == '=')
        pads++;
    unsigned char *bytes = sp_arena_alloc(arena, text.size / 4 * 3 + 1);
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < text.size - pads; i++) {
        unsigned digit = base64_digit(text.data[i]);
        if (digit > 63)
            return false;
        bits = (bits << 6 | digit) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[size++] = (unsigned char)(bits >> held);
        }
    }
    *out = (struct sp_slice){(const char *)bytes, size};
    return (bits & ((1U << held) - 1)) == 0;
}

static int read_event(const struct reading *reading, struct sp_slice *out)
{
    struct sp_slice text;
    if (reading->found[AT_BASE64].kind == SP_JSON_ABSENT)
        return read_bytes(reading, AT_EVENT, out);
    if (reading->found[AT_EVENT].kind != SP_JSON_ABSENT)
        return wrong(reading, AT_BASE64, "and 'event' are both there");
    if (read_bytes(reading, AT_BASE64, &text) != 0)
        return -1;
    return decode_base64(text, reading->arena, out) ? 0 : wrong(reading, AT_BASE64, "is no base64");
}

static int read_version(const struct reading *reading)
{
    int64_t version;
    if (reading->found[AT_VERSION].kind == SP_JSON_ABSENT)
        return wrong(reading, AT_VERSION, "is missing");
    if (!sp_json_int64(&reading->found[AT_VERSION], &version) || version < ENVELOPE_VERSION)
        return wrong(reading, AT_VERSION, "is no version");
    if (version > ENVELOPE_VERSION)
        return wrong(reading, AT_VERSION, "is a version newer than this scanpipe knows");
    return 0;
}

int sp_envelope_parse(struct sp_slice text, struct sp_arena *arena, struct sp_letter *letter_out,
                      struct sp_error *err)
{
    const struct sp_json_paths *paths;
    struct sp_json_fault fault;
    struct reading reading = {.arena = arena, .err = err};
    struct sp_letter letter = {.version = 0};
    size_t bad;
    if (sp_json_paths_new(pointers, MEMBERS, arena, &paths, &bad) != 0)
        return sp_fail(err, SP_REJECTED, "'%s' is no pointer", pointers[bad]);
    if (sp_json_scan_whole(paths, text, reading.found, &fault) != 0)
        return sp_fail(err, SP_REJECTED, "is no envelope: %s at byte %zu", fault.reason, fault.offset);
    if (read_version(&reading) != 0 || read_id(&reading, letter.id) != 0 ||
        read_count(&reading, AT_ATTEMPTS, &letter.attempts) != 0 ||
        read_time(&reading, AT_FIRST, &letter.first_wall_ms) != 0 ||
        read_time(&reading, AT_LAST, &letter.last_wall_ms) != 0 || read_texts(&reading, &letter) != 0 ||
        read_event(&reading, &letter.event) != 0)
        return -1;
    *letter_out = letter;
    return 0;
}
