// SPDX-License-Identifier: BSL-1.0

// Package zlib is zlib, guarded. inflateInit is a macro; inflate.h makes a function of it, which has types.
package zlib

//go:generate cgo-guard wrap -header zlib.h -header ./inflate.h -link z -fields ^z_stream
