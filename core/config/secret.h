/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

/*
 * What must not be shown although nobody has said that it is a secret: a file with a mistake in it may
 * never get as far as the option tables.  Errs on the side of hiding.
 */

#include "config/diag.h"

/* "password", "db_passwd", "ApiKey", "auth", "passwrod": whose value is probably a secret. */
bool secret_name(const char *name);

/* "Server=db;PWD=x" and "http://user:password@host/": text that holds one. */
bool secret_text(const char *text);

/* "${DB_PASSWORD}", "${file:/run/x}": names a secret and holds none. */
bool secret_reference(const char *text);

/* Hides, line by line, in a file whose structure is not known because it could not be read. */
void secret_hide_lines(struct diag *diag, struct sp_slice text);

#endif
