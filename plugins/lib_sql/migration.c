/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "migration.h"

#include <stdio.h>

void sql_checksum(const char *migration, char out[SQL_CHECKSUM_SIZE])
{
    unsigned char digest[SP_SHA256_SIZE];
    sp_sha256(migration, strlen(migration), digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

const char *sql_break_lines(struct sp_arena *arena, const char *migration)
{
    char *text = sp_arena_text(arena, migration, strlen(migration));
    bool quoted = false;
    for (char *at = text; *at; at++) {
        quoted ^= *at == '\'';
        if (!quoted && at[0] == ';' && at[1] == ' ')
            at[1] = '\n';
    }
    return text;
}
