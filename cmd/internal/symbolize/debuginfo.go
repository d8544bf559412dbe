// SPDX-License-Identifier: BSL-1.0

package symbolize

import (
	"debug/dwarf"
	"io"
	"sort"
)

// A debugInfo is the DWARF of one file, of which a compilation unit is read when something in it is asked for.
type debugInfo struct {
	data   *dwarf.Data
	starts []*dwarf.Entry // the units, by offset
	ranges []unitRange    // and by address
	units  map[dwarf.Offset]*unit
}

type unitRange struct {
	low, high uint64
	entry     *dwarf.Entry
}

// A unit is what we keep of a compilation unit.
type unit struct {
	root      *node
	nodes     map[dwarf.Offset]*node
	functions []functionRange // by address
	lines     []dwarf.LineEntry
	files     []*dwarf.LineFile
}

// A node is an entry that a function may be, or be in.
type node struct {
	entry    *dwarf.Entry
	parent   *node
	children []*node
}

type functionRange struct {
	low, high uint64
	function  *node
}

func newDebugInfo(data *dwarf.Data) (*debugInfo, error) {
	d := &debugInfo{data: data, units: map[dwarf.Offset]*unit{}}
	for reader := data.Reader(); ; reader.SkipChildren() {
		entry, err := reader.Next()
		if err != nil {
			return nil, err
		}
		if entry == nil {
			break
		}
		d.starts = append(d.starts, entry)
		ranges, err := data.Ranges(entry)
		if err != nil {
			continue // a unit of types, or of another producer, which has no code that we could find
		}
		for _, r := range ranges {
			if isCode(r) {
				d.ranges = append(d.ranges, unitRange{r[0], r[1], entry})
			}
		}
	}
	sort.SliceStable(d.ranges, func(i, j int) bool { return d.ranges[i].low < d.ranges[j].low })
	return d, nil
}

// isCode reports whether a range has code: a function that the linker threw away keeps its entry, at address 0 or 1.
func isCode(r [2]uint64) bool { return r[0] > 1 && r[0] < r[1] }

// unitAt is the unit whose code is at an address, or nil.
func (d *debugInfo) unitAt(address uint64) (*unit, error) {
	i := sort.Search(len(d.ranges), func(i int) bool { return d.ranges[i].low > address }) - 1
	if i < 0 || address >= d.ranges[i].high {
		return nil, nil
	}
	return d.unit(d.ranges[i].entry)
}

// unitWith is the unit that an entry belongs to, or nil.
func (d *debugInfo) unitWith(offset dwarf.Offset) (*unit, error) {
	start := d.startOf(offset)
	if start == nil {
		return nil, nil
	}
	return d.unit(start)
}

// entryAt reads one entry. In Go 1.19 a reader that has not been at the unit's first entry does not know where the
// strings of DWARF 5 begin (DW_AT_str_offsets_base), and gives an entry another one's name.
func (d *debugInfo) entryAt(offset dwarf.Offset) (*dwarf.Entry, error) {
	reader := d.data.Reader()
	if start := d.startOf(offset); start != nil {
		reader.Seek(start.Offset)
		if _, err := reader.Next(); err != nil {
			return nil, err
		}
	}
	reader.Seek(offset)
	return reader.Next()
}

// startOf is the first entry of the unit that an entry belongs to, or nil.
func (d *debugInfo) startOf(offset dwarf.Offset) *dwarf.Entry {
	i := sort.Search(len(d.starts), func(i int) bool { return d.starts[i].Offset > offset }) - 1
	if i < 0 {
		return nil
	}
	return d.starts[i]
}

func (d *debugInfo) unit(start *dwarf.Entry) (*unit, error) {
	if known := d.units[start.Offset]; known != nil {
		return known, nil
	}
	u := &unit{nodes: map[dwarf.Offset]*node{}}
	d.units[start.Offset] = u
	if err := d.readTree(u, start); err != nil {
		return nil, err
	}
	if err := d.readLines(u, start); err != nil {
		return nil, err
	}
	sort.SliceStable(u.functions, func(i, j int) bool { return u.functions[i].low < u.functions[j].low })
	return u, nil
}

// readTree reads the entries in which a function may be: GCC puts the body of a lambda, and every guarded block is one,
// inside the function around it.
func (d *debugInfo) readTree(u *unit, start *dwarf.Entry) error {
	u.root = &node{entry: start}
	u.nodes[start.Offset] = u.root
	reader := d.data.Reader()
	reader.Seek(start.Offset)
	if _, err := reader.Next(); err != nil || !start.Children {
		return err
	}
	for around := u.root; around != nil; {
		entry, err := reader.Next()
		if err != nil {
			return err
		}
		if entry == nil {
			return nil
		}
		switch entry.Tag {
		case 0:
			around = around.parent
		case dwarf.TagNamespace, dwarf.TagClassType, dwarf.TagStructType, dwarf.TagUnionType, dwarf.TagSubprogram,
			dwarf.TagInlinedSubroutine, dwarf.TagLexDwarfBlock, dwarf.TagTryDwarfBlock, dwarf.TagCatchDwarfBlock:
			n := &node{entry: entry, parent: around}
			around.children = append(around.children, n)
			u.nodes[entry.Offset] = n
			if entry.Tag == dwarf.TagSubprogram {
				d.addFunction(u, n)
			}
			if entry.Children {
				around = n
			}
		default:
			reader.SkipChildren()
		}
	}
	return nil
}

func (d *debugInfo) addFunction(u *unit, n *node) {
	ranges, err := d.data.Ranges(n.entry)
	if err != nil {
		return
	}
	for _, r := range ranges {
		if isCode(r) {
			u.functions = append(u.functions, functionRange{r[0], r[1], n})
		}
	}
}

// readLines keeps the unit's rows of line numbers, sorted. The linker may have put its functions anywhere, and the table
// has them in the order in which they were compiled.
func (d *debugInfo) readLines(u *unit, start *dwarf.Entry) error {
	reader, err := d.data.LineReader(start)
	if err != nil || reader == nil {
		return err
	}
	var sequences [][]dwarf.LineEntry
	var sequence []dwarf.LineEntry
	for {
		var line dwarf.LineEntry
		err := reader.Next(&line)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		sequence = append(sequence, line)
		if line.EndSequence {
			if isCode([2]uint64{sequence[0].Address, line.Address}) {
				sequences = append(sequences, sequence)
			}
			sequence = nil
		}
	}
	sort.SliceStable(sequences, func(i, j int) bool { return sequences[i][0].Address < sequences[j][0].Address })
	for _, sequence := range sequences {
		u.lines = append(u.lines, sequence...)
	}
	u.files = reader.Files()
	return nil
}
