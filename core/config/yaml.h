/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

/*
 * A YAML file as a tree of nodes that know their places.  libyaml reads; this refuses what bites:
 * duplicate keys (points at the first), aliases, anchors, tags, merge keys, more than one document,
 * nesting over 64, a file over 1 MiB, keys that are no scalars, NUL bytes.
 *
 * Values: YAML 1.2 core types are told apart by their spelling (a quoted scalar is always text).
 * `yes`, `no`, `on`, `off` are text, and who wanted a boolean gets a hint.
 */

#include "config/diag.h"

enum yaml_kind { YAML_SCALAR, YAML_MAPPING, YAML_SEQUENCE };

struct yaml_node {
    enum yaml_kind kind;
    struct mark mark;
    struct mark end;   /* the place behind it */
    bool plain;        /* scalar without quotes */
    bool is_null;      /* scalar: plain and empty, ~, null */
    bool expanded;     /* scalar: has text that the file only names */
    bool broken;       /* scalar: could not be expanded, which was told */
    const char *text;  /* scalar, NUL-terminated, variables expanded; may be a secret: never for messages */
    const char *shown; /* scalar, for messages: as the file has it, or "***" */
    size_t count;      /* of pairs or items */
    struct yaml_pair *pairs;
    struct yaml_node **items;
};

struct yaml_pair {
    struct yaml_node *key; /* scalar */
    struct yaml_node *value;
};

/*
 * The tree, in the arena, or NULL after at least one error in diag.  Where it is clear how to go on
 * (a duplicate key: the first counts; an anchor; a tag; a second document) there is a tree beside the
 * error, so that its meaning can be checked as well.  An empty file is an empty mapping with an error.
 * Syntax only: nothing is expanded yet.
 *
 * Hides values that are secrets by the look of their key or of their text (config/secret.h) from diag.
 */
struct yaml_node *yaml_parse(struct sp_slice text, struct diag *diag, struct sp_arena *arena);

/* The same for text of our own, such as an option's default: the root may be anything, and it must be
 * right.  NULL never. */
struct yaml_node *yaml_parse_constant(const char *text, struct sp_arena *arena);

/* The value of a key of a mapping, or NULL; of what is no mapping NULL as well. */
struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

/* "a mapping", "a list", "text", "a number", "true or false", "nothing" for messages. */
const char *yaml_what(const struct yaml_node *node);

/* Hides all scalars of a value from quoted lines and from messages. */
void yaml_hide(struct yaml_node *node, struct diag *diag);

/*
 * Expands ${VAR}, ${VAR:-default} and ${file:PATH} inside every scalar value (never in keys), in
 * place; "$$" is one '$'.  What is put in is text: it is never parsed as YAML, and is not expanded again.  A
 * file's trailing line ends are dropped, it has at most 64 KiB.  Unset variables without a default,
 * unreadable files and unclosed braces are errors at their place.  A scalar that was expanded counts as
 * plain, so that a number can come from a variable, but is never null.  Relative paths are relative to the
 * working directory.
 */
void yaml_expand(struct yaml_node *root, struct diag *diag, struct sp_arena *arena);

#endif
