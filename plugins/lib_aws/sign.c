/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sign.h"

#include "text.h"
#include "url.h"

#include <scanpipe/host.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

enum { MOST_HEADERS = 32, MOST_PARAMETERS = 64, CANONICAL_SIZE = 24576, BLOCK = 64 };

struct header {
    struct sp_slice name, value;
    size_t place; /* among those handed in */
};

/* What is on its way: the request in its one canonical spelling, and what it is signed for. */
struct signing {
    const struct sign_request *request;
    struct url url;
    struct header headers[MOST_HEADERS];
    size_t header_count;
    char stamp[17]; /* 20261123T101112Z */
    char date[9];
    char scope[160];                      /* 20261123/eu-west-1/sqs/aws4_request */
    char names[1024];                     /* host;x-amz-date */
    unsigned char digest[SP_SHA256_SIZE]; /* of the canonical request */
};

/* RFC 2104 over messages that are short. */
static void hmac(const void *key, size_t key_size, struct sp_slice message, unsigned char out[SP_SHA256_SIZE])
{
    unsigned char block[BLOCK] = {0}, inner[BLOCK + 512], outer[BLOCK + SP_SHA256_SIZE];
    if (key_size > BLOCK)
        sp_sha256(key, key_size, block);
    else
        memcpy(block, key, key_size);
    for (size_t i = 0; i < BLOCK; i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5c;
    }
    memcpy(inner + BLOCK, message.data, message.size);
    sp_sha256(inner, BLOCK + message.size, outer + BLOCK);
    sp_sha256(outer, sizeof outer, out);
    explicit_bzero(block, sizeof block);
    explicit_bzero(inner, sizeof inner);
    explicit_bzero(outer, sizeof outer);
}

static bool key_is_for(const struct sign_key *key, const struct signing *signing,
                       const unsigned char digest[SP_SHA256_SIZE])
{
    const struct sign_request *request = signing->request;
    return key->there && memcmp(key->secret_digest, digest, SP_SHA256_SIZE) == 0 &&
           strcmp(key->date, signing->date) == 0 && strcmp(key->region, request->region) == 0 &&
           strcmp(key->service, request->service) == 0;
}

static void derive_key(const struct signing *signing, struct sign_key *key)
{
    const struct sign_request *request = signing->request;
    unsigned char digest[SP_SHA256_SIZE], *step = key->key;
    sp_sha256(request->secret_access_key, strlen(request->secret_access_key), digest);
    if (key_is_for(key, signing, digest))
        return;
    char secret[4 + 256];
    struct text text = text_in(secret, sizeof secret);
    text_say(&text, "AWS4");
    text_say(&text, request->secret_access_key);
    hmac(secret, text.size, sp_slice_of(signing->date), step);
    hmac(step, SP_SHA256_SIZE, sp_slice_of(request->region), step);
    hmac(step, SP_SHA256_SIZE, sp_slice_of(request->service), step);
    hmac(step, SP_SHA256_SIZE, sp_slice_of("aws4_request"), step);
    explicit_bzero(secret, sizeof secret);
    memcpy(key->secret_digest, digest, sizeof digest);
    memcpy(key->date, signing->date, sizeof key->date);
    memcpy(key->region, request->region, strlen(request->region) + 1);
    memcpy(key->service, request->service, strlen(request->service) + 1);
    key->there = true;
}

static int compare_slices(struct sp_slice a, struct sp_slice b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_headers(const void *left, const void *right)
{
    const struct header *a = left, *b = right;
    size_t shorter = a->name.size < b->name.size ? a->name.size : b->name.size;
    int order = strncasecmp(a->name.data, b->name.data, shorter);
    if (order)
        return order;
    if (a->name.size != b->name.size)
        return a->name.size < b->name.size ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

static int compare_parameters(const void *left, const void *right)
{
    const struct header *a = left, *b = right;
    int order = compare_slices(a->name, b->name);
    return order ? order : compare_slices(a->value, b->value);
}

/* What proxies add, change or take away is not signed; botocore leaves out the same. */
static bool is_signed(struct sp_slice name)
{
    static const char *const left_out[] = {"connection",        "expect",     "te",
                                           "transfer-encoding", "user-agent", "x-amzn-trace-id"};
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (strlen(left_out[i]) == name.size && strncasecmp(left_out[i], name.data, name.size) == 0)
            return false;
    return true;
}

static const char *add_header(struct signing *signing, const char *line)
{
    const char *colon = strchr(line, ':');
    if (!colon || colon == line || strpbrk(line, "\r\n"))
        return "a header is none";
    struct header header = {{line, (size_t)(colon - line)}, sp_slice_of(colon + 1), signing->header_count};
    if (!is_signed(header.name))
        return NULL;
    if (signing->header_count == MOST_HEADERS)
        return "there are too many headers";
    signing->headers[signing->header_count++] = header;
    return NULL;
}

static bool is_default_port(const struct url *url)
{
    return !url->port.size || sp_slice_equal(url->port, sp_slice_of(url->https ? "443" : "80"));
}

static void write_lower(struct text *text, struct sp_slice slice)
{
    for (size_t i = 0; i < slice.size; i++) {
        char c = slice.data[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
        text_put(text, &c, 1);
    }
}

static const char *write_own_headers(const struct signing *signing, struct signature *out)
{
    const char *token = signing->request->session_token;
    struct text host = text_in(out->host, sizeof out->host);
    text_say(&host, "Host: ");
    write_lower(&host, signing->url.host);
    if (!is_default_port(&signing->url)) {
        text_say(&host, ":");
        text_slice(&host, signing->url.port);
    }
    struct text date = text_in(out->date, sizeof out->date);
    text_say(&date, "X-Amz-Date: ");
    text_say(&date, signing->stamp);
    struct text header = text_in(out->token, sizeof out->token);
    if (token && *token) {
        text_say(&header, "X-Amz-Security-Token: ");
        text_say(&header, token);
    }
    return host.full ? "the host's name is too long" : header.full ? "the session token is too long" : NULL;
}

static const char *gather_headers(struct signing *signing, struct signature *out)
{
    const struct sign_request *request = signing->request;
    const char *own[SIGN_HEADERS];
    const char *fault = write_own_headers(signing, out);
    size_t count = sign_headers(out, own);
    for (size_t i = 0; !fault && i < count; i++)
        fault = add_header(signing, own[i]);
    for (size_t i = 0; !fault && i < request->header_count; i++)
        fault = add_header(signing, request->headers[i]);
    qsort(signing->headers, signing->header_count, sizeof *signing->headers, compare_headers);
    return fault;
}

/* No segment that is empty, "." or ".."; quoted once more, as every service but S3 wants it. */
static void write_path(struct text *text, struct sp_slice path)
{
    struct sp_slice kept[MOST_PARAMETERS];
    size_t count = 0;
    const char *end = path.data + path.size;
    for (const char *at = path.data, *next; at < end; at = next + 1) {
        next = memchr(at, '/', (size_t)(end - at));
        next = next ? next : end;
        struct sp_slice segment = {at, (size_t)(next - at)};
        if (sp_slice_equal(segment, sp_slice_of("..")))
            count -= count > 0;
        else if (segment.size && !sp_slice_equal(segment, sp_slice_of("."))) {
            if (count == MOST_PARAMETERS) {
                text->full = true;
                return;
            }
            kept[count++] = segment;
        }
    }
    for (size_t i = 0; i < count; i++) {
        text_say(text, "/");
        text_quote(text, kept[i], "");
    }
    if (!count || end[-1] == '/')
        text_say(text, "/");
}

static void write_query(struct text *text, struct sp_slice query)
{
    struct header pairs[MOST_PARAMETERS];
    size_t count = 0;
    const char *end = query.data + query.size;
    for (const char *at = query.data, *next; query.size && at <= end; at = next + 1) {
        next = memchr(at, '&', (size_t)(end - at));
        next = next ? next : end;
        const char *equals = memchr(at, '=', (size_t)(next - at));
        const char *value = equals ? equals + 1 : next;
        if (count == MOST_PARAMETERS) {
            text->full = true;
            return;
        }
        pairs[count++] = (struct header){.name = {at, (size_t)((equals ? equals : next) - at)},
                                         .value = {value, (size_t)(next - value)}};
    }
    qsort(pairs, count, sizeof *pairs, compare_parameters);
    for (size_t i = 0; i < count; i++) {
        text_say(text, i ? "&" : "");
        text_slice(text, pairs[i].name);
        text_say(text, "=");
        text_slice(text, pairs[i].value);
    }
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Runs of white space become one space; none at the ends. */
static void write_value(struct text *text, struct sp_slice value)
{
    bool gap = false, begun = false;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (is_space(c)) {
            gap = begun;
            continue;
        }
        text_say(text, gap ? " " : "");
        text_put(text, &c, 1);
        gap = false;
        begun = true;
    }
}

static void write_headers(struct text *text, struct signing *signing)
{
    struct text names = text_in(signing->names, sizeof signing->names);
    const struct header *before = NULL;
    for (const struct header *one = signing->headers; one < signing->headers + signing->header_count; one++) {
        bool again = before && before->name.size == one->name.size &&
                     strncasecmp(before->name.data, one->name.data, one->name.size) == 0;
        if (again) {
            text_say(text, ",");
        } else {
            text_say(text, before ? "\n" : "");
            text_say(&names, before ? ";" : "");
            write_lower(text, one->name);
            write_lower(&names, one->name);
            text_say(text, ":");
        }
        write_value(text, one->value);
        before = one;
    }
    text_say(text, "\n\n");
    text_slice(text, (struct sp_slice){names.data, names.size});
    text->full |= names.full;
}

static const char *digest_request(struct signing *signing)
{
    const struct sign_request *request = signing->request;
    char canonical[CANONICAL_SIZE];
    unsigned char body[SP_SHA256_SIZE];
    struct text text = text_in(canonical, sizeof canonical);
    text_say(&text, request->method);
    text_say(&text, "\n");
    write_path(&text, signing->url.path);
    text_say(&text, "\n");
    write_query(&text, signing->url.query);
    text_say(&text, "\n");
    write_headers(&text, signing);
    text_say(&text, "\n");
    sp_sha256(request->body.size ? request->body.data : "", request->body.size, body);
    text_hex(&text, body, sizeof body);
    if (text.full)
        return "its URL or its headers are too long";
    sp_sha256(text.data, text.size, signing->digest);
    return NULL;
}

static const char *set_times(struct signing *signing)
{
    const struct sign_request *request = signing->request;
    struct tm when;
    time_t seconds = (time_t)(request->wall_ms / 1000);
    if (request->wall_ms < 0 || !gmtime_r(&seconds, &when) ||
        strftime(signing->stamp, sizeof signing->stamp, "%Y%m%dT%H%M%SZ", &when) == 0)
        return "the clock is no time";
    memcpy(signing->date, signing->stamp, 8);
    struct text scope = text_in(signing->scope, sizeof signing->scope);
    const char *const parts[] = {signing->date, "/", request->region, "/", request->service, "/aws4_request"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        text_say(&scope, parts[i]);
    return NULL;
}

static const char *check_sizes(const struct sign_request *request)
{
    struct sign_key *key = NULL;
    if (strlen(request->region) >= sizeof key->region || strlen(request->service) >= sizeof key->service)
        return "the region's name is too long";
    return strlen(request->secret_access_key) >= 256 ? "the secret access key is too long" : NULL;
}

static const char *authorize(const struct signing *signing, struct sign_key *key, struct signature *out)
{
    char to_sign[256];
    unsigned char bytes[SP_SHA256_SIZE];
    struct text text = text_in(to_sign, sizeof to_sign);
    const char *const parts[] = {"AWS4-HMAC-SHA256\n", signing->stamp, "\n", signing->scope, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        text_say(&text, parts[i]);
    text_hex(&text, signing->digest, sizeof signing->digest);
    derive_key(signing, key);
    hmac(key->key, sizeof key->key, (struct sp_slice){text.data, text.size}, bytes);
    struct text line = text_in(out->authorization, sizeof out->authorization);
    const char *const words[] = {"Authorization: AWS4-HMAC-SHA256 Credential=",
                                 signing->request->access_key_id,
                                 "/",
                                 signing->scope,
                                 ", SignedHeaders=",
                                 signing->names,
                                 ", Signature="};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        text_say(&line, words[i]);
    text_hex(&line, bytes, sizeof bytes);
    return text.full || line.full ? "the access key id is too long" : NULL;
}

int sign(const struct sign_request *request, struct sign_key *key, struct signature *out,
         struct sp_error *err)
{
    struct signing signing = {.request = request};
    const char *fault = url_split(request->url, &signing.url);
    out->authorization[0] = '\0';
    if (fault)
        return sp_fail(err, SP_REFUSED, "a request cannot be signed: its URL %s", fault);
    fault = check_sizes(request);
    fault = fault ? fault : set_times(&signing);
    fault = fault ? fault : gather_headers(&signing, out);
    fault = fault ? fault : digest_request(&signing);
    fault = fault ? fault : authorize(&signing, key, out);
    return fault ? sp_fail(err, SP_REFUSED, "a request cannot be signed: %s", fault) : 0;
}

size_t sign_headers(const struct signature *signature, const char *headers[SIGN_HEADERS])
{
    const char *const all[SIGN_HEADERS] = {signature->host, signature->date, signature->token,
                                           signature->authorization};
    size_t count = 0;
    for (size_t i = 0; i < SIGN_HEADERS; i++)
        if (*all[i])
            headers[count++] = all[i];
    return count;
}
