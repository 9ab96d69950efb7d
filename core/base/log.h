/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * The log: one line an occurrence, to standard error, as text or as JSON.
 *
 * Any thread may log; a line is written with one write(2).  The settings are made once, before
 * threads start.
 */

#include <scanpipe/host.h>

enum log_format { LOG_TEXT, LOG_JSON };

void log_setup(enum log_format format, enum sp_level level);
bool log_enabled(enum sp_level level);

/* Lines for people, each ended by a line end and written as they are; where the log is JSON, each of them is
 * a line of the log. */
void log_lines(enum sp_level level, const char *lines);

/* In whose name this thread speaks from here on ("source", "deliver"; constant text); returns the one before.
 */
const char *log_name(const char *name);

/* A hook that is called with the log's lock held before and after a line, so that a live display can
 * step aside; NULL for none. */
void log_around(void (*before)(void), void (*after)(void));

#endif
