/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "place.h"

#include "url.h"

#include <stdio.h>
#include <strings.h>

/* A text and where it was found. */
struct found {
    const char *value;
    const char *from; /* a variable's name, or what people call it */
};

static const char *text_or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static bool is_in(char c, const char *set)
{
    return c && strchr(set, c);
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* eu-west-1, us-gov-east-1, eusc-de-east-1 */
static bool looks_like_region(struct sp_slice label)
{
    size_t at = label.size, dashes = 0;
    while (at && is_in(label.data[at - 1], DIGITS))
        at--;
    if (at == label.size || !at || label.data[at - 1] != '-')
        return false;
    for (size_t i = 0; i < at; i++) {
        if (!is_in(label.data[i], LOWER "-"))
            return false;
        dashes += label.data[i] == '-';
    }
    return dashes >= 2 && *label.data != '-' && label.size < AWS_REGION_SIZE;
}

static bool is_under(const struct url *url, const char *suffix)
{
    size_t size = strlen(suffix);
    return url->host.size > size && url->host.data[url->host.size - size - 1] == '.' &&
           strncasecmp(url->host.data + url->host.size - size, suffix, size) == 0;
}

static const struct {
    const char *regions, *suffix; /* what names of regions begin with, and their hosts end with */
} partitions[] = {{"cn-", "amazonaws.com.cn"},
                  {"us-iso-", "c2s.ic.gov"},
                  {"us-isob-", "sc2s.sgov.gov"},
                  {"eu-isoe-", "cloud.adc-e.uk"},
                  {"us-isof-", "csp.hci.ic.gov"},
                  {"eusc-", "amazonaws.eu"},
                  {"", "amazonaws.com"},
                  {"?", "api.aws"},
                  {"?", "api.amazonwebservices.com.cn"}};

enum { PARTITIONS = sizeof partitions / sizeof *partitions };

static bool is_of_aws(const struct url *url)
{
    for (size_t i = 0; i < PARTITIONS; i++)
        if (is_under(url, partitions[i].suffix))
            return true;
    return false;
}

static const char *suffix_of(const char *region)
{
    size_t i = 0;
    while (strncmp(region, partitions[i].regions, strlen(partitions[i].regions)) != 0)
        i++;
    return partitions[i].suffix;
}

static void region_of_url(const struct url *url, char out[AWS_REGION_SIZE])
{
    const char *at = url->host.data, *end = at + url->host.size;
    out[0] = '\0';
    for (const char *next; at < end; at = next + 1) {
        next = memchr(at, '.', (size_t)(end - at));
        next = next ? next : end;
        struct sp_slice label = {at, (size_t)(next - at)};
        if (!looks_like_region(label))
            continue;
        memcpy(out, label.data, label.size);
        out[label.size] = '\0';
        return;
    }
    if (url_host_is(url, "queue.amazonaws.com"))
        memcpy(out, "us-east-1", sizeof "us-east-1");
}

static const char *service_variable(const char *service, char out[64])
{
    snprintf(out, 64, "AWS_ENDPOINT_URL_%s", service);
    for (char *c = out; *c; c++)
        *c = is_in(*c, LOWER) ? (char)(*c - 'a' + 'A') : *c == '-' ? '_' : *c;
    return out;
}

static struct found endpoint_in_environment(aws_env *env, const char *service, char variable[64])
{
    struct found found = {env_text(env, service_variable(service, variable)), variable};
    if (!found.value)
        found = (struct found){env_text(env, "AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL"};
    if (env_true(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
        found.value = NULL;
    return found;
}

static struct found region_told(const struct aws_settings *settings, aws_env *env)
{
    if (text_or_null(settings->region))
        return (struct found){settings->region, "the file"};
    const char *region = env_text(env, "AWS_REGION");
    if (region)
        return (struct found){region, "AWS_REGION"};
    return (struct found){env_text(env, "AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION"};
}

static int set_endpoint(struct found found, char out[AWS_ENDPOINT_SIZE], struct sp_error *err)
{
    struct url url;
    size_t size = strlen(found.value);
    const char *fault = url_split(found.value, &url);
    if (!fault && url.query.size)
        fault = "has a query";
    while (size && found.value[size - 1] == '/')
        size--;
    if (!fault && size >= AWS_ENDPOINT_SIZE)
        fault = "is too long";
    if (fault) {
        (void)sp_fail(err, SP_REFUSED, "the endpoint of %s %s", found.from, fault);
        return sp_fail_cure(err, "an endpoint is such as https://sqs.eu-west-1.amazonaws.com");
    }
    memcpy(out, found.value, size);
    out[size] = '\0';
    return 0;
}

/* The URL's scheme, host and port, where it is no server of AWS. */
static const char *endpoint_of_url(const struct aws_settings *settings, char out[AWS_ENDPOINT_SIZE])
{
    struct url url;
    if (!settings->url || url_split(settings->url, &url) != NULL || is_of_aws(&url))
        return NULL;
    const char *end = url.port.size ? url.port.data + url.port.size : url.host.data + url.host.size;
    size_t size = (size_t)(end - settings->url);
    if (size >= AWS_ENDPOINT_SIZE)
        return NULL;
    memcpy(out, settings->url, size);
    out[size] = '\0';
    return out;
}

static int choose_endpoint(const struct aws_settings *settings, aws_env *env, const struct profile *profile,
                           const char *service, struct place *place, char out[AWS_ENDPOINT_SIZE],
                           char from[AWS_FROM_SIZE], struct sp_error *err)
{
    char variable[64], space[AWS_ENDPOINT_SIZE], called[AWS_FROM_SIZE];
    bool own = strcmp(service, settings->service) == 0;
    struct found found = {own ? text_or_null(settings->endpoint) : NULL, "the file"};
    if (!found.value)
        found = endpoint_in_environment(env, service, variable);
    if (!found.value && profile && !env_true(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
        snprintf(called, sizeof called, "profile '%s'", profile->name);
        found = (struct found){profile_endpoint(profile, service, space, sizeof space), called};
    }
    if (!found.value && own)
        found = (struct found){endpoint_of_url(settings, space), "the url's host"};
    if (!found.value) {
        snprintf(space, sizeof space, "https://%s.%s.%s", service, place->region, suffix_of(place->region));
        found = (struct found){space, "the region"};
    }
    snprintf(from, AWS_FROM_SIZE, "%s", found.from);
    return set_endpoint(found, out, err);
}

static struct found find_region(const struct aws_settings *settings, aws_env *env,
                                const struct profile *profile, const char *imds_region,
                                const struct place *place, char called[AWS_FROM_SIZE])
{
    struct found found = region_told(settings, env);
    if (!found.value && profile) {
        snprintf(called, AWS_FROM_SIZE, "profile '%s'", profile->name);
        found = (struct found){profile_get(profile, "region"), called};
    }
    if (!found.value)
        found = (struct found){text_or_null(place->url_region), "the url's host"};
    if (!found.value)
        found = (struct found){imds_region, "the machine's metadata service"};
    return found;
}

bool place_is_told(const struct aws_settings *settings, aws_env *env)
{
    char variable[64];
    bool endpoint =
        text_or_null(settings->endpoint) || endpoint_in_environment(env, settings->service, variable).value;
    return endpoint && region_told(settings, env).value;
}

int place_choose(const struct aws_settings *settings, aws_env *env, const struct profile *profile,
                 const char *imds_region, struct place *out, bool *region_out, struct sp_error *err)
{
    struct url url;
    struct place place = {.region = ""};
    char called[AWS_FROM_SIZE], ignored[AWS_FROM_SIZE];
    if (settings->url && url_split(settings->url, &url) == NULL)
        region_of_url(&url, place.url_region);
    struct found found = find_region(settings, env, profile, imds_region, &place, called);
    *region_out = found.value != NULL;
    if (!found.value)
        return 0;
    if (strlen(found.value) >= AWS_REGION_SIZE ||
        found.value[strspn(found.value, LOWER DIGITS "-")] != '\0') {
        (void)sp_fail(err, SP_REFUSED, "the region of %s is no name of one", found.from);
        return sp_fail_cure(err, "a region is such as eu-west-1");
    }
    snprintf(place.region, sizeof place.region, "%s", found.value);
    snprintf(place.region_from, sizeof place.region_from, "%s", found.from);
    if (choose_endpoint(settings, env, profile, settings->service, &place, place.endpoint,
                        place.endpoint_from, err) != 0 ||
        choose_endpoint(settings, env, profile, "sts", &place, place.sts_endpoint, ignored, err) != 0)
        return -1;
    *out = place;
    return 0;
}
