// SPDX-License-Identifier: BSL-1.0

package wrap

const usage = `usage: cgo-guard wrap -header sqlite3.h -package sqlite -link sqlite3 [flags]

Reads the header of a C library and writes, into the current directory, sqlite_guarded.h and sqlite_guarded.cpp with a
guarded C++ function for each of its functions, and sqlite_guarded.go with Go functions that call those and return errors.
What can't be called from Go is listed with the reason. The library and its header stay as they are.

	-header H       the header as #include has it: sqlite3.h, leveldb/c.h, or ./mine.h for one beside the Go package
	-package P      the Go package; go generate knows it
	-dir D, -o N    write to D/N.go, D/N.h and D/N.cpp; . and P_guarded
	-link L         link with -lL
	-pkg-config N   take flags from pkg-config
	-I D, -D M      for the C preprocessor; a relative D is one of the Go package's

Which functions, by their C names:

	-func F,G       these
	-match RE       those that match the expression
	-skip RE        all but those
	-from RE        also those that headers declare whose path matches
	-constants RE   only these macros and enumerators; '^$' for none
	-fields RE      accessors for the fields of these structs
	-list           say what would be written

What they are in Go:

	-trim PREFIX    drop it from names
	-name C=Go      call this function, type or constant so
	-param RE=KIND  say what the header can't; RE is matched with function.parameter, or function.result:
	      out       what the pointer points to is a result
	      nullable  a string that may be null: *string
	      string    text that ends in a NUL, for other types than const char *
	      bytes     with the integer after it, a []byte
	      pointer   the bare pointer

Flags may be repeated. See docs/wrap.md.
`
