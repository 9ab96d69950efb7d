/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_INSIDE_H
#define BASE_JSON_INSIDE_H

/* What the files of the JSON scanner share, and nobody else sees. */

#include <scanpipe/json.h>

/*
 * Pointers as a tree of their tokens.  `answers` lists pointer numbers in the order of a walk through
 * the tree, so that those of a node and of all below it are one run.
 */
struct json_node {
    const char *key;
    size_t key_size;
    struct json_node *child, *next;
    size_t index; /* what the key means in an array, or JSON_NO_INDEX */
    uint32_t answers_at, own_end, below_end;
};

#define JSON_NO_INDEX SIZE_MAX

/* How deep values may be nested. */
#define JSON_DEEPEST 64

struct sp_json_paths {
    struct json_node root;
    uint32_t *answers;
    size_t count;
};

/* Decodes one escape of a string that was scanned; moves *at behind it and returns the bytes of `out`. */
size_t json_decode_escape(const char **at, char out[4]);

#endif
