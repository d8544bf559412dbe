// SPDX-License-Identifier: BSL-1.0

package symbolize

import (
	"debug/dwarf"
	"fmt"
	"path"
	"sort"
)

// at has the functions at an address, innermost first. symbol is what the symbol table says of it.
func (d *debugInfo) at(address uint64, symbol string) ([]place, error) {
	u, err := d.unitAt(address)
	if err != nil || u == nil {
		return nil, err
	}
	where := u.lineAt(address)
	function := u.functionAt(address)
	if function == nil { // assembly, or what -gsplit-dwarf leaves
		if symbol == "" {
			return nil, nil
		}
		return []place{{demangled(symbol), where}}, nil
	}
	chain := append([]*node{function}, d.inlinedAt(function, address)...)
	var places []place
	for i := len(chain) - 1; i >= 0; i-- {
		// The symbol is that of the function which the others are inlined into.
		of := ""
		if i == 0 {
			of = symbol
		}
		name, err := d.name(chain[i], of)
		if err != nil {
			return nil, err
		}
		places = append(places, place{name, where})
		where = u.callOf(chain[i].entry)
	}
	return places, nil
}

func (u *unit) functionAt(address uint64) *node {
	i := sort.Search(len(u.functions), func(i int) bool { return u.functions[i].low > address }) - 1
	if i < 0 || address >= u.functions[i].high {
		return nil
	}
	return u.functions[i].function
}

// inlinedAt has the calls inlined into a function at an address, outermost first.
func (d *debugInfo) inlinedAt(around *node, address uint64) []*node {
	for _, child := range around.children {
		switch child.entry.Tag {
		case dwarf.TagInlinedSubroutine:
			if d.covers(child.entry, address) {
				return append([]*node{child}, d.inlinedAt(child, address)...)
			}
		case dwarf.TagLexDwarfBlock, dwarf.TagTryDwarfBlock, dwarf.TagCatchDwarfBlock:
			// One without addresses of its own is as large as what it is in.
			everywhere := child.entry.Val(dwarf.AttrLowpc) == nil && child.entry.Val(dwarf.AttrRanges) == nil
			if !everywhere && !d.covers(child.entry, address) {
				continue
			}
			if inner := d.inlinedAt(child, address); len(inner) > 0 || !everywhere {
				return inner
			}
		}
	}
	return nil
}

func (d *debugInfo) covers(entry *dwarf.Entry, address uint64) bool {
	ranges, err := d.data.Ranges(entry)
	if err != nil {
		return false
	}
	for _, r := range ranges {
		if address >= r[0] && address < r[1] {
			return true
		}
	}
	return false
}

// lineAt is the line of an address: the last row that does not begin behind it.
func (u *unit) lineAt(address uint64) string {
	i := sort.Search(len(u.lines), func(i int) bool { return u.lines[i].Address > address }) - 1
	if i < 0 || u.lines[i].EndSequence || u.lines[i].File == nil {
		return ""
	}
	return u.where(u.lines[i].File.Name, int64(u.lines[i].Line), int64(u.lines[i].Column))
}

// callOf is where an inlined function is called.
func (u *unit) callOf(inlined *dwarf.Entry) string {
	file, _ := inlined.Val(dwarf.AttrCallFile).(int64)
	line, _ := inlined.Val(dwarf.AttrCallLine).(int64)
	column, _ := inlined.Val(dwarf.AttrCallColumn).(int64)
	if file < 0 || file >= int64(len(u.files)) || u.files[file] == nil {
		return ""
	}
	return u.where(u.files[file].Name, line, column)
}

// where is as the library itself prints it. Line 0 is how a compiler says that an instruction belongs to no line, and
// column 0 that it does not know.
func (u *unit) where(file string, line, column int64) string {
	file = u.fullPath(file)
	switch {
	case line <= 0:
		return ""
	case column <= 0:
		return fmt.Sprintf("%s:%d", file, line)
	}
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// fullPath mends what debug/dwarf makes of the names of DWARF 5. It puts a directory before an absolute one too: clang
// has it so for the unit's own source. And it leaves a directory relative to that of the compilation.
func (u *unit) fullPath(file string) string {
	source, _ := u.root.entry.Val(dwarf.AttrName).(string)
	directory, _ := u.root.entry.Val(dwarf.AttrCompDir).(string)
	switch {
	case path.IsAbs(source) && file == path.Join(directory, source):
		return source
	case !path.IsAbs(file) && directory != "":
		return path.Join(directory, file)
	}
	return file
}
