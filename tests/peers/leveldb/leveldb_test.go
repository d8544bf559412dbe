// SPDX-License-Identifier: BSL-1.0

package leveldb_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/peers/leveldb"
	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func bytewise(a, b []byte) (int, error) { return bytes.Compare(a, b), nil }

func open(t *testing.T, path string, order leveldb.Order, compare leveldb.Compare) *leveldb.Store {
	t.Helper()
	store, err := leveldb.Open(path, order, compare)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	return store
}

// use does everything that can be done with a sound database.
func use(t *testing.T, path string, order leveldb.Order) {
	t.Helper()
	store := open(t, path, order, bytewise)
	const n = 200
	for i := 0; i < n; i++ {
		if err := store.Put(fmt.Sprintf("key %03d", i*7%n), fmt.Sprint(i*7%n)); err != nil {
			t.Fatal(err)
		}
	}
	must(t, store.Compact())
	must(t, store.Delete("key 100"))
	if value, err := store.Get("key 099"); value != "99" || err != nil {
		t.Errorf("key 099 is %q, %v", value, err)
	}
	if _, err := store.Get("key 100"); err != leveldb.ErrNotFound {
		t.Errorf("a deleted key gave %v", err)
	}
	if count, err := store.Count(); count != n-1 || err != nil {
		t.Errorf("%d keys, %v, want %d", count, err, n-1)
	}
	must(t, store.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%+v", err)
	}
}

// failed checks an error of LevelDB's callers, and that a second database is none the worse.
func failed(t *testing.T, err error, target error, inCpp ...string) *cgoguard.Error {
	t.Helper()
	var e *cgoguard.Error
	if !errors.Is(err, target) || !errors.As(err, &e) {
		t.Fatalf("want %v, got %+v", target, err)
	}
	for _, part := range inCpp {
		if !strings.Contains(e.CStack(), part) {
			t.Errorf("%s is missing in\n%s", part, e.CStack())
		}
	}
	if !strings.Contains(e.GoStack(), "leveldb_test.Test") {
		t.Errorf("this test is missing in\n%s", e.GoStack())
	}
	use(t, t.TempDir(), leveldb.Bytewise)
	use(t, t.TempDir(), leveldb.GoKeepsError)
	return e
}

func TestASoundDatabaseWorksWithEveryOrder(t *testing.T) {
	for _, order := range []leveldb.Order{leveldb.Bytewise, leveldb.GoKeepsError, leveldb.GoThrowsThrough} {
		use(t, t.TempDir(), order)
	}
}

// The writer that crashed stays in LevelDB's queue: its handle must not be touched again, not even to close it.
func TestAComparatorThatCrashesInAWriteIsAnError(t *testing.T) {
	path := t.TempDir()
	store := open(t, path, leveldb.NullPointer, nil)
	must(t, store.Put("a", "1"))
	err := store.Put("crash", "2")
	e := failed(t, err, cgoguard.SIGSEGV, "null_pointer::Compare", "leveldb::DB::Put", "libleveldb", "peers_put")
	// Complete, although the writer is left behind: LevelDB has no cleanups that a guard could run.
	if e.Function != "peers_put" || e.Access != cgoguard.AccessRead || e.Cleanup != cgoguard.CleanupComplete {
		t.Errorf("the error is %+v", err)
	}
	_, err = leveldb.Open(path, leveldb.Bytewise, nil)
	if !errors.Is(err, cgoguard.ErrException) || !strings.Contains(err.Error(), "already held by process") {
		t.Errorf("a database whose writer crashed is locked as long as the process lives; a second opening gave %v", err)
	}
}

// LevelDB holds no lock while it looks a key up; what it leaks are references.
func TestAComparatorThatCrashesInAReadIsAnErrorAndTheDatabaseCanBeRead(t *testing.T) {
	path := t.TempDir()
	store := open(t, path, leveldb.NullPointer, nil)
	must(t, store.Put("a", "1"))
	_, err := store.Get("crash")
	failed(t, err, cgoguard.SIGSEGV, "null_pointer::Compare", "libleveldb", "peers_get")
	for i := 0; i < 100; i++ {
		if _, err := store.Get("crash"); !errors.Is(err, cgoguard.SIGSEGV) {
			t.Fatalf("the next crash gave %v", err)
		}
		if value, err := store.Get("a"); value != "1" || err != nil {
			t.Fatalf("after a crash, a is %q, %v", value, err)
		}
	}
	must(t, store.Put("b", "2"))
}

var errOrder = errors.New("these keys have no order")

// refusing returns a comparator that fails as long as fail does: a key it once refused stays in the database, and is
// compared again.
func refusing(fail *func() error) leveldb.Compare {
	return func(a, b []byte) (int, error) {
		if *fail != nil {
			return 0, (*fail)()
		}
		return bytes.Compare(a, b), nil
	}
}

func TestAKeptErrorOfAGoComparatorComesBackAndTheDatabaseGoesOn(t *testing.T) {
	path := t.TempDir()
	var fail func() error
	store := open(t, path, leveldb.GoKeepsError, refusing(&fail))
	must(t, store.Put("a", "1"))
	fail = func() error { return errOrder }
	failed(t, store.Put("b", "2"), errOrder, "peers_put")
	_, err := store.Get("a")
	failed(t, err, errOrder, "peers_get")

	fail = nil
	if n, err := store.Count(); n != 2 || err != nil {
		t.Errorf("%d keys, %v", n, err)
	}
	must(t, store.Delete("b"))
	must(t, store.Close())
	must(t, open(t, path, leveldb.Bytewise, nil).Close())
}

func TestAKeptPanicOfAGoComparatorGoesOnAndSoDoesTheDatabase(t *testing.T) {
	var fail func() error
	store := open(t, t.TempDir(), leveldb.GoKeepsError, refusing(&fail))
	must(t, store.Put("a", "1"))
	func() {
		defer func() {
			if value := recover(); value != "no order" {
				t.Errorf("recovered %v", value)
			}
		}()
		fail = func() error { panic("no order") }
		err := store.Put("b", "2")
		t.Errorf("instead of a panic there was %v", err)
	}()
	fail = nil
	must(t, store.Put("c", "2"))
	must(t, store.Close())
	use(t, t.TempDir(), leveldb.Bytewise)
}

// It can be thrown, for LevelDB has unwind tables; it has no landing pads, so nothing that it was doing is undone. That
// is bearable in a read.
func TestAnErrorOfAGoComparatorThrownThroughAReadComesBack(t *testing.T) {
	var fail func() error
	store := open(t, t.TempDir(), leveldb.GoThrowsThrough, refusing(&fail))
	must(t, store.Put("a", "1"))
	fail = func() error { return errOrder }
	_, err := store.Get("a")
	failed(t, err, errOrder, "Compare", "libleveldb", "peers_get")
	fail = nil
	if value, err := store.Get("a"); value != "1" || err != nil {
		t.Errorf("after it, a is %q, %v", value, err)
	}
}

func TestACorruptedFileIsAnError(t *testing.T) {
	path := t.TempDir()
	use(t, path, leveldb.Bytewise)
	tables, err := filepath.Glob(filepath.Join(path, "*.ldb"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no table files: %v", err)
	}
	for _, table := range tables {
		content, err := os.ReadFile(table)
		must(t, err)
		for i := range content[:len(content)/2] {
			content[i] ^= 0x55
		}
		must(t, os.WriteFile(table, content, 0o644))
	}
	store := open(t, path, leveldb.Bytewise, nil)
	_, err = store.Count()
	failed(t, err, cgoguard.ErrException, "peers_count")
	if !strings.Contains(err.Error(), "Corruption") {
		t.Errorf("LevelDB said %v", err)
	}
	must(t, store.Close())

	must(t, os.WriteFile(filepath.Join(path, "CURRENT"), []byte("MANIFEST-999999\n"), 0o644))
	_, err = leveldb.Open(path, leveldb.Bytewise, nil)
	failed(t, err, cgoguard.ErrException, "peers_open")
}

func TestANilHandleAndAClosedDatabaseAreErrors(t *testing.T) {
	_, err := new(leveldb.Store).Get("a")
	failed(t, err, cgoguard.SIGSEGV, "peers_get")

	store := open(t, t.TempDir(), leveldb.Bytewise, nil)
	must(t, store.Put("a", "1"))
	must(t, store.Close())
	failed(t, store.Put("a", "2"), cgoguard.SIGSEGV, "peers_put")
	_, err = store.Count()
	failed(t, err, cgoguard.SIGSEGV, "peers_count")
	must(t, store.Close())
}
