/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/secret.h"
#include "config/yaml_inside.h"

#include <assert.h>

#define MOST_BYTES (1 << 20)
#define MOST_DEPTH 64

struct reader {
    yaml_parser_t parser;
    struct diag *diag;
    struct sp_arena *arena;
    struct sp_slice text;
    bool has_holes; /* something was left out that the meaning needs */
    bool merging;   /* below "<<", whose aliases belong to that mistake */
};

/* Where in the tree a node stands. */
struct spot {
    unsigned depth;
    bool is_secret; /* below a key that names a secret */
    bool is_open;   /* below the table, whose keys are columns: ApiKey is none of ours */
};

static struct yaml_node *read_node(struct reader *reader, const yaml_event_t *event, struct spot spot);

static void reader_fini(struct reader *reader)
{
    yaml_parser_delete(&reader->parser);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    yaml_tell_syntax(&reader->parser, reader->text, reader->diag);
    return false;
}

static void hide_scalar(struct yaml_node *node, struct diag *diag)
{
    if (node->is_null || secret_reference(node->shown))
        return;
    node->shown = "***";
    diag_hide(diag, node->mark, node->end);
}

void yaml_hide(struct yaml_node *node, struct diag *diag)
{
    if (node->kind == YAML_SCALAR)
        hide_scalar(node, diag);
    for (size_t i = 0; node->kind == YAML_MAPPING && i < node->count; i++)
        yaml_hide(node->pairs[i].value, diag);
    for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->count; i++)
        yaml_hide(node->items[i], diag);
}

static bool is_any_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcasecmp(text, *words) == 0)
            return true;
    return false;
}

/* `key: true` shows nothing. */
static bool is_switch(const struct yaml_node *scalar)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "", NULL};
    return scalar->plain && is_any_of(scalar->text, words);
}

static bool is_null_text(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 ||
           strcmp(text, "NULL") == 0;
}

static void refuse_properties(struct reader *reader, const yaml_event_t *event, const void *anchor,
                              const void *tag)
{
    if (anchor)
        diag_error(reader->diag, mark_of(event->start_mark),
                   "write values out where they are needed; text that begins with '&' needs quotes",
                   "anchors are not used here");
    if (tag)
        diag_error(reader->diag, mark_of(event->start_mark),
                   "remove it; text that begins with '!' needs quotes", "tags are not used here");
}

static struct yaml_node *read_scalar(struct reader *reader, const yaml_event_t *event, struct spot spot,
                                     struct yaml_node *node)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    refuse_properties(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (node->mark.line == node->end.line && node->end.column > node->mark.column)
        node->mark.width = node->end.column - node->mark.column;
    if (memchr(value, '\0', size))
        diag_error(reader->diag, node->mark, "remove the \"\\0\"", "text with a NUL byte");
    node->text = node->shown = sp_arena_text(reader->arena, value, size);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->is_null = node->plain && is_null_text(node->text);
    if ((spot.is_secret && !is_switch(node)) || secret_text(node->text))
        hide_scalar(node, reader->diag);
    return node;
}

static bool is_merge(const struct yaml_node *key)
{
    return key->kind == YAML_SCALAR && key->plain && strcmp(key->text, "<<") == 0;
}

/* Whether a pair can stand under this key; tells why not. */
static bool check_key(struct reader *reader, const struct yaml_node *key)
{
    if (is_merge(key))
        diag_error(reader->diag, key->mark, "write the keys out where they are needed",
                   "merge keys are not used here");
    else if (key->kind != YAML_SCALAR)
        diag_error(reader->diag, key->mark, "put text that begins with '{' or '[' in quotes",
                   "a key must be text, not %s", yaml_what(key));
    else if (key->plain && !*key->text)
        diag_error(reader->diag, key->mark, "write 'key: value'", "there is no key before the ':'");
    else
        return true;
    reader->has_holes = true;
    return false;
}

/* Room for one more in an array that doubles; `count` is what it has. */
static void *grow(struct sp_arena *arena, void *array, size_t count, size_t size)
{
    if (count == 0)
        return sp_arena_alloc(arena, size);
    if (count & (count - 1))
        return array;
    return sp_arena_resize(arena, array, count * size, 2 * count * size);
}

static bool read_pair(struct reader *reader, const yaml_event_t *first, struct spot spot,
                      struct yaml_node *mapping)
{
    SP_AUTO(yaml_event_delete) yaml_event_t second = {0};
    struct spot below = {spot.depth + 1, spot.is_secret, spot.is_open};
    struct yaml_node *key = read_node(reader, first, (struct spot){spot.depth + 1, false, true});
    if (!key)
        return false;
    bool is_good = check_key(reader, key);
    if (is_good && spot.depth == 1 && (strcmp(key->text, "table") == 0 || strcmp(key->text, "tables") == 0))
        below.is_open = true;
    if (is_good && !below.is_open && secret_name(key->text))
        below.is_secret = true;
    bool was_merging = reader->merging;
    reader->merging = was_merging || is_merge(key);
    struct yaml_node *value = next_event(reader, &second) ? read_node(reader, &second, below) : NULL;
    reader->merging = was_merging;
    if (!value)
        return false;
    if (is_good) {
        mapping->pairs = grow(reader->arena, mapping->pairs, mapping->count, sizeof *mapping->pairs);
        mapping->pairs[mapping->count++] = (struct yaml_pair){key, value};
    }
    return true;
}

static struct yaml_node *read_mapping(struct reader *reader, struct spot spot, struct yaml_node *node)
{
    for (;;) {
        SP_AUTO(yaml_event_delete) yaml_event_t event = {0};
        if (!next_event(reader, &event))
            return NULL;
        if (event.type == YAML_MAPPING_END_EVENT) {
            node->end = mark_of(event.end_mark);
            yaml_drop_duplicates(node, reader->diag);
            return node;
        }
        if (!read_pair(reader, &event, spot, node))
            return NULL;
    }
}

static struct yaml_node *read_sequence(struct reader *reader, struct spot spot, struct yaml_node *node)
{
    struct spot below = {spot.depth + 1, spot.is_secret, spot.is_open};
    for (;;) {
        SP_AUTO(yaml_event_delete) yaml_event_t event = {0};
        if (!next_event(reader, &event))
            return NULL;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            node->end = mark_of(event.end_mark);
            return node;
        }
        struct yaml_node *item = read_node(reader, &event, below);
        if (!item)
            return NULL;
        node->items = grow(reader->arena, node->items, node->count, sizeof(struct yaml_node *));
        node->items[node->count++] = item;
    }
}

static struct yaml_node *read_alias(struct reader *reader, struct yaml_node *node)
{
    if (!reader->merging)
        diag_error(reader->diag, node->mark,
                   "write the value out where it is needed; text that begins with '*' needs quotes",
                   "aliases are not used here");
    reader->has_holes = true;
    node->is_null = node->plain = true;
    node->text = node->shown = "~";
    return node;
}

/* NULL only where reading cannot go on. */
static struct yaml_node *read_node(struct reader *reader, const yaml_event_t *event, struct spot spot)
{
    struct yaml_node *node = sp_arena_zalloc(reader->arena, sizeof *node);
    node->mark = mark_of(event->start_mark);
    node->end = mark_of(event->end_mark);
    if (spot.depth > MOST_DEPTH) {
        diag_error(reader->diag, node->mark, "nothing here needs so many levels", "nested more than %d deep",
                   MOST_DEPTH);
        return NULL;
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, event, spot, node);
    case YAML_ALIAS_EVENT:
        return read_alias(reader, node);
    case YAML_MAPPING_START_EVENT:
        node->kind = YAML_MAPPING;
        refuse_properties(reader, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return read_mapping(reader, spot, node);
    default:
        assert(event->type == YAML_SEQUENCE_START_EVENT);
        node->kind = YAML_SEQUENCE;
        refuse_properties(reader, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        return read_sequence(reader, spot, node);
    }
}

static struct yaml_node *empty_file(struct reader *reader)
{
    struct yaml_node *node = sp_arena_zalloc(reader->arena, sizeof *node);
    node->kind = YAML_MAPPING;
    node->mark = node->end = (struct mark){1, 1, 1};
    diag_error(reader->diag, (struct mark){0}, "write 'key: value' lines", "there is nothing in the file");
    return node;
}

/* The root of the first document.  NULL only where reading cannot go on. */
static struct yaml_node *read_document(struct reader *reader)
{
    struct yaml_node *root = NULL;
    for (;;) {
        SP_AUTO(yaml_event_delete) yaml_event_t event = {0};
        if (!next_event(reader, &event))
            return NULL;
        if (event.type == YAML_STREAM_END_EVENT)
            return root ? root : empty_file(reader);
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_END_EVENT)
            continue;
        if (event.type != YAML_DOCUMENT_START_EVENT) {
            if (!(root = read_node(reader, &event, (struct spot){.depth = 1})))
                return NULL;
        } else if (root) {
            diag_error(reader->diag, mark_of(event.start_mark),
                       "remove the '---', or put what follows into a file of its own",
                       "a second document begins here");
            return root;
        }
    }
}

static struct yaml_node *check_root(struct reader *reader, struct yaml_node *root)
{
    if (root->kind == YAML_MAPPING)
        return root;
    if (root->kind == YAML_SCALAR && root->is_null && !reader->has_holes)
        return empty_file(reader);
    diag_error(reader->diag, root->mark, "write 'key: value' lines, with a space after the colon",
               "the file must be a mapping, not %s", yaml_what(root));
    return NULL;
}

static struct yaml_node *parse_text(struct sp_slice text, bool any_root, struct diag *diag,
                                    struct sp_arena *arena)
{
    SP_AUTO(reader_fini) struct reader reader = {.diag = diag, .arena = arena, .text = text};
    if (!yaml_parser_initialize(&reader.parser)) {
        diag_error(diag, (struct mark){0}, "try again", "there is no memory left");
        return NULL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(text.size ? text.data : ""),
                                 text.size);
    struct yaml_node *root = read_document(&reader);
    if (!root)
        secret_hide_lines(diag, text);
    else if (!any_root)
        root = check_root(&reader, root);
    return reader.has_holes ? NULL : root;
}

struct yaml_node *yaml_parse(struct sp_slice text, struct diag *diag, struct sp_arena *arena)
{
    if (text.size > MOST_BYTES) {
        diag_error(diag, (struct mark){0}, "a pipeline needs a few hundred lines: is it the right file?",
                   "the file is larger than 1 MiB");
        return NULL;
    }
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = (struct sp_slice){text.data + 3, text.size - 3};
    if (!yaml_check_bytes(text, diag)) {
        secret_hide_lines(diag, text);
        return NULL;
    }
    return parse_text(text, false, diag, arena);
}

static void free_diag_at(struct diag **diag)
{
    diag_free(*diag);
}

struct yaml_node *yaml_parse_constant(const char *text, struct sp_arena *arena)
{
    SP_AUTO(free_diag_at) struct diag *diag = diag_new("constant", sp_slice_of(text));
    struct yaml_node *root = parse_text(sp_slice_of(text), true, diag, arena);
    assert(root && diag_errors(diag) == 0);
    return root;
}
