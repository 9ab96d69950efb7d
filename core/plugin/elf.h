/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_ELF_H
#define PLUGIN_ELF_H

#include <scanpipe/error.h>

/* Whether a file is a shared object of this machine and whole: loading a cut one would end in SIGBUS,
 * not in an error.  -1: err says what is wrong (SP_REFUSED). */
int elf_check(const char *path, struct sp_error *err) SP_MUST_CHECK;

#endif
