/* SPDX-License-Identifier: Apache-2.0 */
/* What errors mean that neither FreeTDS nor the server of ../tds can be made to say: Microsoft's driver's
 * own, and numbers of servers that fail over, move or run out of something.  What each driver is told. */
#include <config.h>

#include "sink_mssql/sink_mssql.h"
#include "tap.h"

#include <stdlib.h>

struct told {
    const char *state;
    int32_t native;
    enum sp_class class;
    bool lost;
};

static void require(const struct told *told, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct odbc_class *class =
            odbc_classify(&mssql_dialect, told[i].state, told[i].native, "a text");
        bool same = class->class == told[i].class && class->lost == told[i].lost;
        CU_ASSERT(same);
        if (!same)
            fprintf(stderr, "%s/%d is %s%s\n", told[i].state, told[i].native, sp_class_name(class->class),
                    class->lost ? ", lost" : "");
    }
}

/* On Linux the number is the system's: ECONNRESET, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH. */
static void connections_of_microsofts_driver(void)
{
    static const struct told told[] = {
        {"08S01", 104, SP_UNAVAILABLE, true},   {"08S01", 110, SP_UNAVAILABLE, true},
        {"08001", 111, SP_UNAVAILABLE, true},   {"08001", 113, SP_UNAVAILABLE, true},
        {"08S01", 32, SP_UNAVAILABLE, true},    {"08S01", 10054, SP_UNAVAILABLE, true},
        {"08001", 11001, SP_UNAVAILABLE, true}, {"HYT00", 0, SP_UNAVAILABLE, true},
        {"IMC06", 0, SP_UNAVAILABLE, true},     {"IM002", 0, SP_REFUSED, true},
        {"42000", 102, SP_REFUSED, false},      {"42000", 156, SP_REFUSED, false},
        {"22005", 206, SP_REFUSED, false},      {"42000", 319, SP_REFUSED, false},
    };
    require(told, sizeof told / sizeof *told);
}

static void servers_in_trouble(void)
{
    static const struct told told[] = {
        {"42000", 921, SP_UNAVAILABLE, true},   {"42000", 924, SP_UNAVAILABLE, true},
        {"42000", 926, SP_UNAVAILABLE, true},   {"42000", 945, SP_UNAVAILABLE, true},
        {"42000", 954, SP_UNAVAILABLE, true},   {"42000", 9001, SP_UNAVAILABLE, true},
        {"42000", 823, SP_UNAVAILABLE, true},   {"42000", 824, SP_UNAVAILABLE, true},
        {"42000", 17197, SP_UNAVAILABLE, true}, {"42000", 17809, SP_UNAVAILABLE, true},
        {"42000", 18461, SP_UNAVAILABLE, true}, {"42000", 8628, SP_UNAVAILABLE, false},
        {"42000", 1132, SP_UNAVAILABLE, false}, {"42000", 10936, SP_THROTTLED, false},
        {"42000", 601, SP_CONTENDED, false},    {"42000", 3966, SP_CONTENDED, false},
        {"42000", 13535, SP_CONTENDED, false},  {"42000", 41839, SP_CONTENDED, false},
        {"42000", 40197, SP_UNAVAILABLE, true}, {"42000", 40613, SP_UNAVAILABLE, true},
        {"42000", 40501, SP_THROTTLED, false},  {"42000", 10928, SP_THROTTLED, false},
        {"42000", 10929, SP_THROTTLED, false},  {"42000", 49918, SP_THROTTLED, false},
        {"42000", 49920, SP_THROTTLED, false},  {"08001", 64, SP_UNAVAILABLE, true},
        {"08S01", 233, SP_UNAVAILABLE, true},   {"42000", 7105, SP_UNKNOWN, false},
    };
    require(told, sizeof told / sizeof *told);
}

/* An entry that says nothing would fit every error, as none. */
static void every_class_is_one(void)
{
    for (size_t i = 0; i < MSSQL_CLASSES; i++)
        CU_ASSERT(mssql_classes[i].class != SP_OK && (mssql_classes[i].state || mssql_classes[i].native));
}

static void require_string(const char *connection, const char *expected)
{
    const struct odbc_config config = {.connection = connection, .password = "x}y"};
    char *text = odbc_connection_string(&config, &mssql_dialect);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

static void drivers_are_told(void)
{
    require_string("DRIVER=FreeTDS;Server=db",
                   "DRIVER=FreeTDS;Server=db;APP=scanpipe;TDS_Version=7.4;ClientCharset=UTF-8;PWD={x}y};");
    require_string("DRIVER={ODBC Driver 18 for SQL Server};Server=db",
                   "DRIVER={ODBC Driver 18 for SQL Server};Server=db;APP=scanpipe;ConnectRetryCount=0;"
                   "PWD={x}}y};");
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"given a connection that Microsoft's driver lost, when it says so, then it is an outage",
         connections_of_microsofts_driver},
        {"given a server or a database in trouble, when it says so, then no event is to blame",
         servers_in_trouble},
        {"given the table of errors, when it is looked through, then no entry is empty", every_class_is_one},
        {"given a driver, when it is told where to connect, then also what it is not to do by itself",
         drivers_are_told},
    };
    return tap_run("mssql_dialect", tests, sizeof tests / sizeof *tests);
}
