/* SPDX-License-Identifier: Apache-2.0 */
/* The description of the plugin, its options and its life. */
#include <config.h>

#include "letters.h"
#include "sqs.h"

#include <stdlib.h>

#define OPTION(the_name, the_type, the_field, ...)                                                           \
    {                                                                                                        \
        .name = (the_name), .type = (the_type), .offset = offsetof(struct sqs_config, the_field),            \
        __VA_ARGS__                                                                                          \
    }

static const struct sp_option sqs_options[] = {
    OPTION("url", SP_OPT_STRING, url, .flags = SP_OPT_REQUIRED | SP_OPT_PLACE,
           .doc = "The queue's URL, as SQS gives it: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"),
    OPTION("region", SP_OPT_STRING, region,
           .doc = "Else AWS_REGION, AWS_DEFAULT_REGION, the profile's, the one in the URL, this machine's"),
    OPTION(
        "endpoint", SP_OPT_STRING, endpoint,
        .doc =
            "Where requests go; else AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL, the profile's, the URL's host"),
    OPTION("profile", SP_OPT_STRING, profile,
           .doc = "Of the files of credentials and configuration; else AWS_PROFILE, else 'default'"),
    OPTION("access_key_id", SP_OPT_STRING, access_key_id,
           .doc = "Credentials in the file; else they are looked for where the SDKs of AWS do"),
    OPTION("secret_access_key", SP_OPT_SECRET, secret_access_key, .doc = "Belongs to access_key_id"),
    OPTION("session_token", SP_OPT_SECRET, session_token, .doc = "Of temporary credentials"),
    OPTION("tls.ca", SP_OPT_STRING, tls_ca,
           .doc = "File with the certificates to trust instead of the system's"),
    OPTION("proxy", SP_OPT_SECRET, proxy,
           .doc = "Proxy to go through, else what the environment says; \"\" for none"),
    OPTION("connect_timeout", SP_OPT_DURATION, connect_timeout, .default_text = "5s",
           .min = 100 * SP_MILLISECOND, .max = 600 * SP_SECOND,
           .doc = "How long making a connection may take"),
};

enum { OPTIONS = sizeof sqs_options / sizeof *sqs_options };

static bool is_set(const char *text)
{
    return text && *text;
}

static void sqs_check(const void *loaded, struct sp_check *check)
{
    const struct sqs_config *config = loaded;
    size_t size = strlen(config->url);
    if (strncmp(config->url, "http://", 7) != 0 && strncmp(config->url, "https://", 8) != 0)
        sp_check_fail(check, "url",
                      "is not a URL: write it as SQS gives it, "
                      "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME");
    else if (size > 5 && strcmp(config->url + size - 5, ".fifo") == 0)
        sp_check_fail(check, "url", "%s", SQS_NO_FIFO);
    if (is_set(config->access_key_id) != is_set(config->secret_access_key))
        sp_check_fail(check, is_set(config->access_key_id) ? "access_key_id" : "secret_access_key",
                      "access_key_id and secret_access_key come together");
    if (is_set(config->session_token) && !is_set(config->access_key_id))
        sp_check_fail(check, "session_token", "needs access_key_id and secret_access_key");
    if (is_set(config->access_key_id) && is_set(config->profile))
        sp_check_fail(check, "profile", "is one way to credentials, access_key_id another: which one?");
}

static struct http_settings http_settings(const struct sqs_config *config)
{
    return (struct http_settings){.tls_ca = config->tls_ca,
                                  .proxy = config->proxy,
                                  .user_agent = "scanpipe/" PACKAGE_VERSION,
                                  .connect_timeout_ns = config->connect_timeout,
                                  .timeout_ns = SQS_TIMEOUT_S * SP_SECOND};
}

static void sqs_unload(void *loaded)
{
    struct sqs *sqs = loaded;
    aws_free(sqs->aws);
    pthread_mutex_destroy(&sqs->lock);
    free(sqs);
    http_fini();
}

static int sqs_load(const void *loaded, const struct sp_stage *stage, void **out, struct sp_error *err)
{
    const struct sqs_config *config = loaded;
    const struct aws_settings settings = {
        .service = "sqs",
        .url = config->url,
        .region = config->region,
        .endpoint = config->endpoint,
        .profile = config->profile,
        .access_key_id = config->access_key_id,
        .secret_access_key = config->secret_access_key,
        .session_token = config->session_token,
    };
    struct sqs *sqs = calloc(1, sizeof *sqs);
    if (!sqs)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    sqs->config = config;
    sqs->pipeline = stage->pipeline;
    sqs->holds_letters = strcmp(stage->name, "dead_letters") == 0;
    sqs->http = http_settings(config);
    if (http_init(err) != 0) {
        free(sqs);
        return -1;
    }
    if (aws_new(&settings, &sqs->aws, err) != 0) {
        http_fini();
        free(sqs);
        return -1;
    }
    pthread_mutex_init(&sqs->lock, NULL);
    *out = sqs;
    return 0;
}

static void sqs_close(void *opened)
{
    struct sqs_handle *handle = opened;
    letters_close(handle);
    http_free(handle->http);
    text_fini(&handle->request);
    free(handle);
}

static int sqs_open(void *loaded, void **out, struct sp_error *err)
{
    struct sqs_handle *handle = calloc(1, sizeof *handle);
    if (!handle)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    handle->sqs = loaded;
    if (http_new(&handle->sqs->http, &handle->http, err) != 0) {
        free(handle);
        return -1;
    }
    *out = handle;
    return 0;
}

static int sqs_probe(void *opened, int64_t deadline, struct sp_error *err)
{
    struct sqs_attributes attributes;
    if (sqs_read_attributes(opened, 0, &attributes, deadline, err) != 0)
        return -1;
    return attributes.fifo ? sp_fail(err, SP_REFUSED, "%s", SQS_NO_FIFO) : 0;
}

static void sqs_interrupt(void *opened)
{
    struct sqs_handle *handle = opened;
    http_interrupt(handle->http);
}

static const struct sp_queue_ops sqs_queue_ops = {
    .size = sizeof sqs_queue_ops,
    .send = sqs_send,
    .receive = sqs_receive,
    .settle = sqs_settle,
    .extend = sqs_extend,
    .depth = sqs_depth,
    .limits = sqs_limits,
};

static const struct sp_letters_ops sqs_letters_ops = {
    .size = sizeof sqs_letters_ops,
    .put = letters_put,
    .scan = letters_scan,
    .remove = letters_remove,
    .upkeep = letters_upkeep,
};

static const struct sp_capabilities sqs_can = {
    .size = sizeof sqs_can,
    .flags = SP_DURABLE,
    .message_bytes = SQS_MESSAGE_BYTES - SQS_ATTRIBUTE_ROOM,
    .batch_messages = SQS_ENTRIES,
    .batch_bytes = SQS_MESSAGE_BYTES - SQS_ENTRIES * SQS_ATTRIBUTE_ROOM,
    .lease_max_ns = SQS_LEASE_MAX_NS,
};

static const struct sp_capabilities sqs_letters_can = {
    .size = sizeof sqs_letters_can,
    .flags = SP_DURABLE | SP_HOLDS,
    .message_bytes = LETTERS_BYTES,
};

#define SQS_PLUGIN                                                                                           \
    SP_PLUGIN_HEAD, .name = "sqs", .version = PACKAGE_VERSION, .options = sqs_options,                       \
                    .option_count = OPTIONS, .config_size = sizeof(struct sqs_config), .check = sqs_check,   \
                    .load = sqs_load, .unload = sqs_unload, .open = sqs_open, .close = sqs_close,            \
                    .probe = sqs_probe, .interrupt = sqs_interrupt, .survey = sqs_survey,                    \
                    .create = sqs_create

static const struct sp_plugin sqs_queue = {SQS_PLUGIN, .kind = SP_QUEUE,
                                           .summary = "Amazon SQS, for more machines than one",
                                           .capabilities = &sqs_can, .queue = &sqs_queue_ops};
static const struct sp_plugin sqs_letters = {SQS_PLUGIN, .kind = SP_LETTERS,
                                             .summary = "dead letters in a queue of Amazon SQS",
                                             .capabilities = &sqs_letters_can, .letters = &sqs_letters_ops};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const plugins[] = {&sqs_queue, &sqs_letters, NULL};
    return plugins;
}
