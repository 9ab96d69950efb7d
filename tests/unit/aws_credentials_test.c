/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials from endpoints, shared by threads, and requests signed with them: against a server that plays
 * the machine's metadata service, a container's endpoint, STS and a service. */
#include <config.h>

#include "../../plugins/lib_aws/inside.h"
#include "base/arena.h"
#include "http_server.h"
#include "tap.h"

#include <semaphore.h>
#include <time.h>

enum { THREADS = 8 };

static struct http_server server;
static struct http_settings http_settings;
static struct http *http;
static struct aws_settings settings;
static struct aws *aws;
static struct sp_arena *arena;
static struct sp_error failure;
static struct aws_credentials credentials;
static char base[64], path[512], container_url[96];

/* What the server does: changed between two requests only. */
static struct {
    int edition;           /* of the credentials that it gives */
    int lives_s;           /* them; 0: they do not expire */
    int tokens, asked;     /* by IMDSv2; credentials given */
    int refuse;            /* how many requests of the service are refused */
    int served;            /* by the service */
    int64_t date_offset_s; /* of the server's clock */
    const char *status;    /* of all: an answer that is none; NULL: all is well */
    const char *body;      /* of that */
    const char *refusal;   /* by the service */
    bool no_role, drop;
    sem_t *gate; /* waits here before credentials are given */
    bool fails_behind_gate;
    char headers[8192]; /* of the service's last request */
    char form[8192];    /* of STS's last */
} play;

static const char *const secrets[] = {"s3cr3t", "imds-t0ken", "c0ntainer-token", "web-t0ken", "sess10n"};

static bool reply(int fd, const char *status, const char *body)
{
    char date[64], headers[160];
    time_t now = time(NULL) + play.date_offset_s;
    struct tm when;
    gmtime_r(&now, &when);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &when);
    snprintf(headers, sizeof headers, "Date: %s\r\nConnection: close\r\n", date);
    (void)http_reply(fd, status, headers, body, strlen(body));
    return false;
}

static const char *expiration(char out[32])
{
    time_t when = time(NULL) + play.date_offset_s + play.lives_s;
    struct tm parts;
    gmtime_r(&when, &parts);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return out;
}

static bool reply_keys(int fd)
{
    char body[512], when[32], expires[64] = "";
    play.asked++;
    if (play.lives_s)
        snprintf(expires, sizeof expires, ", \"Expiration\": \"%s\"", expiration(when));
    snprintf(body, sizeof body,
             "{\"Code\": \"Success\", \"AccessKeyId\": \"ASIAIOSFODNN7EXAMPL%d\", \"SecretAccessKey\": "
             "\"s3cr3t%d\", \"Token\": \"sess10n/%d\"%s}",
             play.edition, play.edition, play.edition, expires);
    return reply(fd, "200 OK", body);
}

static bool serve_imds(int fd, const char *request)
{
    if (strncmp(request, "PUT /latest/api/token ", 22) == 0) {
        play.tokens++;
        CU_ASSERT_PTR_NOT_NULL(strstr(request, "\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
        if (play.gate)
            sem_wait(play.gate);
        if (play.fails_behind_gate)
            return reply(fd, "500 Oops", "");
        return reply(fd, "200 OK", "imds-t0ken");
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(request, "\r\nX-aws-ec2-metadata-token: imds-t0ken\r\n"));
    if (strncmp(request, "GET /latest/meta-data/placement/region ", 39) == 0)
        return reply(fd, "200 OK", "eu-south-2");
    if (strncmp(request, "GET /latest/meta-data/iam/security-credentials/ ", 48) == 0)
        return play.no_role ? reply(fd, "404 Not Found", "no") : reply(fd, "200 OK", "worker@role\n");
    CU_ASSERT_EQUAL(strncmp(request, "GET /latest/meta-data/iam/security-credentials/worker@role ", 59), 0);
    return reply_keys(fd);
}

static bool serve_sts(int fd)
{
    char body[2048], when[32];
    snprintf(play.form, sizeof play.form, "%s", server.body);
    if (strncmp(server.body, "Action=GetCallerIdentity&", 25) == 0)
        return reply(fd, "200 OK",
                     "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                     "<GetCallerIdentityResult><Arn>arn:aws:sts::1:assumed-role/r&amp;d/me</Arn>"
                     "</GetCallerIdentityResult></GetCallerIdentityResponse>");
    snprintf(body, sizeof body,
             "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
             "<AccessKeyId>ASIAIOSFODNN7EXAMPL%d</AccessKeyId><SecretAccessKey>s3cr3t%d</SecretAccessKey>"
             "<SessionToken>sess10n/%d</SessionToken><Expiration>%s</Expiration></Credentials>"
             "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
             play.edition, play.edition, play.edition, expiration(when));
    play.asked++;
    return reply(fd, "200 OK", body);
}

static bool serve_service(int fd, const char *request)
{
    play.served++;
    snprintf(play.headers, sizeof play.headers, "%s", request);
    if (play.refuse > 0) {
        play.refuse--;
        return reply(fd, "403 Forbidden", play.refusal);
    }
    return reply(fd, "200 OK", "done");
}

static bool serve(struct http_server *from, int fd, const char *request)
{
    (void)from;
    if (play.drop)
        return false;
    if (play.status)
        return reply(fd, play.status, play.body);
    if (strstr(request, " /latest/"))
        return serve_imds(fd, request);
    if (strncmp(request, "GET /container", 14) == 0)
        return strstr(request, "\r\nAuthorization: c0ntainer-token") ? reply_keys(fd)
                                                                     : reply(fd, "401 No", "{}");
    if (strncmp(request, "POST / ", 7) == 0)
        return serve_sts(fd);
    return serve_service(fd, request);
}

static void forget_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_SECURITY_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",
                                        "AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_SQS",
                                        "AWS_ENDPOINT_URL_STS",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_DISABLED",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                        "AWS_METADATA_SERVICE_TIMEOUT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials", 1);
    setenv("AWS_CONFIG_FILE", "/nowhere/config", 1);
}

/* A proxy that nobody has: only what goes past it arrives. */
static void story_begin(void)
{
    forget_environment();
    play = (typeof(play)){.edition = 1, .lives_s = 3600};
    http_start(&server, serve);
    snprintf(base, sizeof base, "http://127.0.0.1:%d", server.port);
    snprintf(container_url, sizeof container_url, "%s/container", base);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", base, 1);
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "20", 1); /* a machine under load is slow */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    http_settings =
        (struct http_settings){.connect_timeout_ns = 20 * SP_SECOND, .timeout_ns = 20 * SP_SECOND};
    settings = (struct aws_settings){.service = "sqs", .region = "eu-west-1"};
    failure = (struct sp_error){0};
    arena = arena_new(4096);
    if (http_init(&failure) != 0 || http_new(&http_settings, &http, &failure) != 0 ||
        aws_new(&settings, &aws, &failure) != 0)
        abort();
}

static void begin_again(void)
{
    aws_free(aws);
    if (aws_new(&settings, &aws, &failure) != 0)
        abort();
}

static void story_end(void)
{
    aws_free(aws);
    http_free(http);
    http_fini();
    http_stop(&server);
    arena_free(arena);
    unsetenv("http_proxy");
}

static int64_t later(void)
{
    return sp_clock_now() + 60 * SP_SECOND;
}

/* What the server is to do was set before it, and what it did is seen behind it. */
static int get(uint64_t refused_edition)
{
    failure = (struct sp_error){0};
    http_meet(&server);
    int rc = aws_credentials(aws, http, refused_edition, &credentials, later(), &failure);
    http_meet(&server);
    return rc;
}

static bool tells_secret(const char *text)
{
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (strstr(text, secrets[i])) {
            printf("# a secret in: %s\n", text);
            return true;
        }
    return false;
}

/* It failed so, said this, and told no secret. */
static bool failed(int rc, enum sp_class class, const char *saying)
{
    bool said = strstr(failure.text, saying) || strstr(failure.cure, saying);
    if (rc != -1 || failure.class != class || !said)
        printf("# %d, %s, \"%s\" in: %s (%s)\n", rc, sp_class_name(failure.class), saying, failure.text,
               failure.cure);
    return rc == -1 && failure.class == class && said && !tells_secret(failure.text) &&
           !tells_secret(failure.cure);
}

static const char *described(void)
{
    const char *text = "";
    http_meet(&server);
    CU_ASSERT_EQUAL(aws_describe(aws, http, arena, &text, later(), &failure), 0);
    CU_ASSERT(!tells_secret(text));
    return text;
}

static void is_edition(int edition)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "s3cr3t%d", edition);
    CU_ASSERT_STRING_EQUAL(credentials.secret_access_key, wanted);
    snprintf(wanted, sizeof wanted, "sess10n/%d", edition);
    CU_ASSERT_STRING_EQUAL(credentials.session_token, wanted);
}

static void test_machine(void)
{
    story_begin();
    settings.region = NULL;
    begin_again();
    CU_ASSERT_EQUAL(get(0), 0);
    is_edition(1);
    CU_ASSERT_EQUAL(credentials.edition, 1);
    CU_ASSERT_EQUAL(get(0), 0);
    http_meet(&server);
    CU_ASSERT_EQUAL(play.asked, 1);
    CU_ASSERT_STRING_EQUAL(described(), "role 'worker@role' of the machine (ASIA…MPL1)");
    int64_t left = aws->expires_at - sp_clock_now();
    CU_ASSERT(left > 3500 * SP_SECOND && left <= 3600 * SP_SECOND);
    struct aws_place place;
    CU_ASSERT_EQUAL(aws_place(aws, http, &place, later(), &failure), 0);
    CU_ASSERT_STRING_EQUAL(place.region, "eu-south-2");
    CU_ASSERT_STRING_EQUAL(place.endpoint, "https://sqs.eu-south-2.amazonaws.com");
    CU_ASSERT_PTR_NULL(place.url_region);
    story_end();
}

/* Its clock is wrong, or ours: how long they live is what counts. */
static void test_machine_clock(void)
{
    story_begin();
    play.date_offset_s = -86400;
    CU_ASSERT_EQUAL(get(0), 0);
    int64_t left = aws->expires_at - sp_clock_now();
    CU_ASSERT(left > 3500 * SP_SECOND && left <= 3600 * SP_SECOND);
    story_end();
}

static void test_machine_failures(void)
{
    story_begin();
    play.no_role = true;
    CU_ASSERT(failed(get(0), SP_REFUSED, "no role"));
    play.no_role = false;
    play.status = "503 Busy";
    play.body = "imds-t0ken";
    CU_ASSERT(failed(get(0), SP_UNAVAILABLE, "503"));
    play.status = "404 Not Found"; /* as of machines that are not of EC2 */
    CU_ASSERT(failed(get(0), SP_REFUSED, "no credentials were found"));
    CU_ASSERT(failed(-1, SP_REFUSED, "answered 404") && failed(-1, SP_REFUSED, "AWS_SECRET_ACCESS_KEY"));
    play.status = NULL;
    play.drop = true;
    CU_ASSERT(failed(get(0), SP_REFUSED, "no credentials were found"));
    play.drop = false;
    CU_ASSERT_EQUAL(get(0), 0);
    play.drop = true;
    CU_ASSERT(failed(get(credentials.edition), SP_UNAVAILABLE, "the machine's metadata service"));
    CU_ASSERT_EQUAL(get(0), 0);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    begin_again();
    CU_ASSERT(failed(get(0), SP_REFUSED, "is not asked"));
    settings.region = NULL;
    begin_again();
    struct aws_place place;
    CU_ASSERT(failed(aws_place(aws, http, &place, later(), &failure), SP_REFUSED, "no region was found"));
    story_end();
}

static bool answers_nothing(struct http_server *from, int fd, const char *request)
{
    (void)request;
    char byte;
    from->requests = 0;
    return recv(fd, &byte, 1, 0) > 0;
}

/* A host that swallows what is sent there does not hold us up for longer than a second. */
static void test_machine_silent(void)
{
    story_begin();
    unsetenv("AWS_METADATA_SERVICE_TIMEOUT");
    http_answer_with(&server, answers_nothing);
    int64_t begun = sp_clock_now();
    CU_ASSERT(failed(get(0), SP_REFUSED, "no credentials were found"));
    CU_ASSERT(sp_clock_now() - begun < 10 * SP_SECOND);
    story_end();
}

static void write_token(const char *text)
{
    snprintf(path, sizeof path, "%s/token", tap_scratch_dir());
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static void test_container(void)
{
    story_begin();
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container_url, 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "c0ntainer-token", 1);
    CU_ASSERT_EQUAL(get(0), 0);
    is_edition(1);
    CU_ASSERT_STRING_EQUAL(described(), "the role of the container (ASIA…MPL1)");
    write_token("c0ntainer-token-of-file");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    play.edition = 2;
    CU_ASSERT_EQUAL(get(1), 0);
    is_edition(2);
    CU_ASSERT_EQUAL(credentials.edition, 2);
    http_meet(&server);
    CU_ASSERT_PTR_NOT_NULL(strstr(server.request, "\r\nAuthorization: c0ntainer-token-of-file\r\n"));
    CU_ASSERT_EQUAL(play.tokens, 0);
    story_end();
}

static void test_container_failures(void)
{
    story_begin();
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container_url, 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "c0ntainer-token", 1);
    play.status = "400 No";
    play.body = "{\"code\": \"Bad\", \"message\": \"your token c0ntainer-token is wrong\"}";
    CU_ASSERT(failed(get(0), SP_REFUSED, "answered 400 Bad"));
    play.body = "{\"code\": \"Bad\", \"message\": \"no such role\"}";
    CU_ASSERT(failed(get(0), SP_REFUSED, "no such role"));
    play.body = "c0ntainer-token s3cr3t";
    play.status = "200 OK";
    CU_ASSERT(failed(get(0), SP_UNAVAILABLE, "no JSON"));
    play.body =
        "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"s3cr3t\", \"Token\": \"sess10n\\r\\nX-Y: z\"}";
    CU_ASSERT(failed(get(0), SP_REFUSED, "session token has a space"));
    play.drop = true;
    CU_ASSERT(failed(get(0), SP_UNAVAILABLE, "the container's endpoint"));
    play = (typeof(play)){.edition = 1};
    write_token("c0ntainer-token\r\nX-Evil: 1");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    CU_ASSERT(failed(get(0), SP_REFUSED, "has a line end"));
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/token", 1);
    CU_ASSERT(failed(get(0), SP_REFUSED, "/nowhere/token: No such file"));
    CU_ASSERT_EQUAL(play.asked, 0);
    story_end();
}

static void use_sts(void)
{
    unsetenv("http_proxy");
    setenv("AWS_ENDPOINT_URL_STS", base, 1);
}

static void test_web_identity(void)
{
    story_begin();
    use_sts();
    write_token("web-t0ken.a+b/=\n");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
    CU_ASSERT_EQUAL(get(0), 0);
    is_edition(1);
    http_meet(&server);
    CU_ASSERT_STRING_EQUAL(
        play.form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam"
                   "%3A%3A1%3Arole%2Fr&RoleSessionName=scanpipe&WebIdentityToken=web-t0ken.a%2Bb%2F%3D");
    CU_ASSERT_PTR_NULL(strstr(server.request, "Authorization"));
    CU_ASSERT_STRING_EQUAL(described(), "role arn:aws:iam::1:role/r by web identity (ASIA…MPL1)");
    write_token("web-t0ken-renewed");
    setenv("AWS_ROLE_SESSION_NAME", "me", 1);
    play.edition = 2;
    CU_ASSERT_EQUAL(get(1), 0);
    is_edition(2);
    http_meet(&server);
    CU_ASSERT_PTR_NOT_NULL(strstr(play.form, "&RoleSessionName=me&WebIdentityToken=web-t0ken-renewed"));
    story_end();
}

static void test_web_identity_failures(void)
{
    story_begin();
    use_sts();
    write_token("web-t0ken");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
    play.status = "400 Bad Request";
    play.body =
        "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></ErrorResponse>";
    CU_ASSERT(failed(get(0), SP_REFUSED, "STS answered 400 ExpiredTokenException: Token expired"));
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.cure, "role/r"));
    play.body =
        "<ErrorResponse><Error><Code>Invalid</Code><Message>web-t0ken is no token</Message></Error></ErrorResponse>";
    CU_ASSERT(failed(get(0), SP_REFUSED, "STS answered 400 Invalid"));
    play.body = "<ErrorResponse><Error><Code>IDPCommunicationError</Code></Error></ErrorResponse>";
    CU_ASSERT(failed(get(0), SP_UNAVAILABLE, "IDPCommunicationError"));
    play.status = "502 Bad Gateway";
    play.body = "<html><body>web-t0ken<br></body></html>";
    CU_ASSERT(failed(get(0), SP_UNAVAILABLE, "502"));
    play.status = "200 OK";
    CU_ASSERT(failed(get(0), SP_UNAVAILABLE, "STS: its answer"));
    play.drop = true;
    CU_ASSERT(failed(get(0), SP_UNAVAILABLE, "STS"));
    write_token("\n");
    CU_ASSERT(failed(get(0), SP_REFUSED, "no token"));
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token", 1);
    CU_ASSERT(failed(get(0), SP_REFUSED, "/nowhere/token"));
    story_end();
}

static void use_keys(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t", 1);
}

static void test_identity(void)
{
    story_begin();
    use_sts();
    use_keys();
    setenv("AWS_SESSION_TOKEN", "sess10n", 1);
    const char *arn = "";
    CU_ASSERT_EQUAL(aws_identity(aws, http, arena, &arn, later(), &failure), 0);
    CU_ASSERT_STRING_EQUAL(arn, "arn:aws:sts::1:assumed-role/r&d/me");
    http_meet(&server);
    CU_ASSERT_PTR_NOT_NULL(strstr(server.request, "\r\nX-Amz-Security-Token: sess10n\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(server.request,
                                  "/eu-west-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                                  "x-amz-security-token, Signature="));
    CU_ASSERT_STRING_EQUAL(described(), "the environment (AWS_ACCESS_KEY_ID AKIA…MPLE)");
    play.status = "403 Forbidden";
    play.body =
        "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message>"
        "</Error></ErrorResponse>";
    failure = (struct sp_error){0};
    CU_ASSERT(
        failed(aws_identity(aws, http, arena, &arn, later(), &failure), SP_REFUSED, "InvalidClientTokenId"));
    story_end();
}

static enum aws_stale stale_of(struct http *from, const struct http_answer *answer)
{
    (void)from;
    if (answer->status == 200)
        return AWS_FRESH;
    return sp_slice_equal(answer->body, sp_slice_of("clock")) ? AWS_STALE_CLOCK : AWS_STALE_CREDENTIALS;
}

/* The status, or -1; with how many requests. */
static long send_one(int *served)
{
    char url[96], buffer[256];
    struct http_answer answer;
    const char *header = "X-Amz-Target: AmazonSQS.SendMessage";
    snprintf(url, sizeof url, "%s/service", base);
    struct aws_request request = {.http = {.method = "POST",
                                           .url = url,
                                           .headers = &header,
                                           .header_count = 1,
                                           .body = sp_slice_of("{}"),
                                           .max_bytes = sizeof buffer,
                                           .buffer = buffer,
                                           .direct = true},
                                  .stale = stale_of};
    http_meet(&server);
    play.served = 0;
    failure = (struct sp_error){0};
    int rc = aws_send(aws, http, &request, &answer, later(), &failure);
    http_meet(&server);
    *served = play.served;
    return rc == 0 ? answer.status : -1;
}

static void test_send_stale_credentials(void)
{
    int served;
    story_begin();
    CU_ASSERT(send_one(&served) == 200 && served == 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(play.headers, "\r\nX-Amz-Security-Token: sess10n/1\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(play.headers, "/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date;"
                                                "x-amz-security-token;x-amz-target, Signature="));
    play.refusal = "expired";
    play.refuse = 1;
    play.edition = 2;
    CU_ASSERT(send_one(&served) == 200 && served == 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(play.headers, "\r\nX-Amz-Security-Token: sess10n/2\r\n"));
    play.refuse = 9;
    play.edition = 3;
    CU_ASSERT(send_one(&served) == 403 && served == 2); /* once */
    play.asked = 0;
    CU_ASSERT(send_one(&served) == 403 && served == 1); /* there are none that are newer */
    CU_ASSERT_EQUAL(play.asked, 1);
    play.refuse = 1;
    play.edition = 4;
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1", 1);
    CU_ASSERT(failed((int)send_one(&served), SP_UNAVAILABLE, "metadata service"));
    CU_ASSERT_EQUAL(served, 1);
    story_end();
}

static void test_send_fixed_credentials(void)
{
    int served;
    story_begin();
    use_keys();
    play.refusal = "expired";
    play.refuse = 1;
    CU_ASSERT(send_one(&served) == 403 && served == 1);
    CU_ASSERT(send_one(&served) == 200 && served == 1);
    story_end();
}

static void test_send_stale_clock(void)
{
    int served;
    story_begin();
    use_keys();
    play.date_offset_s = 1200;
    play.refusal = "clock";
    play.refuse = 1;
    int64_t before = aws_wall_ms(aws);
    CU_ASSERT(send_one(&served) == 200 && served == 2);
    int64_t moved = aws_wall_ms(aws) - before;
    CU_ASSERT(moved > 1190000 && moved < 1290000);
    char stamp[64];
    time_t now = time(NULL) + 1200;
    struct tm when;
    gmtime_r(&now, &when);
    strftime(stamp, sizeof stamp, "\r\nX-Amz-Date: %Y%m%dT%H", &when);
    CU_ASSERT_PTR_NOT_NULL(strstr(play.headers, stamp));
    play.refuse = 1;
    CU_ASSERT(send_one(&served) == 403 && served == 1); /* nothing was learnt */
    CU_ASSERT(!aws_learn_clock(aws, 0));
    CU_ASSERT(!aws_learn_clock(aws, aws_wall_ms(aws) + 30000));
    CU_ASSERT(aws_learn_clock(aws, sp_clock_wall_ms() - 600000));
    story_end();
}

/* Files are read again when their keys are refused; the file's own and the environment's stand. */
static void test_profile_is_read_again(void)
{
    story_begin();
    write_token("[ops]\naws_access_key_id = AKIAIOSFODNN7EXAMPL1\naws_secret_access_key = s3cr3t1\n"
                "aws_session_token = sess10n/1\n");
    setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    settings.profile = "ops";
    use_keys();
    begin_again();
    CU_ASSERT_EQUAL(get(0), 0);
    is_edition(1);
    CU_ASSERT_STRING_EQUAL(described(), "profile 'ops' (AKIA…MPL1)");
    write_token("[ops]\naws_access_key_id = AKIAIOSFODNN7EXAMPL2\naws_secret_access_key = s3cr3t2\n"
                "aws_session_token = sess10n/2\n");
    CU_ASSERT_EQUAL(get(0), 0);
    is_edition(1);
    CU_ASSERT_EQUAL(get(1), 0);
    is_edition(2);
    CU_ASSERT_EQUAL(get(1), 0);
    CU_ASSERT_EQUAL(credentials.edition, 2);
    CU_ASSERT_EQUAL(get(2), 0);
    CU_ASSERT_EQUAL(credentials.edition, 2);
    write_token("[ops\n");
    CU_ASSERT(failed(get(2), SP_REFUSED, "line 1"));
    story_end();
}

struct asker {
    pthread_t thread;
    struct http *http;
    uint64_t refused;
    int rc;
    struct aws_credentials got;
    struct sp_error err;
};

static struct asker askers[THREADS];
static _Atomic int returned;

static void *ask(void *argument)
{
    struct asker *asker = argument;
    asker->err = (struct sp_error){0};
    asker->rc = aws_credentials(aws, asker->http, asker->refused, &asker->got, later(), &asker->err);
    returned++;
    return NULL;
}

static void start_askers(size_t from, size_t to, uint64_t refused)
{
    for (size_t i = from; i < to; i++) {
        askers[i].refused = refused;
        if (pthread_create(&askers[i].thread, NULL, ask, &askers[i]) != 0)
            abort();
    }
}

static void join_askers(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        pthread_join(askers[i].thread, NULL);
}

static void open_askers(void)
{
    for (size_t i = 0; i < THREADS; i++)
        if (http_new(&http_settings, &askers[i].http, &failure) != 0)
            abort();
}

static void close_askers(void)
{
    for (size_t i = 0; i < THREADS; i++)
        http_free(askers[i].http);
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static bool is_refreshing(void)
{
    pthread_mutex_lock(&aws->lock);
    bool busy = aws->refreshing;
    pthread_mutex_unlock(&aws->lock);
    return busy;
}

/* All threads find that these credentials are refused, or that there are none: one of them asks. */
static void test_one_refresher(void)
{
    enum { ROUNDS = 12 };
    story_begin();
    open_askers();
    for (int round = 1; round <= ROUNDS; round++) {
        http_meet(&server);
        play.edition = round;
        http_meet(&server);
        start_askers(0, THREADS, (uint64_t)round - 1);
        join_askers(0, THREADS);
        for (size_t i = 0; i < THREADS; i++)
            CU_ASSERT(askers[i].rc == 0 && askers[i].got.edition == (uint64_t)round);
        http_meet(&server);
        CU_ASSERT_EQUAL(play.asked, round);
    }
    close_askers();
    story_end();
}

static void test_others_go_on(void)
{
    sem_t gate;
    sem_init(&gate, 0, 0);
    story_begin();
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "60", 1);
    open_askers();
    CU_ASSERT_EQUAL(get(0), 0);
    play.gate = &gate;
    play.edition = 2;
    aws->refresh_at = sp_clock_now();
    http_meet(&server); /* which it cannot, with a server that waits at the gate */
    start_askers(0, 1, 0);
    while (!is_refreshing())
        nap();
    start_askers(1, THREADS, 0);
    join_askers(1, THREADS); /* while the first still waits for an answer */
    CU_ASSERT(is_refreshing());
    for (size_t i = 1; i < THREADS; i++)
        CU_ASSERT(askers[i].rc == 0 && askers[i].got.edition == 1);
    sem_post(&gate);
    join_askers(0, 1);
    CU_ASSERT(askers[0].rc == 0 && askers[0].got.edition == 2);
    close_askers();
    story_end();
    sem_destroy(&gate);
}

/* They have expired: all wait, for one; and share its failure. */
static void test_others_wait(void)
{
    sem_t gate;
    sem_init(&gate, 0, 0);
    story_begin();
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "60", 1);
    open_askers();
    CU_ASSERT_EQUAL(get(0), 0);
    play.gate = &gate;
    play.edition = 2;
    aws->refresh_at = aws->expires_at = sp_clock_now();
    returned = 0;
    http_meet(&server);
    start_askers(0, THREADS, 0);
    while (!is_refreshing())
        nap();
    for (int i = 0; i < 20; i++)
        nap();
    CU_ASSERT_EQUAL(returned, 0);
    sem_post(&gate);
    join_askers(0, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        CU_ASSERT(askers[i].rc == 0 && askers[i].got.edition == 2);
    CU_ASSERT_EQUAL(play.asked, 2);
    close_askers();
    story_end();
    sem_destroy(&gate);
}

static void test_failure_is_shared(void)
{
    sem_t gate;
    sem_init(&gate, 0, 0);
    story_begin();
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "60", 1);
    open_askers();
    play.gate = &gate;
    play.fails_behind_gate = true;
    http_meet(&server);
    start_askers(0, THREADS, 0);
    for (int i = 0; i < 60; i++)
        nap();
    for (int i = 0; i < THREADS; i++)
        sem_post(&gate);
    join_askers(0, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        CU_ASSERT(askers[i].rc == -1 && askers[i].err.class == SP_UNAVAILABLE &&
                  strstr(askers[i].err.text, "500"));
    CU_ASSERT(play.tokens < THREADS); /* one, but for threads that came late */
    close_askers();
    story_end();
    sem_destroy(&gate);
}

/* Old ones that still hold are good enough where there are no new ones; then it is not tried at each call. */
static void test_old_ones_hold(void)
{
    story_begin();
    CU_ASSERT_EQUAL(get(0), 0);
    aws->refresh_at = sp_clock_now();
    play.status = "500 Oops";
    play.body = "s3cr3t";
    CU_ASSERT_EQUAL(get(0), 0);
    is_edition(1);
    http_meet(&server);
    int asked = server.requests;
    CU_ASSERT_EQUAL(get(0), 0);
    http_meet(&server);
    CU_ASSERT_EQUAL(server.requests, asked);
    CU_ASSERT(aws->refresh_at > sp_clock_now() + 20 * SP_SECOND);
    aws->refresh_at = aws->expires_at = sp_clock_now();
    CU_ASSERT(failed(get(0), SP_UNAVAILABLE, "500"));
    play.status = NULL;
    play.edition = 2;
    CU_ASSERT_EQUAL(get(0), 0);
    is_edition(2);
    story_end();
}

static void test_waiting_ends(void)
{
    sem_t gate;
    sem_init(&gate, 0, 0);
    story_begin();
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "60", 1);
    open_askers();
    play.gate = &gate;
    returned = 0;
    http_meet(&server);
    start_askers(0, 1, 0);
    while (!is_refreshing())
        nap();
    failure = (struct sp_error){0};
    int rc = aws_credentials(aws, http, 0, &credentials, sp_clock_now() + SP_SECOND / 20, &failure);
    CU_ASSERT(failed(rc, SP_UNAVAILABLE, "did not come in time"));
    for (; returned == 0; nap())
        http_interrupt(askers[0].http);
    join_askers(0, 1);
    CU_ASSERT(askers[0].rc == -1 && askers[0].err.class == SP_STOPPED);
    sem_post(&gate);
    close_askers();
    story_end();
    sem_destroy(&gate);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"the machine's role and region, past any proxy", test_machine},
        {"how long credentials live does not hang on anyone's clock", test_machine_clock},
        {"a machine without role, away, or told not to be asked", test_machine_failures},
        {"a machine that says nothing is given up soon", test_machine_silent},
        {"a container's credentials, with its token, which is read again", test_container},
        {"a container's endpoint that fails tells no secret", test_container_failures},
        {"web identity by STS, its token read at each refresh", test_web_identity},
        {"web identity that fails tells no secret", test_web_identity_failures},
        {"who we are, by STS", test_identity},
        {"a request refused for its credentials goes once more with newer ones", test_send_stale_credentials},
        {"keys that stand are not got anew", test_send_fixed_credentials},
        {"a request refused for the clock goes once more with the server's", test_send_stale_clock},
        {"a profile is read again when its keys are refused", test_profile_is_read_again},
        {"of many threads one refreshes", test_one_refresher},
        {"the others go on with the old", test_others_go_on},
        {"and wait where those have expired", test_others_wait},
        {"who waited shares the failure", test_failure_is_shared},
        {"old ones that hold outlast an endpoint that is away", test_old_ones_hold},
        {"waiting ends at the deadline, and asking by an interrupt", test_waiting_ends},
    };
    return tap_run("aws_credentials", tests, sizeof tests / sizeof *tests);
}
