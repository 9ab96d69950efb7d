/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include <stdlib.h>
#include <sys/socket.h>

static const char connecting[] = "connecting";

/* unixODBC finds out once where its lists of drivers are, and keeps that in variables without a lock: here it
 * does so before the core has any threads. */
static void find_drivers(void)
{
    SQLHANDLE environment;
    SQLCHAR name[256], attributes[256];
    SQLSMALLINT name_size, attributes_size;
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment)))
        return;
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLDrivers(environment, SQL_FETCH_FIRST, name, sizeof name, &name_size, attributes, sizeof attributes,
               &attributes_size);
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
}

int odbc_store_init(struct odbc_store *store, const struct odbc_config *config,
                    const struct odbc_dialect *dialect, const struct sp_stage *stage,
                    const struct odbc_part *part, struct sp_error *err)
{
    *store = (struct odbc_store){.config = config, .dialect = dialect, .stage = stage, .part = part};
    const char *passwords[] = {config->password, NULL};
    if (passwords[0] && strpbrk(passwords[0], "\n\r"))
        return sp_fail(err, SP_REFUSED, "the password has a line end in it");
    if (passwords[0] && strstr(passwords[0], "};") && dialect->plain_braces &&
        odbc_driver_has(config->connection, dialect->plain_braces)) {
        sp_fail(err, SP_REFUSED, "the password has \"};\" in it, which this ODBC driver takes for its end");
        return sp_fail_cure(err, "give the user another password, or use another driver");
    }
    find_drivers();
    store->connection = odbc_connection_string(config, dialect);
    store->place = odbc_place(config->connection, dialect);
    store->secrets[0] = config->password ? strdup(config->password) : NULL;
    store->secrets[1] = odbc_keyword(config->connection, "PWD");
    store->secrets[2] = odbc_keyword(config->connection, "Password");
    return 0;
}

void odbc_store_fini(struct odbc_store *store)
{
    for (size_t i = 0; i < sizeof store->secrets / sizeof *store->secrets; i++)
        free(store->secrets[i]);
    free(store->connection);
    free(store->place);
}

void odbc_init(struct odbc *db, struct odbc_store *store)
{
    *db = (struct odbc){.store = store, .socket = -1};
    pthread_mutex_init(&db->lock, NULL);
}

void odbc_close(struct odbc *db)
{
    pthread_mutex_lock(&db->lock);
    db->socket = -1;
    db->executing = NULL;
    db->broken = false;
    pthread_mutex_unlock(&db->lock);
    for (size_t i = 0; i < ODBC_STATEMENTS; i++) {
        if (db->statements[i].sql)
            SQLFreeHandle(SQL_HANDLE_STMT, db->statements[i].handle);
        db->statements[i] = (struct odbc_statement){0};
    }
    if (db->connection) {
        SQLDisconnect(db->connection);
        SQLFreeHandle(SQL_HANDLE_DBC, db->connection);
    }
    if (db->environment)
        SQLFreeHandle(SQL_HANDLE_ENV, db->environment);
    db->connection = NULL;
    db->environment = NULL;
    db->running = NULL;
    db->made = false;
    db->in_transaction = false;
}

void odbc_fini(struct odbc *db)
{
    odbc_close(db);
    json_fini(&db->json);
    pthread_mutex_destroy(&db->lock);
}

/* A connection is given up by taking its socket away: the driver then finds it closed; where it has closed it
 * itself, the number may be another connection's by now.  Where that is not known SQLCancel() has to do, if
 * it does not block. */
void odbc_interrupt(struct odbc *db)
{
    pthread_mutex_lock(&db->lock);
    if (db->busy) {
        db->interrupted = true;
        if (db->socket >= 0 && !db->broken) {
            if (odbc_socket_port(db->socket) == db->socket_port)
                shutdown(db->socket, SHUT_RDWR);
            db->broken = true;
        } else if (db->socket < 0 && db->executing && !db->store->dialect->cancel_waits) {
            SQLCancel(db->executing);
        }
    }
    pthread_mutex_unlock(&db->lock);
}

/* An environment a connection: a driver manager that locks one while it connects stops nobody else. */
static int make_handles(struct odbc *db, struct sp_error *err)
{
    int64_t left = (db->deadline - sp_clock_now()) / SP_SECOND;
    int64_t limit = db->store->config->login_timeout / SP_SECOND;
    limit = left < limit ? left : limit;
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &db->environment)) ||
        !SQL_SUCCEEDED(
            SQLSetEnvAttr(db->environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)(intptr_t)SQL_OV_ODBC3, 0)) ||
        !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, db->environment, &db->connection))) {
        odbc_close(db);
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    }
    SQLSetConnectAttr(db->connection, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)(intptr_t)(limit > 2 ? limit : 2),
                      0);
    return 0;
}

/* Our port of this connection; 0 where the server does not say: its view may not be for this user. */
static int ask_port(struct odbc *db, int64_t *port_out, struct sp_error *err)
{
    const char *sql = db->store->dialect->client_port;
    int rc = sql ? odbc_run(db, sql, ODBC_READS, connecting, err) : 0;
    *port_out = 0;
    for (int more = 1; sql && rc == 0 && (more = odbc_fetch(db, connecting, err)) != 0;)
        rc = more < 0 ? -1 : odbc_number(db, 1, port_out, connecting, err);
    return db->connection ? 0 : rc;
}

/* Which socket it is, where other threads may have opened some meanwhile. */
static int find_socket(struct odbc *db, const struct odbc_sockets *before, struct sp_error *err)
{
    int64_t port;
    if (ask_port(db, &port, err) < 0)
        return -1;
    int fd = odbc_sockets_new(before, port);
    pthread_mutex_lock(&db->lock);
    db->socket = fd;
    db->socket_port = fd >= 0 ? odbc_socket_port(fd) : 0;
    pthread_mutex_unlock(&db->lock);
    return 0;
}

static int set_up(struct odbc *db, const struct odbc_sockets *before, struct sp_error *err)
{
    const char *settings = db->store->dialect->on_connect;
    if (settings && odbc_do(db, settings, ODBC_READS, NULL, connecting, err) < 0)
        return -1;
    return find_socket(db, before, err);
}

static SQLRETURN driver_connect(struct odbc *db)
{
    const char *text = db->store->connection;
    size_t count;
    if (!db->store->dialect->wide)
        return SQLDriverConnect(db->connection, NULL, (SQLCHAR *)text, SQL_NTS, NULL, 0, NULL,
                                SQL_DRIVER_NOPROMPT);
    SQLWCHAR *wide = odbc_wide(text, &count);
    SQLRETURN rc =
        SQLDriverConnectW(db->connection, NULL, wide, (SQLSMALLINT)count, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    free(wide);
    return rc;
}

static int connect_anew(struct odbc *db, struct sp_error *err)
{
    struct odbc_sockets before;
    odbc_close(db);
    if (make_handles(db, err) < 0)
        return -1;
    odbc_sockets_list(&before);
    if (!SQL_SUCCEEDED(driver_connect(db))) {
        odbc_fail(db, SQL_HANDLE_DBC, db->connection, ODBC_READS, connecting, err);
        odbc_close(db);
        return -1;
    }
    db->used_at = sp_clock_now();
    if (set_up(db, &before, err) == 0)
        return 0;
    odbc_close(db);
    return -1;
}

/* Idle connections are cut by firewalls, without a word: what is written into one may be lost.  Where another
 * one was lost meanwhile, the server may have gone, and all of them with it.  Trying a connection takes no
 * longer than connecting may, so that there is time left for that, and for the call. */
static bool is_stale(struct odbc *db)
{
    int64_t now = sp_clock_now(), deadline = db->deadline, limit = now + db->store->config->login_timeout;
    struct sp_error err;
    if (now - db->used_at <= db->store->config->idle && atomic_load(&db->store->lost_at) < db->used_at)
        return false;
    db->deadline = limit < deadline ? limit : deadline;
    bool stale = odbc_do(db, db->store->dialect->alive, ODBC_READS, NULL, "trying the connection", &err) < 0;
    db->deadline = deadline;
    return stale;
}

int odbc_enter(struct odbc *db, int64_t deadline, struct sp_error *err)
{
    pthread_mutex_lock(&db->lock);
    db->busy = true;
    db->interrupted = false;
    pthread_mutex_unlock(&db->lock);
    db->deadline = deadline;
    db->failure = NULL;
    db->doubtful = false;
    if (sp_clock_now() >= deadline)
        return sp_fail(err, SP_UNAVAILABLE, "%s: there was no time left for it", db->store->place);
    if (db->connection && !is_stale(db))
        return 0;
    return connect_anew(db, err);
}

int odbc_enter_made(struct odbc *db, int64_t deadline, struct sp_error *err)
{
    if (odbc_enter(db, deadline, err) < 0)
        return -1;
    if (!db->store->makes_tables || db->made)
        return 0;
    if (odbc_migrate(db, err) < 0)
        return -1;
    db->made = true;
    return 0;
}

int odbc_leave(struct odbc *db, int rc)
{
    pthread_mutex_lock(&db->lock);
    db->busy = false;
    bool broken = db->broken;
    pthread_mutex_unlock(&db->lock);
    if (broken || db->in_transaction || db->running || db->doubtful)
        odbc_close(db);
    json_clear(&db->json);
    return rc;
}
