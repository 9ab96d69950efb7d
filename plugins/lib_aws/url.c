/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "url.h"

#include <arpa/inet.h>
#include <strings.h>

static bool fits(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == '\\' || *text == '\x7f')
            return false;
    return true;
}

static bool is_port(struct sp_slice port)
{
    unsigned value = 0;
    for (size_t i = 0; i < port.size; i++) {
        if (port.data[i] < '0' || port.data[i] > '9' || i == 5)
            return false;
        value = value * 10 + (unsigned)(port.data[i] - '0');
    }
    return port.size && value > 0 && value <= 65535;
}

static const char *split_authority(struct sp_slice authority, struct url *out)
{
    if (memchr(authority.data, '@', authority.size))
        return "has a user's name in it";
    const char *end = authority.data + authority.size;
    const char *host_end = memchr(authority.data, ':', authority.size);
    if (authority.size && *authority.data == '[') {
        host_end = memchr(authority.data, ']', authority.size);
        if (!host_end)
            return "has a '[' without its ']'";
        host_end++;
    }
    host_end = host_end ? host_end : end;
    out->host = (struct sp_slice){authority.data, (size_t)(host_end - authority.data)};
    out->port = (struct sp_slice){NULL, 0};
    if (!out->host.size)
        return "names no host";
    if (host_end == end)
        return NULL;
    out->port = (struct sp_slice){host_end + 1, (size_t)(end - host_end - 1)};
    return *host_end == ':' && is_port(out->port) ? NULL : "has a port that is none";
}

const char *url_split(const char *text, struct url *out)
{
    if (!fits(text))
        return "has a character that no URL has";
    if (strncasecmp(text, "https://", 8) == 0)
        *out = (struct url){.https = true};
    else if (strncasecmp(text, "http://", 7) == 0)
        *out = (struct url){.https = false};
    else
        return "begins neither with https:// nor with http://";
    text += out->https ? 8 : 7;
    size_t size = strcspn(text, "/?#");
    const char *reason = split_authority((struct sp_slice){text, size}, out);
    if (reason)
        return reason;
    text += size;
    out->path = (struct sp_slice){text, strcspn(text, "?#")};
    text += out->path.size;
    out->query =
        *text == '?' ? (struct sp_slice){text + 1, strcspn(text + 1, "#")} : (struct sp_slice){NULL, 0};
    return NULL;
}

bool url_host_is(const struct url *url, const char *name)
{
    return strlen(name) == url->host.size && strncasecmp(url->host.data, name, url->host.size) == 0;
}

bool url_is_loopback(const struct url *url)
{
    char host[64];
    struct in_addr four;
    struct in6_addr six;
    if (url_host_is(url, "localhost"))
        return true;
    if (url->host.size >= sizeof host)
        return false;
    memcpy(host, url->host.data, url->host.size);
    host[url->host.size] = '\0';
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (host[0] != '[')
        return false;
    host[url->host.size - 1] = '\0';
    return inet_pton(AF_INET6, host + 1, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}
