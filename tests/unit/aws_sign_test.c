/* SPDX-License-Identifier: Apache-2.0 */
/* Signature Version 4 as botocore makes it, the key that is kept, and what is refused. */
#include <config.h>

#include "tap.h"

#include <lib_aws/sign.h>
#include <lib_aws/url.h>
#include <stdio.h>
#include <stdlib.h>

struct sign_vector {
    const char *name, *method, *url, *headers[8], *body;
    size_t repeat;
    int64_t when;
    const char *region, *service, *key_id, *secret, *token, *host, *authorization;
};

#include "sign_vectors.h"

enum { VECTORS = sizeof sign_vectors / sizeof *sign_vectors };

static struct sp_slice repeated(const char *text, size_t times)
{
    size_t size = strlen(text);
    char *data = malloc(size * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(data + i * size, text, size);
    return (struct sp_slice){data, size * times};
}

static struct sign_request request_of(const struct sign_vector *vector)
{
    struct sign_request request = {.method = vector->method,
                                   .url = vector->url,
                                   .headers = vector->headers,
                                   .body = repeated(vector->body, vector->repeat),
                                   .wall_ms = vector->when * 1000 + 999,
                                   .region = vector->region,
                                   .service = vector->service,
                                   .access_key_id = vector->key_id,
                                   .secret_access_key = vector->secret,
                                   .session_token = vector->token};
    while (vector->headers[request.header_count])
        request.header_count++;
    return request;
}

static bool is(const char *name, const char *what, const char *prefix, const char *wanted, const char *got)
{
    size_t length = strlen(prefix);
    bool same = strncmp(got, prefix, length) == 0 && strcmp(got + length, wanted) == 0;
    if (!same)
        printf("# %s: %s\n#   wanted %s%s\n#   got    %s\n", name, what, prefix, wanted, got);
    return same;
}

/* A fresh key each, and then one for all of them, in order and out of it. */
static void test_vectors(void)
{
    struct sign_key kept = {0};
    struct sp_error err;
    for (size_t i = 0; i < 3 * VECTORS; i++) {
        const struct sign_vector *vector = &sign_vectors[i * 7 % VECTORS];
        struct sign_key fresh = {0};
        struct signature signature;
        struct sign_request request = request_of(vector);
        CU_ASSERT_EQUAL_FATAL(sign(&request, i % 3 ? &kept : &fresh, &signature, &err), 0);
        CU_ASSERT(
            is(vector->name, "signature", "Authorization: ", vector->authorization, signature.authorization));
        CU_ASSERT(is(vector->name, "host", "Host: ", vector->host, signature.host));
        if (vector->token)
            CU_ASSERT(is(vector->name, "token", "X-Amz-Security-Token: ", vector->token, signature.token));
        const char *headers[SIGN_HEADERS];
        CU_ASSERT_EQUAL(sign_headers(&signature, headers), vector->token ? 4 : 3);
        free((void *)request.body.data);
    }
}

/* A key that was kept is used: one that is spoilt spoils what is signed with it, until the day is over. */
static void test_key_is_kept(void)
{
    struct sign_key key = {0};
    struct signature before, after;
    struct sp_error err;
    struct sign_request request = request_of(&sign_vectors[0]);
    CU_ASSERT_EQUAL(sign(&request, &key, &before, &err), 0);
    key.key[0] ^= 1;
    CU_ASSERT_EQUAL(sign(&request, &key, &after, &err), 0);
    CU_ASSERT_STRING_NOT_EQUAL(before.authorization, after.authorization);
    request.wall_ms += 24 * 3600 * 1000;
    CU_ASSERT_EQUAL(sign(&request, &key, &after, &err), 0);
    request.wall_ms -= 24 * 3600 * 1000;
    CU_ASSERT_EQUAL(sign(&request, &key, &after, &err), 0);
    CU_ASSERT_STRING_EQUAL(before.authorization, after.authorization);
    free((void *)request.body.data);
}

static void refuses(struct sign_request request, const char *saying)
{
    struct sign_key key = {0};
    struct signature signature;
    struct sp_error err = {0};
    CU_ASSERT_EQUAL(sign(&request, &key, &signature, &err), -1);
    CU_ASSERT_EQUAL(err.class, SP_REFUSED);
    if (!strstr(err.text, saying))
        printf("# \"%s\" is not in: %s\n", saying, err.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, saying));
    CU_ASSERT_PTR_NULL(strstr(err.text, "s3cr3t"));
}

static void test_refusals(void)
{
    static char long_text[40000];
    memset(long_text, 'x', sizeof long_text - 1);
    const char *header = "X-A: b\r\nX-C: s3cr3t";
    struct sign_request good = request_of(&sign_vectors[0]), bad = good;
    bad.headers = &header;
    bad.header_count = 1;
    refuses(bad, "header");
    bad = good;
    bad.session_token = "s3cr3t\n";
    refuses(bad, "header");
    bad.session_token = long_text;
    refuses(bad, "token is too long");
    bad = good;
    bad.secret_access_key = long_text;
    refuses(bad, "secret access key is too long");
    bad = good;
    bad.region = long_text;
    refuses(bad, "region");
    bad = good;
    bad.access_key_id = long_text;
    refuses(bad, "access key id");
    bad = good;
    header = long_text;
    bad.url = "http://user:s3cr3t@host/";
    refuses(bad, "user's name");
    bad = good;
    long_text[2] = ':';
    bad.headers = &header;
    bad.header_count = 1;
    refuses(bad, "too long");
    free((void *)good.body.data);
}

static void test_urls(void)
{
    static const char *const wrong[] = {"",
                                        "sqs.example",
                                        "ftp://a/",
                                        "http://",
                                        "http:///a",
                                        "http://:80/",
                                        "http://a:/",
                                        "http://a:0/",
                                        "http://a:65536/",
                                        "http://a:8x/",
                                        "http://a b/",
                                        "http://a\\@b/",
                                        "http://169.254.170.2@evil/",
                                        "http://evil#@169.254.170.2@x",
                                        "http://[::1/",
                                        "http://[::1]x/",
                                        "http://a/\r\nX: y"};
    struct url url;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *reason = url_split(wrong[i], &url);
        if (i != 13) /* that one names the host "evil", and the rest is no part of what is asked for */
            CU_ASSERT_PTR_NOT_NULL(reason);
    }
    CU_ASSERT_PTR_NULL(url_split("HTTPS://[FD00:ec2::23]:8443/a?b#c", &url));
    CU_ASSERT(url.https && url_host_is(&url, "[fd00:ec2::23]"));
    CU_ASSERT(sp_slice_equal(url.port, sp_slice_of("8443")) && sp_slice_equal(url.path, sp_slice_of("/a")));
    CU_ASSERT(sp_slice_equal(url.query, sp_slice_of("b")));
    static const char *const loops[] = {"http://LOCALHOST:1/", "http://127.0.0.1", "http://127.8.9.1/x",
                                        "http://[::1]/"};
    static const char *const others[] = {"http://localhost.evil/", "http://127.0.0.1.evil/", "http://[::2]/",
                                         "http://128.0.0.1/", "http://[::1%25eth0]/"};
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
        CU_ASSERT(!url_split(loops[i], &url) && url_is_loopback(&url));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CU_ASSERT(!url_split(others[i], &url) && !url_is_loopback(&url));
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"signatures are those that botocore makes, with a fresh key and with one that was kept",
         test_vectors},
        {"the day's key is derived once", test_key_is_kept},
        {"what breaks out of a header or is too long is refused, without secrets", test_refusals},
        {"URLs are taken apart strictly", test_urls},
    };
    return tap_run("aws_sign", tests, sizeof tests / sizeof *tests);
}
