/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_SQL_MIGRATION_H
#define LIB_SQL_MIGRATION_H

/* The texts of migrations, whatever the database.  Pure. */

#include <scanpipe/arena.h>
#include <scanpipe/host.h>

#define SQL_CHECKSUM_SIZE (2 * SP_SHA256_SIZE + 1)

/* What is noted of a migration that has run: a released one never changes. */
void sql_checksum(const char *migration, char out[SQL_CHECKSUM_SIZE]);

/* For people: several statements, a line each. */
const char *sql_break_lines(struct sp_arena *arena, const char *migration);

#endif
