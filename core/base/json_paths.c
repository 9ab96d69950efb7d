/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/json_inside.h"

static bool pointer_valid(const char *pointer)
{
    if (*pointer != '\0' && *pointer != '/')
        return false;
    for (; *pointer; pointer++)
        if (*pointer == '~' && pointer[1] != '0' && pointer[1] != '1')
            return false;
    return true;
}

/* Copies one token, up to the next '/', with ~1 and ~0 decoded. */
static struct sp_slice token_decode(const char *token, struct sp_arena *arena)
{
    size_t raw = strcspn(token, "/");
    char *text = sp_arena_alloc(arena, raw + 1);
    size_t size = 0;
    for (size_t i = 0; i < raw; i++) {
        if (token[i] == '~')
            text[size++] = token[++i] == '1' ? '/' : '~';
        else
            text[size++] = token[i];
    }
    text[size] = '\0';
    return (struct sp_slice){text, size};
}

/* RFC 6901: digits without a leading zero. */
static size_t token_index(struct sp_slice token)
{
    if (token.size == 0 || token.size > 9 || (token.size > 1 && token.data[0] == '0'))
        return JSON_NO_INDEX;
    size_t index = 0;
    for (size_t i = 0; i < token.size; i++) {
        if (token.data[i] < '0' || token.data[i] > '9')
            return JSON_NO_INDEX;
        index = index * 10 + (size_t)(token.data[i] - '0');
    }
    return index;
}

static struct json_node *node_child(struct json_node *node, struct sp_slice key, struct sp_arena *arena)
{
    struct json_node **at = &node->child;
    for (; *at; at = &(*at)->next)
        if (sp_slice_equal((struct sp_slice){(*at)->key, (*at)->key_size}, key))
            return *at;
    struct json_node *child = sp_arena_zalloc(arena, sizeof *child);
    child->key = key.data;
    child->key_size = key.size;
    child->index = token_index(key);
    *at = child;
    return child;
}

/* NULL for a pointer that is deeper than any value: nothing is ever there. */
static struct json_node *node_of(struct json_node *root, const char *pointer, struct sp_arena *arena)
{
    struct json_node *node = root;
    for (unsigned depth = 0; *pointer == '/'; depth++) {
        if (depth == JSON_DEEPEST)
            return NULL;
        pointer++;
        node = node_child(node, token_decode(pointer, arena), arena);
        pointer += strcspn(pointer, "/");
    }
    return node;
}

/* Lays the answers of the node and of all below it into one run. */
static void node_lay_out(struct sp_json_paths *paths, struct json_node *node, struct json_node *const *nodes,
                         uint32_t *used)
{
    node->answers_at = *used;
    for (size_t i = 0; i < paths->count; i++)
        if (nodes[i] == node)
            paths->answers[(*used)++] = (uint32_t)i;
    node->own_end = *used;
    for (struct json_node *child = node->child; child; child = child->next)
        node_lay_out(paths, child, nodes, used);
    node->below_end = *used;
}

int sp_json_paths_new(const char *const *pointers, size_t count, struct sp_arena *arena,
                      const struct sp_json_paths **out, size_t *bad)
{
    for (size_t i = 0; i < count; i++) {
        if (!pointer_valid(pointers[i])) {
            *bad = i;
            return -1;
        }
    }
    struct sp_json_paths *paths = sp_arena_zalloc(arena, sizeof *paths);
    struct json_node **nodes = sp_arena_alloc(arena, (count + 1) * sizeof(struct json_node *));
    paths->root.index = JSON_NO_INDEX;
    paths->answers = sp_arena_alloc(arena, (count + 1) * sizeof *paths->answers);
    paths->count = count;
    for (size_t i = 0; i < count; i++)
        nodes[i] = node_of(&paths->root, pointers[i], arena);
    uint32_t used = 0;
    node_lay_out(paths, &paths->root, nodes, &used);
    *out = paths;
    return 0;
}

size_t sp_json_paths_count(const struct sp_json_paths *paths)
{
    return paths->count;
}
