/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "page.h"
#include "scanapi.h"
#include "wellformed.h"

#define AT(field) .offset = offsetof(struct scanapi_config, field)

/* clang-format off */
const struct sp_option scanapi_options[] = {
    {"url", SP_OPT_STRING, SP_OPT_REQUIRED | SP_OPT_PLACE, AT(url),
     .doc = "Base of the feed, http://… or https://…, without a query"},
    {"path", SP_OPT_STRING, SP_OPT_PLACE, AT(path), .default_text = "/v1/scans/scanevents",
     .doc = "What follows the base"},
    {"from_parameter", SP_OPT_STRING, AT(from_parameter), .default_text = "FromEventId",
     .doc = "Parameter that says from which id on, inclusive"},
    {"limit_parameter", SP_OPT_STRING, AT(limit_parameter), .default_text = "Limit",
     .doc = "Parameter that says how many events at most"},
    {"page_size", SP_OPT_INTEGER, AT(page_size), .default_text = "1000", .min = 1, .max = 100000,
     .doc = "Events to ask for at once, no more than the feed gives; 1 asks for 2"},
    {"events", SP_OPT_STRING, AT(events), .default_text = "/ScanEvents",
     .doc = "JSON Pointer of the array of events in a page"},
    {"id", SP_OPT_STRING, AT(id), .default_text = "/EventId",
     .doc = "JSON Pointer of the id in an event, by which the feed is asked"},
    {"well_formed", SP_OPT_MAP, AT(well_formed),
     .default_text = "{/EventId: positive, /ParcelId: positive, /Type: text, /CreatedDateTimeUtc: timestamp}",
     .doc = "What an event must have: JSON Pointers, each with positive, integer, text or timestamp"},
    {"start", SP_OPT_INTEGER, AT(start), .default_text = "1", .min = 0, .max = INT64_MAX,
     .doc = "Id to begin with where nothing was read yet"},
    {"poll_interval", SP_OPT_DURATION, AT(poll_interval), .default_text = "5s",
     .min = SP_MILLISECOND, .max = 86400 * SP_SECOND,
     .doc = "How long to wait where the feed has nothing newer"},
    {"auth.bearer", SP_OPT_SECRET, AT(bearer),
     .doc = "Token that is sent as Authorization: Bearer"},
    {"headers", SP_OPT_SECRET_MAP, AT(headers),
     .doc = "Headers to send, by their names"},
    {"timeout", SP_OPT_DURATION, AT(timeout), .default_text = "30s",
     .min = 10 * SP_MILLISECOND, .max = 3600 * SP_SECOND,
     .doc = "How long one page may take"},
    {"connect_timeout", SP_OPT_DURATION, AT(connect_timeout), .default_text = "10s",
     .min = 10 * SP_MILLISECOND, .max = 3600 * SP_SECOND,
     .doc = "How long connecting may take"},
    {"max_page_bytes", SP_OPT_SIZE, AT(max_page_bytes), .default_text = "64MiB",
     .min = 1024, .max = INT64_C(4) << 30,
     .doc = "The largest page to read, unpacked; of a larger one less is asked for"},
    {"compression", SP_OPT_BOOLEAN, AT(compression), .default_text = "true",
     .doc = "Ask for gzip or deflate"},
    {"tls.ca", SP_OPT_STRING, AT(tls_ca),
     .doc = "File with the certificates to trust, instead of the system's"},
    {"proxy", SP_OPT_SECRET, AT(proxy),
     .doc = "Proxy to go through, as curl writes it, instead of the environment's"},
    {"user_agent", SP_OPT_STRING, AT(user_agent), .default_text = "scanpipe/" PACKAGE_VERSION,
     .doc = "What to call oneself"},
};
/* clang-format on */

/* Nothing that would end a header's or a request's line. */
static bool is_one_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static bool has_only(const char *text, const char *more)
{
    for (; *text; text++)
        if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
              (*text >= '0' && *text <= '9') || strchr(more, *text)))
            return false;
    return true;
}

static void check_url(const struct scanapi_config *config, struct sp_check *check)
{
    size_t scheme = strncmp(config->url, "http://", 7) == 0    ? 7
                    : strncmp(config->url, "https://", 8) == 0 ? 8
                                                               : 0;
    const char *host = config->url + scheme;
    size_t authority = strcspn(host, "/?#");
    if (scheme == 0 || authority == 0 || strpbrk(config->url, " \t\r\n"))
        sp_check_fail(check, "url", "is no address: write http://host or https://host");
    else if (memchr(host, '@', authority))
        sp_check_fail(check, "url", "has a name or password in it: use auth.bearer or headers");
    else if (strpbrk(config->url, "?#"))
        sp_check_fail(check, "url", "has a query: the base must have none");
    if (*config->path && (*config->path != '/' || strpbrk(config->path, " \t\r\n#")))
        sp_check_fail(check, "path", "must start with / and have neither space nor #");
    if (!*config->from_parameter || !has_only(config->from_parameter, "_-.~$"))
        sp_check_fail(check, "from_parameter", "is no name: letters, digits and _-.~$ make one");
    if (!*config->limit_parameter || !has_only(config->limit_parameter, "_-.~$"))
        sp_check_fail(check, "limit_parameter", "is no name: letters, digits and _-.~$ make one");
}

static void check_rules(const struct scanapi_config *config, struct sp_check *check)
{
    const char *fault;
    bool id_has_rule = false;
    for (size_t i = 0; i < config->well_formed.count; i++) {
        const struct sp_pair *pair = &config->well_formed.items[i];
        enum rule_kind kind;
        if ((fault = pointer_fault(pair->key)))
            sp_check_fail(check, "well_formed", "%s: %s", pair->key, fault);
        if (!rule_kind_of(pair->value, &kind))
            sp_check_fail(check, "well_formed", "%s: there is no rule \"%s\"; write %s", pair->key,
                          pair->value ? pair->value : "", rule_kind_names());
        else if (strcmp(pair->key, config->id) == 0 && kind == RULE_POSITIVE)
            id_has_rule = true;
    }
    if ((fault = pointer_fault(config->id)))
        sp_check_fail(check, "id", "%s", fault);
    else if (!id_has_rule)
        sp_check_fail(check, "well_formed", "must say of the id that it is positive: {%s: positive, …}",
                      config->id);
}

static void check_events(const struct scanapi_config *config, struct sp_check *check)
{
    const char *fault = pointer_fault(config->events);
    size_t depth = 0;
    for (const char *at = config->events; *at; at++)
        depth += *at == '/';
    if (fault || depth > PAGE_DEPTH)
        sp_check_fail(check, "events", "%s", fault ? fault : "is too deep");
}

static void check_headers(const struct scanapi_config *config, struct sp_check *check)
{
    if (config->bearer && !is_one_line(config->bearer))
        sp_check_fail(check, "auth.bearer", "has a line end or another control character in it");
    for (size_t i = 0; i < config->headers.count; i++) {
        const struct sp_pair *pair = &config->headers.items[i];
        if (!*pair->key || !has_only(pair->key, "!#$%&'*+-.^_`|~"))
            sp_check_fail(check, "headers", "\"%s\" is no name of a header", pair->key);
        else if (pair->value && !is_one_line(pair->value))
            sp_check_fail(check, "headers", "%s has a control character in its value", pair->key);
    }
}

void scanapi_check(const void *checked, struct sp_check *check)
{
    const struct scanapi_config *config = checked;
    if (!config->url || !config->path || !config->from_parameter || !config->limit_parameter ||
        !config->events || !config->id)
        return; /* what is missing has been told */
    check_url(config, check);
    check_rules(config, check);
    check_events(config, check);
    check_headers(config, check);
    if (config->user_agent && !is_one_line(config->user_agent))
        sp_check_fail(check, "user_agent", "has a control character in it");
}
