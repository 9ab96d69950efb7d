/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "md5.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>

bool md5_fits(struct sp_slice bytes, const char *hex)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char text[2 * EVP_MAX_MD_SIZE + 1];
    if (!*hex || EVP_Digest(bytes.data, bytes.size, digest, &size, EVP_md5(), NULL) != 1)
        return true;
    for (unsigned i = 0; i < size; i++)
        snprintf(text + (size_t)2 * i, 3, "%02x", digest[i]);
    return strcasecmp(text, hex) == 0;
}
