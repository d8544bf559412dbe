/* SPDX-License-Identifier: BSL-1.0 */
#ifndef INFLATE_H
#define INFLATE_H

#include <zlib.h>

static inline int inflate_init(z_streamp stream) { return inflateInit(stream); }

#endif /* INFLATE_H */
