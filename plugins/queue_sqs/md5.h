/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_MD5_H
#define QUEUE_SQS_MD5_H

/* MD5 (RFC 1321) as SQS uses it: against bytes that change on the way, not against people. */

#include <scanpipe/base.h>

/* Whether `hex` is the digest of the bytes.  True also where it is "", or where the crypto library refuses
 * MD5, as it does on machines in FIPS mode. */
bool md5_fits(struct sp_slice bytes, const char *hex);

#endif
