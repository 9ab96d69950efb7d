/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/json_inside.h"
#include "base/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct scan {
    const char *start, *end;
    const uint32_t *answers;
    struct sp_json_value *found;
    struct sp_json_fault *fault;
};

/* What a scanning function returns where the bytes are no JSON. */
static const char *scan_fail(const struct scan *scan, const char *at, const char *reason)
{
    scan->fault->offset = (size_t)(at - scan->start);
    scan->fault->reason = at == scan->end ? "it ends too early" : reason;
    return NULL;
}

static inline const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

static inline bool is_digit(const char *at, const char *end)
{
    return at < end && (unsigned char)(*at - '0') < 10;
}

/* Goes over what needs no thought: neither quote, backslash, control character nor a byte of UTF-8. */
static inline const char *skip_plain(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* Bytes are signed here: those over 0x7f are less than a space, too. */
        __m128i odd =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                         _mm_cmplt_epi8(bytes, space));
        int mask = _mm_movemask_epi8(odd);
        if (mask)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* Four hex digits behind "\u"; false where they are not there. */
static bool scan_unit(const char *at, const char *end, uint32_t *unit_out)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return false;
    uint32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        unsigned char c = (unsigned char)at[i];
        if ((unsigned char)(c - '0') < 10)
            unit = unit << 4 | (uint32_t)(c - '0');
        else if ((unsigned char)((c | 0x20) - 'a') < 6)
            unit = unit << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    *unit_out = unit;
    return true;
}

static const char *scan_escape(const struct scan *scan, const char *at)
{
    if (scan->end - at < 2)
        return scan_fail(scan, scan->end, NULL);
    if (at[1] != 'u')
        return at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) ? at + 2
                                                            : scan_fail(scan, at, "there is no such escape");
    uint32_t unit, second;
    if (!scan_unit(at, scan->end, &unit))
        return scan_fail(scan, at, "\\u needs four hexadecimal digits");
    if (unit < 0xD800 || unit > 0xDFFF)
        return at + 6;
    if (unit <= 0xDBFF && scan_unit(at + 6, scan->end, &second) && second >= 0xDC00 && second <= 0xDFFF)
        return at + 12;
    return scan_fail(scan, at, "half of a surrogate pair stands alone");
}

/* `at` is behind the opening quote; returns what is behind the closing one. */
static inline const char *scan_string(const struct scan *scan, const char *at, bool *escaped)
{
    *escaped = false;
    for (;;) {
        at = skip_plain(at, scan->end);
        if (at == scan->end)
            return scan_fail(scan, at, NULL);
        if (*at == '"')
            return at + 1;
        if (*at == '\\') {
            *escaped = true;
            at = scan_escape(scan, at);
            if (!at)
                return NULL;
        } else if ((unsigned char)*at < 0x20) {
            return scan_fail(scan, at, "a control character stands in a string");
        } else {
            size_t length = utf8_length(at, (size_t)(scan->end - at));
            if (length == 0)
                return scan_fail(scan, at, "the bytes are not UTF-8");
            at += length;
        }
    }
}

static inline const char *scan_digits(const struct scan *scan, const char *at)
{
    if (!is_digit(at, scan->end))
        return scan_fail(scan, at, "a digit is missing");
    while (is_digit(at, scan->end))
        at++;
    return at;
}

static const char *scan_number(const struct scan *scan, const char *at, enum sp_json_kind *kind)
{
    const char *end = scan->end;
    *kind = SP_JSON_INTEGER;
    if (*at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else if (!(at = scan_digits(scan, at)))
        return NULL;
    if (at < end && *at == '.') {
        *kind = SP_JSON_NUMBER;
        if (!(at = scan_digits(scan, at + 1)))
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        *kind = SP_JSON_NUMBER;
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        return scan_digits(scan, at);
    }
    return at;
}

static const char *scan_word(const struct scan *scan, const char *at, const char *word, size_t size)
{
    if ((size_t)(scan->end - at) >= size && memcmp(at, word, size) == 0)
        return at + size;
    return scan_fail(scan, at, "a value is missing");
}

static bool key_matches_escaped(const char *at, const char *end, const struct json_node *node)
{
    size_t matched = 0;
    while (at < end) {
        char bytes[4];
        size_t size = 1;
        if (*at == '\\')
            size = json_decode_escape(&at, bytes);
        else
            bytes[0] = *at++;
        if (size > node->key_size - matched || memcmp(node->key + matched, bytes, size) != 0)
            return false;
        matched += size;
    }
    return matched == node->key_size;
}

static inline const struct json_node *child_by_key(const struct json_node *node, const char *key, size_t size,
                                                   bool escaped)
{
    const struct json_node *child = node->child;
    for (; child; child = child->next)
        if (escaped ? key_matches_escaped(key, key + size, child)
                    : child->key_size == size && memcmp(child->key, key, size) == 0)
            break;
    return child;
}

static const struct json_node *child_by_index(const struct json_node *node, size_t index)
{
    const struct json_node *child = node->child;
    while (child && child->index != index)
        child = child->next;
    return child;
}

static const char *scan_value(const struct scan *scan, const char *at, const struct json_node *node,
                              unsigned depth);

static const char *scan_object(const struct scan *scan, const char *at, const struct json_node *node,
                               unsigned depth)
{
    const char *end = scan->end;
    at = skip_space(at + 1, end);
    if (at < end && *at == '}')
        return at + 1;
    for (;;) {
        if (at == end || *at != '"')
            return scan_fail(scan, at, "a key is missing");
        bool escaped;
        const char *key = at + 1;
        if (!(at = scan_string(scan, key, &escaped)))
            return NULL;
        const struct json_node *child =
            node ? child_by_key(node, key, (size_t)(at - 1 - key), escaped) : NULL;
        at = skip_space(at, end);
        if (at == end || *at != ':')
            return scan_fail(scan, at, "a colon is missing");
        if (!(at = scan_value(scan, skip_space(at + 1, end), child, depth)))
            return NULL;
        at = skip_space(at, end);
        if (at < end && *at == '}')
            return at + 1;
        if (at == end || *at != ',')
            return scan_fail(scan, at, "a comma or a closing brace is missing");
        at = skip_space(at + 1, end);
    }
}

static const char *scan_array(const struct scan *scan, const char *at, const struct json_node *node,
                              unsigned depth)
{
    const char *end = scan->end;
    at = skip_space(at + 1, end);
    if (at < end && *at == ']')
        return at + 1;
    for (size_t index = 0;; index++) {
        const struct json_node *child = node ? child_by_index(node, index) : NULL;
        if (!(at = scan_value(scan, at, child, depth)))
            return NULL;
        at = skip_space(at, end);
        if (at < end && *at == ']')
            return at + 1;
        if (at == end || *at != ',')
            return scan_fail(scan, at, "a comma or a closing bracket is missing");
        at = skip_space(at + 1, end);
    }
}

/* An equal key that came before has lost, with all that was found below it. */
static void forget_below(const struct scan *scan, const struct json_node *node)
{
    for (uint32_t i = node->own_end; i < node->below_end; i++)
        scan->found[scan->answers[i]] = (struct sp_json_value){{NULL, 0}, SP_JSON_ABSENT};
}

static const char *scan_value(const struct scan *scan, const char *at, const struct json_node *node,
                              unsigned depth)
{
    if (at == scan->end)
        return scan_fail(scan, at, NULL);
    if (node && node->child)
        forget_below(scan, node);
    enum sp_json_kind kind;
    const char *start = at;
    size_t quote = 0;
    switch (*at) {
    case '"': {
        bool escaped;
        at = scan_string(scan, ++start, &escaped);
        kind = escaped ? SP_JSON_STRING_ESCAPED : SP_JSON_STRING;
        quote = 1;
        break;
    }
    case '{':
    case '[':
        if (depth == JSON_DEEPEST)
            return scan_fail(scan, at, "it is nested more than 64 deep");
        kind = *at == '{' ? SP_JSON_OBJECT : SP_JSON_ARRAY;
        at = kind == SP_JSON_OBJECT ? scan_object(scan, at, node, depth + 1)
                                    : scan_array(scan, at, node, depth + 1);
        break;
    case 't':
        kind = SP_JSON_TRUE;
        at = scan_word(scan, at, "true", 4);
        break;
    case 'f':
        kind = SP_JSON_FALSE;
        at = scan_word(scan, at, "false", 5);
        break;
    case 'n':
        kind = SP_JSON_NULL;
        at = scan_word(scan, at, "null", 4);
        break;
    default:
        if (*at != '-' && !is_digit(at, scan->end))
            return scan_fail(scan, at, "a value is missing");
        at = scan_number(scan, at, &kind);
    }
    if (node && at)
        for (uint32_t i = node->answers_at; i < node->own_end; i++)
            scan->found[scan->answers[i]] =
                (struct sp_json_value){{start, (size_t)(at - start) - quote}, kind};
    return at;
}

int sp_json_scan(const struct sp_json_paths *paths, struct sp_slice input, struct sp_json_value *found,
                 size_t *length, struct sp_json_fault *fault)
{
    const char *data = input.size ? input.data : "";
    struct scan scan = {data, data + input.size, NULL, found, fault};
    if (paths) {
        scan.answers = paths->answers;
        memset(found, 0, paths->count * sizeof *found);
    }
    const char *end = scan_value(&scan, skip_space(data, scan.end), paths ? &paths->root : NULL, 0);
    if (!end)
        return -1;
    *length = (size_t)(end - data);
    return 0;
}

int sp_json_scan_whole(const struct sp_json_paths *paths, struct sp_slice input, struct sp_json_value *found,
                       struct sp_json_fault *fault)
{
    size_t length;
    if (sp_json_scan(paths, input, found, &length, fault) != 0)
        return -1;
    const char *rest = skip_space(input.data + length, input.data + input.size);
    if (rest < input.data + input.size) {
        fault->offset = (size_t)(rest - input.data);
        fault->reason = "something follows the value";
        return -1;
    }
    return 0;
}
