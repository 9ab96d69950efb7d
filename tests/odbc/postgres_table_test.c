/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL that is made from a table is what was reviewed: golden/postgres_*.sql. */
#include <config.h>

#include "golden.h"
#include "sink_postgres/sink_postgres.h"

int main(void)
{
    return golden_run(&postgres_dialect, NULL, 0);
}
