/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_AWS_STS_XML_H
#define LIB_AWS_STS_XML_H

/*
 * The answers of AWS STS, the one service here that speaks XML: elements within elements, and text in the
 * innermost.  No more of XML is read than these have: document types, CDATA, comments and instructions but
 * the first are faults.  Pure.
 */

#include <scanpipe/base.h>

struct sts_field {
    const char *path; /* "ErrorResponse/Error/Code": names from the root on */
    char *out;        /* its text, of `size` bytes with its NUL */
    size_t size;
    bool found;
};

/* Fills the fields whose elements are there.  NULL, or a constant text that says what is wrong; a text that
 * does not fit and an element that is there twice are. */
const char *sts_xml_read(struct sp_slice xml, struct sts_field *fields, size_t count) SP_MUST_CHECK;

#endif
