/* SPDX-License-Identifier: BSL-1.0 */
/* A library in C, of the kind that has been a command-line tool: what it can't read, it exits about. */
#ifndef TABLE_H
#define TABLE_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls row(context, name, price) for each line "name price". Exits with 2 on a bad line, and with 3 on none. */
void table_read(FILE *in, void (*row)(void *context, const char *name, long price), void *context);

#ifdef __cplusplus
}
#endif
#endif
