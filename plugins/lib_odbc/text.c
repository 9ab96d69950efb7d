/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* One "name=value" of a connection string; the value may stand in braces, in which "}}" is a brace. */
struct pair {
    const char *name, *value; /* as they stand there */
    size_t name_size, value_size;
    bool braced;
};

static size_t braced_size(const char *value)
{
    const char *at = value + 1;
    while (*at && (*at != '}' || at[1] == '}'))
        at += *at == '}' ? 2 : 1;
    return (size_t)(at - value) + (*at == '}');
}

/* The pair at `*text`, and moves on; false at the end. */
static bool next_pair(const char **text, struct pair *out)
{
    const char *at = *text + strspn(*text, "; \t\n");
    if (!*at)
        return false;
    *out = (struct pair){.name = at, .name_size = strcspn(at, "=;")};
    at += out->name_size;
    if (*at == '=') {
        out->value = ++at;
        out->braced = *at == '{';
        at += out->braced ? braced_size(at) : 0;
        at += strcspn(at, ";");
        out->value_size = (size_t)(at - out->value);
    }
    while (out->name_size && strchr(" \t\n", out->name[out->name_size - 1]))
        out->name_size--;
    *text = at;
    return true;
}

static bool is_named(const struct pair *pair, const char *name)
{
    return strlen(name) == pair->name_size && strncasecmp(pair->name, name, pair->name_size) == 0;
}

static char *unquoted(const struct pair *pair)
{
    char *out = strndup(pair->value ? pair->value : "", pair->value_size), *to = out;
    if (!out)
        abort();
    if (!pair->braced)
        return out;
    for (const char *at = out + 1; *at; at++) {
        if (*at == '}' && at[1] != '}')
            break;
        at += *at == '}';
        *to++ = *at;
    }
    *to = '\0';
    return out;
}

char *odbc_keyword(const char *connection, const char *name)
{
    struct pair pair;
    while (next_pair(&connection, &pair)) {
        if (is_named(&pair, name))
            return unquoted(&pair);
    }
    return NULL;
}

static bool has_keyword(const char *connection, const char *name)
{
    char *value = odbc_keyword(connection, name);
    free(value);
    return value != NULL;
}

bool odbc_driver_has(const char *connection, const char *part)
{
    char *driver = odbc_keyword(connection, "Driver");
    bool has = driver && strcasestr(driver, part);
    free(driver);
    return has;
}

/* Some drivers do not know that "}}" is a brace, and find the end by "};" alone. */
static void put_quoted(FILE *out, const char *value, bool plain)
{
    fputc('{', out);
    for (; *value; value++)
        fputs(*value == '}' && !plain ? "}}" : (char[]){*value, '\0'}, out);
    fputs("};", out);
}

/* "Server=db;Database=x" without what says nothing at its end. */
static size_t trimmed_size(const char *connection)
{
    size_t size = strlen(connection);
    while (size && strchr("; \t\n", connection[size - 1]))
        size--;
    return size;
}

char *odbc_connection_string(const struct odbc_config *config, const struct odbc_dialect *dialect)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    fprintf(out, "%.*s", (int)trimmed_size(config->connection), config->connection);
    for (size_t i = 0; i < dialect->keyword_count; i++) {
        const struct odbc_keyword *keyword = &dialect->keywords[i];
        bool known = !keyword->driver || odbc_driver_has(config->connection, keyword->driver);
        if (known && !has_keyword(config->connection, keyword->name))
            fprintf(out, ";%s=%s", keyword->name, keyword->value);
    }
    if (config->password && *config->password) {
        fputs(";PWD=", out);
        put_quoted(out, config->password,
                   dialect->plain_braces && odbc_driver_has(config->connection, dialect->plain_braces));
    }
    if (fclose(out) != 0)
        abort();
    return text;
}

char *odbc_place(const char *connection, const struct odbc_dialect *dialect)
{
    static const char *const servers[] = {"Server", "Servername", "DSN"};
    char *server = NULL, *database = odbc_keyword(connection, "Database"), *text;
    for (size_t i = 0; !server && i < sizeof servers / sizeof *servers; i++)
        server = odbc_keyword(connection, servers[i]);
    char *port = odbc_keyword(connection, "Port");
    if (asprintf(&text, "%s (%s%s%s%s%s)", dialect->title, database ? database : "", database ? " at " : "",
                 server ? server : "its server", port ? ":" : "", port ? port : "") < 0)
        abort();
    free(server);
    free(database);
    free(port);
    return text;
}

void odbc_mask(char *text, const char *secret)
{
    size_t size = secret ? strlen(secret) : 0;
    for (char *at = text; size && (at = strstr(at, secret)); at += size)
        memset(at, '*', size);
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool odbc_unhex(struct sp_slice hex, struct sp_arena *arena, struct sp_slice *out)
{
    if (hex.size % 2)
        return false;
    char *bytes = sp_arena_alloc(arena, hex.size / 2 + 1);
    for (size_t i = 0; i < hex.size / 2; i++) {
        int high = digit_of(hex.data[i * 2]), low = digit_of(hex.data[i * 2 + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (char)(high << 4 | low);
    }
    *out = (struct sp_slice){bytes, hex.size / 2};
    return true;
}

void odbc_check(const struct odbc_config *config, struct sp_check *check)
{
    if (!config->connection)
        return;
    if (!*config->connection)
        sp_check_fail(check, "connection", "is empty; name driver, server, database and user");
    else if (!has_keyword(config->connection, "Driver") && !has_keyword(config->connection, "DSN"))
        sp_check_fail(check, "connection", "names neither a Driver= nor a DSN=");
    if (config->password &&
        (has_keyword(config->connection, "PWD") || has_keyword(config->connection, "Password")))
        sp_check_fail(check, "password", "stands in `connection` as well; leave one of them out");
}
