// SPDX-License-Identifier: BSL-1.0

// Command crash uses SQLite as it is meant to be used, and then gives it a database that is none.
package main

import (
	"errors"
	"fmt"
	"os"

	"example.com/libraries/sqlite"
	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	status, db, err := sqlite.OpenV2(":memory:", sqlite.SQLITE_OPEN_READWRITE|sqlite.SQLITE_OPEN_CREATE, nil)
	must(err)
	if status != sqlite.SQLITE_OK {
		fail("open", status)
	}
	var message sqlite.CString
	status, err = sqlite.Exec(db, "CREATE TABLE item(name); INSERT INTO item VALUES('apple')", 0, nil, &message)
	must(err)
	if status != sqlite.SQLITE_OK {
		text, _ := message.Text()
		fail(text, status)
	}
	fmt.Println("found", find(db))

	status, err = sqlite.Exec(db, "SELECT * FROM nowhere", 0, nil, &message)
	must(err)
	text, err := message.Text()
	must(err)
	must(sqlite.Free(message.Pointer()))
	fmt.Println("status", status, text)

	// The bug: this handle was never opened.
	_, err = sqlite.Changes(sqlite.Sqlite3{})
	if !errors.Is(err, cgoguard.SIGSEGV) {
		fail("no crash", err)
	}
	fmt.Printf("%+v\n\n", err)

	// It goes on.
	fmt.Println("still found", find(db))
	status, err = sqlite.Close(db)
	must(err)
	fmt.Println("closed", status)
}

func find(db sqlite.Sqlite3) string {
	status, statement, err := sqlite.PrepareV2(db, []byte("SELECT name FROM item"), nil)
	must(err)
	if status != sqlite.SQLITE_OK {
		message, err := sqlite.Errmsg(db)
		fail(message, err)
	}
	status, err = sqlite.Step(statement)
	must(err)
	if status != sqlite.SQLITE_ROW {
		fail("step", status)
	}
	text, err := sqlite.ColumnText(statement, 0)
	must(err)
	_, err = sqlite.Finalize(statement)
	must(err)
	return text
}

func must(err error) {
	if err != nil {
		fail(fmt.Sprintf("%+v", err))
	}
}

func fail(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}
