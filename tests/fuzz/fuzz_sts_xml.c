/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of STS: read, or a reason why not; texts fit and are terminated.  And what is made of one:
 * credentials that can stand in a header, or a failure. */
#include <config.h>

#include <assert.h>
#include <lib_aws/grant.h>
#include <lib_aws/sts_xml.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_visible(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char code[8], message[64];
    struct sts_field fields[] = {{"ErrorResponse/Error/Code", code, sizeof code, false},
                                 {"ErrorResponse/Error/Message", message, sizeof message, false}};
    struct sp_slice xml = {(const char *)data, size};
    struct grant_source source = {.who = "STS", .wall_ms = 1795403777000};
    struct sp_error err = {0};
    struct grant grant = {.lives_ns = 0};
    if (sts_xml_read(xml, fields, 2) == NULL)
        for (size_t i = 0; i < 2; i++)
            assert(!fields[i].found || memchr(fields[i].out, '\0', fields[i].size));
    const struct aws_credentials *got = &grant.credentials;
    if (grant_from_xml(xml, &source, &grant, &err) == 0)
        assert(*got->access_key_id && *got->secret_access_key && is_visible(got->access_key_id) &&
               is_visible(got->secret_access_key) && is_visible(got->session_token) && grant.lives_ns >= 0);
    else
        assert(err.class != SP_OK && err.text[0]);
    assert(grant_fail_xml(400, xml, &source, &err) == -1 && err.text[0]);
    return 0;
}
