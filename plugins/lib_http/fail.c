/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "inside.h"

static const char *refusal_cure(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return "check the server's certificate; tls.ca names the certificates to trust";
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CRL_BADFILE:
        return "check the file in tls.ca";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "check the address, and proxy";
    default:
        return NULL;
    }
}

size_t http_origin(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return 0;
    host += 3;
    size_t authority = strcspn(host, "/?#");
    return memchr(host, '@', authority) ? 0 : (size_t)(host - url) + authority;
}

int fail_transfer(CURLcode code, const char *detail, const char *url, const struct http_answer *answer,
                  struct sp_error *err)
{
    const char *cure = refusal_cure(code);
    /* A proxy's address, with its password, is in what libcurl says where it does not understand it. */
    if (!*detail || strchr(detail, '@'))
        detail = curl_easy_strerror(code);
    (void)sp_fail(err, cure ? SP_REFUSED : SP_UNAVAILABLE, "%.*s: %s%s", (int)http_origin(url), url, detail,
                  answer->size && !cure ? " (the answer had begun)" : "");
    return cure ? sp_fail_cure(err, "%s", cure) : -1;
}
