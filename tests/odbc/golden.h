/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_ODBC_GOLDEN_H
#define TESTS_ODBC_GOLDEN_H

/* The SQL that a dialect makes from a table, compared with the file that was reviewed. */

#include "lib_odbc/odbc.h"

/* Tables as files of pipelines name them: of the main job, with every type, appended to. */
extern const char golden_parcels[], golden_types[], golden_append[];

/* `dialect` needs no more than time_digits and what makes texts from a table. */
void golden_require(const struct odbc_dialect *dialect, const char *file, const char *block);
/* The same of what is done to a table that is there; `dialect` has that. */
void golden_require_mended(const struct odbc_dialect *dialect, const char *file);

#endif
