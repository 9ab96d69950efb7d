/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_TIME_H
#define SCANPIPE_TIME_H

/*
 * Timestamps of events: ticks of 100 ns since 0001-01-01T00:00:00Z, as an int64.  That is the range
 * and the precision of SQL Server's DATETIMEOFFSET(7).  Pure.
 */

#include <scanpipe/base.h>

#define SP_TICKS_PER_SECOND INT64_C(10000000)

/*
 * Reads an RFC 3339 date-time ("2018-01-01T00:00:00.1234567Z", any offset, any number of fractional
 * digits; those past the seventh are cut).  A leap second is the last tick of its minute.  NULL, or
 * a constant text that says what is wrong.
 */
SP_API const char *sp_time_parse(struct sp_slice text, int64_t *ticks_out) SP_MUST_CHECK;

/* Writes "2018-01-01T00:00:00.1234567Z" with `digits` (0 to 7) fractional digits, cut, and a NUL.
 * Returns the length. */
#define SP_TIME_TEXT_SIZE 32
SP_API size_t sp_time_format(int64_t ticks, unsigned digits, char out[SP_TIME_TEXT_SIZE]);

#endif
