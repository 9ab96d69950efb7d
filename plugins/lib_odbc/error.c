/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include <stdio.h>

/* As much of a message as is told. */
#define TOLD_TEXT 2048

/* What ODBC itself, and its driver manager, say; after what the dialect knows.  SQLSTATE: ISO 9075-2, and
 * appendix A of the ODBC reference. */
static const struct odbc_class common_classes[] = {
    {.state = "01000",
     .text = "Can't open lib",
     .class = SP_REFUSED,
     .lost = true,
     .cure =
         "install the ODBC driver, or correct Driver= in `connection`: odbcinst -q -d lists what is there"},
    {.state = "IM", /* of the driver manager: no such driver, no such data source */
     .class = SP_REFUSED,
     .lost = true,
     .cure = "correct Driver= or DSN= in `connection`: odbcinst -q -d and -q -s list what is there"},
    {.state = "28", .class = SP_REFUSED, .lost = true, .cure = "correct UID= and `password`"},
    {.state = "08", .class = SP_UNAVAILABLE, .lost = true},
    /* Drivers lose connections under the general error as well. */
    {.state = "HY000", .text = "connection", .class = SP_UNAVAILABLE, .lost = true},
    {.state = "HYT", .class = SP_UNAVAILABLE, .lost = true},
    {.state = "HY001", .class = SP_UNAVAILABLE},               /* no memory left */
    {.state = "HY008", .class = SP_STOPPED},                   /* cancelled */
    {.state = "HY010", .class = SP_UNAVAILABLE, .lost = true}, /* a driver in disorder */
    {.state = "HY013", .class = SP_UNAVAILABLE},
    {.state = "24000", .class = SP_UNAVAILABLE, .lost = true},
    {.state = "22", .class = SP_REJECTED}, /* data */
    {.state = "23", .class = SP_REJECTED}, /* constraints */
    {.state = "44", .class = SP_REJECTED}, /* of a view */
    {.state = "40", .class = SP_CONTENDED},
    {.state = "42", .class = SP_REFUSED}, /* syntax, names, permission */
};

static bool fits(const struct odbc_class *class, const char *state, int32_t native, const char *text)
{
    return (!class->state || strncmp(state, class->state, strlen(class->state)) == 0) &&
           (!class->native || class->native == native ||
            (native > class->native && native <= class->native_to)) &&
           (!class->text || strstr(text, class->text));
}

static const struct odbc_class *find(const struct odbc_class *classes, size_t count, const char *state,
                                     int32_t native, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (fits(&classes[i], state, native, text))
            return &classes[i];
    }
    return NULL;
}

const struct odbc_class *odbc_classify(const struct odbc_dialect *dialect, const char *state, int32_t native,
                                       const char *text)
{
    static const struct odbc_class unknown = {.class = SP_UNKNOWN};
    const struct odbc_class *class = find(dialect->classes, dialect->class_count, state, native, text);
    if (!class)
        class = find(common_classes, sizeof common_classes / sizeof *common_classes, state, native, text);
    return class ? class : &unknown;
}

/* What a driver manager and driver put around a message: "[unixODBC][Driver]text"; and it is one line. */
static char *trim(const struct odbc_dialect *dialect, char *text)
{
    while (*text == '[' && strchr(text, ']'))
        text = strchr(text, ']') + 1;
    for (const char *const *begin = dialect->error_tails; begin && *begin; begin++) {
        char *tail = strstr(text, *begin);
        if (tail)
            *tail = '\0';
    }
    for (size_t size = strlen(text); size && strchr(" \t\r\n;", text[size - 1]);)
        text[--size] = '\0';
    for (char *at = text; *at; at++)
        *at = strchr("\t\r\n", *at) ? ' ' : *at;
    return text;
}

/* One diagnostic, as the driver tells it. */
struct told {
    char state[6];
    SQLINTEGER native;
    char text[TOLD_TEXT];
};

static bool take_wide(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number, struct told *told)
{
    SQLWCHAR state[6] = {0}, text[TOLD_TEXT / 3] = {0};
    char narrow[3 * 5 + 1];
    size_t size = 0;
    if (!SQL_SUCCEEDED(SQLGetDiagRecW(type, handle, number, state, &told->native, text,
                                      sizeof text / sizeof *text, NULL)))
        return false;
    odbc_narrow(state, 5, narrow);
    snprintf(told->state, sizeof told->state, "%.5s", narrow);
    while (size < sizeof text / sizeof *text - 1 && text[size])
        size++;
    odbc_narrow(text, size, told->text);
    return true;
}

static bool take(struct odbc *db, SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number, struct told *told)
{
    *told = (struct told){.native = 0};
    return db->store->dialect->wide
               ? take_wide(type, handle, number, told)
               : SQL_SUCCEEDED(SQLGetDiagRec(type, handle, number, (SQLCHAR *)told->state, &told->native,
                                             (SQLCHAR *)told->text, sizeof told->text, NULL));
}

/* The first that tells a failure; where none does the first warning, which may be all that a driver says. */
static bool take_first(struct odbc *db, SQLSMALLINT type, SQLHANDLE handle, struct told *told)
{
    for (int warnings = 0; warnings < 2; warnings++) {
        for (SQLSMALLINT number = 1; take(db, type, handle, number, told); number++) {
            if (strncmp(told->state, "00", 2) != 0 && (warnings || strncmp(told->state, "01", 2) != 0))
                return true;
        }
    }
    *told = (struct told){.native = 0};
    return false;
}

static const struct odbc_class *take_diagnostics(struct odbc *db, SQLSMALLINT type, SQLHANDLE handle,
                                                 struct told *told, char **text_out)
{
    const struct odbc_store *store = db->store;
    const struct odbc_class *class = NULL;
    if (take_first(db, type, handle, told))
        class = odbc_classify(store->dialect, told->state, told->native, told->text);
    for (size_t i = 0; i < sizeof store->secrets / sizeof *store->secrets; i++)
        odbc_mask(told->text, store->secrets[i]);
    *text_out = trim(store->dialect, told->text);
    return class;
}

static bool is_dead(struct odbc *db)
{
    SQLUINTEGER dead = SQL_CD_FALSE;
    return db->connection &&
           SQL_SUCCEEDED(SQLGetConnectAttr(db->connection, SQL_ATTR_CONNECTION_DEAD, &dead, 0, NULL)) &&
           dead == SQL_CD_TRUE;
}

static void look_at_interrupt(struct odbc *db, bool *interrupted_out, bool *broken_out)
{
    pthread_mutex_lock(&db->lock);
    *interrupted_out = db->interrupted;
    *broken_out = db->broken;
    pthread_mutex_unlock(&db->lock);
}

/* A batch undoes its transaction where a row is rejected or a race is lost.  What else goes wrong, such as a
 * table that is missing when the batch comes to it, no CATCH of SQL Server's may see, and the next write
 * would be part of what was begun then, and never be committed. */
static bool may_leave_open(enum sp_class class)
{
    return class != SP_REJECTED && class != SP_CONTENDED && class != SP_STOPPED;
}

/* A driver may lose a connection without a word of it: then nothing is known of what was under way. */
int odbc_fail(struct odbc *db, SQLSMALLINT type, SQLHANDLE handle, enum odbc_kind kind, const char *doing,
              struct sp_error *err)
{
    static const struct odbc_class silent = {.class = SP_UNAVAILABLE, .lost = true};
    struct told told;
    char *text;
    const struct odbc_class *known = take_diagnostics(db, type, handle, &told, &text);
    const struct odbc_class *class = known ? known : &silent;
    bool interrupted, broken;
    look_at_interrupt(db, &interrupted, &broken);
    bool lost = class->lost || broken || is_dead(db);
    enum sp_class meaning = lost && class->class != SP_REFUSED ? SP_UNAVAILABLE : class->class;
    if (lost && kind == ODBC_WRITES)
        meaning = SP_UNCERTAIN;
    else if (meaning != SP_REFUSED && (lost || meaning == SP_STOPPED))
        meaning = interrupted && sp_clock_now() < db->deadline ? SP_STOPPED : SP_UNAVAILABLE;
    db->failure = class;
    db->doubtful |= kind == ODBC_WRITES && may_leave_open(meaning);
    char number[16] = "";
    if (told.native && db->store->dialect->tells_numbers)
        snprintf(number, sizeof number, "/%ld", (long)told.native);
    sp_fail(err, meaning, "%s: %s: %s%s%s%s%s", db->store->place, doing,
            *text ? text : "the driver says nothing of why", *told.state ? " (" : "", told.state, number,
            *told.state ? ")" : "");
    if (class->cure)
        sp_fail_cure(err, "%s", class->cure);
    if (lost)
        atomic_store(&db->store->lost_at, sp_clock_now());
    if (lost || db->in_transaction)
        odbc_close(db);
    return -1;
}
