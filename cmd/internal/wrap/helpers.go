// SPDX-License-Identifier: BSL-1.0

package wrap

import "strings"

// writeHelpers writes what the functions above them call, as far as they do.
func (p *planner) writeHelpers(b *strings.Builder) {
	shim := func(text string) string { return strings.ReplaceAll(text, "SHIM_", p.shimName("")) }
	if p.helpers["function"] {
		b.WriteString(functionHelper)
	}
	if p.helpers["bytes"] {
		b.WriteString(bytesHelper)
	}
	if p.helpers["fits"] {
		b.WriteString(fitsHelper)
	}
	if p.helpers["cText"] || p.helpers["cNullable"] {
		b.WriteString(textHelper)
	}
	if p.helpers["cNullable"] {
		b.WriteString(nullableHelper)
	}
	if p.helpers["text"] {
		b.WriteString(shim(stringHelper))
	}
	if p.helpers["goNullable"] {
		b.WriteString(goNullableHelper)
	}
	if p.needsMemory() {
		b.WriteString(shim(memoryHelper))
	}
	b.WriteString(sizesHelper)
}

const functionHelper = `// CFunc is the address of a C function, uintptr(unsafe.Pointer(C.name)), or 0. A Go function is one if it is exported to C.
type CFunc uintptr

`

const bytesHelper = `// bytesPointer is where b begins: null for nil, and not null for a slice of nothing.
func bytesPointer(b []byte) unsafe.Pointer {
	switch {
	case b == nil:
		return nil
	case len(b) == 0:
		return unsafe.Pointer(&noByte)
	}
	return unsafe.Pointer(&b[0])
}

var noByte byte

`

const fitsHelper = `// fits says no to a length that C's type does not hold.
func fits(length int, most uint64, name string) error {
	if uint64(length) > most {
		return fmt.Errorf("%s has %d bytes, C takes at most %d: %w", name, length, most, syscall.EINVAL)
	}
	return nil
}

`

const textHelper = `// cText copies text into Go memory that ends in a NUL. Text that has one inside would be cut off there.
func cText(text, name string) (*byte, error) {
	pointer, err := syscall.BytePtrFromString(text)
	if err != nil {
		return nil, fmt.Errorf("%s has a NUL byte inside: %w", name, err)
	}
	return pointer, nil
}

`

const nullableHelper = `// cNullable is cText of what text points to, or null.
func cNullable(text *string, name string) (*byte, error) {
	if text == nil {
		return nil, nil
	}
	return cText(*text, name)
}

`

const stringHelper = `// CString is a char * in C's memory. The zero value is the null pointer.
type CString struct{ c *C.char }

// NewCString copies text, and a NUL byte, into C's memory. Free releases it.
func NewCString(text string) (CString, error) {
	memory, err := allocate(uint(len(text)) + 1)
	if err == nil {
		copy(unsafe.Slice((*byte)(memory), len(text)), text)
	}
	return CString{(*C.char)(memory)}, err
}

// CStringAt is the string that pointer points to, in C's memory.
func CStringAt(pointer unsafe.Pointer) CString { return CString{(*C.char)(pointer)} }

// Text copies the string, up to its NUL byte. That of the null pointer is empty.
func (s CString) Text() (string, error) { return goText(s.c) }

// IsNil reports whether it is the null pointer.
func (s CString) IsNil() bool { return s.c == nil }

// Pointer is the pointer itself.
func (s CString) Pointer() unsafe.Pointer { return unsafe.Pointer(s.c) }

// Free gives the memory to free(3), which is right for what NewCString has made, and for what a library says it is.
func (s CString) Free() error { return release(unsafe.Pointer(s.c)) }

func goText(text *C.char) (string, error) {
	if text == nil {
		return "", nil
	}
	var failure *C.cgo_guard_error
	length := C.SHIM_strlen(text, &failure)
	if err := cgoguard.Err(failure); err != nil {
		return "", err
	}
	return string(unsafe.Slice((*byte)(unsafe.Pointer(text)), int(length))), nil
}

`

const goNullableHelper = `// goNullable is goText, and nil for the null pointer.
func goNullable(text *C.char) (*string, error) {
	if text == nil {
		return nil, nil
	}
	copied, err := goText(text)
	return &copied, err
}

`

const memoryHelper = `func allocate(size uint) (unsafe.Pointer, error) {
	var failure *C.cgo_guard_error
	memory := C.SHIM_calloc(C.size_t(size), &failure)
	return memory, cgoguard.Err(failure)
}

func release(memory unsafe.Pointer) error { return cgoguard.Err(C.SHIM_free(memory)) }

`

const sizesHelper = `// A long is taken to be as large as Go's int: where it is not, as on Windows, this does not compile.
var _ [unsafe.Sizeof(int(0)) - unsafe.Sizeof(C.long(0))]struct{}
var _ [unsafe.Sizeof(C.long(0)) - unsafe.Sizeof(int(0))]struct{}

`
