/* SPDX-License-Identifier: BSL-1.0 */
/* In another directory than the package. */
#define BEGIN_GUARDED return CGO_GUARD
