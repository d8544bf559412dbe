// SPDX-License-Identifier: BSL-1.0

package symbolize

import (
	"debug/elf"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
)

// A binary is an ELF file with debug information.
type binary struct {
	path    string
	name    string
	buildID string
	// isProgram is whether the file is a program, and not a library.
	isProgram bool
	used      bool
	file      *elf.File
	debug     *debugInfo
	symbols   []elf.Symbol // of functions, by address
}

// copyEndings are those of a copy that was not stripped, beside the name the program runs under.
var copyEndings = []string{".unstripped", ".debug", ".dbg", ".sym", ".full"}

func openBinary(path string) (*binary, error) {
	file, err := elf.Open(path)
	if _, notELF := err.(*elf.FormatError); notELF {
		return nil, fmt.Errorf("%s is not an ELF file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, unwrapped(err))
	}
	b := &binary{path: path, name: filepath.Base(path), file: file, buildID: buildIDOf(file)}
	// A separate debug file keeps the headers of sections that it does not have.
	b.isProgram = file.Type == elf.ET_EXEC || file.Section(".interp") != nil
	if file.Section(".debug_info") == nil && file.Section(".zdebug_info") == nil {
		return nil, fmt.Errorf("%s has no debug information: it is stripped itself, or was built without -g", path)
	}
	data, err := file.DWARF()
	if err != nil {
		return nil, fmt.Errorf("%s: its debug information can't be read: %w", path, err)
	}
	if b.debug, err = newDebugInfo(data); err != nil {
		return nil, fmt.Errorf("%s: its debug information can't be read: %w", path, err)
	}
	b.symbols = functionSymbols(file)
	return b, nil
}

// unwrapped is an error of the os package without the path that it begins with.
func unwrapped(err error) error {
	if inner, ok := err.(interface{ Unwrap() error }); ok {
		return inner.Unwrap()
	}
	return err
}

// buildIDOf reads the note of type NT_GNU_BUILD_ID (3): three words with the sizes of name and value and the type, and
// then those two, padded to words.
func buildIDOf(file *elf.File) string {
	for _, section := range file.Sections {
		if section.Type != elf.SHT_NOTE {
			continue
		}
		notes, err := section.Data()
		if err != nil {
			continue
		}
		for len(notes) >= 12 {
			order := file.ByteOrder
			name, value, kind := uint64(order.Uint32(notes)), uint64(order.Uint32(notes[4:])), order.Uint32(notes[8:])
			notes = notes[12:]
			begin := (name + 3) &^ 3
			if begin+value > uint64(len(notes)) {
				break
			}
			if kind == 3 && string(notes[:name]) == "GNU\x00" {
				return hex.EncodeToString(notes[begin : begin+value])
			}
			next := begin + (value+3)&^3
			if next > uint64(len(notes)) {
				break
			}
			notes = notes[next:]
		}
	}
	return ""
}

func functionSymbols(file *elf.File) []elf.Symbol {
	all, _ := file.Symbols() // none is no error here
	var functions []elf.Symbol
	for _, symbol := range all {
		if kind := elf.ST_TYPE(symbol.Info); kind == elf.STT_FUNC && symbol.Section != elf.SHN_UNDEF {
			functions = append(functions, symbol)
		}
	}
	sort.SliceStable(functions, func(i, j int) bool { return functions[i].Value < functions[j].Value })
	return functions
}

// symbolAt is the raw name that the symbol table has for an address, or "".
func (b *binary) symbolAt(address uint64) string {
	i := sort.Search(len(b.symbols), func(i int) bool { return b.symbols[i].Value > address })
	for i--; i >= 0; i-- {
		symbol := b.symbols[i]
		// Assembly may have given it no size.
		if address < symbol.Value+symbol.Size || symbol.Size == 0 {
			return symbol.Name
		}
		// Two symbols of one address may have different sizes.
		if i == 0 || b.symbols[i-1].Value != symbol.Value {
			return ""
		}
	}
	return ""
}

// names are those that the module may have had when the report was written.
func (b *binary) names() []string {
	names := []string{b.name}
	for _, ending := range copyEndings {
		if strings.HasSuffix(b.name, ending) {
			names = append(names, strings.TrimSuffix(b.name, ending))
		}
	}
	return names
}

// A place is a function and the line in it.
type place struct {
	function string
	where    string // file:line, file:line:column or ""
}

// at has the functions at an offset: those that are inlined, innermost first, and the one they are in. None if it has no
// name.
func (b *binary) at(offset uint64) ([]place, error) {
	symbol := b.symbolAt(offset)
	places, err := b.debug.at(offset, symbol)
	if err != nil {
		return nil, fmt.Errorf("%s: its debug information can't be read: %w", b.path, err)
	}
	if len(places) == 0 && symbol != "" {
		return []place{{function: demangled(symbol)}}, nil
	}
	for _, p := range places {
		if p.function == "" {
			return nil, nil
		}
	}
	return places, nil
}
