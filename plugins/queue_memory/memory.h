/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_MEMORY_H
#define QUEUE_MEMORY_H

/* The three kinds that this shared object offers.  Each stage is loaded apart: they share nothing. */

#include <scanpipe/plugin.h>

extern const struct sp_plugin memory_queue;
extern const struct sp_plugin memory_state;
extern const struct sp_plugin memory_letters;

#endif
