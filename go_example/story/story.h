// SPDX-License-Identifier: BSL-1.0
#ifndef STORY_H
#define STORY_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

// What all items on the shelf count together. There is a gap on it.
cgo_guard_error *story_total(int64_t *total);
int64_t story_unguarded_total(void);

#ifdef __cplusplus
}
#endif
#endif  // STORY_H
