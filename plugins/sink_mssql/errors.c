/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_mssql.h"

#define GRANT_CURE                                                                                           \
    "GRANT the user SELECT, INSERT, UPDATE and DELETE on it; to make tables, CREATE TABLE, CREATE SEQUENCE " \
    "and ALTER on the schema"
#define LOGIN_CURE   "correct UID= in `connection`, or `password`"
#define MAKE_CURE    "set `migrate: true`, or `create_tables: true`"
#define DISK_CURE    "make room on the server for its files; work goes on by itself"
#define STORAGE_CURE "the server cannot read its disk: DBCC CHECKDB says more; work goes on by itself"
#define LEVEL_CURE   "ALTER DATABASE CURRENT SET COMPATIBILITY_LEVEL = 130, or higher"
#define FILTER_CURE  "let the server's firewall rules allow this machine"

/*
 * What SQL Server's errors mean, by its own numbers: sys.messages, and Microsoft's list "Database Engine
 * events and errors"; the numbers of Azure's are from "Troubleshooting connectivity issues and other errors"
 * of its documentation.  SQLSTATE is the driver's own invention and differs between drivers: FreeTDS says
 * 42000 of a text that is too long, and HY019 of an overflow.
 */
const struct odbc_class mssql_classes[MSSQL_CLASSES] = {
    /* Lost races.  The server has undone the transaction, or the statement's own ROLLBACK has. */
    {.native = 1205, .class = SP_CONTENDED},                      /* chosen as the deadlock's victim */
    {.native = 1222, .class = SP_CONTENDED},                      /* LOCK_TIMEOUT */
    {.native = 51222, .text = "scanpipe", .class = SP_CONTENDED}, /* our own: see MSSQL_LOCK */
    {.native = 3960, .class = SP_CONTENDED},                      /* snapshot isolation: update conflict */
    {.native = 3961, .class = SP_CONTENDED},  /* snapshot isolation: the table was altered */
    {.native = 3966, .class = SP_CONTENDED},  /* snapshot isolation: the old version of a row is gone */
    {.native = 601, .class = SP_CONTENDED},   /* rows moved while they were read */
    {.native = 13535, .class = SP_CONTENDED}, /* history of a table: changed by who began later */
    {.native = 41301, .native_to = 41305, .class = SP_CONTENDED}, /* the same of tables in memory */
    {.native = 41325, .class = SP_CONTENDED},
    {.native = 41839, .class = SP_CONTENDED},
    {.native = 8179, .class = SP_CONTENDED}, /* the prepared statement is gone: it is prepared anew */

    /* A key that is there: hints keep two writers apart, but the table may be under an engine that has none.
     */
    {.native = 2627, .class = SP_REJECTED, .race = true},
    {.native = 2601, .class = SP_REJECTED, .race = true},

    /* This row. */
    {.native = 8152, .class = SP_REJECTED, .too_long = true},
    {.native = 2628, .class = SP_REJECTED, .too_long = true},
    {.native = 515, .class = SP_REJECTED},  /* NULL in a column that takes none */
    {.native = 547, .class = SP_REJECTED},  /* CHECK, FOREIGN KEY */
    {.native = 550, .class = SP_REJECTED},  /* WITH CHECK OPTION of a view */
    {.native = 511, .class = SP_REJECTED},  /* a row longer than 8060 bytes */
    {.native = 1946, .class = SP_REJECTED}, /* a key longer than an index can hold */
    {.native = 220, .class = SP_REJECTED},  /* arithmetic overflow: 220, 232, 248, 8115 */
    {.native = 232, .class = SP_REJECTED},
    {.native = 248, .class = SP_REJECTED},
    {.native = 8115, .class = SP_REJECTED},
    {.native = 8134, .class = SP_REJECTED},                  /* division by zero, of a computed column */
    {.native = 241, .native_to = 245, .class = SP_REJECTED}, /* conversions that failed */
    {.native = 8114, .class = SP_REJECTED},
    {.native = 3609, .class = SP_REJECTED}, /* a trigger ended the transaction */
    {.native = 3616, .class = SP_REJECTED},

    /* The log, the disk or the memory is full, or a service asks for less: never an event's fault. */
    {.native = 9002,
     .class = SP_UNAVAILABLE,
     .cure = "back up or enlarge the database's log; work goes on by itself"},
    {.native = 1101, .class = SP_UNAVAILABLE, .cure = DISK_CURE},
    {.native = 1105, .class = SP_UNAVAILABLE, .cure = DISK_CURE},
    {.native = 40544, .class = SP_UNAVAILABLE, .cure = "the database has reached its size quota: enlarge it"},
    {.native = 1132, .class = SP_UNAVAILABLE, .cure = "the elastic pool has reached its storage: enlarge it"},
    {.native = 9001, .class = SP_UNAVAILABLE, .lost = true}, /* the log is not to be had */
    {.native = 823, .native_to = 824, .class = SP_UNAVAILABLE, .lost = true, .cure = STORAGE_CURE},
    {.native = 8628, .class = SP_UNAVAILABLE}, /* the optimizer had to wait too long */
    {.native = 701, .class = SP_UNAVAILABLE},  /* memory: 701, 802, 8645, 8651; locks: 1204 */
    {.native = 802, .class = SP_UNAVAILABLE},
    {.native = 1204, .class = SP_UNAVAILABLE},
    {.native = 8645, .class = SP_UNAVAILABLE},
    {.native = 8651, .class = SP_UNAVAILABLE},
    {.native = 845, .class = SP_UNAVAILABLE}, /* a page could not be latched in time */
    {.native = 10928, .class = SP_THROTTLED}, /* Azure: limits of requests and workers */
    {.native = 10929, .class = SP_THROTTLED},
    {.native = 10936, .class = SP_THROTTLED},
    {.native = 40501, .class = SP_THROTTLED}, /* the service is busy */
    {.native = 49918, .native_to = 49920, .class = SP_THROTTLED},

    /* The server, the database or the session is not there for now. */
    {.native = 596, .class = SP_UNAVAILABLE, .lost = true},   /* the session was killed */
    {.native = 6005, .class = SP_UNAVAILABLE, .lost = true},  /* SHUTDOWN is in progress */
    {.native = 17142, .class = SP_UNAVAILABLE, .lost = true}, /* the server is paused */
    {.native = 18401, .class = SP_UNAVAILABLE, .lost = true}, /* it is being upgraded */
    {.native = 18451, .class = SP_UNAVAILABLE, .lost = true}, /* only administrators may log in now */
    {.native = 18461, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 17197, .class = SP_UNAVAILABLE, .lost = true}, /* it had no time for the login */
    {.native = 17809, .class = SP_UNAVAILABLE, .lost = true}, /* too many connections */
    /* The database: recovering, restoring, suspect, offline, in transition, a mirror, one user's alone. */
    {.native = 921, .native_to = 922, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 924, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 926, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 927, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 942, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 945, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 952, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 954, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 976,
     .native_to = 983,
     .class = SP_UNAVAILABLE,
     .lost = true}, /* replicas of availability groups */
    {.native = 3906,
     .class = SP_UNAVAILABLE,
     .lost = true,
     .cure = "the database is read-only: name the primary in `connection`"},
    {.native = 4221, .class = SP_UNAVAILABLE, .lost = true}, /* Azure: a secondary that is not ready */
    {.native = 40143, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 40166, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 40197, .class = SP_UNAVAILABLE, .lost = true}, /* it moves, or is upgraded */
    {.native = 40540, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 40549,
     .native_to = 40553,
     .class = SP_UNAVAILABLE,
     .lost = true}, /* the session used too much */
    {.native = 40613, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 64, .class = SP_UNAVAILABLE, .lost = true}, /* Winsock's, through Microsoft's driver */
    {.native = 233, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 10053, .native_to = 10061, .class = SP_UNAVAILABLE, .lost = true},
    /* The same driver on Linux says the system's: 104 is ECONNRESET there, and a syntax error of the server.
     */
    {.state = "08", .native = 102, .native_to = 206, .class = SP_UNAVAILABLE, .lost = true},
    /* A session in disorder: no transaction where there must be one, one that cannot be committed. */
    {.native = 266, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 3902, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 3903, .class = SP_UNAVAILABLE, .lost = true},
    {.native = 3930, .class = SP_UNAVAILABLE, .lost = true},

    /* A person must act: to connect. */
    {.native = 18456, .class = SP_REFUSED, .lost = true, .cure = LOGIN_CURE},
    {.native = 18452,
     .class = SP_REFUSED,
     .lost = true,
     .cure = "the server must allow its own logins, beside Windows'"},
    {.native = 18470, .class = SP_REFUSED, .lost = true, .cure = "ALTER LOGIN of the user ENABLE"},
    {.native = 18486,
     .class = SP_REFUSED,
     .lost = true,
     .cure = "ALTER LOGIN of the user WITH PASSWORD ... UNLOCK"},
    {.native = 18487,
     .native_to = 18488,
     .class = SP_REFUSED,
     .lost = true,
     .cure = "the password has expired: set another"},
    {.native = 40532, .class = SP_REFUSED, .lost = true, .cure = LOGIN_CURE},
    {.native = 40615, .class = SP_REFUSED, .lost = true, .cure = FILTER_CURE},
    {.native = 40914, .class = SP_REFUSED, .lost = true, .cure = FILTER_CURE},
    {.native = 4060,
     .class = SP_REFUSED,
     .lost = true,
     .cure = "correct Database= in `connection`, create it, or CREATE USER in it for the login"},
    {.native = 911,
     .class = SP_REFUSED,
     .lost = true,
     .cure = "correct Database= in `connection`, or create it"},
    {.native = 916, .class = SP_REFUSED, .lost = true, .cure = "CREATE USER in the database for the login"},
    {.native = 4064, .class = SP_REFUSED, .lost = true, .cure = "name Database= in `connection`"},

    /* To change the database. */
    {.native = 208, .text = "OPENJSON", .class = SP_REFUSED, .cure = LEVEL_CURE},
    {.native = 319,
     .class = SP_REFUSED,
     .cure = LEVEL_CURE}, /* the WITH of OPENJSON, to who does not know it */
    {.native = 208, .class = SP_REFUSED, .missing = true, .cure = MAKE_CURE},
    {.native = 207, .class = SP_REFUSED, .missing = true, .cure = MAKE_CURE},
    {.native = 2760, .class = SP_REFUSED, .missing = true, .cure = "CREATE SCHEMA, or let the user ALTER it"},
    {.native = 102, .native_to = 206, .class = SP_REFUSED},   /* what cannot be compiled */
    {.native = 229, .class = SP_REFUSED, .cure = GRANT_CURE}, /* on an object; 230: on a column */
    {.native = 230, .class = SP_REFUSED, .cure = GRANT_CURE},
    {.native = 262, .class = SP_REFUSED, .cure = GRANT_CURE}, /* CREATE TABLE */
    {.native = 1088, .class = SP_REFUSED, .cure = GRANT_CURE},
    {.native = 4902, .class = SP_REFUSED, .cure = GRANT_CURE},
    {.native = 15151, .class = SP_REFUSED, .cure = GRANT_CURE},
    {.native = 2714,
     .class = SP_REFUSED,
     .cure = "an object of that name is there already, made by somebody else: move it"},
    {.native = 8622,
     .class = SP_REFUSED,
     .cure = "the table needs a primary key, or a unique index, of exactly the pipeline's keys"},

    /* Babelfish's number for what has none of SQL Server's; the text is PostgreSQL's. */
    {.native = 33557097, .text = "does not exist", .class = SP_REFUSED, .missing = true, .cure = MAKE_CURE},
    {.native = 33557097, .text = "lock timeout", .class = SP_CONTENDED},
    {.native = 33557097, .text = "could not serialize", .class = SP_CONTENDED},
    {.native = 33557097, .text = "tuple concurrently", .class = SP_CONTENDED},
    {.native = 33557097, .class = SP_UNKNOWN},

    /* Of THROW and RAISERROR: a trigger of the table's owner says no. */
    {.native = 50000, .native_to = INT32_MAX, .class = SP_REJECTED},

    /* Microsoft's driver, of a connection that it could not mend; other IM are of the driver manager. */
    {.state = "IMC", .class = SP_UNAVAILABLE, .lost = true},
    /* FreeTDS says 42000 of whatever it does not know. */
    {.state = "42000", .class = SP_UNKNOWN},
    /* FreeTDS, of a connection that was lost. */
    {.state = "HY000", .text = "Unknown error", .class = SP_UNAVAILABLE, .lost = true},
    {.state = "01000", .native = 20017, .class = SP_UNAVAILABLE, .lost = true},
};
