/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "memory.h"

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const plugins[] = {&memory_queue, &memory_state, &memory_letters, NULL};
    return plugins;
}
