// SPDX-License-Identifier: BSL-1.0

package vet

import (
	"go/build"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// checkCxx looks for exported functions without a guard in the package's C++ files.
//
// Exported is what is extern "C" in the file, or called from the package's Go files. Without a guard is, of tokens alone,
// certain for two forms, where no error can get out:
//
//	cgo_guard_error *f(…) { …; return nullptr; }         // every return statement returns null
//	T g(…, cgo_guard_error **error) { …; return …; }     // error is not used, except for *error = nullptr
//
// in whose bodies nothing can be a macro that hides a guard. A function that returns what another one returns, for
// instance, is not reported, because that may have the guard.
func checkCxx(pass *analysis.Pass) error {
	files, err := cxxFiles(pass)
	if err != nil {
		return err
	}
	called := calledFunctions(pass.Pkg)
	texts := make([]string, len(files))
	scanned := make([]cxxFile, len(files))
	macros := map[string]bool{}
	for i, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		texts[i], scanned[i] = string(text), scanCxx(string(text))
		for macro := range scanned[i].macros {
			macros[macro] = true
		}
	}
	for i, path := range files {
		if scanned[i].branches || !isCxxSource(path) {
			continue
		}
		var file *token.File
		for _, function := range exportedFunctions(scanned[i].tokens, called) {
			problem := function.problem(macros)
			if problem == "" {
				continue
			}
			if file == nil {
				file = pass.Fset.AddFile(path, -1, len(texts[i]))
				file.SetLinesForContent([]byte(texts[i]))
			}
			pass.Reportf(file.Pos(function.name.offset), "%s %s, but has no guard: what it throws, and any crash in it, ends the process",
				function.name.text, problem)
		}
	}
	return nil
}

var cxxEndings = map[string]bool{".cpp": true, ".cc": true, ".cxx": true}

func isCxxSource(path string) bool { return cxxEndings[filepath.Ext(path)] }

// cxxFiles are the package's C++ files and headers, sorted. The go command does not name them to an analyzer, except for
// the directory they are in.
func cxxFiles(pass *analysis.Pass) ([]string, error) {
	directory := ""
	for _, file := range pass.Files {
		if !isWrittenByCgo(pass.Fset, file) {
			directory = filepath.Dir(pass.Fset.Position(file.Package).Filename)
			break
		}
	}
	// With -trimpath the names begin with the module's. The directory is also the one in which go vet runs its tool.
	if !filepath.IsAbs(directory) {
		directory = "."
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		switch filepath.Ext(entry.Name()) {
		case ".cpp", ".cc", ".cxx", ".h", ".hh", ".hpp", ".hxx":
			if used, err := build.Default.MatchFile(directory, entry.Name()); err == nil && used {
				files = append(files, filepath.Join(directory, entry.Name()))
			}
		}
	}
	sort.Strings(files)
	return files, nil
}

// calledFunctions are those with an error, as result or by its address, for which cgo has made a declaration, because the
// Go files call them.
func calledFunctions(pkg *types.Package) map[string]bool {
	called := map[string]bool{}
	for _, name := range pkg.Scope().Names() {
		for _, prefix := range []string{functionPrefix, twoResultPrefix} {
			if strings.HasPrefix(name, prefix) {
				called[strings.TrimPrefix(name, prefix)] = true
			}
		}
	}
	return called
}

// A cxxFunction is the definition of a function that returns an error, or has a place for one.
type cxxFunction struct {
	name    cxxToken
	returns bool
	place   string // the name of the parameter, "" where it has none
	body    []cxxToken
}

// problem says what the function is for and does not do.
func (f cxxFunction) problem(macros map[string]bool) string {
	for _, t := range f.body {
		if strings.HasPrefix(strings.ToLower(t.text), "cgo_guard") || macros[t.text] || looksLikeMacro(t.text) {
			return ""
		}
	}
	switch {
	case f.returns && returnsNullOnly(f.body):
		return "returns an error"
	case !f.returns && len(f.body) > 0 && !usesPlace(f.body, f.place):
		return "has a place for an error"
	}
	return ""
}

// looksLikeMacro goes by the convention that macros alone are in capitals. It errs on the side of saying nothing.
func looksLikeMacro(text string) bool {
	return len(text) > 1 && text != "NULL" && text == strings.ToUpper(text) && text != strings.ToLower(text) && identifierLength(text) == len(text)
}

// returnsNullOnly reports whether every return statement returns null, there is one, and the body has more than that.
func returnsNullOnly(body []cxxToken) bool {
	returns := 0
	for i, t := range body {
		if t.text != "return" {
			continue
		}
		returns++
		if i+2 >= len(body) || body[i+2].text != ";" {
			return false
		}
		if value := body[i+1].text; value != "nullptr" && value != "NULL" && value != "0" {
			return false
		}
	}
	return returns > 0 && len(body) > 3
}

// usesPlace reports whether a body does anything with the parameter but set it to null.
func usesPlace(body []cxxToken, name string) bool {
	for i, t := range body {
		if name == "" || t.text != name {
			continue
		}
		null := i > 0 && body[i-1].text == "*" && i+3 < len(body) && body[i+1].text == "=" && body[i+3].text == ";" &&
			(body[i+2].text == "nullptr" || body[i+2].text == "NULL" || body[i+2].text == "0")
		if !null {
			return true
		}
	}
	return false
}
