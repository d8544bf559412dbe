/* SPDX-License-Identifier: BSL-1.0 */
#include "table.h"

#include <err.h>
#include <stdlib.h>

void table_read(FILE *in, void (*row)(void *context, const char *name, long price), void *context) {
  char line[256], name[64];
  long price;
  int number = 0;
  while (fgets(line, sizeof line, in) != NULL) {
    ++number;
    if (sscanf(line, "%63s %ld", name, &price) != 2) errx(2, "line %d is not a name and a price", number);
    row(context, name, price);
  }
  if (number == 0) exit(3);
}
