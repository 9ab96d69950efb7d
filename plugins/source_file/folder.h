/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_FILE_FOLDER_H
#define SOURCE_FILE_FOLDER_H

#include "place.h"

/*
 * The first file of the folder whose name sorts behind `after`, by bytes: *.ndjson, *.jsonl, *.json and
 * *.gz, none of them hidden.  *found_out false: there is none.  -1 with errno.
 *
 * The folder is listed anew each time, so that a file that came meanwhile is not passed over.
 */
int folder_next(const char *folder, const char *after, char name_out[PLACE_NAME_SIZE], bool *found_out);

#endif
