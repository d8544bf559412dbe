// SPDX-License-Identifier: BSL-1.0

package shop

import (
	"errors"
	"math"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// is compares a result with what is wanted.
func is[T comparable](t *testing.T, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Fatalf("%+v", err)
	}
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func open(t *testing.T) Shop {
	motto := "fresh"
	shop, err := Open("corner", &motto)
	if err != nil || shop.IsNil() {
		t.Fatal(err)
	}
	return shop
}

func TestConstants(t *testing.T) {
	if SHOP_VERSION != "1.2" || SHOP_FULL_VERSION != "1.2-beta" || SHOP_LIMIT != 16 || SHOP_MASK != -15 || SHOP_PRICE != 2.5 ||
		uint64(SHOP_BIG) != 1<<63 || SHOP_LETTER != 'a' || SHOP_SMALL != 44 || SHOP_NAMELESS != 3 || SmallLetters != 4 {
		t.Error("another value")
	}
	if SHOP_NOBODY != 0 || SHOP_EVERYBODY != ^CFunc(0) {
		t.Error("another function")
	}
	if SHOP_OPEN != State_(-1) || SHOP_ROTTEN != Quality(2) {
		t.Error("another enumerator")
	}
}

func TestStrings(t *testing.T) {
	shop := open(t)
	name, err := Name(shop)
	is(t, name, err, "corner")
	motto, err := Motto(shop)
	is(t, *motto, err, "fresh")
	other, err := Open("", nil)
	is(t, other.IsNil(), err, false)
	motto, err = Motto(other)
	is(t, motto, err, nil)
	copied, err := CopyName(shop)
	is(t, copied.IsNil(), err, false)
	text, err := copied.Text()
	is(t, text, err, "corner")
	if err := Free(copied.Pointer()); err != nil {
		t.Error(err)
	}
	if _, err := Open("a\x00b", nil); !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "name has a NUL byte") {
		t.Error(err)
	}
	sum, err := Unnamed(4, "three")
	is(t, sum, err, 9)
}

func TestOutParameters(t *testing.T) {
	status, shop, err := OpenOut("corner")
	is(t, status, err, 7)
	var ripe int32
	total, rotten, err := Counts(shop, &ripe)
	is(t, total, err, 6)
	if ripe != 3 || rotten != 4 {
		t.Error(ripe, rotten)
	}
	_, rotten, err = Counts(shop, nil)
	is(t, rotten, err, 4)
	blob, rest, err := Pack(shop.Pointer())
	is(t, blob, err, rest)
}

func TestBytes(t *testing.T) {
	shop := open(t)
	n, err := Write(shop, []byte("pear"))
	is(t, n, err, 4)
	buffer := make([]byte, 3)
	n, err = Read(shop, buffer)
	is(t, n, err, 3)
	if string(buffer) != "pea" {
		t.Errorf("%q", buffer)
	}
	n, err = Read(shop, nil)
	is(t, n, err, -1)
	n, err = Read(shop, buffer[:0])
	is(t, n, err, 0)
	n, err = Put([]byte("a"), make([]byte, math.MaxUint16))
	is(t, n, err, 165535)
	if _, err = Put([]byte("a"), make([]byte, math.MaxUint16+1)); !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "pValue has 65536 bytes") {
		t.Error(err)
	}
}

func TestStructs(t *testing.T) {
	point, err := Move(PointValue{1, 2}, 10, 20)
	is(t, point, err, PointValue{11, 22})
	shop := open(t)
	item, err := First(shop, ItemValue{Type: 1, At: PointValue{3, 4}, Quality: SHOP_RIPE, Code: [4]uint8{1, 2, 3, 4}})
	is(t, item.Type, err, 2)
	if item.At != (PointValue{-3, 4}) || item.Quality != SHOP_ROTTEN || item.Code != [4]uint8{1, 2, 3, 9} || item.Shop != shop {
		t.Errorf("%+v", item)
	}
	name, err := item.Name.Text()
	is(t, name, err, "corner")
}

func TestFields(t *testing.T) {
	point, err := NewPoint()
	is(t, point.IsNil(), err, false)
	if err := MoveTo(point, 5, 6); err != nil {
		t.Error(err)
	}
	y, err := point.Y()
	is(t, y, err, 6)
	if err := point.Free(); err != nil {
		t.Error(err)
	}

	shelf, err := NewShelf()
	is(t, shelf.IsNil(), err, false)
	for _, err := range []error{shelf.SetCount(1), shelf.SetRipe(1), shelf.SetDataWordsLength(100), shelf.SetInner(1000)} {
		if err != nil {
			t.Error(err)
		}
	}
	stock, err := Stock(shelf)
	is(t, stock, err, 1102)
	length, err := shelf.DataWordsLength()
	is(t, length, err, 100)
	hook, err := shelf.Hook()
	is(t, hook, err, 0)

	if _, err := (Shelf{}).Count(); !errors.Is(err, cgoguard.SIGSEGV) {
		t.Error(err)
	}
}

func TestFunctions(t *testing.T) {
	shop := open(t)
	visit, err := Counter()
	is(t, visit == 0, err, false)
	var seen int32
	sum, err := Each(shop, visit, unsafe.Pointer(&seen), 0)
	is(t, sum, err, 3)
	is(t, seen, nil, 2)
	for _, c := range []struct {
		visit CFunc
		want  int32
	}{{SHOP_NOBODY, -1}, {SHOP_EVERYBODY, -2}} {
		sum, err := Each(shop, c.visit, nil, 0)
		is(t, sum, err, c.want)
	}
	if _, err := Each(shop, 0x10000000, nil, 0); !errors.Is(err, cgoguard.SIGSEGV) {
		t.Error(err)
	}
}

func TestScalars(t *testing.T) {
	shop := open(t)
	till, err := Till(shop)
	is(t, till.IsNil(), err, false)
	price, err := Price(till, true, 'a', -7, 1<<40)
	is(t, price, err, 1000+1+'a'-7+1<<40)
	if err := SetState(shop, SHOP_OPEN); err != nil {
		t.Error(err)
	}
	state, err := State(shop)
	is(t, state, err, SHOP_OPEN)
	second, err := Draw(Ticket{})
	is(t, second.IsNil(), err, false)
	third, err := Draw(second)
	is(t, third == second, err, false)
	sum, err := Keywords(1, 2, 3, 4, 5, 6, 7)
	is(t, sum, err, 28)
	one, err := Inline(1)
	is(t, one, err, 2)
	gone, err := IsGone(Shop{})
	is(t, gone, err, 1)
}

func TestArrays(t *testing.T) {
	first, err := NewCString("apple")
	is(t, first.IsNil(), err, false)
	names := []CString{first, first}
	length, err := Names(&names[0], int32(len(names)), nil)
	is(t, length, err, 10)
	if err := first.Free(); err != nil {
		t.Error(err)
	}
	grid := [2][4]int32{{1, 2, 3, 4}, {5, 6, 7, 8}}
	last, err := Grid(unsafe.Pointer(&grid), 2)
	is(t, last, err, 8)
}

func TestCrashesBecomeErrors(t *testing.T) {
	for name, call := range map[string]func() error{
		"a function":            func() error { return SetState(Shop{}, SHOP_CLOSED) },
		"with a result":         func() error { _, err := Total(Shop{}); return err },
		"with a string":         func() error { _, err := Motto(Shop{}); return err },
		"with a struct":         func() error { _, err := First(Shop{}, ItemValue{}); return err },
		"a string that is none": func() error { _, err := CStringAt(unsafe.Add(unsafe.Pointer(nil), 0x10000000)).Text(); return err },
	} {
		if err := call(); !errors.Is(err, cgoguard.SIGSEGV) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
