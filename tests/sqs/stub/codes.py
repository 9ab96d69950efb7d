# SPDX-License-Identifier: Apache-2.0
"""The errors of SQS and STS: which status, which namespace, which older name."""

SQS = "com.amazonaws.sqs"
CORAL = "com.amazon.coral.service"  # what AWS's own frame says before SQS is asked

# code: (namespace, status, code of the query protocol or None)
CODES = {
    "AccessDenied": (SQS, 403, None),
    "AccessDeniedException": (CORAL, 403, "AccessDenied"),
    "BatchEntryIdsNotDistinct": (SQS, 400, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
    "BatchRequestTooLong": (SQS, 400, "AWS.SimpleQueueService.BatchRequestTooLong"),
    "EmptyBatchRequest": (SQS, 400, "AWS.SimpleQueueService.EmptyBatchRequest"),
    "ExpiredToken": (CORAL, 403, None),
    "ExpiredTokenException": (CORAL, 403, "ExpiredToken"),
    "IncompleteSignature": (CORAL, 400, None),
    "IncompleteSignatureException": (CORAL, 400, "IncompleteSignature"),
    "InternalFailure": (CORAL, 500, None),
    "InvalidAddress": (SQS, 404, None),
    "InvalidAttributeName": (SQS, 400, None),
    "InvalidAttributeValue": (SQS, 400, None),
    "InvalidBatchEntryId": (SQS, 400, "AWS.SimpleQueueService.InvalidBatchEntryId"),
    "InvalidClientTokenId": (CORAL, 403, None),
    "InvalidMessageContents": (SQS, 400, None),
    "InvalidParameterValue": (CORAL, 400, "InvalidParameterValue"),
    "InvalidSecurity": (SQS, 403, None),
    "InvalidSignatureException": (CORAL, 403, "SignatureDoesNotMatch"),
    "KmsAccessDenied": (SQS, 400, "KMS.AccessDeniedException"),
    "KmsDisabled": (SQS, 400, "KMS.DisabledException"),
    "KmsInvalidKeyUsage": (SQS, 400, "KMS.InvalidKeyUsageException"),
    "KmsInvalidState": (SQS, 400, "KMS.InvalidStateException"),
    "KmsNotFound": (SQS, 400, "KMS.NotFoundException"),
    "KmsOptInRequired": (SQS, 403, "KMS.OptInRequired"),
    "KmsThrottled": (SQS, 400, "KMS.ThrottlingException"),
    "MessageNotInflight": (SQS, 400, "AWS.SimpleQueueService.MessageNotInflight"),
    "MissingAuthenticationToken": (CORAL, 403, None),
    "MissingAuthenticationTokenException": (CORAL, 400, "MissingAuthenticationToken"),
    "MissingParameter": (CORAL, 400, "MissingParameter"),
    "OverLimit": (SQS, 403, None),
    "PurgeQueueInProgress": (SQS, 403, "AWS.SimpleQueueService.PurgeQueueInProgress"),
    "QueueDeletedRecently": (SQS, 400, "AWS.SimpleQueueService.QueueDeletedRecently"),
    "QueueDoesNotExist": (SQS, 400, "AWS.SimpleQueueService.NonExistentQueue"),
    "QueueNameExists": (SQS, 400, "QueueAlreadyExists"),
    "ReceiptHandleIsInvalid": (SQS, 404, None),
    "RequestExpired": (CORAL, 400, None),
    "RequestThrottled": (SQS, 403, None),
    "RequestThrottledException": (CORAL, 400, None),
    "RequestTimeout": (CORAL, 408, None),
    "RequestTimeoutException": (CORAL, 400, None),
    "SerializationException": (CORAL, 400, None),
    "ServiceUnavailable": (CORAL, 503, None),
    "ServiceUnavailableException": (CORAL, 503, "ServiceUnavailable"),
    "SignatureDoesNotMatch": (CORAL, 403, None),
    "SlowDown": (CORAL, 503, None),
    "ThrottledException": (CORAL, 400, None),
    "Throttling": (CORAL, 400, None),
    "ThrottlingException": (CORAL, 400, "Throttling"),
    "TooManyEntriesInBatchRequest": (SQS, 400, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
    "TooManyRequestsException": (CORAL, 429, None),
    "UnknownOperationException": (CORAL, 400, "InvalidAction"),
    "UnrecognizedClientException": (CORAL, 403, "InvalidClientTokenId"),
    "UnsupportedOperation": (SQS, 400, "AWS.SimpleQueueService.UnsupportedOperation"),
}

# Every way in which "slower, please" is said; the last is a status and no code at all.
THROTTLES = ["RequestThrottled", "ThrottlingException", "Throttling", "ThrottledException",
             "RequestThrottledException", "TooManyRequestsException", "SlowDown", "KmsThrottled", "429"]

MESSAGES = {
    "AccessDenied": "Access to the resource is denied.",
    "AccessDeniedException": "User: arn:aws:iam::123456789012:user/stub is not authorized to perform this "
                             "on the resource, because no identity-based policy allows it",
    "ExpiredToken": "The security token included in the request is expired",
    "ExpiredTokenException": "The security token included in the request is expired",
    "InvalidAddress": "The address is not valid for this endpoint.",
    "InvalidClientTokenId": "The security token included in the request is invalid.",
    "KmsThrottled": "The rate of requests to KMS is too high (Service: Kms; Status Code: 400)",
    "OverLimit": "Too many messages in flight.",
    "QueueDoesNotExist": "The specified queue does not exist.",
    "RequestThrottled": "Request is throttled.",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
}


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, code, message=None, status=None, sender_fault=None):
        super().__init__(code, message)
        self.code = code
        self.message = message if message is not None else MESSAGES.get(code, "Told to fail: " + code)
        known = CODES.get(code, (CORAL, 400, None))
        self.namespace, self.status, self.query_code = known[0], status or known[1], known[2]
        self.sender_fault = self.status < 500 if sender_fault is None else sender_fault
