/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_ODBC_GOLDEN_H
#define TESTS_ODBC_GOLDEN_H

/* The SQL that a dialect makes from a table, compared with the file that was reviewed. */

#include "lib_odbc/odbc.h"
#include "tap.h"

/* Runs the tests that every dialect has to pass, and its own.  The reviewed files are golden/<its
 * name>_*.sql. For main(). */
int golden_run(const struct odbc_dialect *dialect, const struct tap_test *own, size_t own_count);

#endif
