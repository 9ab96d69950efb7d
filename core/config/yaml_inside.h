/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_YAML_INSIDE_H
#define CONFIG_YAML_INSIDE_H

/* What the parts of the YAML reader share. */

#include "config/yaml.h"

#include <yaml.h>

static inline struct mark mark_of(yaml_mark_t mark)
{
    return (struct mark){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1, 1};
}

/* Tells of bytes that no YAML file may hold; false where there are any.  libyaml has no places for them. */
bool yaml_check_bytes(struct sp_slice text, struct diag *diag);

/* Tells why the parser stopped. */
void yaml_tell_syntax(const yaml_parser_t *parser, struct sp_slice text, struct diag *diag);

/* Tells of keys that a mapping has twice and leaves the first of each in it. */
void yaml_drop_duplicates(struct yaml_node *mapping, struct diag *diag);

#endif
