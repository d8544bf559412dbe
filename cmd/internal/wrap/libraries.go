// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"debug/elf"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// checkLibraries says which functions the header declares and the library on this machine does not have: with them the
// program would not link. It is only said, and a -skip is proposed, because what is written is to be the same everywhere.
func (p *planner) checkLibraries(w io.Writer) {
	libraries := append([]string{}, p.o.links...)
	if len(p.o.pkgConfig) > 0 {
		flags, err := pkgConfig("--libs", p.o.pkgConfig)
		if err != nil {
			return
		}
		for _, flag := range flags {
			if strings.HasPrefix(flag, "-l") {
				libraries = append(libraries, flag[len("-l"):])
			}
		}
	}
	defined := map[string]bool{}
	var found []string
	for _, name := range libraries {
		path, ok := exported(name, defined)
		if !ok {
			return // a static library, or one of another place: the linker will say
		}
		found = append(found, filepath.Base(path))
	}
	if len(found) == 0 {
		return
	}
	var missing []string
	for _, op := range p.plan.operations {
		if op.receiver == nil && !defined[op.c] && !p.h.inline[op.c] {
			missing = append(missing, regexp.QuoteMeta(op.c))
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(w, "cgo-guard wrap: %s has no %s: leave them out, or the program will not link:\n  -skip '^(%s)$'\n",
			list(found), strings.Join(missing, ", "), strings.Join(missing, "|"))
	}
}

// exported adds the functions of a shared library to defined.
func exported(name string, defined map[string]bool) (path string, ok bool) {
	output, err := exec.Command(compiler(), "-print-file-name=lib"+name+".so").Output()
	path = strings.TrimSpace(string(output))
	if err != nil || !filepath.IsAbs(path) {
		return "", false
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", false
	}
	file, err := elf.Open(path)
	if err != nil {
		return "", false // a linker script
	}
	defer file.Close()
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return "", false
	}
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF {
			defined[s.Name] = true
		}
	}
	return path, true
}
