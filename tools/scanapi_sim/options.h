/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_OPTIONS_H
#define SCANAPI_SIM_OPTIONS_H

/* One table of options serves the command line, /_sim/set and --help. */

#include "settings.h"

#include <stdio.h>

#define OPTIONS_MESSAGE_SIZE 256

void options_defaults(struct settings *settings);

/* -1: message says what is wrong with the command line. */
int options_parse(struct settings *settings, int argc, char **argv, int64_t now,
                  char message[OPTIONS_MESSAGE_SIZE]);

/* Sets one option while the server runs.  Value may be NULL for a switch.  -1: message says why not. */
int options_set_live(struct settings *settings, const char *name, const char *value, int64_t now,
                     char message[OPTIONS_MESSAGE_SIZE]);

void options_help(FILE *to);

#endif
