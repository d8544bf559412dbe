// SPDX-License-Identifier: BSL-1.0

// Package leveldb is LevelDB by its C interface, guarded.
package leveldb

//go:generate cgo-guard wrap -header leveldb/c.h -link leveldb -trim leveldb_ -param "\\.(errptr|vallen)$=out"
