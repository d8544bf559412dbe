// SPDX-License-Identifier: BSL-1.0

// Package sqlite is SQLite as Debian has it, guarded. It is written without the functions that Debian's library leaves out.
package sqlite

//go:generate cgo-guard wrap -header sqlite3.h -link sqlite3 -trim sqlite3_ -skip "win32|mutex_(not)?held|scanstatus|snapshot" -param "\\.(ppDb|ppStmt)$=out" -param "open_v2.zVfs=nullable" -param "column_text.result=string"
