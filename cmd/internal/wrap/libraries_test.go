// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(err)
	}
}

func needsHeader(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat("/usr/include/" + name); err != nil {
		t.Skip(err)
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.Walk(from, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if info.IsDir() {
			return os.MkdirAll(target, 0o777)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A workplace is a module outside of this repository, as a user has one, with a cgo-guard in PATH.
type workplace struct{ root, bin, directory string }

func newWorkplace(t *testing.T) *workplace {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "include", "cgo_guard.h")); err != nil {
		t.Skip("not in the module's own zip: ", err)
	}
	w := &workplace{root, t.TempDir(), t.TempDir()}
	if output, err := exec.Command("go", "build", "-o", filepath.Join(w.bin, "cgo-guard"), "../../cgo-guard").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	module := fmt.Sprintf("module example.com/libraries\n\ngo 1.19\n\nrequire github.com/cgo-guard/cgo_guard v0.0.0\n\nreplace github.com/cgo-guard/cgo_guard => %s\n", root)
	if err := os.WriteFile(filepath.Join(w.directory, "go.mod"), []byte(module), 0o666); err != nil {
		t.Fatal(err)
	}
	return w
}

// add puts a package there. Its #cgo line finds the header; by an environment variable, everything would be compiled
// anew for these tests.
func (w *workplace) add(t *testing.T, from, name string) {
	t.Helper()
	copyTree(t, from, filepath.Join(w.directory, name))
	text := fmt.Sprintf("package %s\n\n// #cgo CPPFLAGS: -I%s/include\nimport \"C\"\n", name, w.root)
	if err := os.WriteFile(filepath.Join(w.directory, name, "flags.go"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func (w *workplace) try(t *testing.T, name string, args ...string) (output string, ok bool) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = w.directory
	command.Env = append(os.Environ(), "PATH="+w.bin+":"+os.Getenv("PATH"), "GOWORK=off")
	text, err := command.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return string(text), err == nil
}

func (w *workplace) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, ok := w.try(t, name, args...)
	if !ok {
		t.Fatalf("%s %s:\n%s", name, strings.Join(args, " "), output)
	}
	return output
}

var libraries = []struct {
	name, header string
	says         []string // what the program that crashes it prints
}{
	{"sqlite", "sqlite3.h", []string{"found apple", "no such table: nowhere", "SIGSEGV: null pointer read", "guard sqlite_guarded_sqlite3_changes",
		"C++ stack: sqlite3_changes", "Go stack: example.com/libraries/sqlite.Changes", "still found apple closed 0"}},
	{"leveldb", "leveldb/c.h", []string{"Invalid argument", "apple: 3", "SIGSEGV: null pointer read", "guard leveldb_guarded_leveldb_get",
		"C++ stack: leveldb_get", "Go stack: example.com/libraries/leveldb.Get", "still apple: 3 closed"}},
	{"yaml", "yaml.h", []string{"[fruit apple plum] SIG", "SIGSEGV: wild address: read at 0x10000000", "guard yaml_guarded_yaml_parser_parse",
		"Go stack: example.com/libraries/yaml.ParserParse", "still [fruit apple plum]"}},
	{"zlib", "zlib.h", []string{"compressed 0 true inflated 1 1600", "SIGSEGV: wild address: read at 0x10000000", "guard zlib_guarded_inflate",
		"Go stack: example.com/libraries/zlib.Inflate", "still d2338bd2"}},
}

// Real libraries are wrapped by go generate, and used; they crash on purpose, and the program goes on.
func TestLibrariesCrashAndTheProgramLives(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the library")
	}
	w := newWorkplace(t)
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			needsHeader(t, l.header)
			w.add(t, "testdata/libraries/"+l.name, l.name)
			w.run(t, "go", "generate", "./"+l.name)
			program := filepath.Join(w.bin, "crash-"+l.name)
			w.run(t, "go", "build", "-o", program, "./"+l.name+"/crash")
			has(t, w.run(t, program), l.says...)
			for _, compiler := range []string{"g++", "clang++"} {
				w.compiles(t, compiler, l.name, ".cpp", "-std=c++17")
			}
			for _, compiler := range []string{"gcc", "clang"} {
				w.compiles(t, compiler, l.name, ".h", "-x", "c")
			}
		})
	}
	t.Run("the go command's checks", func(t *testing.T) {
		w.run(t, "go", "vet", "./...")
		w.run(t, filepath.Join(w.bin, "cgo-guard"), "vet", "./...")
		if unformatted := w.run(t, "gofmt", "-l", "."); unformatted != "" {
			t.Error("gofmt would change ", unformatted)
		}
	})
}

// compiles fails if a compiler has something to say of a file.
func (w *workplace) compiles(t *testing.T, compiler, name, extension string, flags ...string) {
	t.Helper()
	if _, err := exec.LookPath(compiler); err != nil {
		t.Log("not tried: ", err)
		return
	}
	args := append(flags, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"+w.root+"/include", "-include", name+"/"+name+"_guarded.h")
	file := name + "/" + name + "_guarded.cpp"
	if extension == ".h" {
		file = os.DevNull
	}
	w.run(t, compiler, append(args, file)...)
}

// Every kind of declaration, called.
func TestEveryKindOfDeclaration(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the library")
	}
	w := newWorkplace(t)
	w.add(t, "testdata/shop", "shop")
	w.run(t, "go", "generate", "./...")
	w.run(t, "go", "test", "./...")
	for _, compiler := range []string{"g++", "clang++"} {
		w.compiles(t, compiler, "shop", ".cpp", "-std=c++17")
	}
}

var (
	declared = regexp.MustCompile(`(?m)^/\* (\S+):\d+:\S+ \*/ (?:extern|static) .*?\b(\w+) \(`)
	refused  = regexp.MustCompile(`(?m)^  (\S+): `)
	called   = regexp.MustCompile(`(?m)^// \w+ calls (\w+)\.$`)
)

// Every function that GCC sees in a header is wrapped or named with a reason, and no other is.
func TestNoFunctionIsForgotten(t *testing.T) {
	needs(t, "gcc")
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			needsHeader(t, l.header)
			directory := t.TempDir()
			source, info := filepath.Join(directory, "x.c"), filepath.Join(directory, "info")
			if err := os.WriteFile(source, []byte("#include <"+l.header+">\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			if output, err := exec.Command("gcc", "-fsyntax-only", "-aux-info", info, source).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			text, err := os.ReadFile(info)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for _, match := range declared.FindAllStringSubmatch(string(text), -1) {
				if strings.HasSuffix(match[1], "/"+l.header) {
					want[match[2]] = true
				}
			}
			w := &wrapped{directory: directory}
			w.run("x", "-header", l.header)
			got := map[string]bool{}
			for _, match := range append(refused.FindAllStringSubmatch(w.stdout, -1), called.FindAllStringSubmatch(w.text(t, "x_guarded.go"), -1)...) {
				got[match[1]] = true
			}
			if len(want) < 40 {
				t.Errorf("GCC sees %d functions", len(want))
			}
			var forgotten []string
			for name := range want {
				if !got[name] {
					forgotten = append(forgotten, name)
				}
			}
			sort.Strings(forgotten)
			if len(forgotten) > 0 {
				t.Error("forgotten: ", forgotten)
			}
			for _, match := range called.FindAllStringSubmatch(w.text(t, "x_guarded.go"), -1) {
				if !want[match[1]] {
					t.Error(match[1], " is no function")
				}
			}
			t.Log(strings.SplitN(w.stdout, "\n", 2)[0])
		})
	}
}
