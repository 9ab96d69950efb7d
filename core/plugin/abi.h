/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_ABI_H
#define PLUGIN_ABI_H

#include "plugin/plugin.h"

/*
 * Copies the descriptions that a plugin exports into structs of this core's size, after checking that
 * this core can work with them.  -1 (SP_REFUSED): another ABI, or a description that lacks what every
 * plugin of its kind must have.  `path` is for messages.  The copies live for ever.
 */
int abi_adopt(const struct sp_plugin *const *exported, const char *path, struct plugin **out,
              size_t *count_out, struct sp_error *err) SP_MUST_CHECK;

#endif
