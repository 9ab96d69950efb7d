/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoints of container and machine.  Neither is ever asked through a proxy. */
#include <config.h>

#include "grant.h"
#include "inside.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOKEN_MOST = 16384, HEADER_SIZE = TOKEN_MOST + 64, ROLE_SIZE = 256 };

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When the answer was made, as its server has it. */
static int64_t answered_at(struct aws *aws, const struct http_answer *answer)
{
    return answer->date_wall_ms ? answer->date_wall_ms : aws_wall_ms(aws);
}

/* A line end in it would be a header of its own. */
static int read_token(const struct chain_choice *choice, char out[TOKEN_MOST], struct sp_error *err)
{
    char *data = NULL;
    size_t size = 0;
    const char *value = choice->token;
    out[0] = '\0';
    int trouble = choice->token_file ? file_read(choice->token_file, TOKEN_MOST - 1, &data, &size) : 0;
    if (trouble)
        return sp_fail(err, SP_REFUSED, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s: %s", choice->token_file,
                       strerror(trouble));
    value = data ? data : value ? value : "";
    size = data ? size : strlen(value);
    bool fits = size < TOKEN_MOST && strlen(value) == size && !strpbrk(value, "\r\n");
    if (fits)
        memcpy(out, value, size + 1);
    if (data)
        explicit_bzero(data, size);
    free(data);
    return fits ? 0
                : sp_fail(err, SP_REFUSED, "the container's authorization token %s",
                          size < TOKEN_MOST ? "has a line end in it" : "is too long");
}

int fetch_container(struct aws *aws, struct http *http, const struct chain_choice *choice, struct grant *out,
                    int64_t deadline, struct sp_error *err)
{
    char token[TOKEN_MOST], header[HEADER_SIZE], buffer[AWS_ANSWER_SIZE];
    const char *headers[] = {"Accept: application/json", header}, *secrets[] = {token, NULL};
    struct http_answer answer;
    if (read_token(choice, token, err) != 0)
        return -1;
    snprintf(header, sizeof header, "Authorization: %s", token);
    struct http_request request = {.method = "GET",
                                   .url = choice->url,
                                   .headers = headers,
                                   .header_count = *token ? 2 : 1,
                                   .max_bytes = sizeof buffer,
                                   .buffer = buffer,
                                   .direct = true};
    int rc = http_send(http, &request, &answer, earlier(deadline, sp_clock_now() + 2 * SP_SECOND), err);
    explicit_bzero(header, sizeof header);
    struct grant_source source = {"the container's endpoint", answered_at(aws, &answer), false, secrets};
    if (rc == 0)
        rc = answer.status == 200 ? grant_from_json(answer.body, &source, out, err)
                                  : grant_fail_json(answer.status, answer.body, &source, err);
    else
        sp_error_context(err, "%s", source.who);
    char shown[16];
    grant_shorten(out->credentials.access_key_id, shown);
    if (rc == 0)
        snprintf(out->from, sizeof out->from, "the role of the container (%s)", shown);
    explicit_bzero(token, sizeof token);
    explicit_bzero(buffer, sizeof buffer);
    return rc;
}

/* A conversation with IMDSv2: a token first, which is shown with all that follows. */
struct imds {
    struct http *http;
    const char *endpoint;
    int64_t timeout_ns, deadline;
    char token[512], header[640];
    char buffer[AWS_ANSWER_SIZE];
    struct http_answer answer;
    bool there; /* something answered */
};

static int imds_ask(struct imds *imds, const char *method, const char *path, const char *header,
                    struct sp_error *err)
{
    char url[AWS_ENDPOINT_SIZE + 1024];
    snprintf(url, sizeof url, "%s%s", imds->endpoint, path);
    struct http_request request = {.method = method,
                                   .url = url,
                                   .headers = &header,
                                   .header_count = 1,
                                   .max_bytes = sizeof imds->buffer - 1,
                                   .buffer = imds->buffer,
                                   .direct = true};
    int64_t deadline = earlier(imds->deadline, sp_clock_now() + imds->timeout_ns);
    if (http_send(imds->http, &request, &imds->answer, deadline, err) != 0) {
        sp_error_context(err, "the machine's metadata service");
        return -1;
    }
    imds->there = true;
    imds->buffer[imds->answer.body.size] = '\0';
    if (imds->answer.status == 200 && !imds->answer.too_large)
        return 0;
    const char *const secrets[] = {imds->token, NULL};
    struct grant_source source = {.who = "the machine's metadata service", .secrets = secrets};
    return grant_fail(imds->answer.status, "", "", &source, err);
}

static int imds_begin(struct imds *imds, struct sp_error *err)
{
    imds->token[0] = '\0';
    if (imds_ask(imds, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 21600", err) != 0)
        return -1;
    size_t size = strlen(imds->buffer);
    if (!size || size >= sizeof imds->token || strpbrk(imds->buffer, "\r\n"))
        return sp_fail(err, SP_UNAVAILABLE, "the machine's metadata service gave no token");
    memcpy(imds->token, imds->buffer, size + 1);
    snprintf(imds->header, sizeof imds->header, "X-aws-ec2-metadata-token: %s", imds->token);
    return 0;
}

/* One word, such as a name. */
static int imds_word(struct imds *imds, const char *path, char *out, size_t size, struct sp_error *err)
{
    if (imds_ask(imds, "GET", path, imds->header, err) != 0)
        return -1;
    size_t length = strcspn(imds->buffer, "\r\n \t");
    if (!length || length >= size)
        return sp_fail(err, SP_UNAVAILABLE, "the machine's metadata service gave no name for %s", path);
    memcpy(out, imds->buffer, length);
    out[length] = '\0';
    return 0;
}

static int imds_role(struct imds *imds, char role[ROLE_SIZE], struct sp_error *err)
{
    if (imds_word(imds, "/latest/meta-data/iam/security-credentials/", role, ROLE_SIZE, err) == 0)
        return 0;
    if (imds->answer.status != 404)
        return -1;
    (void)sp_fail(err, SP_REFUSED, "this machine has no role (an instance profile)");
    return sp_fail_cure(err, "attach an instance profile to the machine, or give keys");
}

static int imds_grant(struct aws *aws, struct imds *imds, struct grant *out, struct sp_error *err)
{
    char role[ROLE_SIZE], path[ROLE_SIZE * 3 + 64], shown[16];
    const char *const secrets[] = {imds->token, NULL};
    if (imds_begin(imds, err) != 0 || imds_role(imds, role, err) != 0)
        return -1;
    struct text text = text_in(path, sizeof path);
    text_say(&text, "/latest/meta-data/iam/security-credentials/");
    text_quote(&text, sp_slice_of(role), "+=,@");
    if (imds_ask(imds, "GET", path, imds->header, err) != 0)
        return -1;
    struct grant_source source = {"the machine's metadata service", answered_at(aws, &imds->answer), true,
                                  secrets};
    if (grant_from_json(imds->answer.body, &source, out, err) != 0)
        return -1;
    grant_shorten(out->credentials.access_key_id, shown);
    snprintf(out->from, sizeof out->from, "role '%.128s' of the machine (%s)", role, shown);
    return 0;
}

int fetch_imds(struct aws *aws, struct http *http, const struct chain_choice *choice, struct grant *out,
               bool *there_out, int64_t deadline, struct sp_error *err)
{
    struct imds imds = {.http = http,
                        .endpoint = choice->url,
                        .timeout_ns = choice->timeout_ns,
                        .deadline = deadline};
    int rc = imds_grant(aws, &imds, out, err);
    *there_out = imds.there;
    explicit_bzero(&imds, sizeof imds);
    return rc;
}

int fetch_imds_region(struct http *http, const char *endpoint, int64_t timeout_ns, char out[AWS_REGION_SIZE],
                      int64_t deadline, struct sp_error *err)
{
    struct imds imds = {.http = http, .endpoint = endpoint, .timeout_ns = timeout_ns, .deadline = deadline};
    if (imds_begin(&imds, err) != 0)
        return -1;
    return imds_word(&imds, "/latest/meta-data/placement/region", out, AWS_REGION_SIZE, err);
}
