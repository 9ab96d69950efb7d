/* SPDX-License-Identifier: Apache-2.0 */
/* Which credentials, which region, which endpoint, and when anew: decisions, of settings, a made-up
 * environment and files. */
#include <config.h>

#include "tap.h"

#include <errno.h>
#include <lib_aws/grant.h>
#include <lib_aws/place.h>
#include <lib_aws/refresh.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *environment[16][2];
static size_t environment_size;
static struct aws_settings settings;
static struct chain_choice choice;
static struct sp_error failure;
static char paths[2][512];

static char *made_up(const char *name)
{
    for (size_t i = 0; i < environment_size; i++)
        if (strcmp(environment[i][0], name) == 0)
            return (char *)environment[i][1];
    return NULL;
}

static void set(const char *name, const char *value)
{
    environment[environment_size][0] = name;
    environment[environment_size++][1] = value;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

/* NULL: there is no such file. */
static void story(const char *credentials, const char *config)
{
    const char *const texts[] = {credentials, config};
    static const char *const names[] = {"credentials", "config"};
    environment_size = 0;
    settings = (struct aws_settings){.service = "sqs"};
    failure = (struct sp_error){0};
    for (size_t i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", tap_scratch_dir(), names[i]);
        unlink(paths[i]);
        if (texts[i])
            write_file(paths[i], texts[i]);
    }
    set("AWS_SHARED_CREDENTIALS_FILE", paths[0]);
    set("AWS_CONFIG_FILE", paths[1]);
}

static bool says(const char *text)
{
    bool there = strstr(failure.text, text) || strstr(failure.cure, text);
    if (!there)
        printf("# \"%s\" is not in: %s (%s)\n", text, failure.text, failure.cure);
    return there;
}

static int before_profile(void)
{
    return chain_before_profile(&settings, made_up, &choice, &failure);
}

static bool is_refused(int rc, const char *saying)
{
    return rc == -1 && failure.class == SP_REFUSED && says(saying) && !strstr(failure.text, "s3cr3t") &&
           !strstr(failure.cure, "s3cr3t");
}

static void test_before_profile(void)
{
    story(NULL, NULL);
    CU_ASSERT(before_profile() == 0 && choice.source == CHAIN_NONE);
    set("AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
    CU_ASSERT(is_refused(before_profile(), "AWS_ROLE_ARN is not"));
    set("AWS_ROLE_ARN", "arn:aws:iam::1:role/r");
    CU_ASSERT(before_profile() == 0 && choice.source == CHAIN_WEB_IDENTITY);
    CU_ASSERT(!strcmp(choice.token_file, "/token") && !strcmp(choice.role_arn, "arn:aws:iam::1:role/r"));
    set("AWS_ACCESS_KEY_ID", "");
    CU_ASSERT(before_profile() == 0 && choice.source == CHAIN_WEB_IDENTITY);
    environment[environment_size - 1][1] = "AKIAENV";
    CU_ASSERT(is_refused(before_profile(), "AWS_SECRET_ACCESS_KEY is not"));
    set("AWS_SECRET_ACCESS_KEY", "s3cr3t");
    CU_ASSERT(before_profile() == 0 && choice.source == CHAIN_ENVIRONMENT && !choice.session_token);
    set("AWS_SECURITY_TOKEN", "old");
    CU_ASSERT(before_profile() == 0 && !strcmp(choice.session_token, "old"));
    set("AWS_SESSION_TOKEN", "token");
    CU_ASSERT(before_profile() == 0 && !strcmp(choice.session_token, "token"));
    settings.profile = "named";
    CU_ASSERT(before_profile() == 0 && choice.source == CHAIN_NONE);
    settings.access_key_id = "AKIAOWN";
    CU_ASSERT(is_refused(before_profile(), "without the other"));
    settings.secret_access_key = "s3cr3t-own";
    CU_ASSERT(before_profile() == 0 && choice.source == CHAIN_OWN &&
              !strcmp(choice.access_key_id, "AKIAOWN"));
    CU_ASSERT(!choice.session_token);
}

/* The choice that the profile of this name makes; its texts are gone, but for those kept here. */
static char got_key[64], got_token[64];
static int of_profile(const char *name)
{
    struct profile profile;
    failure = (struct sp_error){0};
    if (profile_read(made_up, name, &profile, &failure) != 0)
        return -1;
    int rc = chain_of_profile(&profile, &choice, &failure);
    snprintf(got_key, sizeof got_key, "%s", choice.access_key_id ? choice.access_key_id : "");
    snprintf(got_token, sizeof got_token, "%s", choice.session_token ? choice.session_token : "");
    profile_fini(&profile);
    return rc;
}

static void test_profiles(void)
{
    story(
        "[default]\naws_access_key_id = AKIAD\naws_secret_access_key = s3cr3t\n"
        "[both]\naws_access_key_id = AKIAB\naws_secret_access_key = s3cr3t\naws_session_token = t1\n"
        "[half]\naws_access_key_id = AKIAH\n",
        "[default]\nregion = eu-west-1\n[profile both]\naws_access_key_id = AKIAX\nregion = eu-north-1\n"
        "[profile config]\naws_access_key_id = AKIAC\naws_secret_access_key = s3cr3t\naws_security_token = t2\n"
        "[profile region]\nregion = eu-west-1\n"
        "[profile role]\nrole_arn = r\nsource_profile = both\n"
        "[profile web]\nrole_arn = r\nweb_identity_token_file = /t\nrole_session_name = me\n"
        "[profile sso]\nsso_session = s\nsso_account_id = 1\n[profile oldsso]\nsso_start_url = https://x\n"
        "[profile process]\ncredential_process = /bin/echo s3cr3t\n[bare]\nregion = x\n");
    CU_ASSERT(of_profile(NULL) == 0 && choice.source == CHAIN_PROFILE && !strcmp(got_key, "AKIAD"));
    CU_ASSERT(of_profile("both") == 0 && !strcmp(got_key, "AKIAB") && !strcmp(got_token, "t1"));
    CU_ASSERT(of_profile("config") == 0 && !strcmp(got_key, "AKIAC") && !strcmp(got_token, "t2"));
    CU_ASSERT(of_profile("region") == 0 && choice.source == CHAIN_NONE);
    CU_ASSERT(of_profile("web") == 0 && choice.source == CHAIN_WEB_IDENTITY);
    CU_ASSERT(is_refused(of_profile("half"), "no aws_secret_access_key"));
    CU_ASSERT(is_refused(of_profile("role"), "export-credentials --profile role --format env"));
    CU_ASSERT(is_refused(of_profile("sso"), "signs in by SSO"));
    CU_ASSERT(is_refused(of_profile("oldsso"), "signs in by SSO"));
    CU_ASSERT(is_refused(of_profile("process"), "credential_process"));
    CU_ASSERT(is_refused(of_profile("bare"), "there is no profile 'bare'"));
    set("AWS_PROFILE", "config");
    CU_ASSERT(of_profile(NULL) == 0 && !strcmp(got_key, "AKIAC"));
    CU_ASSERT(of_profile("both") == 0 && !strcmp(got_key, "AKIAB"));
    environment[environment_size - 1][1] = "missing";
    CU_ASSERT(is_refused(of_profile(NULL), "there is no profile 'missing'"));
}

static void test_profile_files(void)
{
    story(NULL, NULL);
    CU_ASSERT(of_profile(NULL) == 0 && choice.source == CHAIN_NONE);
    CU_ASSERT(is_refused(of_profile("x"), "it is not there"));
    story("[x]\naws_access_key_id = AKIA\naws_secret_access_key = s3cr3t\nnot a key s3cr3t\n", NULL);
    CU_ASSERT(is_refused(of_profile("x"), "credentials, line 4: this line has neither '=' nor ':'"));
    /* A folder in its place can be opened by nobody, root included. */
    story(NULL, "[profile x]\naws_access_key_id = AKIA\naws_secret_access_key = s3cr3t\n");
    mkdir(paths[0], 0700);
    CU_ASSERT(of_profile(NULL) == 0 && choice.source == CHAIN_NONE);
    CU_ASSERT(of_profile("x") == 0 && choice.source == CHAIN_PROFILE);
    CU_ASSERT(is_refused(of_profile("y"), strerror(EISDIR)));
    rmdir(paths[0]);
    /* Their usual places. */
    char home[512], path[600];
    snprintf(home, sizeof home, "%s/home", tap_scratch_dir());
    mkdir(home, 0700);
    snprintf(path, sizeof path, "%s/.aws", home);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.aws/credentials", home);
    write_file(path, "[default]\naws_access_key_id = AKIAHOME\naws_secret_access_key = s3cr3t\n");
    environment_size = 0;
    set("HOME", home);
    CU_ASSERT(of_profile(NULL) == 0 && !strcmp(got_key, "AKIAHOME"));
    set("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    CU_ASSERT(of_profile(NULL) == 0 && !strcmp(got_key, "AKIAHOME"));
    environment[environment_size - 1][1] = "~/other";
    CU_ASSERT(of_profile(NULL) == 0 && choice.source == CHAIN_NONE);
}

static int full_uri(const char *uri)
{
    story(NULL, NULL);
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
    return chain_after_profile(made_up, &choice, &failure);
}

static void test_container(void)
{
    static const char *const good[] = {"http://169.254.170.2/x",   "http://169.254.170.23/v1/credentials",
                                       "http://[fd00:ec2::23]/v1", "http://localhost:8080/x",
                                       "http://127.0.0.1:1/",      "http://127.255.0.1/",
                                       "http://[::1]:80/",         "https://credentials.example/x"};
    static const char *const wrong[] = {"http://example.com/s3cr3t",
                                        "http://169.254.170.2.example.com/s3cr3t",
                                        "http://169.254.170.2@example.com/s3cr3t",
                                        "http://user:s3cr3t@169.254.170.2/",
                                        "http://169.254.169.254/s3cr3t",
                                        "http://[fd00:ec2::24]/",
                                        "http://0x7f000001/",
                                        "http://2130706433/",
                                        "http://example.com\\@127.0.0.1/",
                                        "http://example.com#@127.0.0.1/",
                                        "http://127.0.0.1\r\nX: s3cr3t/",
                                        "file:///etc/passwd",
                                        "ftp://127.0.0.1/",
                                        "127.0.0.1/s3cr3t"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CU_ASSERT(full_uri(good[i]) == 0 && choice.source == CHAIN_CONTAINER && !strcmp(choice.url, good[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bool refused = is_refused(full_uri(wrong[i]), "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        if (!refused)
            printf("# %s\n", wrong[i]);
        CU_ASSERT(refused);
    }
    set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1");
    CU_ASSERT(chain_after_profile(made_up, &choice, &failure) == 0);
    CU_ASSERT_STRING_EQUAL(choice.url, "http://169.254.170.2/v2/credentials/1");
    environment[environment_size - 1][1] = "@example.com/";
    CU_ASSERT(is_refused(chain_after_profile(made_up, &choice, &failure), "does not begin with '/'"));
}

static void test_imds(void)
{
    story(NULL, NULL);
    CU_ASSERT(chain_after_profile(made_up, &choice, &failure) == 0 && choice.source == CHAIN_IMDS);
    CU_ASSERT_STRING_EQUAL(choice.url, "http://169.254.169.254");
    CU_ASSERT_EQUAL(choice.timeout_ns, SP_SECOND);
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    CU_ASSERT(chain_imds(made_up, &choice) && !strcmp(choice.url, "http://[fd00:ec2::254]"));
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/imds/");
    set("AWS_METADATA_SERVICE_TIMEOUT", "3");
    CU_ASSERT(chain_imds(made_up, &choice) && !strcmp(choice.url, "http://127.0.0.1:1338/imds"));
    CU_ASSERT_EQUAL(choice.timeout_ns, 3 * SP_SECOND);
    set("AWS_EC2_METADATA_DISABLED", "TRUE");
    CU_ASSERT(!chain_imds(made_up, &choice));
    CU_ASSERT(chain_after_profile(made_up, &choice, &failure) == 0 && choice.source == CHAIN_NONE);
}

static struct place place;
static bool has_region;
static int choose_place(void)
{
    struct profile profile;
    place = (struct place){.region = ""};
    failure = (struct sp_error){0};
    if (profile_read(made_up, NULL, &profile, &failure) != 0)
        return -1;
    int rc = place_choose(&settings, made_up, &profile, NULL, &place, &has_region, &failure);
    profile_fini(&profile);
    return rc;
}

static void at(const char *region, const char *region_from, const char *endpoint, const char *endpoint_from)
{
    CU_ASSERT_EQUAL(choose_place(), 0);
    CU_ASSERT(has_region);
    CU_ASSERT_STRING_EQUAL(place.region, region);
    CU_ASSERT_STRING_EQUAL(place.region_from, region_from);
    CU_ASSERT_STRING_EQUAL(place.endpoint, endpoint);
    CU_ASSERT_STRING_EQUAL(place.endpoint_from, endpoint_from);
}

static void test_place_order(void)
{
    story(NULL, NULL);
    CU_ASSERT(choose_place() == 0 && !has_region);
    settings.url = "https://sqs.eu-central-1.amazonaws.com/123456789012/q";
    at("eu-central-1", "the url's host", "https://sqs.eu-central-1.amazonaws.com", "the region");
    write_file(paths[1], "[default]\nregion = eu-west-3\nendpoint_url = http://profile/\n");
    at("eu-west-3", "profile 'default'", "http://profile", "profile 'default'");
    CU_ASSERT_STRING_EQUAL(place.url_region, "eu-central-1");
    write_file(
        paths[1],
        "[default]\nregion = eu-west-3\nendpoint_url = http://profile/\nservices = s\n[services s]\nsqs =\n"
        "  endpoint_url = http://service\n");
    at("eu-west-3", "profile 'default'", "http://service", "profile 'default'");
    CU_ASSERT_STRING_EQUAL(place.sts_endpoint, "http://profile");
    set("AWS_DEFAULT_REGION", "us-east-1");
    set("AWS_ENDPOINT_URL", "http://all:1/a//");
    at("us-east-1", "AWS_DEFAULT_REGION", "http://all:1/a", "AWS_ENDPOINT_URL");
    CU_ASSERT_STRING_EQUAL(place.sts_endpoint, "http://all:1/a");
    set("AWS_REGION", "us-west-2");
    set("AWS_ENDPOINT_URL_SQS", "http://sqs");
    set("AWS_ENDPOINT_URL_STS", "http://sts");
    at("us-west-2", "AWS_REGION", "http://sqs", "AWS_ENDPOINT_URL_SQS");
    CU_ASSERT_STRING_EQUAL(place.sts_endpoint, "http://sts");
    settings.region = "eu-north-1";
    settings.endpoint = "https://own.example/";
    at("eu-north-1", "the file", "https://own.example", "the file");
    CU_ASSERT_STRING_EQUAL(place.sts_endpoint, "http://sts");
    settings.endpoint = NULL;
    set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    at("eu-north-1", "the file", "https://sqs.eu-north-1.amazonaws.com", "the region");
    CU_ASSERT_STRING_EQUAL(place.sts_endpoint, "https://sts.eu-north-1.amazonaws.com");
}

static void test_places_told(void)
{
    story(NULL, NULL);
    CU_ASSERT(!place_is_told(&settings, made_up));
    settings.region = "eu-west-1";
    CU_ASSERT(!place_is_told(&settings, made_up));
    set("AWS_ENDPOINT_URL_SQS", "http://sqs");
    CU_ASSERT(place_is_told(&settings, made_up));
    settings.region = "";
    CU_ASSERT(!place_is_told(&settings, made_up));
    set("AWS_DEFAULT_REGION", "eu-west-1");
    CU_ASSERT(place_is_told(&settings, made_up));
}

static void test_urls_of_queues(void)
{
    static const struct {
        const char *url, *region, *endpoint;
    } known[] = {
        {"https://sqs.us-gov-west-1.amazonaws.com/1/q", "us-gov-west-1",
         "https://sqs.us-gov-west-1.amazonaws.com"},
        {"https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1",
         "https://sqs.cn-north-1.amazonaws.com.cn"},
        {"https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com"},
        {"https://queue.amazonaws.com/1/q", "us-east-1", "https://sqs.us-east-1.amazonaws.com"},
        {"https://vpce-0ab-1cd.sqs.us-east-2.vpce.amazonaws.com/1/q", "us-east-2",
         "https://sqs.us-east-2.amazonaws.com"},
        {"https://sqs.eu-west-1.api.aws/1/q", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com"},
        {"https://sqs-fips.us-iso-east-1.c2s.ic.gov/1/q", "us-iso-east-1",
         "https://sqs.us-iso-east-1.c2s.ic.gov"},
        {"http://sqs.eu-west-1.localhost.localstack.cloud:4566/0/q", "eu-west-1",
         "http://sqs.eu-west-1.localhost.localstack.cloud:4566"},
        {"http://localhost:9324/queue/q", NULL, NULL},
        {"https://amazonaws.com/1/q", NULL, NULL},
        {"https://sqs.eu-west-one.amazonaws.com/1/q", NULL, NULL},
        {"no URL", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        story(NULL, NULL);
        settings.url = known[i].url;
        if (known[i].region)
            at(known[i].region, "the url's host", known[i].endpoint,
               strstr(known[i].endpoint, "localstack") ? "the url's host" : "the region");
        else
            CU_ASSERT(choose_place() == 0 && !has_region);
    }
    settings.region = "eu-west-1";
    settings.url = "http://localhost:9324/queue/q?x";
    at("eu-west-1", "the file", "http://localhost:9324", "the url's host");
    settings.url = "https://amazonaws.com.example/1/q";
    at("eu-west-1", "the file", "https://amazonaws.com.example", "the url's host");
}

static void test_wrong_places(void)
{
    static const char *const regions[] = {"eu-west-1.example/", "EU-WEST-1", "eu west", "x@y", "a\r\nb"};
    static const char *const endpoints[] = {"sqs.example", "http://u:s3cr3t@h/", "http://h/?q=s3cr3t",
                                            "http://"};
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
        story(NULL, NULL);
        settings.region = regions[i];
        CU_ASSERT(is_refused(choose_place(), "the region of the file"));
    }
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        story(NULL, NULL);
        settings.region = "eu-west-1";
        set("AWS_ENDPOINT_URL", endpoints[i]);
        CU_ASSERT(is_refused(choose_place(), "the endpoint of AWS_ENDPOINT_URL"));
    }
}

#define MINUTE (60 * SP_SECOND)

static void test_refresh(void)
{
    struct refresh_facts facts = {.have = false};
    CU_ASSERT_EQUAL(refresh_decide(&facts, 0), REFRESH_GET);
    facts.busy = true;
    CU_ASSERT_EQUAL(refresh_decide(&facts, 0), REFRESH_WAIT);
    facts = (struct refresh_facts){.have = true, .refresh_at = 100, .expires_at = 200};
    CU_ASSERT_EQUAL(refresh_decide(&facts, 99), REFRESH_USE);
    CU_ASSERT_EQUAL(refresh_decide(&facts, 100), REFRESH_GET);
    facts.busy = true;
    CU_ASSERT_EQUAL(refresh_decide(&facts, 199), REFRESH_USE);
    CU_ASSERT_EQUAL(refresh_decide(&facts, 200), REFRESH_WAIT);
    facts.refused = true;
    CU_ASSERT_EQUAL(refresh_decide(&facts, 50), REFRESH_WAIT);
    facts.busy = false;
    CU_ASSERT_EQUAL(refresh_decide(&facts, 50), REFRESH_GET);
    CU_ASSERT_EQUAL(refresh_plan(5, INT64_MAX, 7), INT64_MAX);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t dice = i * UINT64_C(0x9E3779B97F4A7C15);
        int64_t hour = refresh_plan(0, 60 * MINUTE, dice), minutes = refresh_plan(0, 4 * MINUTE, dice);
        CU_ASSERT_FATAL(hour >= 45 * MINUTE && hour <= 50 * MINUTE);
        CU_ASSERT_FATAL(minutes >= 2 * MINUTE && minutes <= 3 * MINUTE);
        int64_t again = refresh_plan_again(7, dice);
        CU_ASSERT_FATAL(again >= 7 + MINUTE / 2 && again <= 7 + MINUTE);
    }
    CU_ASSERT_NOT_EQUAL(refresh_plan(0, 60 * MINUTE, 1), refresh_plan(0, 60 * MINUTE, UINT64_MAX / 3));
    CU_ASSERT_EQUAL(refresh_plan(9, 9, 1), 9);
}

static int json_grant(const char *text, bool extend, struct grant *grant)
{
    static const char *const secrets[] = {"s3cr3t-token", NULL};
    struct grant_source source = {"it", INT64_C(1795435200000), extend, secrets}; /* 2026-11-23T12:00:00Z */
    failure = (struct sp_error){0};
    *grant = (struct grant){.lives_ns = 0};
    return grant_from_json(sp_slice_of(text), &source, grant, &failure);
}

#define KEYS "\"AccessKeyId\": \"ASIA1\", \"SecretAccessKey\": \"s3cr3t\", \"Token\": \"t/+=\""

static void test_grants(void)
{
    struct grant grant;
    CU_ASSERT_EQUAL(json_grant("{" KEYS ", \"Expiration\": \"2026-11-23T13:00:00Z\"}", false, &grant), 0);
    CU_ASSERT_EQUAL(grant.lives_ns, 60 * MINUTE);
    CU_ASSERT_STRING_EQUAL(grant.credentials.session_token, "t/+=");
    CU_ASSERT(json_grant("{\"Code\": \"Success\", " KEYS "}", false, &grant) == 0 && grant.lives_ns == 0);
    const char *expired = "{" KEYS ", \"Expiration\": \"2026-11-23T11:00:00Z\"}";
    CU_ASSERT(json_grant(expired, false, &grant) == -1 && failure.class == SP_UNAVAILABLE &&
              says("have expired"));
    CU_ASSERT(json_grant(expired, true, &grant) == 0 && grant.lives_ns == 15 * MINUTE);
    static const char *const wrong[] = {"",
                                        "s3cr3t",
                                        "[]",
                                        "{}",
                                        "{\"AccessKeyId\": \"s3cr3t\"}",
                                        "{\"AccessKeyId\": 1, \"SecretAccessKey\": \"s3cr3t\"}",
                                        "{" KEYS ", \"Expiration\": \"s3cr3t\"}",
                                        "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"s3cr3t\\r\\nX: y\"}",
                                        "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"s3cr3t\\u0000\"}",
                                        "{\"AccessKeyId\": \"A B\", \"SecretAccessKey\": \"s3cr3t\"}",
                                        "{\"Code\": \"Failed\", \"Message\": \"it is s3cr3t-token\", " KEYS
                                        "}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CU_ASSERT_EQUAL(json_grant(wrong[i], false, &grant), -1);
        if (strstr(failure.text, "s3cr3t"))
            printf("# %s\n", failure.text);
        CU_ASSERT(failure.class != SP_OK && !strstr(failure.text, "s3cr3t"));
    }
    CU_ASSERT(says("Failed"));
    char shown[16];
    grant_shorten("AKIAIOSFODNN7EXAMPLE", shown);
    CU_ASSERT_STRING_EQUAL(shown, "AKIA…MPLE");
    grant_shorten("short", shown);
    CU_ASSERT_STRING_EQUAL(shown, "s…");
}

static void test_classes(void)
{
    static const struct {
        long status;
        const char *code;
        enum sp_class class;
    } known[] = {{403, "AccessDenied", SP_REFUSED},
                 {400, "ExpiredTokenException", SP_REFUSED},
                 {400, "Throttling", SP_THROTTLED},
                 {400, "ThrottlingException", SP_THROTTLED},
                 {429, "", SP_THROTTLED},
                 {400, "IDPCommunicationError", SP_UNAVAILABLE},
                 {503, "", SP_UNAVAILABLE},
                 {500, "InternalFailure", SP_UNAVAILABLE},
                 {404, "", SP_REFUSED}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct grant_source source = {.who = "STS"};
        CU_ASSERT_EQUAL(grant_fail(known[i].status, known[i].code, "why", &source, &failure), -1);
        CU_ASSERT_EQUAL(failure.class, known[i].class);
        CU_ASSERT(says("STS answered ") && says(known[i].code) && says("why"));
    }
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"own keys, environment, web identity, in this order", test_before_profile},
        {"profiles: keys, and what is refused with a way out", test_profiles},
        {"files that are not there, cannot be read or are wrong; usual places", test_profile_files},
        {"a container's endpoint must be one that may be trusted", test_container},
        {"the machine's metadata service and its variables", test_imds},
        {"region and endpoint: file, environment, profile, url", test_place_order},
        {"no profile is read where all is told", test_places_told},
        {"what hosts of queues say", test_urls_of_queues},
        {"regions and endpoints that are none", test_wrong_places},
        {"when credentials are got anew, and by whom", test_refresh},
        {"credentials in JSON", test_grants},
        {"what errors of endpoints mean", test_classes},
    };
    return tap_run("aws_chain", tests, sizeof tests / sizeof *tests);
}
