/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

/*
 * What a command writes for people: to standard output, or into a file that has its name only once it is
 * whole.  Until then what the file held before is there, and stays there where the command fails.  A pipe or
 * a device is written as it is.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
    FILE *file;
    const char *path;         /* as people said it; NULL: standard output */
    bool renamed;             /* it gets its name in the end; else it is written as it is */
    char whole[PATH_MAX];     /* the name that it gets ... */
    char part[PATH_MAX + 32]; /* ... and the one that it has until then */
};

/* -1 after a complaint.  `path` NULL: standard output. */
int output_open(struct output *output, const char *path);

/* Ends what is open.  `keep`: on the disk, by its name; -1 after a complaint where it cannot.  Else what was
 * written is dropped, where it is a file. */
int output_close(struct output *output, bool keep);

#endif
