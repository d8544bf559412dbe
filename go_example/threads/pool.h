/* SPDX-License-Identifier: BSL-1.0 */
/* A C++ library that works with threads of its own. */
#ifndef POOL_H
#define POOL_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Renders the pages from first to last on a thread each and waits for them. The first failure of a page is the error;
   the pages that were rendered are counted in any case. */
cgo_guard_error *pool_render(int32_t first, int32_t last, int32_t *rendered);

/* Starts a thread that checks one shelf after another in the background, and returns. */
cgo_guard_error *pool_check_shelves(int32_t shelves);

/* Gives `messages` messages to a library that calls back on a thread of its own making. */
cgo_guard_error *pool_receive(int32_t messages, int32_t *handled);

#ifdef __cplusplus
}
#endif
#endif
