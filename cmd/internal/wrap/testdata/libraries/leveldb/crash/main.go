// SPDX-License-Identifier: BSL-1.0

// Command crash uses LevelDB as it is meant to be used, and then a database after it was closed to nothing.
package main

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"example.com/libraries/leveldb"
	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	directory, err := os.MkdirTemp("", "leveldb")
	must(err)
	defer os.RemoveAll(directory)

	options, err := leveldb.OptionsCreate()
	must(err)
	_, message, err := leveldb.Open(options, directory)
	must(err)
	text, err := message.Text()
	must(err)
	fmt.Println(text[:16])
	must(leveldb.Free(message.Pointer()))

	must(leveldb.OptionsSetCreateIfMissing(options, 1))
	db, message, err := leveldb.Open(options, directory)
	check(message, err)
	write, err := leveldb.WriteoptionsCreate()
	must(err)
	message, err = leveldb.Put(db, write, []byte("apple"), []byte("3"))
	check(message, err)
	fmt.Println("apple:", get(db))

	// The bug: nobody has opened this database.
	read, err := leveldb.ReadoptionsCreate()
	must(err)
	_, _, _, err = leveldb.Get(leveldb.Leveldb{}, read, []byte("apple"))
	if !errors.Is(err, cgoguard.SIGSEGV) {
		fail("no crash", err)
	}
	fmt.Printf("%+v\n\n", err)

	// It goes on.
	fmt.Println("still apple:", get(db))
	must(leveldb.Close(db))
	fmt.Println("closed")
}

func get(db leveldb.Leveldb) string {
	read, err := leveldb.ReadoptionsCreate()
	must(err)
	value, length, message, err := leveldb.Get(db, read, []byte("apple"))
	check(message, err)
	text := string(unsafe.Slice((*byte)(value.Pointer()), int(length)))
	must(leveldb.Free(value.Pointer()))
	return text
}

func check(message leveldb.CString, err error) {
	must(err)
	if !message.IsNil() {
		text, _ := message.Text()
		fail(text)
	}
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
