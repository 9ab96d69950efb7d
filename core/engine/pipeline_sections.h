/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PIPELINE_SECTIONS_H
#define ENGINE_PIPELINE_SECTIONS_H

/* Sections, the blocks of the file: finding them, and making the mappings that are read in their stead. */

#include "config/options.h"

/* What one top-level key holds, as far as a stage reads it. */
struct section {
    struct mark where;               /* of the key; of nothing where it is not written */
    const struct yaml_node *mapping; /* NULL: nothing was written in it */
    bool present;
    bool broken; /* something in it is wrong, and told */
};

/* Finds the section, expands what is in it, and tells where it is no mapping. */
void section_find(struct section *section, const struct yaml_node *root, const char *key, struct diag *diag,
                  struct sp_arena *arena);

/* The value that was written for an option (nested names with a dot), or NULL. */
const struct yaml_node *section_value(const struct section *section, const char *option);

/* Where an option's value stands, else the section. */
struct mark section_mark(const struct section *section, const char *option);

/* The mapping with one more pair of text in it. */
const struct yaml_node *section_with(const struct section *section, const char *key, const char *text,
                                     struct sp_arena *arena);

/* The mapping without what the options do not know: a sibling reads its owner's section. */
const struct yaml_node *section_only(const struct section *section, const struct sp_option *options,
                                     size_t count, struct sp_arena *arena);

/* The keys of the section that the options do not know, ended by NULL. */
const char *const *section_foreign(const struct section *section, const struct sp_option *options,
                                   size_t count, struct sp_arena *arena);

#endif
