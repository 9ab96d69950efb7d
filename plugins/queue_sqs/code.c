/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "code.h"

#include <string.h>

void code_name(const char *type, char out[static CODE_SIZE])
{
    const char *hash = strchr(type, '#'), *begin = hash ? hash + 1 : type;
    static const char query[] = "AWS.SimpleQueueService.";
    if (strncmp(begin, query, sizeof query - 1) == 0)
        begin += sizeof query - 1;
    size_t size = strcspn(begin, ":;");
    size = size < CODE_SIZE ? size : CODE_SIZE - 1;
    memcpy(out, begin, size);
    out[size] = '\0';
}

/* API reference of SQS, "Common Errors" and the errors of each action; the names of the query protocol are
 * those that SQS still sends in x-amzn-query-error.  What throttles is spelt as botocore's retry table has
 * it. */
static const struct known {
    const char *code;
    enum sp_class class;
    const char *cure;
} known[] = {
    {"RequestThrottled", SP_THROTTLED, NULL},
    {"RequestThrottledException", SP_THROTTLED, NULL},
    {"ThrottlingException", SP_THROTTLED, NULL},
    {"Throttling", SP_THROTTLED, NULL},
    {"ThrottledException", SP_THROTTLED, NULL},
    {"TooManyRequestsException", SP_THROTTLED, NULL},
    {"SlowDown", SP_THROTTLED, NULL},
    {"KmsThrottled", SP_THROTTLED, NULL},
    {"KMS.ThrottlingException", SP_THROTTLED, NULL},
    {"RequestLimitExceeded", SP_THROTTLED, NULL},
    {"BandwidthLimitExceeded", SP_THROTTLED, NULL},
    {"LimitExceededException", SP_THROTTLED, NULL},
    {"PriorRequestNotComplete", SP_THROTTLED, NULL},
    {"RequestTimeout", SP_UNAVAILABLE, NULL},
    {"RequestTimeoutException", SP_UNAVAILABLE, NULL},
    {"InternalFailure", SP_UNAVAILABLE, NULL},
    {"InternalError", SP_UNAVAILABLE, NULL},
    {"ServiceUnavailable", SP_UNAVAILABLE, NULL},
    /* Others hold so many messages that none may be received; settling goes on. */
    {"OverLimit", SP_CONTENDED,
     "120,000 messages are in flight: let workers finish, or set `pack` so that a message "
     "carries more events"},
    {"QueueDoesNotExist", SP_REFUSED,
     "look at `url` and `region`, or make the queue: scanpipe queue create -c FILE"},
    {"NonExistentQueue", SP_REFUSED,
     "look at `url` and `region`, or make the queue: scanpipe queue create -c FILE"},
    {"QueueDeletedRecently", SP_UNAVAILABLE,
     "a queue of this name can be made again 60 seconds after it was deleted"},
    {"QueueNameExists", SP_REFUSED, "the queue is there with other attributes"},
    {"QueueAlreadyExists", SP_REFUSED, "the queue is there with other attributes"},
    {"AccessDenied", SP_REFUSED,
     "allow the action: scanpipe queue create -c FILE --dry-run prints the policy"},
    {"AccessDeniedException", SP_REFUSED,
     "allow the action: scanpipe queue create -c FILE --dry-run prints the policy"},
    {"InvalidClientTokenId", SP_REFUSED,
     "the access key is not known: look at `access_key_id`, the environment or "
     "the profile; scanpipe check --online says which is used"},
    {"UnrecognizedClientException", SP_REFUSED,
     "the access key is not known: scanpipe check --online says which is "
     "used"},
    {"ExpiredToken", SP_REFUSED, "the credentials have expired: put newer ones there"},
    {"ExpiredTokenException", SP_REFUSED, "the credentials have expired: put newer ones there"},
    {"SignatureDoesNotMatch", SP_REFUSED,
     "the secret does not belong to the access key, `region` is not the queue's, or something on the way "
     "changes requests"},
    {"InvalidSignatureException", SP_REFUSED,
     "the secret does not belong to the access key, or `region` is not the "
     "queue's"},
    {"IncompleteSignature", SP_REFUSED, "something on the way changes requests"},
    {"MissingAuthenticationToken", SP_REFUSED, "something on the way removes the signature"},
    {"RequestExpired", SP_REFUSED, "the clock of this machine is wrong"},
    {"OptInRequired", SP_REFUSED, "the account does not use this region"},
    {"InvalidAddress", SP_REFUSED, "look at `url`: the account or the name in it is wrong"},
    {"InvalidSecurity", SP_REFUSED, "use https"},
    {"UnsupportedOperation", SP_REFUSED, "look at `endpoint`: this server does not do that"},
    {"UnknownOperationException", SP_REFUSED, "look at `endpoint`: this server does not do that"},
    {"InvalidMessageContents", SP_REJECTED, NULL},
    {"BatchRequestTooLong", SP_REJECTED, NULL},
    {"TooManyEntriesInBatchRequest", SP_REJECTED, NULL},
};

static const struct known *find(const char *code)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].code, code) == 0)
            return &known[i];
    return NULL;
}

static bool is_kms(const char *code)
{
    return strncmp(code, "Kms", 3) == 0 || strncmp(code, "KMS.", 4) == 0;
}

enum sp_class code_class(const char *code, long status)
{
    const struct known *entry = find(code);
    if (entry)
        return entry->class;
    if (is_kms(code))
        return SP_REFUSED;
    if (status == 429)
        return SP_THROTTLED;
    if (status >= 500 || status == 408)
        return SP_UNAVAILABLE;
    if (status == 413) /* something on the way takes no request that is so large */
        return SP_REJECTED;
    return status == 401 || status == 403 || status == 404 || status == 407 ? SP_REFUSED : SP_UNKNOWN;
}

enum sp_class code_entry_class(const char *code, bool sender_fault)
{
    const struct known *entry = find(code);
    if (entry)
        return entry->class;
    if (is_kms(code))
        return SP_REFUSED;
    return sender_fault ? SP_REJECTED : SP_UNAVAILABLE;
}

bool code_is_credentials(const char *code)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
                                        "UnrecognizedClientException"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

bool code_is_clock(const char *code, const char *message)
{
    if (strcmp(code, "RequestExpired") == 0)
        return true;
    if (strcmp(code, "SignatureDoesNotMatch") != 0 && strcmp(code, "InvalidSignatureException") != 0)
        return false;
    return strstr(message, "Signature expired") || strstr(message, "not yet current");
}

bool code_is_no_queue(const char *code)
{
    return strcmp(code, "QueueDoesNotExist") == 0 || strcmp(code, "NonExistentQueue") == 0;
}

bool code_is_denied(const char *code)
{
    return strcmp(code, "AccessDenied") == 0 || strcmp(code, "AccessDeniedException") == 0;
}

const char *code_cure(const char *code)
{
    const struct known *entry = find(code);
    if (!entry && is_kms(code))
        return "look at the key that encrypts the queue, and at who may use it";
    return entry ? entry->cure : NULL;
}
