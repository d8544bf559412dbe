// SPDX-License-Identifier: BSL-1.0

// Package shop is a C library of which every declaration is another case for cgo-guard wrap.
package shop

//go:generate cgo-guard wrap -header ./shop.h -trim shop_ -name shop_gone=IsGone -fields "shelf|point" -param "open_out.out=out" -param "counts.rotten=out" -param "(open.motto|motto.result)=nullable" -param "pack.rest=out" -param "open.name=string"
