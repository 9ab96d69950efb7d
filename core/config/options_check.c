/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/options_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct mark options_mark(const struct yaml_node *mapping, struct mark where, const char *name)
{
    const struct yaml_node *node = name ? option_node(mapping, name) : NULL;
    return node ? node->mark : where;
}

void sp_check_fail(struct sp_check *check, const char *option, const char *format, ...)
{
    SP_AUTO(mem_free_at) char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        mem_exhausted();
    va_end(arguments);
    diag_error(check->diag, options_mark(check->mapping, check->where, option), NULL, "%s", text);
}
