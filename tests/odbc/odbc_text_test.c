/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "lib_odbc/odbc.h"
#include "tap.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void require_text(char *got, const char *expected)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    CU_ASSERT_STRING_EQUAL(got, expected);
    free(got);
}

static const struct odbc_keyword keywords[] = {
    {"LFConversion", "0", NULL},
    {"Protocol", "7.4-0", NULL},
    {"Charset", "UTF-8", "tds"},
};
static const struct odbc_dialect dialect = {
    .title = "Base",
    .keywords = keywords,
    .keyword_count = 3,
    .plain_braces = "tds",
};

static void keywords_are_found(void)
{
    static const char connection[] = " DRIVER={Post;gre}}SQL}; server = db ;Port=1;;UID=a=b;PWD={x;y}";
    require_text(odbc_keyword(connection, "driver"), "Post;gre}SQL");
    require_text(odbc_keyword(connection, "PORT"), "1");
    require_text(odbc_keyword(connection, "UID"), "a=b");
    require_text(odbc_keyword(connection, "pwd"), "x;y");
    CU_ASSERT_PTR_NULL(odbc_keyword(connection, "gre"));
    CU_ASSERT_PTR_NULL(odbc_keyword(connection, "y}"));
    CU_ASSERT_PTR_NULL(odbc_keyword("", "Driver"));
    CU_ASSERT_PTR_NULL(odbc_keyword("Driver={unended", "Server"));
}

static void what_is_not_said_is_added(void)
{
    const struct odbc_config plain = {.connection = "Driver=x;protocol=6.4; "};
    require_text(odbc_connection_string(&plain, &dialect), "Driver=x;protocol=6.4;LFConversion=0");
    const struct odbc_config secret = {.connection = "DSN=d", .password = "a}b;c{d"};
    require_text(odbc_connection_string(&secret, &dialect),
                 "DSN=d;LFConversion=0;Protocol=7.4-0;PWD={a}}b;c{d};");
}

static void drivers_differ(void)
{
    const struct odbc_config free = {.connection = "DRIVER=/usr/lib/libTDSodbc.so", .password = "a}b;c}"};
    require_text(odbc_connection_string(&free, &dialect),
                 "DRIVER=/usr/lib/libTDSodbc.so;LFConversion=0;Protocol=7.4-0;Charset=UTF-8;PWD={a}b;c}};");
    const struct odbc_config other = {.connection = "Driver={ODBC Driver 18 for SQL Server};charset=x"};
    require_text(odbc_connection_string(&other, &dialect),
                 "Driver={ODBC Driver 18 for SQL Server};charset=x;LFConversion=0;Protocol=7.4-0");
    CU_ASSERT(odbc_driver_has("Server=x;driver={FreeTDS}", "tds"));
    CU_ASSERT(!odbc_driver_has("Server=tds;DSN=tds", "tds"));
}

static void require_wide(const char *text, const SQLWCHAR *units, size_t count, const char *back)
{
    size_t got;
    char narrow[64];
    SQLWCHAR *wide = odbc_wide(text, &got);
    CU_ASSERT_EQUAL_FATAL(got, count);
    CU_ASSERT(memcmp(wide, units, (count + 1) * sizeof *units) == 0);
    CU_ASSERT_EQUAL(odbc_narrow(wide, got, narrow), strlen(back));
    CU_ASSERT_STRING_EQUAL(narrow, back);
    free(wide);
}

static void wide_and_back(void)
{
    require_wide("", (SQLWCHAR[]){0}, 0, "");
    require_wide("a\xc3\xbc\xe2\x82\xac\xf0\x9d\x84\x9ez",
                 (SQLWCHAR[]){'a', 0xfc, 0x20ac, 0xd834, 0xdd1e, 'z', 0}, 6,
                 "a\xc3\xbc\xe2\x82\xac\xf0\x9d\x84\x9ez");
    require_wide("\xff\xc3", (SQLWCHAR[]){0xfffd, 0xfffd, 0}, 2, "\xef\xbf\xbd\xef\xbf\xbd");
    char narrow[64];
    /* Halves of a pair, alone and in the wrong order. */
    CU_ASSERT_EQUAL(odbc_narrow((SQLWCHAR[]){0xdd1e, 0xd834, 'a', 0xd834}, 4, narrow), 10);
    CU_ASSERT_STRING_EQUAL(narrow, "\xef\xbf\xbd\xef\xbf\xbd"
                                   "a\xef\xbf\xbd");
}

static void places_hold_no_secret(void)
{
    require_text(odbc_place("Driver=x;Server=db;Port=5;Database=parcels;UID=u;PWD=p", &dialect),
                 "Base (parcels at db:5)");
    require_text(odbc_place("DSN=here", &dialect), "Base (here)");
    require_text(odbc_place("Driver=x", &dialect), "Base (its server)");
}

static void secrets_are_masked(void)
{
    char text[] = "login of 'geheim' failed: geheimgeheim";
    odbc_mask(text, "geheim");
    CU_ASSERT_STRING_EQUAL(text, "login of '******' failed: ************");
    odbc_mask(text, "");
    odbc_mask(text, NULL);
    CU_ASSERT_STRING_EQUAL(text, "login of '******' failed: ************");
}

static void require_json(const char *text, size_t size, const char *expected)
{
    SP_AUTO(json_fini) struct odbc_json json = {0};
    json_string(&json, text, size);
    CU_ASSERT_STRING_EQUAL(json.data, expected);
    CU_ASSERT_EQUAL(json.size, strlen(expected));
}

static void strings_are_ascii(void)
{
    require_json(NULL, 0, "\"\"");
    require_json("a'b/c~", 6, "\"a'b/c~\"");
    require_json("\"\\\n\x1f\x7f", 5, "\"\\\"\\\\\\u000a\\u001f\x7f\"");
    require_json("\xc3\xbc\xe2\x82\xac\xf0\x9d\x84\x9e", 9, "\"\\u00fc\\u20ac\\ud834\\udd1e\"");
    require_json("\xf4\x8f\xbf\xbf", 4, "\"\\udbff\\udfff\"");
    /* Half a character, a surrogate, an overlong one, and a byte of none. */
    require_json("\xc3", 1, "\"\\ufffd\"");
    require_json("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"");
    require_json("\xc0\xaf", 2, "\"\\ufffd\\ufffd\"");
    require_json("a\xff"
                 "b",
                 3, "\"a\\ufffdb\"");
}

static void members_and_digits(void)
{
    SP_AUTO(json_fini) struct odbc_json json = {0};
    json_text_member(&json, "{\"a\":", NULL);
    json_number_member(&json, ",\"b\":", INT64_MIN);
    json_raw(&json, ",\"c\":");
    json_hex(&json, "\x00\xff\x1a", 3);
    json_raw(&json, "}");
    CU_ASSERT_STRING_EQUAL(json.data, "{\"a\":null,\"b\":-9223372036854775808,\"c\":\"00ff1a\"}");
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_slice bytes;
    CU_ASSERT(odbc_unhex(sp_slice_of("00fF1a"), arena, &bytes));
    CU_ASSERT(sp_slice_equal(bytes, (struct sp_slice){"\x00\xff\x1a", 3}));
    CU_ASSERT(!odbc_unhex(sp_slice_of("0"), arena, &bytes));
    CU_ASSERT(!odbc_unhex(sp_slice_of("0g"), arena, &bytes));
}

/* Two connections to a port of our own, which is to be closed after them. */
static int connect_two(int connected[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_FATAL(bind(server, (struct sockaddr *)&at, size) == 0 && listen(server, 2) == 0);
    CU_ASSERT_FATAL(getsockname(server, (struct sockaddr *)&at, &size) == 0);
    for (int i = 0; i < 2; i++) {
        connected[i] = socket(AF_INET, SOCK_STREAM, 0);
        CU_ASSERT_FATAL(connect(connected[i], (struct sockaddr *)&at, size) == 0);
    }
    return server;
}

static bool is_shut(int fd)
{
    return send(fd, "x", 1, MSG_NOSIGNAL) < 0;
}

static void interrupts(int fd, int64_t port)
{
    struct odbc_store store = {.dialect = &dialect};
    struct odbc db;
    odbc_init(&db, &store);
    db.socket = fd;
    db.socket_port = port;
    db.busy = true;
    odbc_interrupt(&db);
    CU_ASSERT(db.interrupted && db.broken);
    odbc_fini(&db);
}

static void only_its_own_socket_is_shut(void)
{
    int sockets[2];
    int server = connect_two(sockets);
    int64_t port = odbc_socket_port(sockets[0]);
    dup2(sockets[1], sockets[0]);
    interrupts(sockets[0], port);
    CU_ASSERT(!is_shut(sockets[0]));
    interrupts(sockets[0], odbc_socket_port(sockets[0]));
    CU_ASSERT(is_shut(sockets[0]));
    close(sockets[0]);
    close(sockets[1]);
    close(server);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"given a connection string, when a keyword is looked for, then its value comes unquoted",
         keywords_are_found},
        {"given a connection string, when it is completed, then what it says is left alone",
         what_is_not_said_is_added},
        {"given drivers that differ, when a connection string is completed, then as each wants it",
         drivers_differ},
        {"given a text, when it becomes UTF-16 and comes back, then it is the same", wide_and_back},
        {"given a connection string, when it is told where it leads, then without user and password",
         places_hold_no_secret},
        {"given a driver's message with a secret in it, when it is told, then the secret is stars",
         secrets_are_masked},
        {"given any bytes, when they become a string of JSON, then it is ASCII", strings_are_ascii},
        {"given numbers, NULL and bytes, when they become JSON, then they are as they were",
         members_and_digits},
        {"given a socket that the driver has closed, when its number is another's, then that is not shut",
         only_its_own_socket_is_shut},
    };
    return tap_run("odbc_text", tests, sizeof tests / sizeof *tests);
}
