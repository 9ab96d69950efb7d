/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "http.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLICES_PER_SECOND 20
#define CHUNK             16384

void http_pause(const atomic_bool *stop, uint64_t milliseconds)
{
    while (milliseconds && !*stop) {
        uint64_t slice = milliseconds < 50 ? milliseconds : 50;
        nanosleep(&(struct timespec){.tv_nsec = (long)slice * 1000000}, NULL);
        milliseconds -= slice;
    }
}

/* 1: something came.  0: the client is gone. */
static int receive(struct http_connection *connection)
{
    if (connection->in_used) {
        connection->in_length -= connection->in_used;
        memmove(connection->in, connection->in + connection->in_used, connection->in_length);
        connection->in_used = 0;
    }
    ssize_t got;
    do
        got = recv(connection->fd, connection->in + connection->in_length,
                   HTTP_HEAD_MAX - connection->in_length, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return 0;
    connection->in_length += (size_t)got;
    return 1;
}

static void header_take(struct http_request *request, char *line)
{
    char *value = strchr(line, ':');
    if (!value)
        return;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (!strcasecmp(line, "Authorization"))
        request->authorization = value;
    else if (!strcasecmp(line, "Accept-Encoding"))
        request->accepts_gzip = strcasestr(value, "gzip") != NULL;
    else if (!strcasecmp(line, "Connection"))
        request->keep_alive =
            strcasecmp(value, "close") && (request->keep_alive || !strcasecmp(value, "keep-alive"));
    else if (!strcasecmp(line, "Content-Length"))
        request->body = strtoul(value, NULL, 10);
}

static int head_parse(struct http_request *request, char *head)
{
    char *next = strstr(head, "\r\n");
    *next = '\0';
    char *target = strchr(head, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || strncmp(version + 1, "HTTP/1.", 7))
        return -1;
    *target++ = '\0';
    *version++ = '\0';
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    *request = (struct http_request){.method = head,
                                     .path = target,
                                     .query = query ? query : target + strlen(target),
                                     .authorization = ""};
    request->plain_10 = version[7] == '0';
    request->keep_alive = !request->plain_10;
    for (char *line = next + 2; *line; line = next + 2) {
        next = strstr(line, "\r\n");
        *next = '\0';
        header_take(request, line);
    }
    return 0;
}

/* Bodies have nothing to say here; they only must not be taken for the next request. */
static int body_skip(struct http_connection *connection, size_t length)
{
    while (length) {
        size_t here = connection->in_length - connection->in_used;
        size_t some = here < length ? here : length;
        connection->in_used += some;
        length -= some;
        if (!length)
            break;
        /* The head has been parsed in place and is needed on: the body goes behind it. */
        char waste[4096];
        ssize_t got = recv(connection->fd, waste, length < sizeof waste ? length : sizeof waste, 0);
        if (got <= 0)
            return -1;
        length -= (size_t)got;
    }
    return 0;
}

int http_read(struct http_connection *connection, struct http_request *request)
{
    for (;;) {
        char *head = connection->in + connection->in_used;
        size_t length = connection->in_length - connection->in_used;
        char *end = memmem(head, length, "\r\n\r\n", 4);
        if (end) {
            connection->in_used += (size_t)(end - head) + 4;
            end[2] = '\0';
            if (memchr(head, '\0', (size_t)(end - head)) || head_parse(request, head) < 0)
                return -1;
            return body_skip(connection, request->body) < 0 ? 0 : 1;
        }
        if (length == HTTP_HEAD_MAX)
            return -1;
        if (!receive(connection))
            return 0;
    }
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* A % that begins no escape stands for itself: "5%" needs no care. */
static void decode(char *text)
{
    char *to = text;
    for (; *text; text++) {
        int high = *text == '%' ? hex_digit(text[1]) : -1;
        int low = high >= 0 ? hex_digit(text[2]) : -1;
        if (low >= 0)
            text += 2;
        *to++ = low >= 0 ? (char)(high << 4 | low) : *text == '+' ? ' ' : *text;
    }
    *to = '\0';
}

bool http_next_parameter(char **query, char **name, char **value)
{
    if (!**query)
        return false;
    *name = *query;
    char *end = *query + strcspn(*query, "&");
    *query = *end ? end + 1 : end;
    *end = '\0';
    *value = strchr(*name, '=');
    if (*value) {
        *(*value)++ = '\0';
        decode(*value);
    }
    decode(*name);
    return true;
}

const char *http_parameter(const struct http_request *request, const char *name, char *room, size_t size)
{
    size_t length = strlen(name);
    for (const char *at = request->query; *at; at += *at == '&') {
        size_t whole = strcspn(at, "&");
        if (whole > length && at[length] == '=' && !strncasecmp(at, name, length)) {
            snprintf(room, size, "%.*s", (int)(whole - length - 1), at + length + 1);
            decode(room);
            return room;
        }
        at += whole;
    }
    return NULL;
}

static int send_all(struct http_connection *connection, const char *bytes, size_t length, uint64_t slow)
{
    size_t slice = slow ? (slow + SLICES_PER_SECOND - 1) / SLICES_PER_SECOND : length;
    while (length) {
        size_t some = slice < length ? slice : length;
        ssize_t sent = send(connection->fd, bytes, some, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0 || *connection->stop)
            return -1;
        bytes += sent;
        length -= (size_t)sent;
        if (slow && length)
            http_pause(connection->stop, 1000 / SLICES_PER_SECOND);
    }
    return 0;
}

static void pack(struct http_connection *connection, struct http_reply *reply)
{
    z_stream *stream = &connection->deflate;
    if (connection->deflate_ready)
        deflateReset(stream);
    else if (deflateInit2(stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    connection->deflate_ready = true;
    connection->packed.length = 0;
    size_t room = deflateBound(stream, reply->length);
    stream->next_out = (Bytef *)text_reserve(&connection->packed, room);
    stream->avail_out = (uInt)room;
    stream->next_in = (Bytef *)(uintptr_t)reply->body;
    stream->avail_in = (uInt)reply->length;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        abort();
    reply->body = connection->packed.data;
    reply->length = stream->total_out;
}

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 429:
        return "Too Many Requests";
    default:
        return "Service Unavailable";
    }
}

static void append_head(const struct http_reply *reply, bool chunked, bool keep_alive, struct text *out)
{
    text_format(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n", reply->status, reason_of(reply->status),
                reply->type);
    if (reply->headers)
        text_append(out, reply->headers, strlen(reply->headers));
    if (reply->gzip)
        text_literal(out, "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
    if (chunked)
        text_literal(out, "Transfer-Encoding: chunked\r\n");
    else
        text_format(out, "Content-Length: %zu\r\n", reply->length);
    if (!keep_alive)
        text_literal(out, "Connection: close\r\n");
    text_literal(out, "\r\n");
}

static void append_chunks(const struct http_reply *reply, size_t length, bool whole, struct text *out)
{
    for (size_t at = 0, some; at < length; at += some) {
        some = length - at < CHUNK ? length - at : CHUNK;
        text_format(out, "%zx\r\n", some);
        text_append(out, reply->body + at, some);
        text_literal(out, "\r\n");
    }
    if (whole)
        text_literal(out, "0\r\n\r\n");
}

int http_write(struct http_connection *connection, const struct http_request *request,
               const struct http_reply *original)
{
    struct http_reply reply = *original;
    struct text *out = &connection->out;
    if (reply.cut == HTTP_CUT_BODY)
        reply.length = reply.cut_at;
    reply.gzip = reply.gzip && request->accepts_gzip;
    if (reply.gzip)
        pack(connection, &reply);
    bool broken = reply.cut != HTTP_WHOLE && reply.cut != HTTP_CUT_BODY;
    bool chunked = (reply.chunked && reply.cut != HTTP_CUT_LENGTH) || reply.cut == HTTP_CUT_CHUNKS;
    chunked = chunked && !request->plain_10;
    size_t length = !broken ? reply.length : reply.cut_at < reply.length ? reply.cut_at : reply.length / 2;
    out->length = 0;
    append_head(&reply, chunked, request->keep_alive, out);
    if (chunked)
        append_chunks(&reply, length, !broken, out);
    else
        text_append(out, reply.body, length);
    if (send_all(connection, out->data, out->length, reply.slow) < 0)
        return -1;
    if (reply.cut == HTTP_CUT_RESET)
        http_reset(connection);
    return broken || !request->keep_alive ? -1 : 0;
}

void http_reset(struct http_connection *connection)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void http_close(struct http_connection *connection)
{
    close(connection->fd);
    if (connection->deflate_ready)
        deflateEnd(&connection->deflate);
    text_fini(&connection->out);
    text_fini(&connection->packed);
}
