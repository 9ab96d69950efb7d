/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_postgres.h"

/*
 * What PostgreSQL's errors mean (appendix A of its manual, "PostgreSQL Error Codes").  psqlodbc hands
 * SQLSTATE through, but for failures to connect: libpq has none for them, and they are told apart by their
 * text, in English; what it does not know is unavailable, and tried again all the same.
 */
const struct odbc_class postgres_classes[POSTGRES_CLASSES] = {
    /* Connecting: 08001/101, and the server's text; the first two may name a role or a database as well. */
    {.state = "08",
     .text = "too many",
     .class = SP_UNAVAILABLE,
     .lost = true,
     .cure = "raise max_connections of the server, or lower `workers`"},
    {.state = "08",
     .text = "remaining connection slots",
     .class = SP_UNAVAILABLE,
     .lost = true,
     .cure = "raise max_connections of the server, or lower `workers`"},
    {.state = "08",
     .text = "password authentication failed",
     .class = SP_REFUSED,
     .lost = true,
     .cure = "correct UID= in `connection`, or `password`"},
    {.state = "08",
     .text = "no password supplied",
     .class = SP_REFUSED,
     .lost = true,
     .cure = "set `password`"},
    {.state = "08",
     .text = "no pg_hba.conf entry",
     .class = SP_REFUSED,
     .lost = true,
     .cure = "let pg_hba.conf of the server allow this machine, database and user"},
    {.state = "08",
     .text = "authentication failed",
     .class = SP_REFUSED,
     .lost = true,
     .cure = "correct UID= in `connection`, or `password`"},
    {.state = "08",
     .text = "database \"",
     .class = SP_REFUSED,
     .lost = true,
     .cure = "correct Database= in `connection`, or create it"},
    {.state = "08",
     .text = "role \"",
     .class = SP_REFUSED,
     .lost = true,
     .cure = "correct UID= in `connection`, or let the role log in"},
    {.state = "08",
     .text = "permission denied for database",
     .class = SP_REFUSED,
     .lost = true,
     .cure = "GRANT CONNECT ON DATABASE to the user"},
    {.state = "08", .class = SP_UNAVAILABLE, .lost = true},
    /* Class 40: lost races; 55P03: lock_timeout. */
    {.state = "40003", .class = SP_UNAVAILABLE, .lost = true}, /* statement completion unknown */
    {.state = "40", .class = SP_CONTENDED},
    {.state = "55P03", .class = SP_CONTENDED},
    {.state = "55006", .class = SP_CONTENDED}, /* object in use */
    {.state = "XX000", .text = "tuple concurrently", .class = SP_CONTENDED},
    /* 57014: statement_timeout or a cancel: the transaction is undone, that is certain. */
    {.state = "57014", .text = "statement timeout", .class = SP_UNAVAILABLE},
    {.state = "57014", .class = SP_STOPPED},
    {.state = "57", .class = SP_UNAVAILABLE, .lost = true}, /* shut down, crashed, starting */
    /* Class 53: resources; 58: the system; a read-only standby. */
    {.state = "53100",
     .class = SP_UNAVAILABLE,
     .cure = "make room on the disk of the server; work goes on by itself"},
    {.state = "53", .class = SP_UNAVAILABLE},
    {.state = "58", .class = SP_UNAVAILABLE},
    {.state = "25006",
     .class = SP_UNAVAILABLE,
     .lost = true,
     .cure = "the server, or the session, is read-only: name the primary in `connection`"},
    {.state = "25P03", .class = SP_UNAVAILABLE, .lost = true}, /* idle in transaction for too long */
    /* Class 22, 23, 44: this row; P0001: a trigger of the table's owner says no. */
    {.state = "22001", .class = SP_REJECTED, .too_long = true},
    {.state = "22", .class = SP_REJECTED},
    {.state = "23", .class = SP_REJECTED},
    {.state = "44", .class = SP_REJECTED},
    {.state = "P0001", .class = SP_REJECTED},
    {.state = "54000", .class = SP_REJECTED}, /* e.g. a key that is too large for an index */
    /* A person must act. */
    {.state = "28", .class = SP_REFUSED, .lost = true, .cure = "correct UID= and `password`"},
    {.state = "3D", .class = SP_REFUSED, .lost = true, .cure = "correct Database= in `connection`"},
    {.state = "3F", .class = SP_REFUSED, .missing = true, .cure = "create the schema"},
    {.state = "42P01",
     .class = SP_REFUSED,
     .missing = true,
     .cure = "set `migrate: true`, or `create_tables: true`"},
    {.state = "42703",
     .class = SP_REFUSED,
     .missing = true,
     .cure = "set `migrate: true`, or `create_tables: true`"},
    {.state = "42P10",
     .class = SP_REFUSED,
     .cure = "the table needs a primary key, or a unique index, of exactly the pipeline's keys"},
    {.state = "42501",
     .text = "denied for sequence",
     .class = SP_REFUSED,
     .cure = "GRANT the user USAGE on the sequence"},
    {.state = "42501",
     .class = SP_REFUSED,
     .cure = "GRANT the user SELECT, INSERT, UPDATE and DELETE on it; to make tables, CREATE on the schema"},
    {.state = "42", .class = SP_REFUSED},
    {.state = "0A000", .text = "cached plan", .class = SP_CONTENDED}, /* the table was altered meanwhile */
};
