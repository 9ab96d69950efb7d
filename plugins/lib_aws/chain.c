/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "chain.h"

#include "url.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const char *text_or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static int choose_own(const struct aws_settings *settings, struct chain_choice *out, struct sp_error *err)
{
    *out = (struct chain_choice){.access_key_id = text_or_null(settings->access_key_id),
                                 .secret_access_key = text_or_null(settings->secret_access_key),
                                 .session_token = text_or_null(settings->session_token)};
    if (!out->access_key_id && !out->secret_access_key)
        return 0;
    out->source = CHAIN_OWN;
    if (out->access_key_id && out->secret_access_key)
        return 0;
    (void)sp_fail(err, SP_REFUSED,
                  "the file has one of access_key_id and secret_access_key without the other");
    return sp_fail_cure(err, "give both, or neither");
}

static int choose_environment(aws_env *env, struct chain_choice *out, struct sp_error *err)
{
    const char *token = env_text(env, "AWS_SESSION_TOKEN");
    *out = (struct chain_choice){.access_key_id = env_text(env, "AWS_ACCESS_KEY_ID"),
                                 .secret_access_key = env_text(env, "AWS_SECRET_ACCESS_KEY"),
                                 .session_token = token ? token : env_text(env, "AWS_SECURITY_TOKEN")};
    if (!out->access_key_id)
        return 0;
    out->source = CHAIN_ENVIRONMENT;
    if (out->secret_access_key)
        return 0;
    (void)sp_fail(err, SP_REFUSED, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    return sp_fail_cure(err, "set both, or neither");
}

static int choose_web_identity(aws_env *env, struct chain_choice *out, struct sp_error *err)
{
    *out = (struct chain_choice){.token_file = env_text(env, "AWS_WEB_IDENTITY_TOKEN_FILE"),
                                 .role_arn = env_text(env, "AWS_ROLE_ARN"),
                                 .session_name = env_text(env, "AWS_ROLE_SESSION_NAME")};
    if (!out->token_file)
        return 0;
    out->source = CHAIN_WEB_IDENTITY;
    if (out->role_arn)
        return 0;
    (void)sp_fail(err, SP_REFUSED, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    return sp_fail_cure(err, "set both, or neither");
}

int chain_before_profile(const struct aws_settings *settings, aws_env *env, struct chain_choice *out,
                         struct sp_error *err)
{
    if (choose_own(settings, out, err) != 0)
        return -1;
    if (out->source || text_or_null(settings->profile))
        return 0;
    if (choose_environment(env, out, err) != 0)
        return -1;
    return out->source ? 0 : choose_web_identity(env, out, err);
}

static int fail_unsupported(const struct profile *profile, const char *what, struct sp_error *err)
{
    (void)sp_fail(err, SP_REFUSED, "profile '%s' %s, which is not supported", profile->name, what);
    return sp_fail_cure(
        err,
        "give the machine or container a role; or, for as long as they live, put what 'aws configure "
        "export-credentials --profile %.60s --format env' prints into the environment",
        profile->name);
}

int chain_of_profile(const struct profile *profile, struct chain_choice *out, struct sp_error *err)
{
    struct profile_keys keys = {0};
    *out = (struct chain_choice){.source = CHAIN_NONE};
    switch (profile_judge(profile, &keys)) {
    case PROFILE_NOTHING:
        return 0;
    case PROFILE_KEYS:
        out->source = CHAIN_PROFILE;
        out->access_key_id = keys.access_key_id;
        out->secret_access_key = keys.secret_access_key;
        out->session_token = keys.session_token;
        return 0;
    case PROFILE_WEB_IDENTITY:
        out->source = CHAIN_WEB_IDENTITY;
        out->role_arn = profile_get(profile, "role_arn");
        out->token_file = profile_get(profile, "web_identity_token_file");
        out->session_name = profile_get(profile, "role_session_name");
        return 0;
    case PROFILE_HALF:
        (void)sp_fail(err, SP_REFUSED,
                      "%s: profile '%s' has an aws_access_key_id, but no aws_secret_access_key", keys.path,
                      profile->name);
        return sp_fail_cure(err, "give both");
    case PROFILE_ROLE:
        return fail_unsupported(profile, "assumes a role (role_arn)", err);
    case PROFILE_SSO:
        return fail_unsupported(profile, "signs in by SSO", err);
    case PROFILE_PROCESS:
        return fail_unsupported(profile, "runs a program (credential_process)", err);
    }
    return 0;
}

static bool may_be_asked(const struct url *url)
{
    return url->https || url_is_loopback(url) || url_host_is(url, "169.254.170.2") ||
           url_host_is(url, "169.254.170.23") || url_host_is(url, "[fd00:ec2::23]");
}

static int choose_container(aws_env *env, struct chain_choice *out, struct sp_error *err)
{
    const char *relative = env_text(env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = env_text(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *name =
        relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    struct url url;
    *out = (struct chain_choice){.token_file = env_text(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
                                 .token = env_text(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN")};
    if (!relative && !full)
        return 0;
    out->source = CHAIN_CONTAINER;
    int size = snprintf(out->url, sizeof out->url, "%s%s", relative ? "http://169.254.170.2" : "",
                        relative ? relative : full);
    if (size >= (int)sizeof out->url)
        return sp_fail(err, SP_REFUSED, "%s is too long", name);
    if (relative && *relative != '/')
        return sp_fail(err, SP_REFUSED, "%s does not begin with '/'", name);
    const char *fault = url_split(out->url, &url);
    if (fault)
        return sp_fail(err, SP_REFUSED, "%s %s", name, fault);
    if (may_be_asked(&url))
        return 0;
    (void)sp_fail(err, SP_REFUSED, "%s names the host '%.*s' without TLS: no token is sent there", name,
                  (int)url.host.size, url.host.data);
    return sp_fail_cure(err,
                        "use https, or a loopback address, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
}

static int64_t imds_timeout(aws_env *env)
{
    const char *text = env_text(env, "AWS_METADATA_SERVICE_TIMEOUT");
    char *end = NULL;
    long seconds = text ? strtol(text, &end, 10) : 1;
    return (text && *end) || seconds < 1 || seconds > 60 ? SP_SECOND : seconds * SP_SECOND;
}

bool chain_imds(aws_env *env, struct chain_choice *out)
{
    struct url url;
    const char *endpoint = env_text(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = env_text(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (env_true(env, "AWS_EC2_METADATA_DISABLED"))
        return false;
    if (!endpoint)
        endpoint =
            mode && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    size_t size = strlen(endpoint);
    while (size && endpoint[size - 1] == '/')
        size--;
    *out = (struct chain_choice){.timeout_ns = imds_timeout(env)};
    if (size >= sizeof out->url - 256)
        return false;
    memcpy(out->url, endpoint, size);
    if (url_split(out->url, &url) != NULL || url.query.size)
        return false;
    out->source = CHAIN_IMDS;
    return true;
}

int chain_after_profile(aws_env *env, struct chain_choice *out, struct sp_error *err)
{
    if (choose_container(env, out, err) != 0)
        return -1;
    if (!out->source)
        (void)chain_imds(env, out);
    return 0;
}
